package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/strictjson"
)

func bundleCommand() command {
	return command{
		name: "bundle", usage: "verify FILE|- | diff OLD NEW | fetch --bundle-url URL --out FILE [flags]", operand: "verify|diff|fetch|FILE|-", run: runBundle,
		summary: "what a trust bundle allows, and what a new one changes",
		about: `verify prints what a trust bundle says, once its signature holds. diff prints what a
newer one allows or withdraws; an OLD that has expired is fine. fetch gets a bundle,
and writes it only if it is good; without --release-root it says that nothing was
verified. None of them says anything about an endpoint.`,
		flags: slices.Concat([]flagDoc{
			{help: "What is trusted"},
			{"release-root", "FILE...", "who may sign bundles: PEM PUBLIC KEY, JWK, or 32 bytes in hex or base64"},
			{"at", "TIME", "verify for this time (RFC 3339) instead of now"},
			{help: "What is fetched"},
			{"bundle-url", "URL", "where the bundle is: https, redirects are not followed"},
			{"out", "FILE", "where it is written"},
		}, netDocs(), []flagDoc{
			{help: "How the verdict is printed"},
			{"json", "", "as one JSON object"},
		}),
		examples: []string{
			"bundle verify --release-root release.pem bundle.jws",
			"bundle diff --release-root release.pem old.jws new.jws",
			"bundle fetch --bundle-url https://trust.tresor.co/router.jws --out bundle.jws --release-root release.pem",
		},
	}
}

type bundleFlags struct {
	hardwareFlags // of these: at, json
	netFlags
	releaseRoots   []string
	bundleURL, out string
}

func runBundle(ctx context.Context, w world, u *ui, args []string) (int, error) {
	var f bundleFlags
	fs := newFlagSet("bundle")
	f.netFlags.declare(fs)
	fs.texts(&f.releaseRoots, "release-root")
	fs.text(&f.at, "at")
	fs.text(&f.bundleURL, "bundle-url")
	fs.text(&f.out, "out")
	fs.yes(&f.json, "json")
	rest, err := fs.parse(args, 3)
	if err != nil {
		return 0, err
	}
	if len(rest) == 0 {
		return 0, usagef("verify, diff or fetch is missing")
	}
	verb, files := rest[0], rest[1:]
	fetching := verb == "fetch"
	if want, ok := map[string]int{"verify": 1, "diff": 2, "fetch": 0}[verb]; !ok {
		return 0, usagef("bundle can verify, diff and fetch, and not %q", short(verb))
	} else if len(files) != want {
		return 0, usagef("bundle %s takes %s; given: %d", verb, [...]string{"no file", "one file", "two files, OLD and NEW"}[want], len(files))
	}
	if (f.bundleURL != "" && f.out != "") != fetching || (f.bundleURL != "" || f.out != "") != fetching {
		return 0, usagef("bundle fetch needs --bundle-url and --out, which go with nothing else")
	}
	if err := onceStdin(append(slices.Clone(files), f.caFile)); err != nil {
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
	fr := frame{mode: "offline", at: at, source: source}
	if fetching {
		return f.fetchBundle(ctx, w, u, fr)
	}
	roots, err := f.roots(w)
	if err != nil {
		return 0, err
	}
	var read [][]byte
	for _, name := range files {
		b, err := w.evidence(name, maxBundleFile)
		if err != nil {
			return 0, unavailable("file", err)
		}
		read = append(read, trimLine(b))
	}
	if verb == "diff" {
		return f.diff(u, read[0], read[1], roots, fr), nil
	}
	b, err := attest.OpenBundle(read[0], roots, at)
	return f.answerBundle(u, b, nil, fr, err), nil
}

// roots reads the release roots. That they are good is known before there is a
// bundle, so that every later error is about one.
func (f *bundleFlags) roots(w world) ([]ed25519.PublicKey, error) {
	roots, err := readReleaseRoots(w, f.releaseRoots)
	if err != nil {
		return nil, err
	}
	if _, err := attest.OpenBundle(nil, roots, w.now()); attest.ErrorType(err) == "" {
		return nil, usagef("--release-root: %w", err)
	}
	return roots, nil
}

// fetchBundle gets a bundle. One that is refused is not written.
// Rules: BDL-04.
func (f *bundleFlags) fetchBundle(ctx context.Context, w world, u *ui, fr frame) (int, error) {
	var roots []ed25519.PublicKey
	var err error
	if len(f.releaseRoots) > 0 {
		if roots, err = f.roots(w); err != nil {
			return 0, err
		}
	}
	b, err := f.fetch(ctx, w, "bundle-url", "trust bundle", f.bundleURL)
	if err != nil {
		return 0, err
	}
	var opened *attest.Bundle
	if roots != nil {
		if opened, err = attest.OpenBundle(b, roots, fr.at); err != nil {
			fr.mode = "live"
			return f.answerBundle(u, nil, nil, fr, err), nil
		}
	}
	if err := output("--out", f.out, b); err != nil {
		return 0, err
	}
	if f.json {
		u.object(fetchedJSON{"tresor.fetch/v1", toolName(), opened != nil, []string{f.out}, warningsJSON(expiryWarnings(opened, fr.at))})
		return exitVerified, nil
	}
	if opened == nil {
		u.line("FETCHED (nothing was verified: no --release-root)")
	} else {
		u.line("FETCHED (verified: version %d, valid until %s)", opened.Version, stamp(opened.ValidUntil))
	}
	u.line("%s", f.out)
	u.warnings(expiryWarnings(opened, fr.at))
	return exitVerified, nil
}

// diff compares two bundles, both of which must be good. That the old one has
// expired is no fault of it.
// Rules: BDL-02.
func (f *bundleFlags) diff(u *ui, oldJWS, newJWS []byte, roots []ed25519.PublicKey, fr frame) int {
	was, err := attest.OpenBundle(oldJWS, roots, fr.at)
	var expired *attest.BundleExpiredError
	if errors.As(err, &expired) {
		was, err = attest.OpenBundle(oldJWS, roots, expired.ValidUntil.Add(-time.Nanosecond))
	}
	about := "OLD"
	var now *attest.Bundle
	if err == nil {
		about = "NEW"
		now, err = attest.OpenBundle(newJWS, roots, fr.at)
	}
	if err == nil {
		about = "" // both
	}
	if err == nil && was.Workload != now.Workload {
		err = &attest.WorkloadMismatchError{Workload: now.Workload, Failure: attest.Failure{
			Rule: "BDL-02", Message: "the two bundles are for different workloads", Expected: strictjson.Quote(was.Workload), Actual: strictjson.Quote(now.Workload),
		}}
	}
	if err == nil {
		err = now.CheckVersion(attest.BundleVersion{Version: was.Version, SHA256: was.SHA256})
	}
	if err != nil {
		return f.answerBundle(u, nil, nil, fr, &advised{err, about, inDiff})
	}
	return f.answerBundle(u, now, was, fr, nil)
}

// answerBundle prints a bundle, or what it changes of an older one.
func (f *bundleFlags) answerBundle(u *ui, b, was *attest.Bundle, fr frame, err error) int {
	code := exitCode(err)
	if f.json {
		v := &verdictJSON{
			Schema: verdictSchema, Tool: toolName(), Verdict: verdictWord(code), ExitCode: code,
			Mode: fr.mode, Time: stamp(fr.at), TimeSource: fr.source,
		}
		if err != nil {
			v.Error = u.command.describe(err)
		} else {
			v.addBundle(b, was, fr.at)
		}
		u.object(v)
		return code
	}
	switch {
	case err != nil:
		u.refusal(code, err)
	case was != nil:
		u.line("PASS")
		u.bundleChanges(was, b)
	default:
		u.line("PASS")
		u.bundleFacts(b)
	}
	u.warnings(expiryWarnings(b, fr.at))
	u.field("verified", fr.mode+", for "+stamp(fr.at)+" ("+fr.source+")")
	return code
}
