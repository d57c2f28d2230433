package main

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
)

// alias makes a mutant that hands on what it should copy.
func (f *finder) alias(name string, n *ast.CallExpr) {
	switch fun := f.text(n.Fun); {
	case slices.Contains([]string{"bytes.Clone", "slices.Clone", "maps.Clone"}, fun) && len(n.Args) == 1:
		if !types.Identical(f.info.Types[n].Type, f.info.Types[n.Args[0]].Type) {
			return
		}
		id := f.add(name, "alias", n, f.text(n))
		f.edits.replace(f.at(n.Fun.Pos()), f.at(n.Lparen)+1, fmt.Sprintf("muClone(%d, %s, ", id, fun))
	case calleeName(n) == "append" && len(n.Args) == 2 && n.Ellipsis.IsValid() && f.isEmptyList(n.Args[0]) && f.pure(n.Args[1]) && types.Identical(f.info.Types[n].Type, f.info.Types[n.Args[1]].Type):
		f.share(name, n, n.Args[1])
	case len(n.Args) == 0 && slices.Contains([]string{"Clone", "clone"}, calleeName(n)):
		sel, ok := n.Fun.(*ast.SelectorExpr)
		if ok && f.pure(sel.X) && types.Identical(f.info.Types[n].Type, f.info.Types[sel.X].Type) {
			f.share(name, n, sel.X)
		}
	}
}

// share makes a mutant that hands on the original of a copy. The two are equal, so
// that nothing but what is written to them later tells them apart.
func (f *finder) share(name string, copied *ast.CallExpr, original ast.Expr) {
	id := f.add(name, "alias", copied, f.text(copied))
	at, end := f.span(copied)
	f.edits.around(at, end, fmt.Sprintf("muShare(%d, ", id), ", "+f.text(original)+")")
}

// isEmptyList reports whether an expression is []T(nil) or []T{}.
func (f *finder) isEmptyList(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CallExpr:
		return f.info.Types[e.Fun].IsType() && len(e.Args) == 1 && f.info.Types[e.Args[0]].IsNil()
	case *ast.CompositeLit:
		return len(e.Elts) == 0
	}
	return false
}

// keys finds the types of keys of the package's maps.
func (p *pkg) keys() (all []types.Type) {
	for _, t := range p.info.Types {
		if m, ok := t.Type.(*types.Map); ok {
			if _, isStruct := m.Key().Underlying().(*types.Struct); isStruct {
				all = append(all, m.Key())
			}
		}
	}
	return all
}

func (f *finder) isKey(t types.Type) bool {
	return slices.ContainsFunc(f.keyTypes, func(k types.Type) bool { return types.Identical(k, t) })
}

// key makes a mutant for each part of a key of a map: two keys that differ in
// that part alone are one.
func (f *finder) key(name string, n *ast.CompositeLit) {
	if !f.isKey(f.info.Types[n].Type) {
		return
	}
	for _, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			e = kv.Value
		}
		if f.info.Types[e].Value != nil {
			continue
		}
		id := f.add(name, "key", e, f.text(e))
		at, end := f.span(e)
		f.edits.around(at, end, fmt.Sprintf("muNone(%d, ", id), ")")
	}
}

// keyPart is key for a part that is assigned.
func (f *finder) keyPart(name string, n *ast.AssignStmt) {
	if len(n.Lhs) != 1 || n.Tok.String() != "=" {
		return
	}
	sel, ok := n.Lhs[0].(*ast.SelectorExpr)
	if !ok || f.info.Types[sel.X].Type == nil || !f.isKey(f.info.Types[sel.X].Type) {
		return
	}
	id := f.add(name, "key", n, f.text(n))
	at, end := f.span(n.Rhs[0])
	f.edits.around(at, end, fmt.Sprintf("muNone(%d, ", id), ")")
}
