package policy

import (
	"cmp"
	"slices"

	"github.com/tresorhq/attest/snpreport"
)

// Evaluate holds the facts against every rule. The zero Policy, and facts without
// a report, a product or a known kind of key, violate one rule, and no other is
// evaluated.
func (p Policy) Evaluate(f Facts) Outcome {
	e := &evaluation{facts: f, r: f.Report, relax: p.relax, sets: p.sets}
	if v := p.checkFacts(f); v != nil {
		e.out.Violations = []Violation{*v}
		return e.out
	}
	e.out.NotChecked = make([]Unchecked, 0, len(table))
	for _, kind := range [...]Kind{KindPolicy, KindMeasurement, KindTCB, KindReportData} {
		for i := range table {
			if cmp.Or(table[i].kind, KindPolicy) == kind {
				e.evaluate(i)
			}
		}
	}
	e.out.complete = true
	return e.out
}

// checkFacts refuses the zero Policy, and facts without a report, a product or a
// known kind of key.
func (p Policy) checkFacts(f Facts) *Violation {
	refuse := func(expected, actual string) *Violation {
		return &Violation{Rule: "POL-04", Kind: KindPolicy, Name: "facts", Message: "the policy has nothing verified to judge", Expected: expected, Actual: actual}
	}
	switch {
	case p.IsZero():
		return &Violation{Rule: "POL-01", Kind: KindPolicy, Name: "policy", Message: p.emptiness(), Expected: "a policy", Actual: "the zero Policy, which accepts nothing"}
	case f.Report == nil:
		return refuse("a report", "none")
	case f.Product.ChipIDSize() == 0:
		return refuse("a product", f.Product.String())
	case f.SigningKey != snpreport.VCEK && f.SigningKey != snpreport.VLEK:
		return refuse("a VCEK or a VLEK", "another kind of key")
	}
	return nil
}

// evaluate holds a row of the table against the facts: its rule of Default, and
// then the demand of each rule set.
func (e *evaluation) evaluate(i int) {
	e.at, e.row = i, &table[i]
	if e.row.always != nil {
		e.row.always(e)
	}
	for _, s := range e.sets {
		if c := s.checks[i]; c.test != nil {
			c.test(e)
		}
	}
	if e.row.unchecked != "" && !e.demanded(i) && (e.row.unless == "" || !e.demanded(rowOf(e.row.unless))) {
		e.out.NotChecked = append(e.out.NotChecked, Unchecked{e.row.name, e.row.unchecked})
	}
}

// demanded reports whether a rule set has the demand of a row.
func (e *evaluation) demanded(i int) bool {
	return slices.ContainsFunc(e.sets, func(s *set) bool { return s.checks[i].value != "" })
}
