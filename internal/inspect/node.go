package inspect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/tresorhq/attest/internal/printable"
)

// A Node is a piece of what a file says. The same tree is printed as text and as JSON.
type Node struct {
	key   string
	value any    // string, bool or a number; nil when there are kids
	note  string // an explanation, in text only
	kids  []Node
	list  bool       // kids are an array, their keys are for text only
	table [][]string // how to print the kids as text: rows of columns
}

func leaf(key string, value any, note ...string) Node {
	return Node{key: key, value: value, note: strings.Join(note, " ")}
}

func group(key string, kids ...Node) Node { return Node{key: key, kids: kids} }

func list(key string, kids ...Node) Node { return Node{key: key, kids: kids, list: true} }

// MarshalJSON keeps the order of the kids.
func (n Node) MarshalJSON() ([]byte, error) {
	if n.kids == nil && !n.list && n.value != nil {
		return json.Marshal(n.value)
	}
	open, end := "{", "}"
	if n.list {
		open, end = "[", "]"
	}
	var b bytes.Buffer
	b.WriteString(open)
	for i, k := range n.kids {
		if i > 0 {
			b.WriteByte(',')
		}
		if !n.list {
			name, err := json.Marshal(k.key)
			if err != nil {
				return nil, err
			}
			b.Write(name)
			b.WriteByte(':')
		}
		value, err := k.MarshalJSON()
		if err != nil {
			return nil, err
		}
		b.Write(value)
	}
	b.WriteString(end)
	return b.Bytes(), nil
}

// print writes a node as indented text.
func (n Node) print(b *printable.Builder, depth int) {
	indent := strings.Repeat("  ", depth)
	switch {
	case n.table != nil:
		b.Line("%s%s:", indent, n.key)
		columns(b, indent+"  ", n.table)
	case n.kids != nil || n.list:
		b.Line("%s%s:", indent, n.key)
		for _, k := range n.kids {
			k.print(b, depth+1)
		}
	case n.note != "":
		b.Line("%s%-*s %s  (%s)", indent, max(1, 26-len(indent)), n.key+":", fmt.Sprint(n.value), n.note)
	default:
		b.Line("%s%-*s %s", indent, max(1, 26-len(indent)), n.key+":", fmt.Sprint(n.value))
	}
}

// columns writes rows of a table.
func columns(b *printable.Builder, indent string, rows [][]string) {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
	for line := range strings.Lines(text.String()) {
		b.Line("%s%s", indent, strings.TrimRight(line, " \n"))
	}
}
