package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/advice"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/verdict"
)

type bundleFlags struct {
	timeFlag
	netFlags
	releaseRoots   []string
	bundleURL, out string
	replace        bool
	launch         []string
}

func bundleCommand() cli.Command {
	f := new(bundleFlags)
	return cli.Command{
		Name: "bundle", Usage: "verify FILE|- | diff OLD NEW | fetch --bundle-url URL --out FILE [flags]", Operand: "verify|diff|fetch|FILE|-", Most: 3, Run: reads(f.run),
		Summary: "what a trust bundle allows, and what a new one changes",
		About: `verify prints what a trust bundle says, once its signature holds. diff prints
what a newer one allows or withdraws; an OLD that has expired is fine. fetch gets a
bundle, and writes it only if it is good; without --release-root it says that
nothing was verified. None of them says anything about an endpoint.`,
		Flags: slices.Concat([]cli.Flag{
			cli.Heading("What is trusted"),
			cli.Row("release-root", "FILE...", "who may sign bundles: PEM PUBLIC KEY, JWK, or 32 bytes in hex or base64", cli.Texts(&f.releaseRoots)),
			f.timeFlag.row("TIME"),
			cli.Heading("What it is compared with"),
			cli.Row("launch", "FILE...", "verify: say which measurements this launch file explains (attest.launch/v1)", cli.Texts(&f.launch)),
			cli.Heading("What is fetched"),
			cli.Row("bundle-url", "URL", "where the bundle is: https, redirects are not followed", cli.Text(&f.bundleURL)),
			cli.Row("out", "FILE", "where it is written", cli.Text(&f.out)),
			replaceRow(&f.replace),
		}, f.netFlags.rows(), []cli.Flag{cli.Heading("How the verdict is printed"), cli.JSON("as one JSON object")}),
		Examples: []string{
			"bundle verify --release-root release.pem bundle.jws",
			"bundle verify --release-root release.pem bundle.jws --launch launch.json",
			"bundle diff --release-root release.pem old.jws new.jws",
			"bundle fetch --bundle-url https://trust.tresor.co/router.jws --out bundle.jws --release-root release.pem",
		},
	}
}

func (f *bundleFlags) run(r *reading) (code int) {
	defer r.within(f.timeout)()
	verb, files := "", []string(nil)
	if len(r.Args) > 0 {
		verb, files = r.Args[0], r.Args[1:]
	}
	want, known := map[string]int{"verify": 1, "diff": 2, "fetch": 0}[verb]
	r.refuse(verb == "", "CLI-02", "verify, diff or fetch is missing")
	r.refuse(!known, "CLI-02", fmt.Sprintf("bundle can verify, diff and fetch, and not %q", printable.Short(verb)))
	r.refuse(len(files) != want, "CLI-02", fmt.Sprintf("bundle %s takes %s; given: %d", verb, [...]string{"no file", "one file", "two files, OLD and NEW"}[want], len(files)))
	fetching := verb == "fetch"
	r.refuse((f.bundleURL != "") != fetching || (f.out != "") != fetching, "CLI-02", "bundle fetch needs --bundle-url and --out, which go with nothing else")
	r.refuse(f.launch != nil && verb != "verify", "CLI-02", "--launch goes with bundle verify")
	r.fail(cli.OnceStdin(append(slices.Clone(files), f.caFile)...))
	r.checkOutputs(f.replace, append(f.releaseRoots, f.caFile), cli.Output{Flag: "--out", Path: f.out, Kind: "a compact JWS", Known: compactJWS.Match})
	if r.err != nil {
		return 0
	}
	f.webRoots(r) // whether there is a use for them or not
	fr := f.frame(r, "offline")
	if fetching {
		return f.fetchBundle(r, fr)
	}
	roots := f.roots(r)
	launches := trustFlags{launch: f.launch}
	computed := launches.launched(r)
	var read [][]byte
	for _, name := range files {
		read = append(read, cli.TrimLine(r.evidence("file", "bundle", name, maxFile)))
	}
	if r.err != nil {
		return 0
	}
	if verb == "diff" {
		return outputFlags{}.answer(r, diffBundles(read[0], read[1], roots, fr), nil, nil)
	}
	b, err := attest.OpenBundle(read[0], roots, fr.At)
	d := verdict.NewBundle(b, nil, err, fr)
	if err == nil && computed != nil {
		d.Explain(b.Measurements, computed)
	}
	return outputFlags{}.answer(r, d, nil, nil)
}

// roots reads the release roots. That they are good is known before there is a
// bundle, so that every later error is about one.
func (f *bundleFlags) roots(r *reading) []ed25519.PublicKey {
	roots := readReleaseRoots(r, f.releaseRoots)
	if _, err := attest.OpenBundle(nil, roots, r.Now()); attest.ErrorType(err) == "" {
		r.fail(cli.Usagef("--release-root: %w", err))
	}
	return roots
}

// fetchBundle gets a bundle. One that is refused is not written.
// Rules: BDL-04.
func (f *bundleFlags) fetchBundle(r *reading, fr verdict.Frame) (code int) {
	var roots []ed25519.PublicKey
	if len(f.releaseRoots) > 0 {
		roots = f.roots(r)
	}
	b := f.fetch(r, "bundle-url", "trust bundle", f.bundleURL)
	if r.err != nil {
		return 0
	}
	var opened *attest.Bundle
	if roots != nil {
		var err error
		if opened, err = attest.OpenBundle(b, roots, fr.At); err != nil {
			fr.Mode = "live"
			return outputFlags{}.answer(r, verdict.NewBundle(nil, nil, err, fr), nil, nil)
		}
	}
	if r.fail(r.WriteFile("--out", f.out, b)) {
		return 0
	}
	says := "nothing was verified: no --release-root"
	if opened != nil {
		says = fmt.Sprintf("verified: version %d, valid until %s", opened.Version, verdict.Stamp(opened.ValidUntil))
	}
	return printFetched(r.Call, says, fetchedJSON{Verified: opened != nil, Files: []string{f.out}, Warnings: verdict.ExpiryWarnings(opened, fr.At)})
}

// diffBundles compares two bundles, both of which must be good. That the old one has
// expired is no fault of it.
// Rules: BDL-02.
func diffBundles(oldJWS, newJWS []byte, roots []ed25519.PublicKey, fr verdict.Frame) *verdict.Document {
	was, err := attest.OpenBundle(oldJWS, roots, fr.At)
	if expired, ok := errors.AsType[*attest.BundleExpiredError](err); ok {
		was, err = attest.OpenBundle(oldJWS, roots, expired.ValidUntil.Add(-time.Nanosecond))
	}
	if err != nil {
		return verdict.NewBundle(nil, nil, advice.About(err, "OLD", advice.InDiff), fr)
	}
	now, err := attest.OpenBundle(newJWS, roots, fr.At)
	if err != nil {
		return verdict.NewBundle(nil, nil, advice.About(err, "NEW", advice.InDiff), fr)
	}
	if was.Workload != now.Workload {
		err = &attest.WorkloadMismatchError{Workload: now.Workload, Failure: attest.Failure{
			Rule: "BDL-02", Message: "the two bundles are for different workloads", Expected: strictjson.Quote(was.Workload), Actual: strictjson.Quote(now.Workload),
		}}
	} else {
		err = now.CheckVersion(attest.BundleVersion{Version: was.Version, SHA256: was.SHA256})
	}
	if err != nil {
		err = advice.About(err, "", advice.InDiff)
	}
	return verdict.NewBundle(now, was, err, fr)
}
