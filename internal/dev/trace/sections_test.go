package trace

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	heading   = regexp.MustCompile(`(?m)^#+ ([\d.]*\d) |^#.*\(section ([\d.]*\d)\)$|^\| ([\d.]*\d) \| \[docs/spec/`)
	reference = regexp.MustCompile("SPEC\\.md`? sections? ([\\d.]*\\d)")
	within    = regexp.MustCompile(`(?:^|[^\w])sections? ([\d.]*\d)`)
	elsewhere = regexp.MustCompile(`(RFC|AMD|FIPS|TPM|specification|library|revision)[^;.|]*$`)
)

// TestSections: each section that SPEC.md, its parts, code or tests refer to by number is
// there, and none is there twice. A section stands for those below it: 13 for 13.1.
func TestSections(t *testing.T) {
	s := read(t)
	has := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(s.Spec, -1) {
		number := m[1] + m[2] + m[3]
		if has[number] {
			t.Errorf("section %s is there twice", number)
		}
		has[number] = true
	}
	for number := range maps.Clone(has) {
		chapter, _, _ := strings.Cut(number, ".")
		has[chapter] = true
	}
	if len(has) < 60 {
		t.Fatalf("only %d sections were found", len(has))
	}
	for _, m := range within.FindAllStringSubmatchIndex(s.Spec, -1) {
		if number := s.Spec[m[2]:m[3]]; !has[number] && !elsewhere.MatchString(s.Spec[max(0, m[0]-60):m[0]]) {
			t.Errorf("SPEC.md or a part refers to section %s, which is not there: %q", number, s.Spec[m[0]:m[1]])
		}
	}
	for _, files := range []map[string]string{s.Code, s.Tests} {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			for _, m := range reference.FindAllStringSubmatch(files[name], -1) {
				if !has[m[1]] {
					t.Errorf("%s refers to section %s, which is not there", name, m[1])
				}
			}
		}
	}
}
