package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/receipt"
)

const (
	maxReceiptFile = 4 << 20 // bytes; the library's own limit is lower, and refuses
	maxKeySetFile  = 64 << 10
	maxBodyFile    = 64 << 20
)

func receiptCommand() command {
	return command{
		name: "receipt", usage: "--jwks-url URL|--jwks FILE FILE|- [flags]", operand: "FILE|-", run: runReceipt,
		summary: "verify a receipt that the service signed",
		about: `The file is a compact JWS, or the API's JSON with id and receipt. A receipt is the
word of the service: no hardware vouches for it. What it embeds is verified only
against the release root that you give, and what was not checked is printed.`,
		flags: slices.Concat([]flagDoc{
			{help: "Who may have signed it"},
			{"jwks", "FILE|-", "the service's key set"},
			{"jwks-url", "URL", "or where it is: https, redirects are not followed"},
			{help: "What it is held against"},
			{"request", "FILE|-", "the exact body of the request"},
			{"response", "FILE|-", "the exact body of the response"},
			{"release-root", "FILE...", "who may sign the trust bundles that it embeds"},
			{"max-age", "DURATION", "refuse an older receipt; without it, the age is only shown"},
			{"at", "TIME", "verify for this time (RFC 3339) instead of now"},
		}, netDocs(), outputDocs()),
		examples: []string{
			"receipt --jwks jwks.json receipt.json",
			"receipt --jwks jwks.json --request request.json --release-root release.pem receipt.json",
		},
	}
}

type receiptFlags struct {
	hardwareFlags // of these: at, json, explain
	netFlags
	file, jwks, jwksURL string
	request, response   string
	releaseRoots        []string
	maxAge              time.Duration
}

func runReceipt(ctx context.Context, w world, u *ui, args []string) (int, error) {
	var f receiptFlags
	fs := newFlagSet("receipt")
	f.netFlags.declare(fs)
	for name, p := range map[string]*string{
		"jwks": &f.jwks, "jwks-url": &f.jwksURL, "request": &f.request, "response": &f.response, "at": &f.at,
	} {
		fs.text(p, name)
	}
	fs.texts(&f.releaseRoots, "release-root")
	fs.custom("max-age", duration(&f.maxAge))
	fs.yes(&f.json, "json")
	fs.yes(&f.explain, "explain")
	files, err := fs.parse(args, 1)
	switch {
	case err != nil:
		return 0, err
	case len(files) == 0:
		return 0, usagef("the receipt is missing: a file, or - for standard input")
	case f.jwks == "" && f.jwksURL == "":
		return 0, usagef("--jwks or --jwks-url is missing: a receipt can't say who may sign it")
	case f.jwks != "" && f.jwksURL != "":
		return 0, misuse("CLI-06", "--jwks and --jwks-url are two sources for one thing")
	}
	f.file = files[0]
	if err := onceStdin([]string{f.file, f.jwks, f.request, f.response, f.caFile}); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	w.limit = ctx
	if _, err := f.webRoots(w); err != nil { // whether there is a use for them or not
		return 0, err
	}
	at, source, err := f.time(w)
	if err != nil {
		return 0, err
	}
	verifier, err := f.verifier(ctx, w)
	if err != nil {
		return 0, err
	}
	evidence, err := f.evidence(w)
	if err != nil {
		return 0, err
	}
	fr := frame{mode: "offline", at: at, source: source}
	if f.jwksURL != "" {
		fr.mode = "live"
	}
	return f.answer(u, verifier.Audit(evidence, at), fr), nil
}

// verifier reads or fetches the keys. Release roots are only those that are
// given: a receipt is worth something without them.
func (f *receiptFlags) verifier(ctx context.Context, w world) (*receipt.Verifier, error) {
	c := receipt.Config{MaxAge: f.maxAge}
	var err error
	if len(f.releaseRoots) > 0 {
		if c.ReleaseRoots, err = readReleaseRoots(w, f.releaseRoots); err != nil {
			return nil, err
		}
	}
	if c.Keys, err = f.keys(ctx, w); err != nil {
		return nil, err
	}
	v, err := receipt.NewVerifier(c)
	if err != nil {
		return nil, usagef("%w", err)
	}
	return v, nil
}

// keys returns the key set. A file is part of the trust configuration; what a
// server sends is collateral.
func (f *receiptFlags) keys(ctx context.Context, w world) ([]jws.Key, error) {
	if f.jwks != "" {
		b, err := w.read(f.jwks, maxKeySetFile)
		if err != nil {
			return nil, usagef("--jwks: %v", err)
		}
		keys, err := jws.ParseJWKS(trimLine(b))
		if err != nil {
			return nil, usagef("--jwks %s: %w", f.jwks, err)
		}
		return keys, nil
	}
	b, err := f.fetch(ctx, w, "jwks-url", "key set", f.jwksURL)
	if err != nil {
		return nil, err
	}
	keys, err := jws.ParseJWKS(b)
	if err != nil {
		return nil, unavailable("--jwks-url: the server sent no good key set", err)
	}
	return keys, nil
}

// evidence reads the receipt and the bodies. A body is taken as it is: a final
// line break is a byte of it.
func (f *receiptFlags) evidence(w world) (e receipt.Evidence, err error) {
	b, err := w.evidence(f.file, maxReceiptFile)
	if err != nil {
		return e, unavailable("receipt", err)
	}
	e.Receipt = trimLine(b)
	for _, body := range []struct {
		flag, file string
		to         *[]byte
	}{{"--request", f.request, &e.Request}, {"--response", f.response, &e.Response}} {
		if body.file == "" {
			continue
		}
		b, err := w.evidence(body.file, maxBodyFile)
		if err == nil && len(b) > maxBodyFile {
			err = fmt.Errorf("%s is longer than %d bytes", body.file, maxBodyFile)
		}
		if err != nil {
			return e, unavailable(body.flag, err)
		}
		*body.to = append([]byte{}, b...) // not nil: an empty body is one
	}
	return e, nil
}

// answer prints the verdict and returns the exit code.
func (f *receiptFlags) answer(u *ui, a *receipt.Audit, fr frame) int {
	code, err := exitCode(a.Err), a.Err
	if slices.ContainsFunc(a.Checks, func(c attest.Check) bool { return c.Status == attest.Fail && strings.HasSuffix(c.ID, "_attestation") }) {
		err = &advised{error: err, where: inReceipt}
	}
	if f.json {
		v := &verdictJSON{
			Schema: verdictSchema, Tool: toolName(), Verdict: verdictWord(code), ExitCode: code,
			Mode: fr.mode, Time: stamp(fr.at), TimeSource: fr.source, Checks: checksJSON(a.Checks),
		}
		if err != nil {
			v.Error = u.command.describe(err)
		} else {
			v.addReceipt(a.Result)
		}
		u.object(v)
		return code
	}
	if err != nil {
		u.refusal(code, err)
	} else {
		u.line("PASS")
		u.receiptFacts(a.Result)
	}
	u.field("verified", fr.mode+", for "+stamp(fr.at)+" ("+fr.source+")")
	if f.explain {
		u.explain(18, a.Checks)
	}
	return code
}

// receiptType says what was signed, and how.
func receiptType(r *receipt.Result) string {
	if r.Type == "" {
		return "JWS, ES256"
	}
	return r.Type + ", ES256"
}

func (u *ui) receiptFacts(r *receipt.Result) {
	u.field("Receipt type", receiptType(r))
	u.field("Key ID", r.KeyID)
	u.field("id", r.ID)
	u.field("issued", stamp(r.IssuedAt)+", "+ageText(r.At.Sub(r.IssuedAt)))
	u.field("requested route", r.RequestedRoute)
	u.field("routed model", r.RoutedModel)
	for _, d := range []struct{ name, value, check string }{
		{"request digest", r.RequestDigest, "request_digest"}, {"response digest", r.ResponseDigest, "response_digest"},
	} {
		if d.value != "" {
			u.field(d.name, d.value+map[bool]string{true: ", compared", false: ", not compared with anything"}[passed(r.Checks, d.check)])
		}
	}
	u.attestationFacts("router", r.Router, r.At)
	u.attestationFacts("inference", r.Inference, r.At)
	for _, n := range r.NotChecked {
		u.field("not checked", n.Name+": "+n.Reason)
	}
	for _, limit := range r.Limits {
		u.field("note", limit)
	}
}

func (u *ui) attestationFacts(name string, a receipt.Attestation, at time.Time) {
	if a.Bundle == nil {
		return
	}
	validity := "valid until"
	if !at.Before(a.Bundle.ValidUntil) { // judged for the time at which the receipt was issued
		validity = "expired since"
	}
	u.field(name, fmt.Sprintf("%s, trust bundle version %d (%s %s), release root %x", a.Bundle.Workload, a.Bundle.Version, validity, stamp(a.Bundle.ValidUntil), a.Bundle.Root))
	if a.Tag != [32]byte{} {
		u.field(name+" tag", fmt.Sprintf("%x", a.Tag))
	}
	if m := a.Manifest; m != nil {
		u.field(name+" claims", fmt.Sprintf("version %s, image %s, binary %s", m.Version, m.ImageDigest, m.BinaryDigest))
	}
}

// passed reports whether a check was carried out, and held.
func passed(checks []attest.Check, id string) bool {
	return slices.ContainsFunc(checks, func(c attest.Check) bool { return c.ID == id && c.Status == attest.Pass })
}

func ageText(d time.Duration) string {
	if d < 0 {
		return (-d).Round(time.Second).String() + " ahead of the time of verification"
	}
	return d.Round(time.Second).String() + " ago"
}
