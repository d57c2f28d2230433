package main

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/policy"
)

// hardwareFlags are the flags of every command that verifies a report.
type hardwareFlags struct {
	policyFile string
	amdRoots   []string
	crl        string
	at         string
	relax      policy.Relax
	json       bool
	explain    bool
}

// hardwareDocs are the rows of hardwareFlags. at is what --at may be; "": there is
// none.
func hardwareDocs(at string) []flagDoc {
	when := "verify for this time (RFC 3339) instead of now"
	if strings.Contains(at, "recorded") {
		when += "; recorded: the time of --evidence"
	}
	docs := []flagDoc{
		{help: "How the hardware is judged"},
		{"policy", "FILE", "what the report must meet (attest.policy/v1)"},
		{"crl", "FILE|fetch", "check revocation; without it, it is not checked"},
		{"amd-root", "FILE...", "use this ARK instead of all built-in ones"},
		{"allow-debug", "", "accept guests that the host may debug"},
		{"allow-migration", "", "accept guests that may be migrated"},
		{"allow-vlek", "", "accept a VLEK, which is of a provider and no single chip"},
		{"vmpl", "N", "demand this VMPL, 0 to 3, instead of 0"},
	}
	if at != "" {
		docs = append(docs, flagDoc{"at", at, when})
	}
	return docs
}

// outputDocs are the flags of every command that gives a verdict.
func outputDocs() []flagDoc {
	return []flagDoc{
		{help: "How the verdict is printed"},
		{"json", "", "as one JSON object"},
		{"explain", "", "with every step"},
	}
}

func (h *hardwareFlags) declare(fs *flagSet) {
	h.declareDemands(fs)
	fs.text(&h.at, "at")
	fs.yes(&h.json, "json")
	fs.yes(&h.explain, "explain")
}

// declareDemands declares what decides a verdict, and not how it is printed.
func (h *hardwareFlags) declareDemands(fs *flagSet) {
	fs.text(&h.policyFile, "policy")
	fs.texts(&h.amdRoots, "amd-root")
	fs.text(&h.crl, "crl")
	fs.yes(&h.relax.Debug, "allow-debug")
	fs.yes(&h.relax.Migration, "allow-migration")
	fs.yes(&h.relax.VLEK, "allow-vlek")
	fs.custom("vmpl", func(s string) error {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil || n > 3 || s != strconv.FormatUint(n, 10) {
			return fmt.Errorf("a VMPL is 0, 1, 2 or 3")
		}
		h.relax.VMPL = uint32(n)
		return nil
	})
}

// time returns the time to verify for, and where it comes from.
func (h *hardwareFlags) time(w world) (at time.Time, source string, err error) {
	if h.at == "" {
		return w.now(), "clock", nil
	}
	at, ok := strictjson.ParseTime(h.at)
	if !ok {
		return time.Time{}, "", usagef("--at %q is no RFC 3339 time, such as 2026-04-01T12:00:00Z", short(h.at))
	}
	return at, "given", nil
}

// policy returns the defaults, narrowed by the policy file and by what the
// other flags demand, with the relaxations that have been named.
func (h *hardwareFlags) policy(w world, demands policy.Rules) (policy.Policy, error) {
	fromFlags, err := policy.New(demands)
	if err != nil {
		return policy.Policy{}, usagef("%w", err)
	}
	all := []policy.Policy{policy.Default(), fromFlags}
	if h.policyFile != "" {
		b, err := w.read(h.policyFile, maxPolicyFile)
		if err != nil {
			return policy.Policy{}, usagef("--policy: %v", err)
		}
		fromFile, err := policy.Parse(b)
		if err != nil {
			return policy.Policy{}, usagef("--policy %s: %w", h.policyFile, err)
		}
		all = append(all, fromFile)
	}
	return policy.Intersect(all...).Relax(h.relax), nil
}

// roots returns the AMD roots of --amd-root, or nil for the built-in ones.
func (h *hardwareFlags) roots(w world) (*certchain.Roots, error) {
	if len(h.amdRoots) == 0 {
		return nil, nil
	}
	var arks [][]byte
	for _, name := range h.amdRoots {
		b, err := w.read(name, maxCertFile)
		if err != nil {
			return nil, usagef("--amd-root: %v", err)
		}
		ders, err := attest.Certificates(b)
		if err != nil {
			return nil, usagef("--amd-root %s: %w", name, err)
		}
		arks = append(arks, ders...)
	}
	for _, der := range arks {
		if isTestRoot(der) {
			return nil, usagef("--amd-root: %w", breaks("CLI-11", "this is the root of the test kit: its private key is public, and so it vouches for nothing"))
		}
	}
	roots, err := certchain.NewRoots(arks...)
	if err != nil {
		return nil, usagef("--amd-root: %w", err)
	}
	return roots, nil
}

// unavailable makes the error of evidence that could not be read or fetched.
func unavailable(what string, err error) error {
	return &attest.EvidenceUnavailableError{Failure: attest.Failure{
		Rule: "CLI-03", Message: what + ": " + err.Error(), Cause: err,
	}}
}

// isTestRoot reports whether a certificate is of a key that everybody has.
func isTestRoot(der []byte) bool {
	c, err := certchain.ParseCertificate(der)
	return err == nil && slices.Contains(attesttest.TestRoots(), sha256.Sum256(c.RawSPKI))
}
