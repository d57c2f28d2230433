package main

import (
	"cmp"
	"slices"
)

// An edit replaces the bytes from at up to end of a file. Edits nest like the
// expressions they go around: of two that start at one place the one that was
// made first is the outer one.
type edit struct {
	at, end int
	text    string
	closing bool // behind an expression, not before it
	order   int
}

type edits []edit

func (e *edits) insert(at int, text string)       { e.add(edit{at: at, end: at, text: text}) }
func (e *edits) replace(at, end int, text string) { e.add(edit{at: at, end: end, text: text}) }

// around puts text before and behind a span.
func (e *edits) around(at, end int, before, behind string) {
	e.insert(at, before)
	e.close(end, end, behind)
}

func (e *edits) close(at, end int, text string) {
	e.add(edit{at: at, end: end, text: text, closing: true})
}

func (e *edits) add(n edit) {
	n.order = len(*e)
	*e = append(*e, n)
}

// apply returns source with all edits made.
func (e edits) apply(source []byte) []byte {
	sorted := slices.Clone(e)
	slices.SortFunc(sorted, func(a, b edit) int {
		switch {
		case a.at != b.at:
			return cmp.Compare(a.at, b.at)
		case a.closing && b.closing:
			return cmp.Compare(b.order, a.order)
		case a.closing != b.closing:
			if a.closing {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.order, b.order)
	})
	var out []byte
	at := 0
	for _, n := range sorted {
		out = append(out, source[at:n.at]...)
		out = append(out, n.text...)
		at = n.end
	}
	return append(out, source[at:]...)
}
