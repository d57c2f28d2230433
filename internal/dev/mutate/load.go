package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// A pkg is a package of the core, parsed and with types.
type pkg struct {
	path, name, dir string
	names           []string // of its files, in dir
	files           []*ast.File
	source          [][]byte // of each file
	fset            *token.FileSet
	types           *types.Package
	info            *types.Info
	imports         types.Importer
}

// with returns what is wrong with the package when one of its files is another.
func (p *pkg) with(name, source string) error {
	file, err := parser.ParseFile(p.fset, name, source, 0)
	if err != nil {
		return err
	}
	files := slices.Clone(p.files)
	files[slices.Index(p.names, name)] = file
	_, err = (&types.Config{Importer: p.imports}).Check(p.path, p.fset, files, nil)
	return err
}

// listed is what go list says of a package.
type listed struct {
	ImportPath, Name, Dir, Export string
	GoFiles                       []string
}

// load reads packages with the compiler's export data for what they import.
func load(patterns []string) ([]*pkg, error) {
	list, err := goList(append([]string{"-export", "-deps"}, patterns...))
	if err != nil {
		return nil, err
	}
	wanted, err := goList(patterns)
	if err != nil {
		return nil, err
	}
	export := map[string]string{}
	for _, l := range list {
		export[l.ImportPath] = l.Export
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(export[path]) })
	var all []*pkg
	for _, l := range wanted {
		p := &pkg{path: l.ImportPath, name: l.Name, dir: l.Dir, names: l.GoFiles, fset: fset, imports: imports}
		for _, name := range l.GoFiles {
			source, err := os.ReadFile(filepath.Join(l.Dir, name))
			if err != nil {
				return nil, err
			}
			file, err := parser.ParseFile(fset, filepath.Join(l.Dir, name), source, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			p.files, p.source = append(p.files, file), append(p.source, source)
		}
		p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
		config := types.Config{Importer: imports}
		if p.types, err = config.Check(l.ImportPath, fset, p.files, p.info); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func goList(args []string) ([]listed, error) {
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Name,Dir,Export,GoFiles"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		switch err := d.Decode(&l); err {
		case nil:
			all = append(all, l)
		case io.EOF:
			return all, nil
		default:
			return nil, err
		}
	}
}
