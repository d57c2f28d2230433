package policy

import (
	"strings"

	"github.com/tresorhq/attest/bulletin"
)

// bulletins is a demand of Rules.Bulletins, whose ids are those of bulletins that the
// table has conditions of. test gets each with what the report shows of it.
func bulletins(c *compiler, r *Rules, test func(*evaluation, bulletin.Assessment)) check {
	list := words(c, r.Bulletins, func(id string) (string, bool) { return id, bulletin.HasConditions(id) })
	return several(strings.Join(list, ","), func(e *evaluation) {
		for _, id := range list {
			test(e, bulletin.AssessOne(id, e.r, e.facts.Product))
		}
	})
}

// POL-55. A bulletin without conditions for the report's die says nothing of it.
func demandBulletinRow(c *compiler, r *Rules) check {
	return bulletins(c, r, func(e *evaluation, a bulletin.Assessment) {
		if len(a.Conditions) == 0 {
			e.violatePart(a.ID, "conditions for the report's die", "none in the table of "+bulletin.AsOf)
		}
	})
}

// POL-56. A condition that the report does not show counts as not met.
func demandBulletins(c *compiler, r *Rules) check {
	return bulletins(c, r, func(e *evaluation, a bulletin.Assessment) {
		for _, condition := range a.Conditions {
			if condition.Status != bulletin.Satisfied {
				e.violatePart(a.ID+" "+condition.Component, "at least "+condition.Level, condition.Actual)
			}
		}
	})
}
