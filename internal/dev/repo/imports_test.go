package repo

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/tresorhq/attest"

// coreStd is what the verifying core may import from the standard library. It
// has no network, file, environment, log or flag package, no reflection-driven
// decoder and no clock: before you extend it, ask whether the caller should not
// hand in the value instead.
var coreStd = []string{
	"bytes", "cmp", "crypto", "crypto/ecdsa", "crypto/ed25519", "crypto/elliptic", "crypto/rsa", "crypto/sha256", "crypto/sha512", "embed",
	"encoding/base64", "encoding/binary", "encoding/hex", "errors", "fmt", "hash/maphash", "iter", "maps", "math/big", "math/bits", "slices",
	"sort", "strconv", "strings", "sync", "time", "unicode", "unicode/utf16", "unicode/utf8",
}

// layers is the one-way flow: each package, and the packages of this module
// that it may import. A package that is not listed fails the test.
var layers = map[string]struct {
	core bool     // restricted to coreStd and std
	std  []string // pure too, and not for the verifying core
	http bool     // may import net/http
	deps []string
}{
	"rule":                         {core: true},
	"internal/strictjson":          {core: true, deps: []string{"rule"}},
	"internal/steps":               {core: true, deps: []string{"rule"}},
	"snpreport":                    {core: true, deps: []string{"rule"}},
	"jws":                          {core: true, deps: []string{"internal/strictjson", "rule"}},
	"certchain":                    {core: true, deps: []string{"rule", "snpreport"}},
	"snpreport/form":               {core: true, deps: []string{"certchain", "rule", "snpreport"}},
	"bulletin":                     {core: true, deps: []string{"certchain", "snpreport"}},
	"policy":                       {core: true, deps: []string{"bulletin", "internal/strictjson", "rule", "snpreport"}},
	"":                             {core: true, deps: []string{"certchain", "internal/steps", "internal/strictjson", "jws", "policy", "rule", "snpreport", "snpreport/form"}},
	"receipt":                      {core: true, deps: []string{"", "internal/steps", "internal/strictjson", "jws", "policy", "rule"}},
	"azure":                        {core: true, deps: []string{"", "internal/steps", "internal/strictjson", "policy", "rule", "snpreport"}},
	"carrier":                      {core: true, std: []string{"compress/gzip", "io"}, deps: []string{"certchain", "internal/strictjson", "rule", "snpreport", "snpreport/form"}},
	"launch":                       {core: true, std: []string{"hash/crc32"}, deps: []string{"", "internal/strictjson", "rule", "snpreport"}},
	"internal/statefile":           {deps: []string{"", "internal/strictjson", "rule"}},
	"kds":                          {http: true, deps: []string{"rule", "snpreport"}},
	"internal/mint":                {}, // imports nothing of what it tests
	"internal/mint/boot":           {deps: []string{"internal/mint"}},
	"internal/mint/document":       {deps: []string{"internal/mint"}},
	"internal/mint/paravisor":      {deps: []string{"internal/mint"}},
	"internal/dev/mutate":          {}, // runs the tests of others
	"fuzz":                         {}, // its targets are tests
	"internal/dev/vectorfile":      {},
	"internal/dev/vectorgen":       {deps: []string{"internal/dev/vectorfile", "internal/mint", "internal/mint/boot", "internal/mint/document", "internal/mint/paravisor"}}, // what it makes judges the rest
	"internal/vectors":             {},
	"internal/dev/locked":          {}, // for tests
	"internal/dev/schema":          {}, // for tests that write docs/schemas
	"internal/dev/repo":            {}, // its tests are of the repository
	"internal/dev/stress":          {}, // for tests
	"internal/dev/trace":           {deps: []string{"internal/vectors"}},
	"releaseroot":                  {deps: []string{"certchain", "internal/strictjson", "jws", "rule"}},
	"internal/fetch":               {http: true, deps: []string{"", "rule"}},
	"internal/replay":              {http: true},
	"internal/judge":               {deps: []string{"", "certchain", "internal/fetch", "snpreport"}},
	"transport":                    {http: true, deps: []string{"", "certchain", "internal/fetch", "internal/judge", "internal/replay", "releaseroot", "rule", "snpreport"}},
	"attesttest/internal/ledger":   {http: true},
	"attesttest/internal/loopback": {http: true},
	"attesttest/leak":              {http: true, deps: []string{"", "attesttest", "attesttest/internal/ledger", "attesttest/internal/loopback"}},
	"attesttest":                   {http: true, deps: []string{"", "attesttest/internal/loopback", "azure", "certchain", "internal/mint", "internal/mint/boot", "internal/mint/document", "internal/mint/paravisor", "policy", "snpreport"}},
	"internal/printable":           {},
	"capture":                      {deps: []string{"", "internal/strictjson", "rule"}},
	"verdict":                      {deps: []string{"", "azure", "bulletin", "certchain", "internal/printable", "launch", "policy", "receipt", "rule", "snpreport"}},
	"internal/unread":              {deps: []string{"", "carrier", "rule", "verdict"}},
	"internal/held":                {deps: []string{"", "carrier", "certchain", "internal/cli", "internal/inspect", "internal/unread", "rule", "snpreport", "snpreport/form", "verdict"}},
	"internal/artefact":            {deps: []string{"", "internal/printable", "launch", "rule"}},
	"internal/cli":                 {deps: []string{"internal/printable"}}, // knows nothing of attestation
	"internal/advice":              {deps: []string{"", "kds", "verdict"}},
	"internal/collateral":          {deps: []string{"", "certchain", "kds", "snpreport", "snpreport/form", "verdict"}},
	"internal/inspect":             {deps: []string{"", "azure", "bulletin", "capture", "carrier", "certchain", "internal/cli", "internal/collateral", "internal/printable", "internal/strictjson", "jws", "kds", "launch", "policy", "rule", "snpreport", "snpreport/form", "verdict"}},
	"internal/demo":                {http: true, deps: []string{"", "attesttest", "snpreport", "transport"}},
	"internal/proxy":               {http: true, deps: []string{"", "internal/advice", "internal/cli", "internal/printable", "transport", "verdict"}},
	"web":                          {deps: []string{"", "azure", "bulletin", "capture", "carrier", "certchain", "internal/strictjson", "internal/unread", "policy", "releaseroot", "rule", "snpreport", "snpreport/form", "verdict"}},
	"web/build":                    {deps: []string{"web"}},
	"web/wasm":                     {deps: []string{"web"}},
	"examples/auditor":             {deps: []string{"", "certchain", "policy", "snpreport/form", "verdict"}},
	"cmd/tresor-verify": {http: true, deps: []string{
		"", "attesttest", "azure", "capture", "carrier", "certchain", "internal/advice", "internal/artefact", "internal/cli", "internal/collateral", "internal/demo", "internal/held", "internal/inspect", "internal/printable", "internal/proxy",
		"internal/statefile", "internal/strictjson", "internal/unread", "internal/vectors", "jws", "kds", "launch", "policy", "receipt", "releaseroot", "rule", "snpreport", "snpreport/form", "transport", "verdict", "web",
	}},
}

// thirdParty is what shipped code may import from elsewhere.
var thirdParty = []string{"golang.org/x/crypto/cryptobyte", "golang.org/x/crypto/cryptobyte/asn1"}

// TestImports proves that data flows one way and that the core is pure.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	eachFile(t, func(dir, name string, file *ast.File) {
		layer, ok := layers[dir]
		if !ok {
			t.Fatalf("%s: package %q has no place in the flow; give it one in layers", name, dir)
		}
		seen[dir] = true
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if problem := forbidden(layer.core && !slices.Contains(layer.std, imported), layer.http, layer.deps, imported); problem != "" {
				t.Errorf("%s imports %s: %s", name, imported, problem)
			}
		}
	})
	for dir := range layers {
		if !seen[dir] {
			t.Errorf("package %q is gone; remove it from layers", dir)
		}
	}
}

func forbidden(core, http bool, deps []string, imported string) string {
	own, isOwn := strings.CutPrefix(imported, module)
	switch own = strings.TrimPrefix(own, "/"); {
	case isOwn:
		if !slices.Contains(deps, own) {
			return "data does not flow that way"
		}
	case strings.Contains(strings.Split(imported, "/")[0], "."):
		if !slices.Contains(thirdParty, imported) {
			return "not one of the dependencies"
		}
	case imported == "unsafe" || imported == "C" || imported == "plugin":
		return "no unsafe, no cgo, no plugins"
	case core && !slices.Contains(coreStd, imported):
		return "not for the verifying core"
	case strings.HasPrefix(imported, "net/http") && !http:
		return "only kds, transport, attesttest and cmd may"
	}
	return ""
}

// TestForbiddenImports keeps the rules above from rotting: each must refuse.
func TestForbiddenImports(t *testing.T) {
	for _, imported := range []string{
		"net", "net/http", "os", "io/fs", "log", "log/slog", "flag", "encoding/json", "crypto/x509", "reflect",
		"unsafe", "C", "example.com/x", "golang.org/x/crypto/ocsp", module + "/kds", module + "/launch",
	} {
		if forbidden(true, false, []string{"snpreport"}, imported) == "" {
			t.Errorf("the core may import %s", imported)
		}
	}
	if forbidden(false, false, nil, "net/http/httptest") == "" {
		t.Error("every package may import net/http")
	}
}

// TestCoreIsPure looks for what imports don't show: clocks, prints, init
// functions, compiler directives that reach around the language.
// Rules: GEN-01.
func TestCoreIsPure(t *testing.T) {
	clock := map[string][]string{
		"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
		"fmt":  {"Print", "Printf", "Println"},
	}
	eachFile(t, func(dir, name string, file *ast.File) {
		if !layers[dir].core {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && slices.Contains(clock[x.Name], n.Sel.Name) {
					t.Errorf("%s uses %s.%s", name, x.Name, n.Sel.Name)
				}
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					t.Errorf("%s has an init function", name)
				}
			case *ast.Comment:
				if strings.HasPrefix(n.Text, "//go:linkname") || strings.HasPrefix(n.Text, "//go:build") {
					t.Errorf("%s: %s", name, n.Text)
				}
			}
			return true
		})
	})
}

// A source is a file of this module that is no test, with its folder: "" for the root.
type source struct {
	dir, name string
	file      *ast.File
}

// positions are those of all sources.
var positions = token.NewFileSet()

// sources parses this module, once. Nested modules are not part of it.
var sources = sync.OnceValues(func() (list []source, err error) {
	err = filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if d.IsDir() {
			if _, err := os.Stat(path.Join(name, "go.mod")); err == nil && name != "." || name == "testdata" || (name != "." && strings.HasPrefix(path.Base(name), ".")) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(positions, name, nil, parser.ParseComments)
		list = append(list, source{strings.TrimPrefix(path.Dir(name), "."), name, file})
		return err
	})
	return list, err
})

// eachFile visits the sources.
func eachFile(t *testing.T, visit func(dir, name string, file *ast.File)) {
	t.Helper()
	list, err := sources()
	if err != nil || len(list) == 0 {
		t.Fatalf("parsed %d files: %v", len(list), err)
	}
	for _, s := range list {
		visit(s.dir, s.name, s.file)
	}
}

// TestHeldEvidence: evidence is read in the forms in which people hold it by report, fetch
// and show, and by the page that verifies files, alone. An endpoint's evidence has one form.
func TestHeldEvidence(t *testing.T) {
	may := map[string][]string{
		"carrier": {"cmd/tresor-verify/show.go", "internal/held/certs.go", "internal/held/held.go", "internal/held/reader.go", "internal/inspect/held.go", "internal/unread/unread.go", "web/azure.go", "web/inputs.go", "web/judge.go"},
		"held":    {"cmd/tresor-verify/azure.go", "cmd/tresor-verify/fetch.go", "cmd/tresor-verify/measure.go", "cmd/tresor-verify/reporter.go", "cmd/tresor-verify/several.go", "cmd/tresor-verify/show.go"},
	}
	found := map[string]int{}
	eachFile(t, func(dir, name string, file *ast.File) {
		saw := func(what string) {
			found[what]++
			if !slices.Contains(may[what], filepath.ToSlash(name)) {
				t.Errorf("%s uses %s", name, what)
			}
		}
		for _, spec := range file.Imports {
			switch spec.Path.Value {
			case strconv.Quote(module + "/carrier"):
				saw("carrier")
			case strconv.Quote(module + "/internal/held"):
				saw("held")
			}
		}
	})
	if found["carrier"] != len(may["carrier"]) || found["held"] != len(may["held"]) {
		t.Errorf("found %v", found)
	}
}
