package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/snpreport/form"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/artefact"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/releaseroot"
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
			n, err := strconv.ParseUint(s, 10, 32)
			if err != nil || n > 3 || s != strconv.FormatUint(n, 10) {
				return errors.New("a VMPL is 0, 1, 2 or 3")
			}
			f.relax.VMPL = uint32(n)
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
func (f *timeFlag) frame(c *cli.Call, mode string) (verdict.Frame, error) {
	fr := verdict.Frame{Tool: c.Program.Tool(), Mode: mode, At: c.Now(), TimeSource: "clock"}
	if f.at == "" {
		return fr, nil
	}
	var ok bool
	if fr.At, ok = strictjson.ParseTime(f.at); !ok {
		return fr, cli.Usagef("--at %q is no RFC 3339 time, such as 2026-04-01T12:00:00Z", printable.Short(f.at))
	}
	fr.TimeSource = "given"
	return fr, nil
}

// policy returns the defaults, narrowed by the policy file and by what the
// other flags demand, with the relaxations that have been named.
func (f *trustFlags) policy(ctx context.Context, c *cli.Call, demands policy.Rules) (policy.Policy, error) {
	fromFlags, err := policy.New(demands)
	if err != nil {
		return policy.Policy{}, cli.Usagef("%w", err)
	}
	all := []policy.Policy{policy.Default(), fromFlags}
	if len(f.baselines) > 0 {
		baseline, err := policy.New(policy.Rules{Bulletins: f.baselines})
		if err != nil {
			return policy.Policy{}, cli.Usagef("--baseline: %w", err)
		}
		all = append(all, baseline)
	}
	if f.policyFile != "" {
		b, err := c.ReadConfig(ctx, "policy", f.policyFile, policy.MaxFile)
		if err != nil {
			return policy.Policy{}, cli.Usagef("--policy: %v", err)
		}
		fromFile, err := policy.Parse(b)
		if err != nil {
			return policy.Policy{}, cli.Usagef("--policy %s: %w", f.policyFile, err)
		}
		all = append(all, fromFile)
	}
	return policy.Intersect(all...).Relax(f.relax), nil
}

// launched computes the measurements of --launch; nil without it.
func (f *trustFlags) launched(ctx context.Context, c *cli.Call) ([]attest.LaunchMeasurement, error) {
	launches, err := readLaunches(ctx, c, f.launch)
	if err != nil {
		return nil, err
	}
	for _, l := range launches {
		f.measuredFrom = append(f.measuredFrom, l.Names())
	}
	list, err := artefact.Demand(launches)
	if err != nil {
		return nil, cli.Usagef("--launch: %w", err)
	}
	return list, nil
}

func readLaunches(ctx context.Context, c *cli.Call, files []string) (list []*artefact.Launch, err error) {
	for _, name := range files {
		l, err := artefact.Reader{Note: c.Note}.LaunchFile(ctx, name)
		if err != nil {
			return nil, cli.Usagef("--launch %s: %w", name, err)
		}
		list = append(list, l)
	}
	return list, nil
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
func (f *trustFlags) roots(ctx context.Context, c *cli.Call) (*certchain.Roots, error) {
	if len(f.amdRoots) == 0 && f.demo {
		return nil, cli.Usagef("--demo needs the root of \"demo --serve\" by --amd-root")
	}
	if len(f.amdRoots) == 0 {
		return nil, nil
	}
	var arks [][]byte
	for _, name := range f.amdRoots {
		b, err := c.ReadConfig(ctx, "amd-root", name, maxCertFile)
		if err != nil {
			return nil, cli.Usagef("--amd-root: %v", err)
		}
		ders, err := form.SplitCertificates(b)
		if err != nil {
			return nil, cli.Usagef("--amd-root %s: %w", name, err)
		}
		arks = append(arks, ders...)
	}
	for _, der := range arks {
		switch test := isTestRoot(der); {
		case test && !f.demo:
			return nil, cli.Usagef("--amd-root: %w", cli.Breaks("CLI-11", "this is the root of the test kit: its private key is public, and so it vouches for nothing; --demo accepts it for practice"))
		case !test && f.demo:
			return nil, cli.Usagef("--amd-root: %w", cli.Breaks("CLI-11", "--demo goes with the root of \"demo --serve\" and with no other"))
		}
	}
	roots, err := certchain.NewRoots(arks...)
	if err != nil {
		return nil, cli.Usagef("--amd-root: %w", err)
	}
	return roots, nil
}

// isTestRoot reports whether a certificate is of a key that is public.
func isTestRoot(der []byte) bool {
	ark, err := certchain.ParseCertificate(der)
	return err == nil && slices.Contains(attesttest.TestRoots(), sha256.Sum256(ark.RawSPKI))
}

// readReleaseRoots reads the keys that may sign trust bundles.
func readReleaseRoots(ctx context.Context, c *cli.Call, files []string) ([]ed25519.PublicKey, error) {
	if len(files) == 0 {
		keys, err := releaseroot.Keys()
		switch {
		case errors.Is(err, releaseroot.ErrNone):
			return nil, cli.Usagef("--release-root is missing: no release root ships with this release")
		case err != nil:
			return nil, cli.Usagef("%w", err)
		}
		return keys, nil
	}
	var roots []ed25519.PublicKey
	for _, name := range files {
		b, err := c.ReadConfig(ctx, "release-root", name, releaseroot.MaxFile)
		if err != nil {
			return nil, cli.Usagef("--release-root: %v", err)
		}
		keys, err := releaseroot.Parse(cli.TrimLine(b))
		if err != nil {
			return nil, cli.Usagef("--release-root %s: %w", name, err)
		}
		roots = append(roots, keys...)
	}
	return roots, nil
}

// warnOf says on standard error, before a first verdict, what the author of a policy
// should know, such as floors that no report can meet.
// Rules: CLI-24.
func warnOf(c *cli.Call, p policy.Policy) {
	for _, note := range p.Notes() {
		c.Note("WARNING: %s", note)
	}
}
