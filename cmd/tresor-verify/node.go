package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// A node is a piece of what "show" prints. The same tree is printed as text and
// as JSON.
type node struct {
	key   string
	value any    // string, bool or a number; nil when there are kids
	note  string // an explanation, in text only
	kids  []node
	list  bool       // kids are an array, their keys are for text only
	table [][]string // how to print the kids as text: rows of columns
}

func leaf(key string, value any, note ...string) node {
	return node{key: key, value: value, note: strings.Join(note, " ")}
}

func group(key string, kids ...node) node { return node{key: key, kids: kids} }

func list(key string, kids ...node) node { return node{key: key, kids: kids, list: true} }

// MarshalJSON keeps the order of the kids.
func (n node) MarshalJSON() ([]byte, error) {
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

// tree writes a node as indented text.
func (u *ui) tree(n node, depth int) {
	indent := strings.Repeat("  ", depth)
	switch {
	case n.table != nil:
		u.line("%s%s:", indent, n.key)
		u.columns(indent+"  ", n.table)
	case n.kids != nil || n.list:
		u.line("%s%s:", indent, n.key)
		for _, k := range n.kids {
			u.tree(k, depth+1)
		}
	case n.note != "":
		u.line("%s%-*s %s  (%s)", indent, max(1, 26-len(indent)), n.key+":", fmt.Sprint(n.value), n.note)
	default:
		u.line("%s%-*s %s", indent, max(1, 26-len(indent)), n.key+":", fmt.Sprint(n.value))
	}
}

func (u *ui) columns(indent string, rows [][]string) {
	var width []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], len(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			fmt.Fprintf(&b, "%-*s  ", width[i], cell)
		}
		u.line("%s%s", indent, strings.TrimRight(b.String(), " "))
	}
}
