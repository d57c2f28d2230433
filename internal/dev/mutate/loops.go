package main

import (
	"fmt"
	"go/ast"
	"go/types"
)

// loop makes mutants of a loop that does not look at everything: it leaves out
// the first or the last element, or all but the last, whose errors are then
// ignored.
func (f *finder) loop(name string, n *ast.RangeStmt) {
	each := ""
	switch t := f.info.Types[n.X].Type.Underlying().(type) {
	case *types.Slice:
		each = "muEach"
	case *types.Map:
		each = "muEachKey"
	case *types.Basic:
		if t.Info()&types.IsInteger == 0 || t.Info()&types.IsUntyped != 0 {
			return
		}
		each = "muEachInt"
	default:
		return
	}
	first := f.add(name, "first", n.X, f.text(n.X))
	last := f.add(name, "last", n.X, f.text(n.X))
	only := f.add(name, "only last", n.X, f.text(n.X))
	at, end := f.span(n.X)
	f.edits.around(at, end, fmt.Sprintf("%s(%d, %d, %d, ", each, first, last, only), ")")
}

// succeed makes a mutant of a function that only says what is wrong: nothing is,
// before it has looked.
func (f *finder) succeed(name string, t *ast.FuncType, body *ast.BlockStmt) {
	if t.Results == nil || t.Results.NumFields() != 1 || len(body.List) < 2 {
		return
	}
	result := f.info.Types[t.Results.List[0].Type].Type
	if !isError(result) || !f.decides(body) {
		return
	}
	id := f.add(name, "succeed", body.List[0], "return nil")
	f.edits.insert(f.at(body.Lbrace)+1, fmt.Sprintf(" if muOn(%d) { return nil };", id))
}

// isError reports whether a type is error, or a pointer to one that is.
func isError(t types.Type) bool {
	if _, pointer := t.(*types.Pointer); !pointer && t.String() != "error" {
		return false
	}
	return types.NewMethodSet(t).Lookup(nil, "Error") != nil
}

// decides reports whether a function returns nil somewhere: it does not only make
// errors.
func (f *finder) decides(body *ast.BlockStmt) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			if len(n.Results) == 1 {
				_, call := ast.Unparen(n.Results[0]).(*ast.CallExpr)
				found = found || f.info.Types[n.Results[0]].IsNil() || call && !f.namesRule(n.Results[0].(*ast.CallExpr))
			}
		}
		return true
	})
	return found
}
