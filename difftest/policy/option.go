// Package policy holds every option of go-sev-guest's validate.Options against a
// policy file of ours that says the same.
package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-sev-guest/validate"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/difftest/chain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
)

// Options are all of them.
func Options() []Option {
	return slices.Concat(guestBits(), platformBits(), fields(), levels(), keys())
}

// An Option is an option of theirs, and the members of our policy file that say
// the same.
type Option struct {
	Name   string // of the field, e.g. "GuestPolicy.SMT"
	Theirs func(*validate.Options)
	Ours   string       // members of the file, without braces
	Relax  policy.Relax // beyond what all cases have
	Cases  []Case
}

// A Case is a report, and what both decide. Reason says why ours differs.
type Case struct {
	About        string
	Edit         func(*mint.ReportSpec)
	Ours, Theirs bool // accepted
	Reason       string
}

// same is a case in which both decide the same.
func same(about string, accepted bool, edit func(*mint.ReportSpec)) Case {
	return Case{About: about, Edit: edit, Ours: accepted, Theirs: accepted}
}

// unchanged is the report as it is.
func unchanged(*mint.ReportSpec) {}

// decide puts a case to both.
func (o Option) decide(c Case) (ours, theirs error) {
	set := mint.Evidence("Milan", 5, "vcek")
	c.Edit(&set.Spec)
	set.Resign()
	e := difftest.FromSet(set)
	return o.ours(e), o.theirs(e)
}

func (o Option) ours(e difftest.Evidence) error {
	p, err := policy.Parse([]byte(`{"schema": "attest.policy/v1", ` + o.Ours + `}`))
	if err != nil {
		return err
	}
	// What Permissive permits of theirs.
	relax := o.Relax
	relax.Debug, relax.Migration = true, true
	roots, err := certchain.NewRoots(mint.CACert("ARK-Milan"))
	if err != nil {
		return err
	}
	v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: p.Relax(relax), AMDRoots: roots})
	if err != nil {
		return err
	}
	_, err = v.Verify(attest.ReportEvidence{Report: e.Report, Certificates: [][]byte{e.Leaf, e.Intermediate}}, e.At)
	return err
}

func (o Option) theirs(e difftest.Evidence) error {
	attestation, err := chain.Attestation(e)
	if err != nil {
		return err
	}
	options := chain.Permissive()
	o.Theirs(options)
	return validate.SnpAttestation(attestation, options)
}

// Markdown prints the cases in which ours differs.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| option | report | ours | theirs | why |\n|---|---|---|---|---|\n")
	answer := map[bool]string{true: difftest.Accepts, false: difftest.Refuses}
	for _, o := range Options() {
		for _, c := range o.Cases {
			if c.Ours != c.Theirs {
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", o.Name, c.About, answer[c.Ours], answer[c.Theirs], c.Reason)
			}
		}
	}
	return b.String()
}
