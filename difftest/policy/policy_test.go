package policy

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-sev-guest/validate"
)

// TestOptions: the same decision from both, or the reason why not.
func TestOptions(t *testing.T) {
	for _, o := range Options() {
		t.Run(o.Name, func(t *testing.T) {
			for _, c := range o.Cases {
				ours, theirs := o.decide(c)
				if (ours == nil) != c.Ours || (theirs == nil) != c.Theirs {
					t.Errorf("%s: ours %v, want %t; theirs %v, want %t", c.About, ours, c.Ours, theirs, c.Theirs)
				}
				if (c.Ours != c.Theirs) != (c.Reason != "") {
					t.Errorf("%s: a reason is for those and only those that differ: %q", c.About, c.Reason)
				}
			}
		})
	}
}

// TestComplete: no option is left out, and each decides something.
func TestComplete(t *testing.T) {
	covered := map[string][2]bool{} // accepted, refused, by them
	for _, o := range Options() {
		for _, name := range strings.FieldsFunc(o.Name, func(r rune) bool { return r == ',' || r == ' ' }) {
			for _, c := range o.Cases {
				seen := covered[name]
				seen[0], seen[1] = seen[0] || c.Theirs, seen[1] || !c.Theirs
				covered[name] = seen
			}
		}
	}
	var names []string
	for f := range reflect.TypeFor[validate.Options]().Fields() {
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if f.Name != "GuestPolicy" && f.Name != "PlatformInfo" {
			names = append(names, f.Name)
			continue
		}
		for sub := range inner.Fields() {
			names = append(names, f.Name+"."+sub.Name)
		}
	}
	if len(names) < 40 {
		t.Fatalf("%q", names)
	}
	for _, name := range names {
		seen, ok := covered[name]
		if !ok || !seen[1] || !seen[0] && name != "CertTableOptions" {
			t.Errorf("%s: not covered in both directions: %v", name, seen)
		}
	}
}
