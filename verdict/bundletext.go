package verdict

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tresorhq/attest/snpreport"
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
	for _, list := range []struct {
		name   string
		values []string
	}{{"measurement", b.Measurements}, {"identity tag", b.Tags}, {"product", b.Products}, {"AMD root", b.AMDRoots}} {
		for _, value := range list.values {
			t.Field(list.name, value)
		}
	}
	for _, scope := range slices.Sorted(maps.Keys(b.MinTCB)) {
		for _, name := range slices.SortedFunc(maps.Keys(b.MinTCB[scope]), byComponent) {
			t.Field("TCB floor", fmt.Sprintf("%s %s %d", scope, name, b.MinTCB[scope][name]))
		}
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

func byComponent(a, b string) int {
	first, _ := snpreport.ParseComponent(a)
	second, _ := snpreport.ParseComponent(b)
	return int(first) - int(second)
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
