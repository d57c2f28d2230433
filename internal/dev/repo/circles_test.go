package repo

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// circles is how many files of a package stand in a circle: each of them refers to a
// declaration in another one that leads back to it. A package that is not listed has
// none. The numbers do not rise.
var circles = map[string]int{
	"":                    11,
	"carrier":             6,
	"certchain":           6,
	"cmd/tresor-verify":   2,
	"azure":               3,
	"internal/advice":     2,
	"internal/cli":        4,
	"internal/inspect":    5,
	"internal/statefile":  5,
	"internal/strictjson": 4,
	"jws":                 2,
	"kds":                 3,
	"launch":              5,
	"policy":              10,
	"receipt":             2,
	"snpreport":           3,
	"snpreport/form":      3,
	"transport":           8,
	"verdict":             6,
	"web":                 9,
}

// TestCircles counts, by declaration, the files of each shipped package that refer to
// each other in a circle. What makes evidence for tests is left out.
func TestCircles(t *testing.T) {
	packages := map[string][]*ast.File{}
	eachFile(t, func(dir, _ string, file *ast.File) {
		forTests := strings.HasPrefix(dir, "internal/dev") || strings.HasPrefix(dir, "attesttest") || dir == "internal/mint"
		if !forTests {
			packages[dir] = append(packages[dir], file)
		}
	})
	for dir, files := range packages {
		n, in := inCircles(files)
		switch {
		case n > circles[dir]:
			t.Errorf("%q: %d files in circles, and not %d at most: %v", dir, n, circles[dir], in)
		case n < circles[dir]:
			t.Logf("%q: %d files in circles; lower the number %d", dir, n, circles[dir])
		}
	}
	for dir := range circles {
		if packages[dir] == nil {
			t.Errorf("package %q is gone; remove it from circles", dir)
		}
	}
}

// nothing is what every import leads to: only references inside a package count.
type nothing map[string]*types.Package

func (n nothing) Import(name string) (*types.Package, error) {
	if n[name] == nil {
		n[name] = types.NewPackage(name, path.Base(name))
		n[name].MarkComplete()
	}
	return n[name], nil
}

// inCircles returns the number of files in circles, and their names in groups.
func inCircles(files []*ast.File) (n int, groups [][]string) {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: nothing{}, Error: func(error) {}} // what is imported has no members here
	pkg, _ := config.Check("p", positions, files, info)
	fileOf := func(pos token.Pos) string { return filepath.Base(positions.Position(pos).Filename) }
	to := map[string]map[string]bool{}
	for id, object := range info.Uses {
		if object.Pkg() != pkg || !declared(object) {
			continue
		}
		from, at := fileOf(id.Pos()), fileOf(object.Pos())
		if from != at {
			if to[from] == nil {
				to[from] = map[string]bool{}
			}
			to[from][at] = true
		}
	}
	reach := func(from string) map[string]bool {
		seen := map[string]bool{}
		var walk func(string)
		walk = func(f string) {
			for next := range to[f] {
				if !seen[next] {
					seen[next] = true
					walk(next)
				}
			}
		}
		walk(from)
		return seen
	}
	reached := map[string]map[string]bool{}
	for f := range to {
		reached[f] = reach(f)
	}
	done := map[string]bool{}
	for _, f := range slices.Sorted(maps.Keys(to)) {
		if done[f] || !reached[f][f] {
			continue
		}
		var group []string
		for _, g := range slices.Sorted(maps.Keys(to)) {
			if reached[f][g] && reached[g][f] {
				done[g] = true
				group = append(group, g)
			}
		}
		n += len(group)
		groups = append(groups, group)
	}
	return n, groups
}

// declared reports whether an object is a declaration of its package, or a method.
func declared(o types.Object) bool {
	if f, ok := o.(*types.Func); ok {
		return f.Signature().Recv() != nil || f.Parent() == o.Pkg().Scope()
	}
	return o.Parent() == o.Pkg().Scope()
}
