package main

import (
	"context"
	"crypto/ed25519"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/capture"
	"github.com/tresorhq/attest/internal/advice"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/statefile"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/verdict"
)

// endpointFlags say which endpoint is judged, and by what: attest and proxy have them.
type endpointFlags struct {
	trustFlags
	kdsFlags
	url, bundle, bundleURL string
	releaseRoots           []string
	workload, state        string
}

func (f *endpointFlags) bundleRows() []cli.Flag {
	return []cli.Flag{
		cli.Row("bundle", "FILE|-", "the trust bundle, a compact JWS", cli.Text(&f.bundle)),
		cli.Row("bundle-url", "URL", "or where it is, for a live endpoint; without both, where the endpoint says", cli.Text(&f.bundleURL)),
	}
}

func (f *endpointFlags) demandRows() []cli.Flag {
	return []cli.Flag{
		cli.Row("release-root", "FILE...", "who may sign the bundle: PEM PUBLIC KEY, JWK, or 32 bytes in hex or base64", cli.Texts(&f.releaseRoots)),
		cli.Row("workload", "NAME", "the workload that must run there", cli.Text(&f.workload)),
	}
}

func (f *endpointFlags) stateRow() cli.Flag {
	return cli.Row("state", "FILE", "remember the newest bundle, so that older ones are refused", cli.Text(&f.state))
}

// enforced lists what is demanded of an endpoint. Its memory of trust bundles is one
// from before only with --state, or from one round or connection to the next.
func (f *endpointFlags) enforced(p policy.Policy, remembered bool) []verdict.Demand {
	further := slices.Concat(verdict.EndpointDemands, f.further())
	if f.state != "" || remembered {
		further = append(further, verdict.RollbackDemand)
	}
	return verdict.Enforced(p, further...)
}

// files are those that the flags name.
func (f *endpointFlags) files() []string {
	return slices.Concat([]string{f.bundle, f.crl, f.policyFile, f.caFile}, f.releaseRoots, f.amdRoots)
}

type attestFlags struct {
	endpointFlags
	timeFlag
	outputFlags
	envelope, spki, cert, evidenceFile string
	record, pin, save                  string
	replace                            bool
	watch                              time.Duration
	keepGoing                          bool
}

func attestCommand() cli.Command {
	f := new(attestFlags)
	return cli.Command{
		Name: "attest", Usage: "--url ORIGIN|--envelope FILE|--evidence FILE --release-root FILE [flags]", Run: reads(f.run),
		Summary: "verify what runs behind an endpoint",
		About: `All 19 steps of SPEC.md: live, from files, or again from saved evidence. PASS means
that an AMD processor vouches for the code and the TLS key behind this address, and
that the publisher whose key you pinned allows that code.`,
		Flags: slices.Concat([]cli.Flag{
			cli.Heading("Which evidence"),
			cli.Row("url", "ORIGIN", "live: https://HOST[:PORT]", cli.Text(&f.url)),
			cli.Row("envelope", "FILE|-", "offline: the body of GET /attestation, with --bundle and with --spki or --cert", cli.Text(&f.envelope)),
			cli.Row("spki", "HEX", "the SHA-256 of the SubjectPublicKeyInfo of the TLS leaf that you saw on that connection, 64 digits", hexText(&f.spki, 64)),
			cli.Row("cert", "FILE|-", "or that certificate itself, PEM or DER, leaf first", cli.Text(&f.cert)),
			cli.Row("evidence", "FILE|-", "replay: what --save wrote; no network is used", cli.Text(&f.evidenceFile)),
		}, f.bundleRows(), []cli.Flag{cli.Heading("What is trusted and demanded")}, f.demandRows(), []cli.Flag{
			cli.Heading("What is remembered"),
			f.stateRow(),
			cli.Row("record", "FILE", "after a PASS, write a pin", cli.Text(&f.record)),
			cli.Row("pin", "FILE|-", "exit code 4 when what is verified differs from this pin", cli.Text(&f.pin)),
			cli.Row("save", "FILE", "the evidence, to verify it again", cli.Text(&f.save)),
			f.htmlRow(),
			replaceRow(&f.replace),
			cli.Heading("How often"),
			cli.Row("watch", "DURATION", "with --url: again and again, with this pause, until something does not pass: one line for each round, each bounded by --timeout", cli.Duration(&f.watch)),
			cli.Row("keep-going", "", "with --watch: go on when a round ends undecided (exit code 3)", cli.Switch(&f.keepGoing)),
		}, f.trustFlags.rows(), []cli.Flag{f.timeFlag.row("TIME|recorded")}, f.kdsFlags.rows(), f.outputFlags.rows()),
		Examples: []string{
			"attest --url https://api.tresor.co --release-root release.pem",
			"attest --url https://api.tresor.co --release-root release.pem --pin pin.json",
			"attest --envelope attestation.json --cert leaf.pem --bundle bundle.jws --release-root release.pem",
			"attest --evidence evidence.json --at recorded --release-root release.pem",
			"attest --url https://api.tresor.co --release-root release.pem --pin pin.json --watch 5m --json",
		},
	}
}

func (f *attestFlags) run(r *reading) (code int) {
	ctx := r.ctx
	defer r.within(f.timeout)()
	if f.check(r); r.err != nil {
		return 0
	}
	r.Subject.Origin = f.url
	f.webRoots(r) // whether there is a use for them or not
	releaseRoots, config := f.demands(r)
	if config.Memory == nil && f.watch == 0 { // one verification has nothing to compare with
		config.Memory = attest.NoMemory{}
	}
	verifier, err := attest.NewVerifier(releaseRoots, config)
	r.usage("%w", err)
	if r.err != nil {
		return 0
	}
	if f.watch == 0 {
		return f.round(r, verifier, config.Policy)
	}
	warnOf(r.Call, config.Policy)
	r.Lines = true
	f.brief = !f.explain
	code, r.err = watch(ctx, r.Call, f.watch, f.keepGoing, func(ctx context.Context) (int, error) {
		again := &reading{Call: r.Call, ctx: ctx}
		defer again.within(f.timeout)()
		code := f.round(again, verifier, config.Policy)
		return code, again.err
	})
	return code
}

// round collects evidence, verifies it once, and answers.
func (f *attestFlags) round(r *reading, verifier *attest.Verifier, pol policy.Policy) (code int) {
	e := f.collect(r, verifier)
	fr := f.frame(r, e)
	if r.err != nil {
		return 0
	}
	if f.mode() == "live" {
		r.Subject.Origin = e.Origin // as it was asked
	}
	fr.Relaxed, fr.Enforced = f.relaxed(pol), f.enforced(pol, f.watch > 0)
	audit := verifier.Audit(e.Evidence, fr.At)
	if audit.Err != nil && fr.Mode == "replay" && fr.TimeSource != "recorded" {
		audit.Err = advice.About(audit.Err, "", advice.InReplay)
	}
	pin := capture.NewPin(audit.Result, e.Origin, fr.At)
	if audit.Err == nil && f.pin != "" {
		if recorded, ok := readPin(r, "--pin", f.pin); ok {
			fr.Changed = recorded.Compare(pin)
		}
	}
	if f.save != "" && r.err == nil { // whatever the verdict is
		r.fail(r.WriteFile("--save", f.save, e.Encode()))
	}
	if f.record != "" && audit.Err == nil && fr.Changed == nil && r.err == nil {
		fr.Changed = f.recordPin(r, pin)
	}
	var report []byte
	var chain [][]byte
	if envelope, err := attest.ParseEnvelope(e.Envelope); err == nil {
		report, chain = envelope.Report, [][]byte{envelope.ChainPEM}
	}
	return f.answer(r, verdict.New(audit, fr), report, chain)
}

func (f *attestFlags) mode() string {
	switch {
	case f.url != "":
		return "live"
	case f.evidenceFile != "":
		return "replay"
	}
	return "offline"
}

// collect reads or fetches the evidence.
func (f *attestFlags) collect(r *reading, v *attest.Verifier) (e *capture.Evidence) {
	switch f.mode() {
	case "live":
		return f.live(r, v)
	case "replay":
		e = f.replay(r)
	default:
		e = f.offline(r)
	}
	if r.err == nil {
		f.revocation(r, e)
	}
	return e
}

// frame returns how the verification is done, with the time to verify for.
func (f *attestFlags) frame(r *reading, e *capture.Evidence) verdict.Frame {
	if f.at == "recorded" && r.err == nil {
		return verdict.Frame{Tool: r.Program.Tool(), Mode: f.mode(), At: e.FetchedAt, TimeSource: "recorded"}
	}
	return f.timeFlag.frame(r, f.mode())
}

// readPin reads the pin of a flag. One that is damaged is no first run.
func readPin(r *reading, flag, name string) (p capture.Pin, ok bool) {
	b, err := r.ReadConfig(r.ctx, strings.TrimPrefix(flag, "--"), name, capture.MaxPinFile)
	if r.unavailable(flag, err) {
		return p, false
	}
	p, err = capture.ParsePin(cli.TrimLine(b))
	r.unavailable(flag+" "+name, err)
	return p, err == nil
}

// recordPin writes a pin after a PASS. Over a pin that says the same nothing is
// written; over one that differs only with --replace, which says what changed. It
// returns the difference that makes the verdict "changed".
// Rules: PIN-03, PIN-04.
func (f *attestFlags) recordPin(r *reading, now capture.Pin) (changed error) {
	if _, err := os.Stat(f.record); err != nil { // there is none: CheckOutputs has seen what else is there
		r.fail(r.WriteFile("--record", f.record, now.Encode()))
		return nil
	}
	recorded, ok := readPin(r, "--record", f.record)
	if !ok {
		return nil
	}
	difference := recorded.Compare(now)
	change, isChange := difference.(*attest.PinChangedError)
	switch {
	case difference != nil && !isChange:
		return difference // an older trust bundle
	case difference == nil && (recorded.Version == now.Version || !f.replace):
		r.Note("--record %s: the pin says the same, and stays", f.record)
		return nil
	case isChange && !f.replace:
		return difference
	}
	if isChange {
		for _, m := range change.Changes {
			r.Note("changed: %s: recorded %s, now %s", m.Where, m.Expected, m.Actual)
		}
	} else {
		r.Note("changed: trust_bundle_version: recorded %d, now %d", recorded.Version, now.Version)
	}
	r.fail(r.WriteFile("--record", f.record, now.Encode()))
	return nil
}

// check refuses flags that do not go together.
// Rules: CLI-06.
func (f *attestFlags) check(r *reading) {
	f.outputFlags.check(r)
	const one = "exactly one of --url, --envelope and --evidence is needed"
	n := given(f.url != "", f.envelope != "", f.evidenceFile != "")
	r.refuse(n == 0, "CLI-02", one)
	r.refuse(n > 1, "CLI-06", one)
	source := map[string]string{"live": "--url", "offline": "--envelope", "replay": "--evidence"}[f.mode()]
	for _, goes := range []struct{ flag, with string }{
		{"bundle", "--url --envelope"}, {"bundle-url", "--url"}, {"spki", "--envelope"}, {"cert", "--envelope"},
		{"state", "--url --envelope"}, {"record", "--url --envelope"}, {"save", "--url --envelope"},
	} {
		r.refuse(r.Given(goes.flag) && !strings.Contains(goes.with, source), "CLI-02", "--"+goes.flag+" does not go with "+source)
	}
	files := append(f.files(), f.envelope, f.cert, f.evidenceFile, f.pin)
	r.fail(cli.OnceStdin(files...))
	live, offline, replay := f.mode() == "live", f.mode() == "offline", f.mode() == "replay"
	r.refuse(f.at == "recorded" && !replay, "CLI-02", "--at recorded goes with --evidence only")
	r.refuse(f.keepGoing && f.watch == 0, "CLI-02", "--keep-going goes with --watch")
	r.refuse(f.watch > 0 && (!live || f.at != ""), "CLI-02", "--watch goes with --url, and without --at")
	r.refuse(f.watch > 0 && (f.record != "" || slices.Contains(files, "-")), "CLI-02", "--watch does not go with --record, nor with standard input: record a pin first")
	r.refuse(f.bundle != "" && f.bundleURL != "", "CLI-06", "--bundle and --bundle-url are two sources for one thing")
	r.refuse(f.crl == "fetch" && replay, "CLI-02", "--crl fetch does not go with --evidence, which uses no network")
	r.refuse(offline && f.bundle == "", "CLI-02", "--bundle is missing")
	r.refuse(offline && f.spki == "" && f.cert == "", "CLI-02", "--spki or --cert is missing: nothing is judged without the key of the connection")
	r.refuse(f.spki != "" && f.cert != "", "CLI-06", "--spki and --cert are two sources for one thing")
	r.refuse(f.save != "" && f.spki != "", "CLI-02", "--save needs the certificate: --cert instead of --spki")
	r.checkOutputs(f.replace, append(files, f.state),
		cli.Output{Flag: "--save", Path: f.save, Kind: "an evidence file", Known: ofSchema(capture.EvidenceSchema, capture.MaxEvidenceFile)},
		cli.Output{Flag: "--record", Path: f.record, Kind: "a pin file", Known: ofSchema(capture.PinSchema, capture.MaxPinFile), Merged: true},
		htmlOutput(f.html))
}

// demands reads whom to trust, and what to demand.
func (f *endpointFlags) demands(r *reading) (releaseRoots []ed25519.PublicKey, config attest.Config) {
	config.Workload, config.RequireCRL = f.workload, f.crl != ""
	config.Policy = f.policy(r, policy.Rules{})
	config.Launch = f.launched(r)
	config.AMDRoots = f.roots(r)
	releaseRoots = readReleaseRoots(r, f.releaseRoots)
	if f.state != "" && r.err == nil {
		memory, err := statefile.OpenWithin(f.state, f.timeout)
		r.usage("--state: %v", err)
		config.Memory = memory
	}
	return releaseRoots, config
}
