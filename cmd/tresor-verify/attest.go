package main

import (
	"context"
	"crypto/ed25519"
	"slices"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/statefile"
	"github.com/tresorhq/attest/policy"
)

func attestCommand() command {
	return command{
		name: "attest", usage: "--url ORIGIN|--envelope FILE|--evidence FILE --release-root FILE [flags]", run: runAttest,
		summary: "verify what runs behind an endpoint",
		about: `All 19 steps of SPEC.md: live, from files, or again from saved evidence. PASS means
that an AMD processor vouches for the code and the TLS key behind this address, and
that the publisher whose key you pinned allows that code.`,
		flags: slices.Concat([]flagDoc{
			{help: "Which evidence"},
			{"url", "ORIGIN", "live: https://HOST[:PORT]"},
			{"envelope", "FILE|-", "offline: the body of GET /attestation, with --bundle and with --spki or --cert"},
			{"spki", "HEX", "the SHA-256 of the SubjectPublicKeyInfo of the TLS leaf that you saw on that connection, 64 digits"},
			{"cert", "FILE|-", "or that certificate itself, PEM or DER, leaf first"},
			{"evidence", "FILE|-", "replay: what --save wrote; no network is used"},
			{"bundle", "FILE|-", "the trust bundle, a compact JWS"},
			{"bundle-url", "URL", "or where it is, with --url; without both, where the endpoint says"},
			{help: "What is trusted and demanded"},
			{"release-root", "FILE...", "who may sign the bundle: PEM PUBLIC KEY, JWK, or 32 bytes in hex or base64"},
			{"workload", "NAME", "the workload that must run there"},
			{help: "What is remembered"},
			{"state", "FILE", "the newest bundle, so that older ones are refused"},
			{"record", "FILE", "after a PASS, write a pin"},
			{"pin", "FILE|-", "exit code 4 when what is verified differs from this pin"},
			{"save", "FILE", "the evidence, to verify it again"},
			{help: "How often"},
			{"watch", "DURATION", "with --url: again and again, with this pause, until something does not pass; with --json one line for each round, each bounded by --timeout"},
		}, hardwareDocs("TIME|recorded"), kdsDocs(), outputDocs()),
		examples: []string{
			"attest --url https://api.tresor.co --release-root release.pem",
			"attest --url https://api.tresor.co --release-root release.pem --pin pin.json",
			"attest --envelope attestation.json --cert leaf.pem --bundle bundle.jws --release-root release.pem",
			"attest --evidence evidence.json --at recorded --release-root release.pem",
			"attest --url https://api.tresor.co --release-root release.pem --pin pin.json --watch 5m --json",
		},
	}
}

type attestFlags struct {
	hardwareFlags
	kdsFlags
	url, evidenceFile                       string
	envelope, spki, cert, bundle, bundleURL string
	releaseRoots                            []string
	workload, state                         string
	record, pin, save                       string
	watch                                   time.Duration
}

func (f *attestFlags) declare(fs *flagSet) {
	f.hardwareFlags.declare(fs)
	f.kdsFlags.declare(fs)
	for name, p := range map[string]*string{
		"url": &f.url, "evidence": &f.evidenceFile, "envelope": &f.envelope, "spki": &f.spki, "cert": &f.cert,
		"bundle": &f.bundle, "bundle-url": &f.bundleURL, "workload": &f.workload, "state": &f.state,
		"record": &f.record, "pin": &f.pin, "save": &f.save,
	} {
		fs.text(p, name)
	}
	fs.texts(&f.releaseRoots, "release-root")
	fs.custom("watch", duration(&f.watch))
}

func runAttest(ctx context.Context, w world, u *ui, args []string) (int, error) {
	var f attestFlags
	fs := newFlagSet("attest")
	f.declare(fs)
	if _, err := fs.parse(args, 0); err != nil {
		return 0, err
	}
	if err := f.check(fs); err != nil {
		return 0, err
	}
	whole, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	w.limit = whole
	if _, err := f.webRoots(w); err != nil { // whether there is a use for them or not
		return 0, err
	}
	verifier, pol, err := f.verifier(w)
	if err != nil {
		return 0, err
	}
	round := func(ctx context.Context) (int, error) { return f.round(ctx, w, u, verifier, pol) }
	if f.watch > 0 {
		u.lines = true
		return watch(ctx, w, u, f.watch, round)
	}
	return round(ctx)
}

// round collects evidence, verifies it once, and answers.
func (f *attestFlags) round(ctx context.Context, w world, u *ui, verifier *attest.Verifier, pol policy.Policy) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	w.limit = ctx
	c, err := f.collect(ctx, w, u, verifier)
	if err != nil {
		return 0, err
	}
	at, source, err := f.when(w, c)
	if err != nil {
		return 0, err
	}
	fr := frame{mode: f.mode(), at: at, source: source, relaxed: pol.Relaxed(), dated: f.watch > 0}
	audit := verifier.Audit(c.evidence, at)
	if audit.Err != nil && fr.mode == "replay" && source != "recorded" {
		audit.Err = &advised{error: audit.Err, where: inReplay}
	}
	if audit.Err == nil {
		fr.changed, err = f.comparePin(w, newPin(audit.Result, c.origin, at))
		if err != nil {
			return 0, err
		}
	}
	if err := f.keep(c, audit, fr.changed, at); err != nil {
		return 0, err
	}
	return f.answer(u, audit, fr), nil
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
func (f *attestFlags) collect(ctx context.Context, w world, u *ui, v *attest.Verifier) (c *collected, err error) {
	switch f.mode() {
	case "live":
		return f.live(ctx, w, u, v)
	case "replay":
		c, err = f.replay(w)
	default:
		c, err = f.offline(w)
	}
	if err == nil {
		err = f.revocation(ctx, w, u, c)
	}
	return c, err
}

// when returns the time to verify for.
func (f *attestFlags) when(w world, c *collected) (at time.Time, source string, err error) {
	if f.at == "recorded" {
		return c.fetchedAt, "recorded", nil
	}
	return f.time(w)
}

// comparePin returns what differs from the pin, or why it can not be told.
func (f *attestFlags) comparePin(w world, now pin) (changed, err error) {
	if f.pin == "" {
		return nil, nil
	}
	b, err := w.read(f.pin, maxPinFile)
	if err != nil {
		return nil, unavailable("--pin", err)
	}
	recorded, err := parsePin(trimLine(b))
	if err != nil {
		return nil, unavailable("--pin "+f.pin, err)
	}
	return recorded.compare(now), nil
}

// keep writes what --save and --record ask for: evidence whatever the verdict
// is, a pin after a PASS.
func (f *attestFlags) keep(c *collected, a *attest.Audit, changed error, at time.Time) error {
	if f.save != "" {
		if err := output("--save", f.save, c.encode()); err != nil {
			return err
		}
	}
	if f.record != "" && a.Err == nil && changed == nil {
		if err := output("--record", f.record, newPin(a.Result, c.origin, at).encode()); err != nil {
			return err
		}
	}
	return nil
}

// check refuses flags that do not go together.
func (f *attestFlags) check(fs *flagSet) error {
	sources := 0
	for _, source := range []string{f.url, f.envelope, f.evidenceFile} {
		if source != "" {
			sources++
		}
	}
	if sources != 1 {
		return usagef("exactly one of --url, --envelope and --evidence is needed")
	}
	allowed := map[string][]string{
		"live":    {"bundle", "bundle-url", "state", "record", "save"},
		"offline": {"bundle", "spki", "cert", "state", "record", "save"},
		"replay":  {},
	}[f.mode()]
	for _, name := range []string{"bundle", "bundle-url", "spki", "cert", "state", "record", "save"} {
		if fs.given[name] && !slices.Contains(allowed, name) {
			return usagef("--%s does not go with %s", name, map[string]string{"live": "--url", "offline": "--envelope", "replay": "--evidence"}[f.mode()])
		}
	}
	files := slices.Concat([]string{f.envelope, f.bundle, f.cert, f.crl, f.policyFile, f.evidenceFile, f.pin, f.caFile}, f.releaseRoots, f.amdRoots)
	if err := onceStdin(files); err != nil {
		return err
	}
	switch {
	case f.at == "recorded" && f.mode() != "replay":
		return usagef("--at recorded goes with --evidence only")
	case f.watch > 0 && (f.mode() != "live" || f.at != ""):
		return usagef("--watch goes with --url, and without --at")
	case f.watch > 0 && (f.record != "" || slices.Contains(files, "-")):
		return usagef("--watch does not go with --record, nor with standard input: record a pin first")
	case f.bundle != "" && f.bundleURL != "":
		return misuse("CLI-06", "--bundle and --bundle-url are two sources for one thing")
	case f.crl == "fetch" && f.mode() == "replay":
		return usagef("--crl fetch does not go with --evidence, which uses no network")
	case f.mode() == "offline" && f.bundle == "":
		return usagef("--bundle is missing")
	case f.mode() == "offline" && f.spki == "" && f.cert == "":
		return usagef("--spki or --cert is missing: nothing is judged without the key of the connection")
	case f.spki != "" && f.cert != "":
		return misuse("CLI-06", "--spki and --cert are two sources for one thing")
	case f.save != "" && f.spki != "":
		return usagef("--save needs the certificate: --cert instead of --spki")
	}
	return nil
}

func (f *attestFlags) verifier(w world) (*attest.Verifier, policy.Policy, error) {
	releaseRoots, config, err := f.demands(w)
	if err != nil {
		return nil, config.Policy, err
	}
	if config.Memory == nil && f.watch == 0 { // one verification has nothing to compare with
		config.Memory = attest.NoMemory{}
	}
	v, err := attest.NewVerifier(releaseRoots, config)
	if err != nil {
		return nil, config.Policy, usagef("%w", err)
	}
	return v, config.Policy, nil
}

// demands reads whom to trust, and what to demand.
func (f *attestFlags) demands(w world) (releaseRoots []ed25519.PublicKey, c attest.Config, err error) {
	c.Workload, c.RequireCRL = f.workload, f.crl != ""
	if c.Policy, err = f.policy(w, policy.Rules{}); err != nil {
		return nil, c, err
	}
	if c.AMDRoots, err = f.roots(w); err != nil {
		return nil, c, err
	}
	if releaseRoots, err = readReleaseRoots(w, f.releaseRoots); err != nil {
		return nil, c, err
	}
	if f.state != "" {
		if c.Memory, err = statefile.OpenWithin(f.state, f.timeout); err != nil {
			return nil, c, usagef("--state: %v", err)
		}
	}
	return releaseRoots, c, nil
}
