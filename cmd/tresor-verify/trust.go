package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/artefact"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/releaseroot"
	"github.com/tresorhq/attest/snpreport/form"
	"github.com/tresorhq/attest/verdict"
)

// trustFlags say how the hardware is judged.
type trustFlags struct {
	policyFile string
	amdRoots   []string
	crl        string
	launch     []string
	baselines  []string // ids of AMD's bulletins
	relax      policy.Relax
	demo       bool

	measuredFrom []string // what --launch names
}

func (f *trustFlags) rows() []cli.Flag {
	return []cli.Flag{
		cli.Heading("How the hardware is judged"),
		cli.Row("policy", "FILE", "what the report must meet (attest.policy/v1)", cli.Text(&f.policyFile)),
		cli.Row("launch", "FILE...", "MEASUREMENT must be that of this launch file, or of another one (attest.launch/v1)", cli.Texts(&f.launch)),
		cli.Row("crl", "FILE|fetch", "check revocation; without it, it is not checked", cli.Text(&f.crl)),
		cli.Row("baseline", "ID...", "demand the TCB of AMD's bulletin, such as AMD-SB-3019", cli.Texts(&f.baselines)),
		cli.Row("amd-root", "FILE...", "use this ARK instead of all built-in ones", cli.Texts(&f.amdRoots)),
		cli.Row("demo", "", "accept the roots of \"demo --serve\", whose keys are public; the verdict says DEMO", cli.Switch(&f.demo)),
		cli.Row("allow-debug", "", "accept guests that the host may debug", cli.Switch(&f.relax.Debug)),
		cli.Row("allow-migration", "", "accept guests that may be migrated", cli.Switch(&f.relax.Migration)),
		cli.Row("allow-vlek", "", "accept a VLEK, which is of a provider and no single chip", cli.Switch(&f.relax.VLEK)),
		cli.Row("vmpl", "0|1|2|3", "demand this VMPL instead of 0", func(s string) error {
			level := strings.Index("0123", s)
			if level < 0 || len(s) != 1 {
				return errors.New("a VMPL is 0, 1, 2 or 3")
			}
			f.relax.VMPL = uint32(level)
			return nil
		}),
	}
}

// A timeFlag is the time to verify for.
type timeFlag struct{ at string }

func (f *timeFlag) row(arg string) cli.Flag {
	help := "verify for this time (RFC 3339) instead of now"
	if strings.Contains(arg, "recorded") {
		help += "; recorded: the time of --evidence"
	}
	return cli.Flag{Name: "at", Arg: arg, Help: help, Set: cli.Text(&f.at)}
}

// frame returns how a verification is done, with the time to verify for.
func (f *timeFlag) frame(r *reading, mode string) verdict.Frame {
	fr := verdict.Frame{Tool: r.Program.Tool(), Mode: mode, At: r.Now(), TimeSource: "clock"}
	if f.at == "" {
		return fr
	}
	at, ok := strictjson.ParseTime(f.at)
	if !ok {
		r.fail(cli.Usagef("--at %q is no RFC 3339 time, such as 2026-04-01T12:00:00Z", printable.Short(f.at)))
	}
	fr.At, fr.TimeSource = at, "given"
	return fr
}

// policy returns the defaults, narrowed by the policy file and by what the
// other flags demand, with the relaxations that have been named.
func (f *trustFlags) policy(r *reading, demands policy.Rules) policy.Policy {
	fromFlags, err := policy.New(demands)
	r.usage("%w", err)
	all := []policy.Policy{policy.Default(), fromFlags}
	if len(f.baselines) > 0 {
		baseline, err := policy.New(policy.Rules{Bulletins: f.baselines})
		r.usage("--baseline: %w", err)
		all = append(all, baseline)
	}
	if f.policyFile != "" {
		all = append(all, configured(r, "policy", f.policyFile, policy.MaxFile, policy.Parse))
	}
	return policy.Intersect(all...).Relax(f.relax)
}

// launched computes the measurements of --launch; nil without it.
func (f *trustFlags) launched(r *reading) []attest.LaunchMeasurement {
	var launches []*artefact.Launch
	for _, name := range f.launch {
		if r.err != nil {
			return nil
		}
		l, err := artefact.Reader{Note: r.Note}.LaunchFile(r.ctx, name)
		if err != nil {
			r.fail(cli.Usagef("--launch %s: %w", name, err))
			return nil
		}
		launches = append(launches, l)
		f.measuredFrom = append(f.measuredFrom, l.Names())
	}
	list, err := artefact.Demand(launches)
	r.usage("--launch: %w", err)
	return list
}

// relaxed names the relaxations in force.
func (f *trustFlags) relaxed(p policy.Policy) []string {
	list := p.Relaxed()
	if f.demo {
		list = append(list, verdict.Demo)
	}
	return list
}

// further are the demands beside the policy.
func (f *trustFlags) further() (list []verdict.Demand) {
	if f.crl != "" {
		list = append(list, verdict.RevocationDemand)
	}
	if f.launch != nil {
		list = append(list, verdict.LaunchDemand(f.measuredFrom...))
	}
	return list
}

// roots returns the AMD roots of --amd-root, or nil for the built-in ones.
func (f *trustFlags) roots(r *reading) *certchain.Roots {
	if len(f.amdRoots) == 0 {
		if f.demo {
			r.fail(cli.Usagef("--demo needs the root of \"demo --serve\" by --amd-root"))
		}
		return nil
	}
	var arks [][]byte
	for _, name := range f.amdRoots {
		arks = append(arks, configured(r, "amd-root", name, maxCertFile, form.SplitCertificates)...)
	}
	for _, der := range arks {
		test := isTestRoot(der)
		r.refuse(test && !f.demo, "CLI-11", "--amd-root: this is the root of the test kit: its private key is public, and so it vouches for nothing; --demo accepts it for practice")
		r.refuse(!test && f.demo, "CLI-11", "--amd-root: --demo goes with the root of \"demo --serve\" and with no other")
	}
	roots, err := certchain.NewRoots(arks...)
	r.usage("--amd-root: %w", err)
	return roots
}

// isTestRoot reports whether a certificate is of a key that is public.
func isTestRoot(der []byte) bool {
	ark, err := certchain.ParseCertificate(der)
	return err == nil && slices.Contains(attesttest.TestRoots(), sha256.Sum256(ark.RawSPKI))
}

// readReleaseRoots reads the keys that may sign trust bundles.
func readReleaseRoots(r *reading, files []string) (roots []ed25519.PublicKey) {
	for _, name := range files {
		roots = append(roots, configured(r, "release-root", name, releaseroot.MaxFile, trimmed(releaseroot.Parse))...)
	}
	if len(files) > 0 {
		return roots
	}
	roots, err := releaseroot.Keys()
	switch {
	case errors.Is(err, releaseroot.ErrNone):
		r.fail(cli.Usagef("--release-root is missing: no release root ships with this release"))
	case err != nil:
		r.fail(cli.Usagef("%w", err))
	}
	return roots
}

// warnOf says on standard error, before a first verdict, what the author of a policy
// should know, such as floors that no report can meet.
// Rules: CLI-24.
func warnOf(c *cli.Call, p policy.Policy) {
	for _, note := range p.Notes() {
		c.Note("WARNING: %s", note)
	}
}
