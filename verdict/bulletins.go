package verdict

import (
	"fmt"
	"strings"

	"github.com/tresorhq/attest/bulletin"
)

// bulletinsLine counts how many of AMD's bulletins the report satisfies, and names
// those that it is below. "Not visible" means that the report cannot tell.
// Rules: BUL-04.
func (d *Document) bulletinsLine() string {
	var below []string
	count := map[bulletin.Status]int{}
	for _, a := range d.Bulletins {
		count[a.Status]++
		if a.Status == bulletin.Below {
			below = append(below, a.ID)
		}
	}
	which := ""
	if len(below) > 0 {
		which = " (" + strings.Join(below, ", ") + ")"
	}
	return fmt.Sprintf("bulletins as of %s: %d satisfied, %d below%s, %d not visible",
		d.BulletinsAsOf, count[bulletin.Satisfied], count[bulletin.Below], which, count[bulletin.NotVisible])
}

// belowBulletins lists the conditions that are not met, with both values.
func (d *Document) belowBulletins() []string {
	var list []string
	for _, a := range d.Bulletins {
		for _, c := range a.Conditions {
			if c.Status == bulletin.Below {
				list = append(list, fmt.Sprintf("%s: %s is %s, the bulletin has %s (grade %s: %s)", a.ID, c.Component, c.Actual, c.Level, c.Grade, c.Source))
			}
		}
	}
	return list
}
