package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// pick makes a mutant in which another expression of the same type takes the
// place of e. The other one is evaluated always, so it must be pure.
func (f *finder) pick(name, kind string, e ast.Expr, what, other string) {
	id := f.add(name, kind, e, what)
	at, end := f.span(e)
	f.edits.around(at, end, fmt.Sprintf("muPick(%d, ", id), ", "+other+")")
}

// pure reports whether to evaluate an expression once more changes nothing.
func (f *finder) pure(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident, *ast.BasicLit:
		return true
	case *ast.ParenExpr:
		return f.pure(e.X)
	case *ast.SelectorExpr:
		return f.pure(e.X)
	case *ast.StarExpr:
		return f.pure(e.X)
	case *ast.UnaryExpr:
		return e.Op != token.ARROW && e.Op != token.AND && f.pure(e.X)
	case *ast.BinaryExpr:
		return e.Op != token.QUO && e.Op != token.REM && e.Op != token.LAND && e.Op != token.LOR && f.pure(e.X) && f.pure(e.Y)
	case *ast.CallExpr:
		return len(e.Args) == 1 && (calleeName(e) == "len" || f.info.Types[e.Fun].IsType()) && f.pure(e.Args[0])
	}
	return false
}

// sameType reports whether two expressions have one type, in which no constant
// has to be converted.
func (f *finder) sameType(a, b ast.Expr) bool {
	x, y := f.info.Types[a], f.info.Types[b]
	return x.Type != nil && y.Type != nil && x.Value == nil && y.Value == nil && !x.IsNil() && types.Identical(x.Type, y.Type)
}

// swap makes mutants of a call with two neighbouring arguments of one type in
// each other's place.
func (f *finder) swap(name string, n *ast.CallExpr) {
	for i := 1; i < len(n.Args) && !n.Ellipsis.IsValid(); i++ {
		a, b := n.Args[i-1], n.Args[i]
		if !f.pure(a) || !f.pure(b) || !f.sameType(a, b) || f.text(a) == f.text(b) {
			continue
		}
		id := f.add(name, "swap", a, f.text(n))
		for x, other := range map[ast.Expr]ast.Expr{a: b, b: a} {
			at, end := f.span(x)
			f.edits.around(at, end, fmt.Sprintf("muPick(%d, ", id), ", "+f.text(other)+")")
		}
		i++ // an argument is in one mutant
	}
}

// equality makes mutants of a comparison of integers, == for an order and back.
func (f *finder) equality(name string, n *ast.BinaryExpr) {
	other, ok := map[token.Token]string{token.EQL: ">=", token.NEQ: "<", token.GEQ: "==", token.LEQ: "==", token.LSS: "!=", token.GTR: "!="}[n.Op]
	b, basic := f.info.Types[n.X].Type.Underlying().(*types.Basic)
	if !ok || !basic || b.Info()&types.IsInteger == 0 || f.info.Types[n].Value != nil || !f.pure(n.X) || !f.pure(n.Y) {
		return
	}
	if f.isChoice(n.X) || f.isChoice(n.Y) || b.Name() == "rune" {
		return
	}
	if f.isLength(n.X) && f.isPlace(n.Y) || f.isLength(n.Y) && f.isPlace(n.X) {
		return // a place in something is never behind its end
	}
	natural := b.Info()&types.IsUnsigned != 0 || f.isLength(n.X) || f.isIndex(n.X)
	if v := f.info.Types[n.Y].Value; v != nil && natural && v.String() == "0" && slices.Contains([]token.Token{token.EQL, token.NEQ, token.GTR, token.LEQ}, n.Op) {
		return // nothing is below zero: the same, or what is true always, which has a mutant already
	}
	f.pick(name, "order", n, f.text(n), f.text(n.X)+" "+other+" "+f.text(n.Y))
}

// part makes mutants of a comparison of texts or of bytes that looks at a common
// prefix, or at a common suffix, alone.
func (f *finder) part(name string, n *ast.BinaryExpr) {
	if n.Op != token.EQL && n.Op != token.NEQ || f.info.Types[n].Value != nil {
		return
	}
	not, equal := "", ""
	if n.Op == token.NEQ {
		not = "!"
	}
	switch t := f.info.Types[n.X].Type.Underlying().(type) {
	case *types.Basic:
		if t.Kind() != types.String || f.noParts(n.X) || f.noParts(n.Y) || f.isChoice(n.X) {
			return
		}
		equal = "muEqualText"
	case *types.Array:
		if !isByte(t.Elem()) || f.noParts(n.X) || f.noParts(n.Y) {
			return
		}
		equal = "muEqualArray"
	default:
		return
	}
	prefix, suffix := f.add(name, "prefix", n, f.text(n)), f.add(name, "suffix", n, f.text(n))
	at, end := f.span(n)
	f.edits.around(at, end, fmt.Sprintf("%s%s(%d, %d, ", not, equal, prefix, suffix), ")")
	f.edits.replace(f.at(n.OpPos), f.at(n.OpPos)+2, ",")
}

func (f *finder) isLength(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	return ok && calleeName(call) == "len"
}

// isIndex reports whether an expression is the variable of a range for the index.
func (f *finder) isIndex(e ast.Expr) bool {
	i, ok := e.(*ast.Ident)
	return ok && f.indexes[f.info.Uses[i]]
}

// isCounted reports whether a range over a type counts from 0.
func isCounted(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Slice, *types.Array, *types.Basic:
		return true
	}
	return false
}

// isPlace reports whether an expression is a variable.
func (f *finder) isPlace(e ast.Expr) bool {
	switch e.(type) {
	case *ast.Ident, *ast.SelectorExpr:
		return f.info.Types[e].Value == nil
	}
	return false
}

// words are the fields that hold one of a few words, such as "pass" and "not_checked" of
// the program, or the names that the profile of certificates has, or the ids of rules.
// None of the words begins or ends another one, or differs from it in one byte at an end,
// so that no comparison can take the one for the other by a part.
var words = []string{
	"steps.Check.Status", "steps.Check.ID", "steps.Outcome.Status", "policy.Enforced.Name", "certchain.Certificate.RawSubject", "certchain.Certificate.RawIssuer",
	"rule.Error.Rule",
}

// isChoice reports whether an expression is one of words, or of a type of the module for
// one of a few constants. They have no order, and none is a part of another.
func (f *finder) isChoice(e ast.Expr) bool {
	if f.isWord(e) {
		return true
	}
	t, ok := f.info.Types[e].Type.(*types.Named)
	return ok && t.Obj().Pkg() != nil && strings.HasPrefix(t.Obj().Pkg().Path(), f.module)
}

func (f *finder) isWord(e ast.Expr) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || f.info.Types[sel.X].Type == nil {
		return false
	}
	t := types.Unalias(f.info.Types[sel.X].Type)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	of, ok := t.(*types.Named)
	return ok && of.Obj().Pkg() != nil && slices.Contains(words, of.Obj().Pkg().Name()+"."+of.Obj().Name()+"."+sel.Sel.Name)
}

// noParts reports whether an expression is an array of zeros, or a text that is empty
// or one character: no part of it says anything.
func (f *finder) noParts(e ast.Expr) bool {
	if lit, ok := ast.Unparen(e).(*ast.CompositeLit); ok {
		return len(lit.Elts) == 0
	}
	v := f.info.Types[e].Value
	return v != nil && v.Kind() == constant.String && len(constant.StringVal(v)) <= 1
}

// partOfBytes is part for bytes.Equal.
func (f *finder) partOfBytes(name string, n *ast.CallExpr) {
	if f.text(n.Fun) != "bytes.Equal" || f.isWord(n.Args[0]) && f.isWord(n.Args[1]) {
		return
	}
	prefix, suffix := f.add(name, "prefix", n, f.text(n)), f.add(name, "suffix", n, f.text(n))
	f.edits.replace(f.at(n.Fun.Pos()), f.at(n.Lparen)+1, fmt.Sprintf("muEqualBytes(%d, %d, bytes.Equal, ", prefix, suffix))
}

// field makes a mutant that reads the next field of the same type.
func (f *finder) field(name string, n *ast.SelectorExpr, parent ast.Node) {
	switch p := parent.(type) {
	case *ast.BinaryExpr, *ast.ReturnStmt:
	case *ast.CallExpr:
		sig, ok := f.info.Types[p.Fun].Type.(*types.Signature)
		if p.Fun == n || !ok || f.onlyText(sig) || makesErrors(sig) || f.namesRule(p) || !f.isOwn(p) {
			return
		}
	default:
		return
	}
	v, ok := f.info.Uses[n.Sel].(*types.Var)
	if !ok || !v.IsField() || !f.pure(n.X) || v.Pkg() == nil || !strings.HasPrefix(v.Pkg().Path(), f.module) {
		return
	}
	t := f.info.Types[n.X].Type
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return // the field of one that is embedded
	}
	fields := slices.Collect(s.Fields())
	i := slices.Index(fields, v)
	for j := 1; i >= 0 && j < len(fields); j++ {
		other := fields[(i+j)%len(fields)]
		if types.Identical(other.Type(), v.Type()) && (other.Exported() || other.Pkg() == f.types) {
			f.pick(name, "field", n, f.text(n)+" for "+other.Name(), f.text(n.X)+"."+other.Name())
			return
		}
	}
}

// instant makes a mutant of a comparison of times that takes the instant itself to
// the other side.
func (f *finder) instant(name string, n *ast.CallExpr) {
	sel, ok := n.Fun.(*ast.SelectorExpr)
	if !ok || len(n.Args) != 1 || f.info.Types[sel.X].Type == nil || f.info.Types[sel.X].Type.String() != "time.Time" || !f.pure(sel.X) || !f.pure(n.Args[0]) {
		return
	}
	if other, ok := map[string]string{"After": "Before", "Before": "After"}[sel.Sel.Name]; ok {
		f.pick(name, "instant", n, f.text(n), "!"+f.text(sel.X)+"."+other+"("+f.text(n.Args[0])+")")
	}
}
