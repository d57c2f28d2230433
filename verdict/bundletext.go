package verdict

import (
	"fmt"
	"slices"
	"strings"
)

// bundle writes all that a bundle says.
// Rules: BDL-01.
func (t *text) bundle() {
	b := t.d.BundleFacts
	t.Field("Trust bundle version", fmt.Sprintf("%d (valid until %s)", b.Version, b.ValidUntil))
	t.Field("workload", b.Workload)
	t.Field("sha256", b.SHA256)
	t.Field("release root", b.ReleaseRoot)
	t.Field("key id", b.KeyID)
	t.Field("issued", b.IssuedAt)
	for _, list := range b.lists() {
		for _, value := range list.values {
			t.Field(list.entry, value)
		}
	}
	for _, n := range floorNames(b) {
		t.Field("TCB floor", fmt.Sprintf("%s %s %d", n.scope, n.component, b.MinTCB[n.scope][n.component]))
	}
	t.Field("ignored in bundle", strings.Join(slices.Concat(b.IgnoredMembers, b.IgnoredRoots), ", "))
	for _, e := range t.d.Explained {
		if e.MeasuredFrom == "" {
			t.Field("NOT explained", e.Measurement)
		} else {
			t.Field("explained", e.Measurement+": "+e.MeasuredFrom)
		}
	}
}

// bundleDiff writes what differs.
func (t *text) bundleDiff() {
	d := t.d.BundleDiff
	for _, b := range []struct {
		name string
		Bundle
	}{{"old", d.Was}, {"new", d.Now}} {
		t.Field(b.name, fmt.Sprintf("version %d for %s, valid until %s, sha256 %s", b.Version, t.d.Workload, b.ValidUntil, b.SHA256))
	}
	for i, c := range d.Changes {
		value := c.Member + " " + c.Value
		if c.Was != "" {
			value += ", was " + c.Was
		}
		t.Field(c.Change, value)
		if i+1 == len(d.Changes) || d.Changes[i+1].Note != c.Note { // one for all components that it is about
			t.Field("note", c.Note)
		}
	}
	if len(d.Changes) == 0 {
		t.Field("changed", "nothing: they say the same")
	}
}
