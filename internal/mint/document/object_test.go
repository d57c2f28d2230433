package document_test

import (
	"testing"

	"github.com/tresorhq/attest/internal/mint/document"
)

// TestObject: members stay in their order, twice when they were added twice, and as
// they were given.
func TestObject(t *testing.T) {
	o := document.Object{{"a", 1}, {"b", document.RawJSON("1.50")}}
	other := o.Clone()
	o.Set("a", "<&>")
	o.Set("c", document.Object{{"d", []string{"e"}}})
	o.Add("a", nil)
	if got, want := string(o.Text()), `{"a": "<&>", "b": 1.50, "c": {"d": ["e"]}, "a": null}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	o.Drop("a")
	o.Rename("b", "f")
	if got, want := string(o.Text()), `{"f": 1.50, "c": {"d": ["e"]}, "a": null}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if o.Get("b") != nil || o.Get("f") != document.RawJSON("1.50") {
		t.Errorf("b: %v, f: %v", o.Get("b"), o.Get("f"))
	}
	if got, want := string(other.Text()), `{"a": 1, "b": 1.50}`; got != want {
		t.Errorf("the copy has changed: %s, want %s", got, want)
	}
}

// TestMisusePanics: a fault that cannot be made must not be lost unnoticed.
func TestMisusePanics(t *testing.T) {
	o := document.Object{{"a", 1}}
	for name, misuse := range map[string]func(){
		"drop":   func() { o.Drop("b") },
		"rename": func() { o.Rename("b", "c") },
		"value":  func() { document.Object{{"a", func() {}}}.Text() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			misuse()
		}()
	}
}
