package main

import (
	"slices"
	"strings"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/advice"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/receipt"
	"github.com/tresorhq/attest/verdict"
)

const (
	maxReceiptFile = 4 << 20 // bytes
	maxKeySetFile  = 64 << 10
	maxBodyFile    = 64 << 20
)

type receiptFlags struct {
	timeFlag
	netFlags
	outputFlags
	jwks, jwksURL     string
	request, response string
	releaseRoots      []string
	maxAge            time.Duration
}

func receiptCommand() cli.Command {
	f := new(receiptFlags)
	return cli.Command{
		Name: "receipt", Usage: "--jwks-url URL|--jwks FILE FILE|- [flags]", Operand: "FILE|-", Run: reads(f.run),
		Summary: "verify a receipt that the service signed",
		About: `The file is a compact JWS, or the API's JSON with id and receipt. A receipt is the
word of the service: no hardware vouches for it. What it embeds is verified only
against the release root that you give, and what was not checked is printed.`,
		Flags: slices.Concat([]cli.Flag{
			cli.Heading("Who may have signed it"),
			cli.Row("jwks", "FILE|-", "the service's key set", cli.Text(&f.jwks)),
			cli.Row("jwks-url", "URL", "or where it is: https, redirects are not followed", cli.Text(&f.jwksURL)),
			cli.Heading("What it is held against"),
			cli.Row("request", "FILE|-", "the exact body of the request", cli.Text(&f.request)),
			cli.Row("response", "FILE|-", "the exact body of the response", cli.Text(&f.response)),
			cli.Row("release-root", "FILE...", "who may sign the trust bundles that it embeds", cli.Texts(&f.releaseRoots)),
			cli.Row("max-age", "DURATION", "refuse an older receipt; without it, the age is only shown", cli.Duration(&f.maxAge)),
			f.timeFlag.row("TIME"),
		}, f.netFlags.rows(), f.outputFlags.rows()),
		Examples: []string{
			"receipt --jwks jwks.json receipt.json",
			"receipt --jwks jwks.json --request request.json --release-root release.pem receipt.json",
		},
	}
}

func (f *receiptFlags) run(r *reading) (code int) {
	defer r.within(f.timeout)()
	f.check(r)
	r.refuse(len(r.Args) == 0, "CLI-02", "the receipt is missing: a file, or - for standard input")
	r.refuse(f.jwks == "" && f.jwksURL == "", "CLI-02", "--jwks or --jwks-url is missing: a receipt can't say who may sign it")
	r.refuse(f.jwks != "" && f.jwksURL != "", "CLI-06", "--jwks and --jwks-url are two sources for one thing")
	if r.fail(cli.OnceStdin(append(slices.Clone(r.Args), f.jwks, f.request, f.response, f.caFile)...)) {
		return 0
	}
	f.webRoots(r) // whether there is a use for them or not
	fr := f.frame(r, map[bool]string{true: "live", false: "offline"}[f.jwksURL != ""])
	verifier := f.verifier(r)
	evidence := f.evidence(r)
	if r.err != nil {
		return 0
	}
	audit := verifier.Audit(evidence, fr.At)
	if slices.ContainsFunc(audit.Checks, func(c attest.Check) bool { return c.Status == attest.Fail && strings.HasSuffix(c.ID, "_attestation") }) {
		audit.Err = advice.About(audit.Err, "", advice.InReceipt)
	}
	return f.answer(r, verdict.NewReceipt(audit, fr), nil, nil)
}

// verifier reads or fetches the keys. Release roots are only those that are
// given: a receipt is worth something without them.
func (f *receiptFlags) verifier(r *reading) *receipt.Verifier {
	config := receipt.Config{MaxAge: f.maxAge}
	if len(f.releaseRoots) > 0 {
		config.ReleaseRoots = readReleaseRoots(r, f.releaseRoots)
	}
	config.Keys = f.keys(r)
	v, err := receipt.NewVerifier(config)
	r.usage("%w", err)
	return v
}

// keys returns the key set. A file is part of the trust configuration; what a
// server sends is collateral.
func (f *receiptFlags) keys(r *reading) []jws.Key {
	if f.jwks != "" {
		return configured(r, "jwks", f.jwks, maxKeySetFile, trimmed(jws.ParseJWKS))
	}
	keys, err := jws.ParseJWKS(f.fetch(r, "jwks-url", "key set", f.jwksURL))
	r.unavailable("--jwks-url: the server sent no good key set", err)
	return keys
}

// evidence reads the receipt and the bodies. A body is taken as it is: a final
// line break is a byte of it.
func (f *receiptFlags) evidence(r *reading) (e receipt.Evidence) {
	e.Receipt = cli.TrimLine(r.evidence("receipt", "receipt", r.Args[0], maxReceiptFile))
	body := func(flag, file string) []byte {
		if file == "" {
			return nil
		}
		return append([]byte{}, r.evidence(flag, strings.TrimPrefix(flag, "--"), file, maxBodyFile)...) // not nil: an empty body is one
	}
	e.Request, e.Response = body("--request", f.request), body("--response", f.response)
	return e
}
