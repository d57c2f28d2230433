package web

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// mostText is the largest number of bytes of one text from outside that a page
// shows. The rest is counted.
const mostText = 2048

// A node is a piece of the page: an element, an attribute of the element around it,
// or text. Text is escaped when it is written, so that no value from outside can
// become markup; names of elements and attributes are constants of this package.
type node interface{ write(b *strings.Builder) }

type (
	element struct {
		name string
		kids []node
	}
	attribute struct{ name, value string }
	text      string
	fragment  []node
)

// el makes an element of nodes, and of strings, which are text. Attributes come
// before the rest.
func el(name string, kids ...any) node {
	e := element{name: name}
	for _, k := range kids {
		switch k := k.(type) {
		case nil:
		case string:
			e.kids = append(e.kids, text(k))
		case node:
			e.kids = append(e.kids, k)
		default:
			e.kids = append(e.kids, text(fmt.Sprint(k)))
		}
	}
	return e
}

func at(name, value string) node { return attribute{name, value} }

func class(names string) node { return attribute{"class", names} }

// each makes a fragment with one node for each item.
func each[T any](list []T, make func(T) node) node {
	var f fragment
	for _, item := range list {
		f = append(f, make(item))
	}
	return f
}

// when returns n, or nothing.
func when(condition bool, n func() node) node {
	if !condition {
		return fragment(nil)
	}
	return n()
}

func (e element) write(b *strings.Builder) {
	b.WriteString("<" + e.name)
	rest := e.kids
	for len(rest) > 0 {
		a, ok := rest[0].(attribute)
		if !ok {
			break
		}
		a.write(b)
		rest = rest[1:]
	}
	b.WriteByte('>')
	if e.name == "col" || e.name == "meta" || e.name == "br" {
		return
	}
	for _, k := range rest {
		if _, late := k.(attribute); !late {
			k.write(b)
		}
	}
	b.WriteString("</" + e.name + ">")
}

func (a attribute) write(b *strings.Builder) {
	b.WriteString(" " + a.name + `="` + html.EscapeString(visible(a.value)) + `"`)
}

func (t text) write(b *strings.Builder) { b.WriteString(html.EscapeString(visible(string(t)))) }

func (f fragment) write(b *strings.Builder) {
	for _, n := range f {
		n.write(b)
	}
}

// visible escapes what is not printed, such as control characters and those that
// turn the direction of text, as \u202e, and cuts what is too long to be read.
func visible(s string) string {
	more := ""
	if len(s) > mostText {
		cut := mostText
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		more = fmt.Sprintf("… (%d bytes more)", len(s)-cut)
		s = s[:cut]
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n' || strconv.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String() + more
}

// render writes a node as HTML.
func render(n node) string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}
