package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// reportFolder has reports in several depths, with certificates beside them.
func reportFolder(t *testing.T) folder {
	f := newFolder(t)
	for _, dir := range []string{"a", "a/b", "a/b/c", "a/certs", "fine"} {
		if err := os.MkdirAll(f.path(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	milan, genoa := mint.Evidence("Milan", 3, "vcek"), mint.Evidence("Genoa", 5, "vcek")
	f.write("report", milan.Report)
	f.write("report.vek.der", milan.Leaf)
	f.write("ask.pem", mint.PEM(milan.Intermediate))
	f.write("a/x.report", genoa.Report)
	f.write("a/certs/leaf.der", genoa.Leaf)
	f.write("a/certs/ask.pem", mint.PEM(genoa.Intermediate))
	f.write("a/certs/note.txt", []byte("no certificate"))
	f.write("a/b/report.bin", milan.Report[:100])
	f.write("a/b/c/report", milan.Report)
	f.write("fine/other.bin", milan.Report)
	f.write("ark.pem", slices.Concat(mint.PEM(milan.ARK), mint.PEM(genoa.ARK)))
	if err := os.Symlink(f.path("report"), f.path("report.link")); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSeveralReports: a line for each, in order, and a summary; damage ends nothing.
// Rules: CLI-21, CLI-22.
func TestSeveralReports(t *testing.T) {
	t.Parallel()
	f := reportFolder(t)
	o := tool("report", "--dir", f.dir, "--amd-root", f.path("ark.pem"))
	lines := strings.Split(o.stdout, "\n")
	if o.code != verdict.ExitUndecided || len(lines) != 5 || o.stderr != "" ||
		!strings.HasPrefix(lines[0], "UNDECIDED\t"+f.path("a/b/report.bin")+"\tEvidenceUnavailableError\t") ||
		!strings.HasPrefix(lines[1], "PASS\t"+f.path("a/x.report")+"\t") || !strings.Contains(lines[1], "\tGenoa") ||
		!strings.HasPrefix(lines[2], "PASS\t"+f.path("report")+"\t") || lines[3] != "2 passed, 0 refused, 1 undecided" {
		t.Errorf("%+v", o)
	}
	o = tool("report", "--json", "--amd-root", f.path("ark.pem"), f.path("report"), f.path("none"), f.path("a/x.report"), "--vmpl", "1")
	objects := strings.Split(strings.TrimSuffix(o.stdout, "\n"), "\n")
	if o.code != verdict.ExitRefused || len(objects) != 4 {
		t.Fatalf("%+v", o)
	}
	for i, want := range []string{"report", "none", "a/x.report"} {
		var v verdict.Document
		if err := json.Unmarshal([]byte(objects[i]), &v); err != nil || v.Subject == nil || v.Subject.Files[0].Name != f.path(want) {
			t.Errorf("%v %s", err, objects[i])
		}
	}
	if want := `{"schema":"tresor.report-summary/v1","passed":0,"refused":2,"undecided":1,"exit_code":1}`; objects[3] != want {
		t.Errorf("%s, want %s", objects[3], want)
	}
	for name, tt := range map[string]struct {
		code int
		args []string
	}{
		"nothing there": {verdict.ExitUndecided, []string{"--dir", f.path("fine")}},
		"no folder":     {verdict.ExitUndecided, []string{"--dir", f.path("no")}},
		"two sources":   {verdict.ExitUsage, []string{"--dir", f.dir, f.path("report")}},
		"sources":       {verdict.ExitUsage, []string{"--report", f.path("report"), f.path("report")}},
		"policy":        {verdict.ExitUsage, []string{"--dir", f.dir, "--write-policy", f.path("p")}},
		"explain":       {verdict.ExitUsage, []string{"--dir", f.dir, "--explain"}},
		"stdin":         {verdict.ExitUsage, []string{"-", f.path("report")}},
	} {
		if o := tool(append([]string{"report", "--amd-root", f.path("ark.pem")}, tt.args...)...); o.code != tt.code {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// TestBeside: certificates beside a report are found, and listed, only where nothing
// else gives a leaf.
// Rules: CLI-22.
func TestBeside(t *testing.T) {
	t.Parallel()
	f := reportFolder(t)
	v := tool("report", f.path("report"), "--amd-root", f.path("ark.pem"), "--json").verdict(t)
	var names []string
	for _, file := range v.Subject.Files {
		names = append(names, filepath.Base(file.Name))
	}
	if v.ExitCode != 0 || strings.Join(names, " ") != "report report.vek.der ask.pem ark.pem" {
		t.Errorf("%d %v", v.ExitCode, names)
	}
	for name, args := range map[string][]string{
		"certificates are given": {"--certs", f.path("a/certs/leaf.der")},
		"strict":                 {"--strict"},
	} {
		v := tool(append([]string{"report", f.path("report"), "--amd-root", f.path("ark.pem"), "--json"}, args...)...).verdict(t)
		if v.ExitCode == 0 || len(v.Subject.Files) > 2 {
			t.Errorf("%s: %d %+v", name, v.ExitCode, v.Subject)
		}
	}
	leaf := mustRead(t, f.path("report.vek.der"))
	if err := os.Remove(f.path("report.vek.der")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(f.write("elsewhere", leaf), f.path("report.vek.der")); err != nil {
		t.Fatal(err)
	}
	f.write("leaf.der", append(leaf, make([]byte, 65536)...))
	if o := tool("report", f.path("report"), "--amd-root", f.path("ark.pem")); o.code == 0 {
		t.Errorf("a link or a long file was followed: %+v", o)
	}
	text := mint.PEM(leaf)
	for size, code := range map[int]int{65536: verdict.ExitVerified, 65537: verdict.ExitUndecided} { // which could be read as well
		f.write("leaf.der", append(text, bytes.Repeat([]byte("\n"), size-len(text))...))
		if o := tool("report", f.path("report"), "--amd-root", f.path("ark.pem")); o.code != code {
			t.Errorf("a file of %d bytes beside a report: exit code %d, want %d", size, o.code, code)
		}
	}
}

// TestSeveralFetch: the key server is asked once for each certificate, however many
// reports need it, by however many at a time.
// Rules: CLI-21.
func TestSeveralFetch(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	flags, asked := keyServer(t, f, e)
	args := []string{"report", "--fetch", "--crl", "fetch", "--amd-root", f.path("ark.pem")}
	for i := range 30 {
		args = append(args, f.write(fmt.Sprintf("r%02d", i), e.Report))
	}
	o := tool(append(args, flags...)...)
	if o.code != 0 || !strings.HasSuffix(o.stdout, "\n30 passed, 0 refused, 0 undecided\n") || len(*asked) != 3 {
		t.Errorf("asked %d times: %+v", len(*asked), o)
	}
}

// TestSeveralProgress: many reports tell how far they are, and one lost line is the end.
// Rules: CLI-15, CLI-21.
func TestSeveralProgress(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	args := []string{"report", "--certs", f.path("chain.pem"), "--amd-root", f.path("ark.pem")}
	empty := f.write("empty", nil) // takes no time
	for range reportsANote {
		args = append(args, empty)
	}
	o := tool(append(args, f.path("report.bin"))...)
	if want := "tresor-verify: 1000 of 1001 reports\n"; o.code != verdict.ExitUndecided || o.stderr != want || !strings.HasSuffix(o.stdout, "\n1 passed, 0 refused, 1000 undecided\n") {
		t.Errorf("%d %s", o.code, o.stderr)
	}
	var stderr bytes.Buffer
	if code := run(ctx(), args[:9], cli.Env{Stdin: strings.NewReader(""), Stdout: brokenPipe{}, Stderr: &stderr, Now: now}); code != verdict.ExitInternal {
		t.Errorf("%d %s", code, &stderr)
	}
}

// TestWarnsOfDemands: a demand that nothing can meet is named before the first verdict.
// Rules: CLI-24.
func TestWarnsOfDemands(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.writeEvidence(mint.Evidence("Milan", 3, "vcek"))
	const want = "tresor-verify: WARNING: min_tcb: "
	args := []string{"report", f.path("report.bin"), f.path("report.bin"), "--certs", f.path("chain.pem"), "--amd-root", f.path("ark.pem"), "--min-tcb", "snp=1"}
	if o := tool(args...); o.code != verdict.ExitRefused || !strings.HasPrefix(o.stderr, want) {
		t.Errorf("%+v", o)
	}
	policy := f.write("policy.json", []byte(`{"schema": "attest.policy/v1", "min_tcb": {"snp": 1}}`))
	live, _, _ := liveEndpoint(t, newFolder(t), mint.P256Key("tls"))
	if o := tool(append(live, "--watch", "1h", "--policy", policy)...); o.code != verdict.ExitRefused || !strings.HasPrefix(o.stderr, want) {
		t.Errorf("%+v", o)
	}
	if o := tool(append(live, "--policy", policy)...); strings.Contains(o.stderr, "WARNING") {
		t.Errorf("one verdict says it by itself: %+v", o)
	}
}
