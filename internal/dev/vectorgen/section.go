package main

import (
	"cmp"
	"strings"

	"github.com/tresorhq/attest/internal/dev/vectorfile"
	"github.com/tresorhq/attest/internal/mint"
)

// A section is a group of cases that start from the same valid evidence.
type section struct {
	name string          // folder, and first part of every id
	base func() *exhibit // makes the evidence
	err  string          // the error that its faults end in
	rows []row
}

// A row is one case: its base with one change.
type row struct {
	id      string
	want    want
	comment string
	change  func(x X)
}

// want is what a verifier must say.
type want struct {
	accept bool
	rules  []string // the first is the one that is broken, or that would be misread
	err    string   // "": that of the section
}

// no: refused by a rule. More rules may be named that the case is about too.
func no(rules ...string) want { return want{rules: rules} }

// yes: accepted, although a misreading of the rule would refuse it.
func yes(rules ...string) want { return want{accept: true, rules: rules} }

// as: refused by a rule, with another error than the rest of the section.
func as(err string, rules ...string) want { return want{rules: rules, err: err} }

// exitCodes are those of contract and SPEC.md section 16 that are not 1, and verdicts
// those of each exit code.
var (
	exitCodes = map[string]int{"UsageError": 2, "EvidenceUnavailableError": 3, "PinChangedError": 4}
	verdicts  = []string{"pass", "fail", "error", "error", "changed"}
)

func (s section) cases() []vectorfile.Case {
	var list []vectorfile.Case
	for _, r := range s.rows {
		x := s.base()
		if r.change != nil {
			r.change(x)
		}
		c := x.testCase()
		c.ID, c.Rules, c.Comment, c.Section = s.name+"-"+r.id, r.want.rules, r.comment, s.name
		c.Expect = vectorfile.Expect{Verdict: verdicts[0]}
		switch {
		case !r.want.accept:
			err := cmp.Or(r.want.err, s.err)
			code := cmp.Or(exitCodes[err], 1)
			c.Expect = vectorfile.Expect{Verdict: verdicts[code], ExitCode: code, Error: err, Requirement: r.want.rules[0]}
		case c.Command == "measure":
			c.Expect.Verdict = "computed"
			if x.result == nil {
				x.result = x.guest.result()
			}
		}
		if x.result != nil && (r.want.accept || !strings.HasPrefix(s.name, "launch-") && !strings.HasPrefix(s.name, "azure-")) { // not a nil doc in an interface
			c.Expect.Result = x.result
		}
		list = append(list, c)
	}
	return list
}

// sections are all groups of cases, in the order of the index.
func sections() []section {
	var all []section
	for _, group := range [][]section{
		cellSections(), envelopeSections(), jsonSections(), bundleSections(), jwsSections(),
		workloadSections(), strictly(reportSections()), strictly(carrierSections()), strictly(certificateSections()), strictly(chainSections()), heldSections(), azureSections(), crlSections(),
		endorsementSections(), policySections(), notCheckedSections(), policyFileSections(), floorSections(), bulletinSections(), fileSections(), memorySections(), receiptSections(),
		firmwareSections(), guestSections(), igvmSections(), idBlockSections(), launchFileSections(), pairSections(),
	} {
		all = append(all, group...)
	}
	return all
}

// strictly gives the sections whose cases are about the forms of SPEC.md section 4, and
// about certificates that no command has chosen.
func strictly(sections []section) []section {
	for i, s := range sections {
		sections[i].base = func() *exhibit {
			x := s.base()
			if x.command == "report" {
				x.options["strict"] = true
			}
			return x
		}
	}
	return sections
}

// nameShared names what more than a few cases hold.
func nameShared(l *vectorfile.Library) {
	l.Name("release-root.pem", releaseRootPEM(releaseKey))
	for _, p := range mint.Products {
		l.Name("ark-"+strings.ToLower(p)+".pem", mint.PEM(mint.CACert("ARK-"+p)))
		for _, kind := range []string{"vcek", "vlek"} {
			authority := map[string]string{"vcek": "SEV-", "vlek": "SEV-VLEK-"}[kind] + p
			l.Name(strings.ToLower(authority)+".pem", mint.PEM(mint.CACert(authority)))
			l.Name(kind+"-"+strings.ToLower(p)+".pem", mint.PEM(mint.Evidence(p, 3, kind).Leaf))
		}
		l.Name("crl-"+strings.ToLower(p)+".der", mint.CRL(p).Encode(mint.CAKey("ARK-"+p)))
		for version := uint32(2); version <= 5; version++ {
			x := endpoint(p, version, "vcek")()
			x.seal()
			cell := strings.ToLower(p) + "-v" + string(rune('0'+version))
			l.Name("envelope-"+cell+".json", x.Seal())
			l.Name("bundle-"+strings.ToLower(p)+".jws", x.Bundle.Encode())
			l.Name("report-"+cell+".bin", hardware(p, version, "vcek")().sealed())
		}
	}
}
