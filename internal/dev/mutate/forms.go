package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// switchStmt turns a switch over a value into one over conditions, in which no
// value has to be constant.
func (f *finder) switchStmt(name string, n *ast.SwitchStmt) {
	if n.Tag == nil {
		for _, s := range n.Body.List {
			for _, e := range s.(*ast.CaseClause).List {
				f.condition(name, e, true, true)
			}
		}
		return
	}
	tag := f.text(n.Tag)
	at, end := f.span(n.Tag)
	if n.Init == nil {
		f.edits.replace(at, end, "")
	} else {
		f.edits.replace(at, end, "true")
	}
	f.skip[n.Tag] = true
	for _, s := range n.Body.List {
		for _, e := range s.(*ast.CaseClause).List {
			at, end := f.span(e)
			id := f.add(name, "case", e, f.text(e))
			f.edits.around(at, end, fmt.Sprintf("muB(0, %d, (%s) == (", id, tag), "))")
			f.skip[e] = true
		}
	}
}

// boundary moves what an integer is compared to.
func (f *finder) boundary(name string, n *ast.BinaryExpr) {
	if !slices.Contains([]token.Token{token.LSS, token.LEQ, token.GTR, token.GEQ}, n.Op) || f.info.Types[n].Value != nil {
		return
	}
	f.bound(name, n.Y, f.text(n), true)
}

// bound makes mutants of an integer that is one higher or lower.
func (f *finder) bound(name string, e ast.Expr, text string, lower bool) {
	t := f.info.Types[e]
	if b, ok := t.Type.Underlying().(*types.Basic); !ok || b.Info()&types.IsInteger == 0 {
		return
	}
	of := types.TypeString(t.Type, func(p *types.Package) string {
		if p == f.types {
			return ""
		}
		return p.Name()
	})
	if strings.HasPrefix(of, "untyped") {
		of = "int"
	}
	plus, minus := f.add(name, "plus", e, text), 0
	if lower {
		minus = f.add(name, "minus", e, text)
	}
	at, end := f.span(e)
	f.edits.around(at, end, fmt.Sprintf("muI[%s](%d, %d, ", of, plus, minus), ")")
}

// effect makes a mutant that does not make a call. Not to sleep, and not to grow, change
// times and memory alone.
func (f *finder) effect(name string, n *ast.ExprStmt) {
	call, ok := n.X.(*ast.CallExpr)
	if !ok || slices.Contains([]string{"Lock", "Unlock", "copy", "panic", "Grow", "Sleep"}, calleeName(call)) {
		return
	}
	id := f.add(name, "delete", n, f.text(n))
	at, end := f.span(n)
	f.edits.around(at, end, fmt.Sprintf("if !muOn(%d) { ", id), " }")
}

// call makes mutants of the arguments and of the strictness of a call.
func (f *finder) call(name string, n *ast.CallExpr) {
	if f.info.Types[n.Fun].IsType() {
		return
	}
	sig, ok := f.info.Types[n.Fun].Type.(*types.Signature)
	if !ok || !f.isOwn(n) {
		return
	}
	if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
		_, end := f.span(n)
		_, at := f.span(sel.X)
		switch sel.Sel.Name {
		case "Required":
			id := f.add(name, "optional", n, f.text(n))
			f.edits.insert(f.at(sel.X.Pos()), fmt.Sprintf("muRequired(%d, ", id))
			f.edits.close(at, f.at(n.Lparen)+1, ", ")
		case "NonEmpty":
			id := f.add(name, "empty", n, f.text(n))
			f.edits.insert(f.at(sel.X.Pos()), fmt.Sprintf("muNonEmpty(%d, ", id))
			f.edits.close(at, end, ")")
		case "Set":
			id := f.add(name, "twice", n, f.text(n))
			f.edits.insert(f.at(sel.X.Pos()), fmt.Sprintf("muSet(%d, ", id))
			f.edits.close(at, f.at(n.Lparen)+1, ", ")
		}
	}
	if f.onlyText(sig) || makesErrors(sig) || f.namesRule(n) {
		return
	}
	f.swap(name, n)
	counts := slices.Contains([]string{"Array", "Set", "HexSet", "digits"}, calleeName(n))
	for _, a := range n.Args {
		if t := f.info.Types[a]; t.Value != nil && isInt(t.Type) {
			// Nothing that is counted, or read digit by digit, is below zero.
			f.bound(name, a, f.text(n), !counts || t.Value.ExactString() != "0")
		}
	}
}

func isInt(t types.Type) bool {
	return slices.Contains([]string{"int", "int64", "untyped int"}, t.String())
}

// namesRule reports whether a call says which rule is broken: the rest of its
// arguments is for people.
func (f *finder) namesRule(n *ast.CallExpr) bool {
	for _, a := range n.Args {
		if t := f.info.Types[a]; t.Value != nil && ruleID.MatchString(t.Value.String()) {
			return true
		}
	}
	return false
}

// makesErrors reports whether a function returns an error by its concrete type:
// that is one which makes errors, and its arguments are for people.
func makesErrors(s *types.Signature) bool {
	for v := range s.Results().Variables() {
		if p, ok := v.Type().(*types.Pointer); ok && types.NewMethodSet(p).Lookup(nil, "Error") != nil {
			return true
		}
	}
	return s.Results().Len() == 0
}

// isOwn reports whether a call is to a function of the module.
func (f *finder) isOwn(n *ast.CallExpr) bool {
	var id *ast.Ident
	switch fun := n.Fun.(type) {
	case *ast.Ident:
		id = fun
	case *ast.SelectorExpr:
		id = fun.Sel
	case *ast.IndexExpr:
		return f.isOwn(&ast.CallExpr{Fun: fun.X})
	}
	if id == nil {
		return false
	}
	o := f.info.Uses[id]
	return o != nil && o.Pkg() != nil && strings.HasPrefix(o.Pkg().Path(), f.module)
}

func calleeName(n *ast.CallExpr) string {
	switch fun := n.Fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		return fun.Sel.Name
	}
	return ""
}

// tail makes a mutant of a function whose last statement returns what a call
// says is wrong: nothing is.
func (f *finder) tail(name string, t *ast.FuncType, body *ast.BlockStmt) {
	if len(body.List) == 0 || t.Results == nil || len(t.Results.List) != 1 {
		return
	}
	r, ok := body.List[len(body.List)-1].(*ast.ReturnStmt)
	if !ok || len(r.Results) != 1 {
		return
	}
	call, ok := r.Results[0].(*ast.CallExpr)
	if !ok || f.info.Types[t.Results.List[0].Type].Type.String() != "error" {
		return
	}
	if sig, ok := f.info.Types[call.Fun].Type.(*types.Signature); !ok || makesErrors(sig) || !f.isOwn(call) || len(body.List) < 2 {
		return
	}
	id := f.add(name, "accept", r, f.text(call))
	at, _ := f.span(r)
	f.edits.insert(at, fmt.Sprintf("if muOn(%d) { return nil }; ", id))
}

// table makes a mutant for each entry of a slice or an array.
func (f *finder) table(name string, n *ast.CompositeLit) {
	at, end := f.span(n)
	switch t := f.info.Types[n].Type.Underlying().(type) {
	case *types.Slice:
		if n.Type == nil || len(n.Elts) == 0 || isByte(t.Elem()) {
			return
		}
		first := 0
		for i, e := range n.Elts {
			if id := f.add(name, "row", e, f.text(e)); i == 0 {
				first = id
			}
		}
		f.edits.around(at, end, fmt.Sprintf("muS(%d, ", first), ")")
	case *types.Array:
		of, ok := n.Type.(*ast.ArrayType)
		if !ok || len(n.Elts) == 0 || isByte(t.Elem()) {
			return
		}
		first, next, index := 0, int64(0), []string{}
		for _, e := range n.Elts {
			element := e
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				next, _ = constantInt(f.info.Types[kv.Key])
				element = kv.Value
			}
			if v := f.info.Types[element].Value; v == nil || v.String() != "0" { // which would stay as it is
				if id := f.add(name, "row", e, f.text(e)); len(index) == 0 {
					first = id
				}
				index = append(index, fmt.Sprint(next))
			}
			next++
		}
		if len(index) == 0 {
			return
		}
		f.edits.around(at, end,
			fmt.Sprintf("func() [%d]%s { a := ", t.Len(), f.text(of.Elt)),
			fmt.Sprintf("; muZ(%d, a[:], %s); return a }()", first, strings.Join(index, ", ")))
	}
}

func isByte(t types.Type) bool {
	return types.Identical(t, types.Typ[types.Uint8])
}
