package main

import (
	"context"
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
		Name: "receipt", Usage: "--jwks-url URL|--jwks FILE FILE|- [flags]", Operand: "FILE|-", Run: f.run,
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

func (f *receiptFlags) run(ctx context.Context, c *cli.Call) (int, error) {
	switch err := f.check(c); {
	case err != nil:
		return 0, err
	case len(c.Args) == 0:
		return 0, cli.Usagef("the receipt is missing: a file, or - for standard input")
	case f.jwks == "" && f.jwksURL == "":
		return 0, cli.Usagef("--jwks or --jwks-url is missing: a receipt can't say who may sign it")
	case f.jwks != "" && f.jwksURL != "":
		return 0, cli.Misuse("CLI-06", "--jwks and --jwks-url are two sources for one thing")
	}
	if err := cli.OnceStdin(c.Args[0], f.jwks, f.request, f.response, f.caFile); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	if _, err := f.webRoots(ctx, c); err != nil { // whether there is a use for them or not
		return 0, err
	}
	fr, err := f.frame(c, map[bool]string{true: "live", false: "offline"}[f.jwksURL != ""])
	if err != nil {
		return 0, err
	}
	verifier, err := f.verifier(ctx, c)
	if err != nil {
		return 0, err
	}
	evidence, err := f.evidence(ctx, c)
	if err != nil {
		return 0, err
	}
	audit := verifier.Audit(evidence, fr.At)
	if slices.ContainsFunc(audit.Checks, func(c attest.Check) bool { return c.Status == attest.Fail && strings.HasSuffix(c.ID, "_attestation") }) {
		audit.Err = advice.About(audit.Err, "", advice.InReceipt)
	}
	return f.printVerdict(c, verdict.NewReceipt(audit, fr)), nil
}

// verifier reads or fetches the keys. Release roots are only those that are
// given: a receipt is worth something without them.
func (f *receiptFlags) verifier(ctx context.Context, c *cli.Call) (*receipt.Verifier, error) {
	config := receipt.Config{MaxAge: f.maxAge}
	var err error
	if len(f.releaseRoots) > 0 {
		if config.ReleaseRoots, err = readReleaseRoots(ctx, c, f.releaseRoots); err != nil {
			return nil, err
		}
	}
	if config.Keys, err = f.keys(ctx, c); err != nil {
		return nil, err
	}
	v, err := receipt.NewVerifier(config)
	if err != nil {
		return nil, cli.Usagef("%w", err)
	}
	return v, nil
}

// keys returns the key set. A file is part of the trust configuration; what a
// server sends is collateral.
func (f *receiptFlags) keys(ctx context.Context, c *cli.Call) ([]jws.Key, error) {
	if f.jwks != "" {
		b, err := c.ReadConfig(ctx, "jwks", f.jwks, maxKeySetFile)
		if err != nil {
			return nil, cli.Usagef("--jwks: %v", err)
		}
		keys, err := jws.ParseJWKS(cli.TrimLine(b))
		if err != nil {
			return nil, cli.Usagef("--jwks %s: %w", f.jwks, err)
		}
		return keys, nil
	}
	b, err := f.fetch(ctx, c, "jwks-url", "key set", f.jwksURL)
	if err != nil {
		return nil, err
	}
	keys, err := jws.ParseJWKS(b)
	if err != nil {
		return nil, verdict.Unavailable("--jwks-url: the server sent no good key set", err)
	}
	return keys, nil
}

// evidence reads the receipt and the bodies. A body is taken as it is: a final
// line break is a byte of it.
func (f *receiptFlags) evidence(ctx context.Context, c *cli.Call) (e receipt.Evidence, err error) {
	b, err := c.ReadEvidence(ctx, "receipt", c.Args[0], maxReceiptFile)
	if err != nil {
		return e, verdict.Unavailable("receipt", err)
	}
	e.Receipt = cli.TrimLine(b)
	for _, body := range []struct {
		flag, file string
		to         *[]byte
	}{{"--request", f.request, &e.Request}, {"--response", f.response, &e.Response}} {
		if body.file == "" {
			continue
		}
		b, err := c.ReadEvidence(ctx, body.flag[2:], body.file, maxBodyFile)
		if err != nil {
			return e, verdict.Unavailable(body.flag, err)
		}
		*body.to = append([]byte{}, b...) // not nil: an empty body is one
	}
	return e, nil
}
