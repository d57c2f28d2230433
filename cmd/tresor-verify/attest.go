package main

import (
	"context"
	"crypto/ed25519"
	"slices"
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
		Name: "attest", Usage: "--url ORIGIN|--envelope FILE|--evidence FILE --release-root FILE [flags]", Run: f.run,
		Summary: "verify what runs behind an endpoint",
		About: `All 19 steps of SPEC.md: live, from files, or again from saved evidence. PASS means
that an AMD processor vouches for the code and the TLS key behind this address, and
that the publisher whose key you pinned allows that code.`,
		Flags: slices.Concat([]cli.Flag{
			cli.Heading("Which evidence"),
			cli.Row("url", "ORIGIN", "live: https://HOST[:PORT]", cli.Text(&f.url)),
			cli.Row("envelope", "FILE|-", "offline: the body of GET /attestation, with --bundle and with --spki or --cert", cli.Text(&f.envelope)),
			cli.Row("spki", "HEX", "the SHA-256 of the SubjectPublicKeyInfo of the TLS leaf that you saw on that connection, 64 digits", spki(&f.spki)),
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

func (f *attestFlags) run(ctx context.Context, c *cli.Call) (int, error) {
	if err := f.check(c); err != nil {
		return 0, err
	}
	c.Subject.Origin = f.url
	whole, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	if _, err := f.webRoots(whole, c); err != nil { // whether there is a use for them or not
		return 0, err
	}
	verifier, pol, err := f.verifier(whole, c)
	if err != nil {
		return 0, err
	}
	if f.watch > 0 {
		warnOf(c, pol)
		c.Lines = true
		f.brief = !f.explain
		return watch(ctx, c, f.watch, f.keepGoing, func(ctx context.Context) (int, error) {
			ctx, cancel := context.WithTimeout(ctx, f.timeout)
			defer cancel()
			return f.round(ctx, c, verifier, pol)
		})
	}
	return f.round(whole, c, verifier, pol)
}

// round collects evidence, verifies it once, and answers.
func (f *attestFlags) round(ctx context.Context, c *cli.Call, verifier *attest.Verifier, pol policy.Policy) (int, error) {
	e, err := f.collect(ctx, c, verifier)
	if err != nil {
		return 0, err
	}
	fr, err := f.frame(c, e)
	if err != nil {
		return 0, err
	}
	if f.mode() == "live" {
		c.Subject.Origin = e.Origin // as it was asked
	}
	fr.Relaxed, fr.Enforced = f.relaxed(pol), f.enforced(pol, f.watch > 0)
	audit := verifier.Audit(e.Evidence, fr.At)
	if audit.Err != nil && fr.Mode == "replay" && fr.TimeSource != "recorded" {
		audit.Err = advice.About(audit.Err, "", advice.InReplay)
	}
	if audit.Err == nil {
		fr.Changed, err = f.comparePin(ctx, c, capture.NewPin(audit.Result, e.Origin, fr.At))
		if err != nil {
			return 0, err
		}
	}
	if err := f.keep(ctx, c, e, audit, &fr); err != nil {
		return 0, err
	}
	d := verdict.New(audit, fr)
	var report []byte
	var chain [][]byte
	if envelope, err := attest.ParseEnvelope(e.Envelope); err == nil {
		report, chain = envelope.Report, [][]byte{envelope.ChainPEM}
	}
	if err := f.writePage(c, d, report, chain); err != nil {
		return 0, err
	}
	return f.printVerdict(c, d), nil
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
func (f *attestFlags) collect(ctx context.Context, c *cli.Call, v *attest.Verifier) (e *capture.Evidence, err error) {
	switch f.mode() {
	case "live":
		return f.live(ctx, c, v)
	case "replay":
		e, err = f.replay(ctx, c)
	default:
		e, err = f.offline(ctx, c)
	}
	if err == nil {
		err = f.revocation(ctx, c, e)
	}
	return e, err
}

// frame returns how the verification is done, with the time to verify for.
func (f *attestFlags) frame(c *cli.Call, e *capture.Evidence) (verdict.Frame, error) {
	if f.at == "recorded" {
		return verdict.Frame{Tool: c.Program.Tool(), Mode: f.mode(), At: e.FetchedAt, TimeSource: "recorded"}, nil
	}
	return f.timeFlag.frame(c, f.mode())
}

// comparePin returns what differs from the pin, or why it cannot be told.
func (f *attestFlags) comparePin(ctx context.Context, c *cli.Call, now capture.Pin) (changed, err error) {
	if f.pin == "" {
		return nil, nil
	}
	b, err := c.ReadConfig(ctx, "pin", f.pin, capture.MaxPinFile)
	if err != nil {
		return nil, verdict.Unavailable("--pin", err)
	}
	recorded, err := capture.ParsePin(cli.TrimLine(b))
	if err != nil {
		return nil, verdict.Unavailable("--pin "+f.pin, err)
	}
	return recorded.Compare(now), nil
}

// keep writes what --save and --record ask for: evidence whatever the verdict is, a
// pin after a PASS.
func (f *attestFlags) keep(ctx context.Context, c *cli.Call, e *capture.Evidence, a *attest.Audit, fr *verdict.Frame) (err error) {
	if f.save != "" {
		if err := c.WriteFile("--save", f.save, e.Encode()); err != nil {
			return err
		}
	}
	if f.record != "" && a.Err == nil && fr.Changed == nil {
		fr.Changed, err = f.recordPin(ctx, c, capture.NewPin(a.Result, e.Origin, fr.At))
	}
	return err
}

// recordPin writes a pin after a PASS. Over a pin that says the same nothing is
// written; over one that differs only with --replace, which says what changed. It
// returns the difference that makes the verdict "changed".
// Rules: PIN-03, PIN-04.
func (f *attestFlags) recordPin(ctx context.Context, c *cli.Call, now capture.Pin) (changed, err error) {
	b, err := c.ReadConfig(ctx, "record", f.record, capture.MaxPinFile)
	if err != nil { // there is none: CheckOutputs has seen what else is there
		return nil, c.WriteFile("--record", f.record, now.Encode())
	}
	recorded, err := capture.ParsePin(cli.TrimLine(b))
	if err != nil {
		return nil, verdict.Unavailable("--record "+f.record, err)
	}
	difference := recorded.Compare(now)
	change, isChange := difference.(*attest.PinChangedError)
	switch {
	case difference != nil && !isChange:
		return difference, nil // an older trust bundle
	case difference == nil && (recorded.Version == now.Version || !f.replace):
		c.Note("--record %s: the pin says the same, and stays", f.record)
		return nil, nil
	case isChange && !f.replace:
		return difference, nil
	}
	if isChange {
		for _, m := range change.Changes {
			c.Note("changed: %s: recorded %s, now %s", m.Where, m.Expected, m.Actual)
		}
	} else {
		c.Note("changed: trust_bundle_version: recorded %d, now %d", recorded.Version, now.Version)
	}
	return nil, c.WriteFile("--record", f.record, now.Encode())
}

// check refuses flags that do not go together.
// Rules: CLI-06.
func (f *attestFlags) check(c *cli.Call) error {
	if err := f.outputFlags.check(c); err != nil {
		return err
	}
	sources := 0
	for _, source := range []string{f.url, f.envelope, f.evidenceFile} {
		if source != "" {
			sources++
		}
	}
	switch {
	case sources == 0:
		return cli.Usagef("exactly one of --url, --envelope and --evidence is needed")
	case sources > 1:
		return cli.Misuse("CLI-06", "exactly one of --url, --envelope and --evidence is needed")
	}
	allowed := map[string][]string{
		"live":    {"bundle", "bundle-url", "state", "record", "save"},
		"offline": {"bundle", "spki", "cert", "state", "record", "save"},
		"replay":  {},
	}[f.mode()]
	for _, name := range []string{"bundle", "bundle-url", "spki", "cert", "state", "record", "save"} {
		if c.Given(name) && !slices.Contains(allowed, name) {
			return cli.Usagef("--%s does not go with %s", name, map[string]string{"live": "--url", "offline": "--envelope", "replay": "--evidence"}[f.mode()])
		}
	}
	files := append(f.files(), f.envelope, f.cert, f.evidenceFile, f.pin)
	if err := cli.OnceStdin(files...); err != nil {
		return err
	}
	switch {
	case f.at == "recorded" && f.mode() != "replay":
		return cli.Usagef("--at recorded goes with --evidence only")
	case f.keepGoing && f.watch == 0:
		return cli.Usagef("--keep-going goes with --watch")
	case f.watch > 0 && (f.mode() != "live" || f.at != ""):
		return cli.Usagef("--watch goes with --url, and without --at")
	case f.watch > 0 && (f.record != "" || slices.Contains(files, "-")):
		return cli.Usagef("--watch does not go with --record, nor with standard input: record a pin first")
	case f.bundle != "" && f.bundleURL != "":
		return cli.Misuse("CLI-06", "--bundle and --bundle-url are two sources for one thing")
	case f.crl == "fetch" && f.mode() == "replay":
		return cli.Usagef("--crl fetch does not go with --evidence, which uses no network")
	case f.mode() == "offline" && f.bundle == "":
		return cli.Usagef("--bundle is missing")
	case f.mode() == "offline" && f.spki == "" && f.cert == "":
		return cli.Usagef("--spki or --cert is missing: nothing is judged without the key of the connection")
	case f.spki != "" && f.cert != "":
		return cli.Misuse("CLI-06", "--spki and --cert are two sources for one thing")
	case f.save != "" && f.spki != "":
		return cli.Usagef("--save needs the certificate: --cert instead of --spki")
	}
	return c.CheckOutputs(f.replace, append(files, f.state), saveOutput(f.save), recordOutput(f.record), htmlOutput(f.html))
}

func (f *attestFlags) verifier(ctx context.Context, c *cli.Call) (*attest.Verifier, policy.Policy, error) {
	releaseRoots, config, err := f.demands(ctx, c)
	if err != nil {
		return nil, config.Policy, err
	}
	if config.Memory == nil && f.watch == 0 { // one verification has nothing to compare with
		config.Memory = attest.NoMemory{}
	}
	v, err := attest.NewVerifier(releaseRoots, config)
	if err != nil {
		return nil, config.Policy, cli.Usagef("%w", err)
	}
	return v, config.Policy, nil
}

// demands reads whom to trust, and what to demand.
func (f *endpointFlags) demands(ctx context.Context, c *cli.Call) (releaseRoots []ed25519.PublicKey, config attest.Config, err error) {
	config.Workload, config.RequireCRL = f.workload, f.crl != ""
	if config.Policy, err = f.policy(ctx, c, policy.Rules{}); err != nil {
		return nil, config, err
	}
	if config.Launch, err = f.launched(ctx, c); err != nil {
		return nil, config, err
	}
	if config.AMDRoots, err = f.roots(ctx, c); err != nil {
		return nil, config, err
	}
	if releaseRoots, err = readReleaseRoots(ctx, c, f.releaseRoots); err != nil {
		return nil, config, err
	}
	if f.state != "" {
		if config.Memory, err = statefile.OpenWithin(f.state, f.timeout); err != nil {
			return nil, config, cli.Usagef("--state: %v", err)
		}
	}
	return releaseRoots, config, nil
}
