package bulletin

import (
	"slices"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/snpreport"
)

// Bulletins returns those that the table knows, by number. Some have no conditions:
// then no report shows them.
func Bulletins() []Bulletin {
	list := slices.Clone(bulletins[:])
	for i := range list {
		list[i].CVEs = slices.Clone(list[i].CVEs)
	}
	return list
}

// HasConditions reports whether the table has conditions of a bulletin for any die.
func HasConditions(id string) bool {
	return slices.ContainsFunc(rows[:], func(r row) bool { return r.bulletin == id })
}

// An Assessment is what a report shows of a bulletin.
type Assessment struct {
	ID         string      `json:"id"`
	Status     Status      `json:"status"`
	Conditions []Condition `json:"conditions"` // of the report's die; empty: the table has none
}

// A Condition is held against a report.
type Condition struct {
	Component string `json:"component"` // "microcode" and other TCB components, "firmware", "platform_info.alias_check_complete"
	Level     string `json:"level"`     // decimal level, version, or "set"
	Actual    string `json:"actual"`    // the lower of the report's two; of a bit "set", "clear" or "unknown"
	Grade     Grade  `json:"grade"`
	Source    string `json:"-"`
	Status    Status `json:"-"`
}

// Assess returns what a report shows of every bulletin of the table, by number. It
// verifies neither report nor chain: for an answer that counts, both come out of a
// verification. Nil for the chain leaves the product to the report's CPUID; a chain of
// another product, and a report without a die, show nothing.
// Rules: BUL-01, BUL-02, BUL-03.
func Assess(r *snpreport.Report, c *certchain.Chain) []Assessment {
	list := make([]Assessment, 0, len(bulletins))
	for _, b := range bulletins {
		a := Assessment{ID: b.ID, Conditions: []Condition{}}
		if r != nil {
			product, _ := r.CPUID.Product()
			if c == nil || c.Product == product {
				a = AssessOne(b.ID, r, product)
			}
		}
		list = append(list, a)
	}
	return list
}

// AssessOne returns what a verified report of a product shows of one bulletin.
func AssessOne(id string, r *snpreport.Report, p snpreport.Product) Assessment {
	a := Assessment{ID: id, Conditions: []Condition{}}
	die, known := r.Die()
	if dieProduct, _ := die.Product(); !known || dieProduct != p { // a die of no product has no row
		return a
	}
	a.Status = Satisfied
	for _, row := range rows {
		if row.bulletin != id || !slices.Contains(row.dies, die) {
			continue
		}
		actual, status := row.condition.holds(r, p)
		a.Conditions = append(a.Conditions, Condition{row.condition.component, row.condition.level, actual, row.grade, row.source, status})
		a.Status = a.Status.and(status)
	}
	if len(a.Conditions) == 0 {
		a.Status = NotVisible
	}
	return a
}
