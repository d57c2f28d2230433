package main

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"slices"
)

func constantInt(t types.TypeAndValue) (int64, bool) { return constant.Int64Val(t.Value) }

// An attribution finds the rules of SPEC.md that a piece of code is about.
type attribution struct {
	file   *ast.File
	decl   ast.Decl
	fset   *token.FileSet
	source []byte
}

var ruleID = regexp.MustCompile(`\b[A-Z]{3}-[0-9]{2}\b`)

func (a *attribution) enter(file *ast.File, decl ast.Decl) { a.file, a.decl = file, decl }

// of returns the rules that stand nearest to n: in the smallest statement or
// clause around it that names some, with the comments above it, or else in its
// declaration and its documentation. None is "no rule".
func (a *attribution) of(n ast.Node) []string {
	var around []ast.Node
	ast.Inspect(a.decl, func(m ast.Node) bool {
		if m == nil || m.Pos() > n.Pos() || m.End() < n.End() {
			return false
		}
		around = append(around, m)
		return true
	})
	for _, m := range slices.Backward(around) {
		switch m.(type) {
		case *ast.BlockStmt, *ast.FuncType, *ast.FieldList:
			continue
		}
		if found := a.named(m.Pos(), m.End()); found != nil {
			return found
		}
	}
	var doc *ast.CommentGroup
	switch d := a.decl.(type) {
	case *ast.FuncDecl:
		doc = d.Doc
	case *ast.GenDecl:
		doc = d.Doc
	}
	if doc != nil {
		if found := a.named(doc.Pos(), doc.End()); found != nil {
			return found
		}
	}
	return []string{"no rule"}
}

// named returns the rules in a span of the source.
func (a *attribution) named(from, to token.Pos) []string {
	list := ruleID.FindAllString(string(a.source[a.fset.Position(from).Offset:a.fset.Position(to).Offset]), -1)
	slices.Sort(list)
	return slices.Compact(list)
}
