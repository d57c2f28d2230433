package inspect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/internal/printable"
)

// A Difference is one thing that two files of a kind say differently.
type Difference struct {
	Member string `json:"member"`        // path of the member, with dots
	Change string `json:"change"`        // changed, raised, lowered, added, removed
	Was    string `json:"was,omitempty"` // of the first file
	Now    string `json:"now,omitempty"` // of the second one
}

// SameKind reports whether two files can be compared: the form in which a report or
// certificates came does not count.
func SameKind(a, b *File) bool { return kindOf(a) == kindOf(b) }

func kindOf(f *File) string {
	kind, _, _ := strings.Cut(f.Kind, ",")
	if kind == "certificate" {
		return "certificates"
	}
	return kind
}

// Diff lists what two files of a kind say differently, member by member in the order of
// the files. Entries of lists are compared as sets.
// Rules: CLI-23.
func Diff(was, now *File) []Difference {
	before, after := flatten("", was.Content, false), flatten("", now.Content, false)
	value := map[string]member{}
	for _, m := range after {
		value[m.path] = m
	}
	known := map[string]bool{}
	var list []Difference
	for _, m := range before {
		known[m.path] = true
		switch new, there := value[m.path]; {
		case m.entry && there, !m.entry && there && new.value == m.value:
		case !there:
			list = append(list, Difference{m.name(), "removed", m.value, ""})
		default:
			list = append(list, Difference{m.name(), direction(m.value, new.value), m.value, new.value})
		}
	}
	for _, m := range after {
		if !known[m.path] {
			list = append(list, Difference{m.name(), "added", "", m.value})
		}
	}
	return list
}

// direction says which of two values is higher, where both are decimal numbers.
func direction(was, now string) string {
	a, errA := strconv.ParseUint(was, 10, 64)
	b, errB := strconv.ParseUint(now, 10, 64)
	switch {
	case errA != nil || errB != nil:
		return "changed"
	case a < b:
		return "raised"
	}
	return "lowered"
}

// A member is one value of a file. An entry of a list has its value in its path.
type member struct {
	path, value string
	entry       bool
}

func (m member) name() string { return strings.TrimSuffix(m.path, "["+m.value+"]") }

// flatten lists what nodes say. Those of one name are told apart by their number, unless
// they are entries of a list.
func flatten(prefix string, nodes []Node, entries bool) (list []member) {
	seen := map[string]int{}
	for _, n := range nodes {
		if seen[n.key]++; seen[n.key] > 1 && !entries {
			n.key = strings.TrimSpace(n.key + " " + strconv.Itoa(seen[n.key]))
		}
		path, value := prefix, fmt.Sprint(n.value)
		if !entries {
			path = strings.TrimPrefix(prefix+"."+n.key, ".")
		}
		switch leaf := n.kids == nil && !n.list; {
		case leaf && entries:
			list = append(list, member{path + "[" + value + "]", value, true})
		case leaf:
			list = append(list, member{path, value, false})
		default:
			scalars := n.list && !slices.ContainsFunc(n.kids, func(k Node) bool { return k.kids != nil || k.list })
			list = append(list, flatten(path, n.kids, scalars)...)
		}
	}
	return list
}

// PrintDiff writes differences as text.
func PrintDiff(b *printable.Builder, kind string, list []Difference) {
	b.Line("NOT VERIFIED: this is what the second file says differently (%s)", kind)
	for _, d := range list {
		switch d.Change {
		case "added":
			b.Field(d.Change, d.Member+" "+d.Now)
		case "removed":
			b.Field(d.Change, d.Member+" "+d.Was)
		default:
			b.Field(d.Change, d.Member+" "+d.Now+", was "+d.Was)
		}
	}
	if len(list) == 0 {
		b.Line("no difference")
	}
}
