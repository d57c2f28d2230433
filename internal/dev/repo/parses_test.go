package repo

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// parses is how often one verification of an endpoint, whose chain brings its ASK and
// ARK along and whose Verifier remembers nothing, carries out each parser. The
// certificates are the leaf, the ASK, and the ARK, which the trust bundle has too.
var parses = map[string]int{
	"envelope.go parseEnvelope":           1,
	"bundle.go openBundle":                1,
	"bundle.go Bundle.parse":              1,
	"snpreport/report.go Report.decode":   2, // by CheckEndorsement anew, out of the received bytes
	"snpreport/check.go Report.check":     1,
	"certchain/cert.go Certificate.parse": 3,
	"certchain/verify.go VerifyPEM":       1,
}

// TestParsedOnce counts by coverage, as the difference between eleven verifications
// and one.
func TestParsedOnce(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "counting.test")
	build := exec.Command("go", "test", "-c", "-cover", "-covermode=count", "-coverpkg=.,./certchain,./snpreport", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	one, eleven := counts(t, binary, 1), counts(t, binary, 11)
	for function, want := range parses {
		if got := eleven[function] - one[function]; got != 10*want {
			t.Errorf("%s: carried out %d times in 10 verifications, want %d", function, got, 10*want)
		}
	}
}

// counts returns how often each function of parses was carried out in a benchmark of
// so many verifications.
func counts(t *testing.T, binary string, verifications int) map[string]int {
	profile := filepath.Join(t.TempDir(), "profile")
	run := exec.Command(binary, "-test.run=^$", "-test.bench=VerifyEndpoint/cold", fmt.Sprintf("-test.benchtime=%dx", verifications), "-test.coverprofile="+profile)
	if out, err := run.CombinedOutput(); err != nil || !strings.Contains(string(out), "cold") {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for place, function := range bodies(t) {
		for line := range strings.Lines(string(text)) {
			var count int
			if fields := strings.Fields(line); strings.HasPrefix(line, "github.com/tresorhq/attest/"+place+".") {
				fmt.Sscan(fields[len(fields)-1], &count)
				found[function] = count
				break // the first block of the body
			}
		}
	}
	return found
}

// bodies returns the functions of parses by file and line of their bodies.
func bodies(t *testing.T) map[string]string {
	places := map[string]string{}
	for function := range maps.Keys(parses) {
		file, name, _ := strings.Cut(function, " ")
		files := token.NewFileSet()
		parsed, err := parser.ParseFile(files, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && nameOf(f) == name {
				places[fmt.Sprintf("%s:%d", file, files.Position(f.Body.Pos()).Line)] = function
			}
		}
	}
	return places
}

// nameOf returns the name of a function, behind the type that it is a method of.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	receiver := f.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	return fmt.Sprint(receiver) + "." + f.Name.Name
}
