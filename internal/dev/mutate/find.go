package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
)

// A mutant is one check weakened or inverted.
type mutant struct {
	ID    int      `json:"-"`
	File  string   `json:"file"` // below the module
	Line  int      `json:"line"`
	Func  string   `json:"func"`
	Kind  string   `json:"kind"`
	Text  string   `json:"text"` // the source of what it changes
	Nth   int      `json:"nth"`  // of those with the same file, function, kind and text
	Rules []string `json:"rules"`
	pkg   *pkg
}

// key names a mutant whatever happens to the lines around it.
func (m *mutant) key() string {
	key := fmt.Sprintf("%s | %s | %s | %s", m.File, m.Func, m.Kind, m.Text)
	if m.Nth > 0 {
		key += fmt.Sprintf(" | %d", m.Nth)
	}
	return key
}

// A finder finds the mutants of one file and makes them switches.
type finder struct {
	*pkg
	dir     string // below the module
	module  string
	source  []byte
	file    *ast.File
	edits   edits
	mutants *[]*mutant
	rules   *attribution

	in   string            // function, or variable
	done map[ast.Expr]bool // conditions that were looked at
	skip map[ast.Node]bool // what is left alone
	seen map[string]int    // how often a key came

	present types.Object // says whether an optional member is there

	keyTypes []types.Type          // of keys of maps
	indexes  map[types.Object]bool // variables of a range for the index
}

// find returns the file with its switches.
func (f *finder) find(name string) []byte {
	f.done, f.skip, f.indexes = map[ast.Expr]bool{}, map[ast.Node]bool{}, map[types.Object]bool{}
	f.keyTypes = f.pkg.keys()
	name = path.Join(f.dir, name)
	for _, d := range f.file.Decls {
		f.rules.enter(f.file, d)
		switch d := d.(type) {
		case *ast.FuncDecl:
			f.in = d.Name.Name
			if d.Recv != nil {
				f.in = receiver(d) + "." + f.in
			}
			if d.Body == nil || f.onlyText(f.info.Defs[d.Name].Type().(*types.Signature)) {
				continue
			}
			f.succeed(name, d.Type, d.Body)
			f.tail(name, d.Type, d.Body)
			f.walk(name, d.Body)
		case *ast.GenDecl:
			if d.Tok == token.VAR {
				for _, s := range d.Specs {
					f.in = s.(*ast.ValueSpec).Names[0].Name
					f.walk(name, s)
				}
			}
		}
	}
	return f.edits.apply(f.source)
}

func receiver(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return "?"
		}
	}
}

// onlyText reports whether a function does nothing but make text.
func (f *finder) onlyText(s *types.Signature) bool {
	return s.Results().Len() == 1 && types.Identical(s.Results().At(0).Type().Underlying(), types.Typ[types.String]) &&
		types.Identical(s.Results().At(0).Type(), types.Typ[types.String])
}

// add makes a mutant and returns its number.
func (f *finder) add(name, kind string, n ast.Node, text string) int {
	m := &mutant{
		ID: len(*f.mutants) + 1, File: name, Line: f.fset.Position(n.Pos()).Line, Func: f.in, Kind: kind,
		Text: strings.Join(strings.Fields(text), " "), Rules: f.rules.of(n), pkg: f.pkg,
	}
	if len(m.Text) > 160 {
		m.Text = m.Text[:160]
	}
	key := m.key()
	m.Nth = f.seen[key]
	f.seen[key]++
	*f.mutants = append(*f.mutants, m)
	return m.ID
}

func (f *finder) at(p token.Pos) int         { return f.fset.Position(p).Offset }
func (f *finder) span(n ast.Node) (int, int) { return f.at(n.Pos()), f.at(n.End()) }

func (f *finder) text(n ast.Node) string {
	at, end := f.span(n)
	return string(f.source[at:end])
}

// walk looks at everything below a node.
func (f *finder) walk(name string, root ast.Node) {
	var around []ast.Node
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil {
			around = around[:len(around)-1]
			return false
		}
		if f.skip[n] {
			return false
		}
		var parent ast.Node
		if len(around) > 0 {
			parent = around[len(around)-1]
		}
		around = append(around, n)
		if !f.visit(name, n, parent) {
			around = around[:len(around)-1]
			return false
		}
		return true
	})
}

// visit looks at one node, and reports whether at those below it too.
func (f *finder) visit(name string, n, parent ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncLit:
		if f.onlyText(f.info.Types[n].Type.(*types.Signature)) {
			return false
		}
		f.succeed(name, n.Type, n.Body)
		f.tail(name, n.Type, n.Body)
	case *ast.RangeStmt:
		if i, ok := n.Key.(*ast.Ident); ok && isCounted(f.info.Types[n.X].Type) {
			f.indexes[f.info.Defs[i]] = true
		}
		f.loop(name, n)
	case *ast.AssignStmt:
		f.keyPart(name, n)
	case *ast.SelectorExpr:
		f.field(name, n, parent)
	case *ast.IfStmt:
		f.ifStmt(name, n)
	case *ast.ForStmt:
		if n.Cond != nil { // true would only make it run for ever
			f.condition(name, n.Cond, false, true)
		}
	case *ast.SwitchStmt:
		f.switchStmt(name, n)
	case *ast.ReturnStmt:
		for _, r := range n.Results {
			f.condition(name, r, true, true)
		}
	case *ast.ExprStmt:
		f.effect(name, n)
	case *ast.CallExpr:
		f.call(name, n)
		f.partOfBytes(name, n)
		f.instant(name, n)
		f.alias(name, n)
	case *ast.CompositeLit:
		f.table(name, n)
		f.key(name, n)
	case *ast.BinaryExpr:
		f.condition(name, n, true, true)
		f.equality(name, n)
		f.part(name, n)
		f.boundary(name, n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			f.condition(name, n, true, true)
		}
	}
	return true
}

func (f *finder) isBool(e ast.Expr) bool {
	t := f.info.Types[e]
	b, ok := t.Type.(*types.Basic)
	return ok && t.Value == nil && b.Info()&types.IsBoolean != 0
}

// condition makes mutants of a condition that is true or false whatever it was.
// Of an operand of && or || only the one value that takes the operand away is
// new: the other one decides the whole.
func (f *finder) condition(name string, e ast.Expr, isTrue, isFalse bool) {
	if f.done[e] || !f.isBool(e) {
		return
	}
	if call, ok := e.(*ast.CallExpr); ok && f.namesRule(call) { // it says what is wrong, and returns the same always
		return
	}
	f.done[e] = true
	switch x := e.(type) {
	case *ast.ParenExpr:
		f.condition(name, x.X, isTrue, isFalse)
		return
	case *ast.UnaryExpr:
		if inner, ok := ast.Unparen(x.X).(*ast.BinaryExpr); ok && x.Op == token.NOT && (inner.Op == token.LAND || inner.Op == token.LOR) {
			f.condition(name, x.X, isFalse, isTrue)
			return
		}
		f.done[x.X] = true
	case *ast.BinaryExpr:
		switch x.Op {
		case token.LAND:
			f.force(name, e, false, isFalse)
			f.condition(name, x.X, true, false)
			f.condition(name, x.Y, true, false)
			return
		case token.LOR:
			f.force(name, e, isTrue, false)
			f.condition(name, x.X, false, true)
			f.condition(name, x.Y, false, true)
			return
		}
	}
	if i, ok := e.(*ast.Ident); ok && f.present != nil && f.info.Uses[i] == f.present {
		isTrue = false
	}
	f.force(name, e, isTrue, isFalse)
}

func (f *finder) force(name string, e ast.Expr, isTrue, isFalse bool) {
	var t, n int
	if isTrue {
		t = f.add(name, "true", e, f.text(e))
	}
	if isFalse {
		n = f.add(name, "false", e, f.text(e))
	}
	if t != 0 || n != 0 {
		at, end := f.span(e)
		f.edits.around(at, end, fmt.Sprintf("muB(%d, %d, ", t, n), ")")
	}
}

func (f *finder) ifStmt(name string, n *ast.IfStmt) {
	if n.Else == nil && f.choosesText(n.Body) {
		f.skip[n.Cond], f.skip[n.Body] = true, true
		return
	}
	if init, ok := n.Init.(*ast.ExprStmt); ok { // no place for a switch
		f.skip[init] = true
	}
	// An absent value reads as nothing and can not fail: to read it changes nothing.
	if init, ok := n.Init.(*ast.AssignStmt); ok && len(init.Rhs) == 1 {
		if call, ok := init.Rhs[0].(*ast.CallExpr); ok && calleeName(call) == "Optional" {
			f.present = f.info.Defs[init.Lhs[1].(*ast.Ident)]
		}
	}
	f.condition(name, n.Cond, true, true)
	if e, ok := only[*ast.ExprStmt](n.Body); ok && n.Else == nil {
		f.skip[e] = true // not to do it is what a false condition does
		f.walk(name, e.X)
	}
}

// only returns the statement of a block of one.
func only[S ast.Stmt](b *ast.BlockStmt) (s S, ok bool) {
	if len(b.List) != 1 {
		return s, false
	}
	s, ok = b.List[0].(S)
	return s, ok
}

// choosesText reports whether statements only assign text for people.
func (f *finder) choosesText(b *ast.BlockStmt) bool {
	for _, s := range b.List {
		a, ok := s.(*ast.AssignStmt)
		if !ok {
			return false
		}
		for _, l := range a.Lhs {
			if t, ok := f.typeOf(l).(*types.Basic); !ok || t.Kind() != types.String {
				return false
			}
			switch l := l.(type) {
			case *ast.SelectorExpr:
				if !slices.Contains([]string{"Message", "Expected", "Actual", "Reason"}, l.Sel.Name) {
					return false
				}
			case *ast.Ident:
				if l.Name == "rule" {
					return false
				}
			}
		}
	}
	return true
}

func (f *finder) typeOf(e ast.Expr) types.Type {
	if i, ok := e.(*ast.Ident); ok {
		if o := f.info.Defs[i]; o != nil {
			return o.Type()
		}
	}
	return f.info.Types[e].Type
}
