package main

import (
	"bytes"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// TestOutputPath: an output in a folder that is not there is refused before any work, and
// is named as it was given.
// Rules: CLI-19.
func TestOutputPath(t *testing.T) {
	t.Parallel()
	f, hardware := newFolder(t), newFolder(t)
	hardware.writeEvidence(mint.Evidence("Milan", 3, "vcek"))
	keys := newFolder(t)
	offline := withCert(keys, endpoint(t, keys, 17))
	bundle := mustRead(t, keys.path("bundle.jws"))
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(bundle) }))
	t.Cleanup(server.Close)
	ca := f.write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	absent := f.path("none/x")
	for flag, args := range map[string][]string{
		"--save":         offline,
		"--record":       offline,
		"--write-policy": hardware.report(),
		"--out":          {"bundle", "fetch", "--bundle-url", server.URL, "--ca-file", ca},
	} {
		args = append(append([]string{}, args...), flag, absent)
		o := tool(args...)
		want := "tresor-verify: " + flag + " " + absent + ": "
		if o.code != verdict.ExitUsage || !strings.HasPrefix(o.stderr, want) || !strings.Contains(o.stderr, "make it") || strings.Contains(o.stderr, ".tresor-") {
			t.Errorf("%s: %+v", flag, o)
		}
		if v := tool(append(args, "--json")...).verdict(t); v.Error.Type != "UsageError" || !strings.HasPrefix(v.Error.Message, flag+" "+absent+": ") {
			t.Errorf("%s: %+v", flag, v.Error)
		}
	}
	if left, err := os.ReadDir(f.dir); err != nil || len(left) != 1 {
		t.Errorf("%v %v", left, err)
	}
}

// TestNothingIsDestroyed: an output that is an input, a link to one, another kind of
// file, a folder, or there at all is refused before any work, with exit code 2.
// Rules: CLI-19.
func TestNothingIsDestroyed(t *testing.T) {
	t.Parallel()
	hardware, keys := newFolder(t), newFolder(t)
	hardware.writeEvidence(mint.Evidence("Milan", 3, "vcek"))
	report := hardware.report()
	offline := withCert(keys, endpoint(t, keys, 17))
	for flag, c := range map[string]struct {
		f     folder
		args  []string
		input string
	}{
		"--write-policy": {hardware, report, "report.bin"},
		"--save":         {keys, offline, "bundle.jws"},
		"--record":       {keys, offline, "release.pem"},
	} {
		input := mustRead(t, c.f.path(c.input))
		if err := os.Symlink(c.f.path(c.input), c.f.path("link"+flag)); err != nil {
			t.Skip(err)
		}
		if err := os.Link(c.f.path(c.input), c.f.path("hard"+flag)); err != nil {
			t.Skip(err)
		}
		other := c.f.write("other.json", []byte(`{"schema":"something.else/v1"}`))
		for name, target := range map[string]string{
			"an input": c.f.path(c.input), "a symbolic link to it": c.f.path("link" + flag), "a hard link to it": c.f.path("hard" + flag), "another kind": other, "a folder": c.f.dir,
		} {
			for _, more := range [][]string{nil, {"--replace"}} {
				o := tool(append(append(slices.Clone(c.args), flag, target), more...)...)
				if o.code != verdict.ExitUsage || !strings.Contains(o.stderr, flag) {
					t.Errorf("%s %s %v: %+v", flag, name, more, o)
				}
			}
			if v := tool(append(slices.Clone(c.args), flag, target, "--json")...).verdict(t); v.Error.Requirement != "CLI-19" {
				t.Errorf("%s %s: %+v", flag, name, v.Error)
			}
		}
		if !bytes.Equal(mustRead(t, c.f.path(c.input)), input) || string(mustRead(t, other)) != `{"schema":"something.else/v1"}` {
			t.Errorf("%s destroyed a file", flag)
		}
	}
	o := tool(append(slices.Clone(offline), "--save", keys.path("new"), "--record", keys.path("new"))...)
	if o.code != verdict.ExitUsage || !strings.Contains(o.stderr, "names the same file") {
		t.Errorf("two outputs in one file: %+v", o)
	}
}

// TestPage: --html writes the verdict as a page, of a PASS and of a refusal, and what is
// there stays without --replace.
// Rules: CLI-19.
func TestPage(t *testing.T) {
	t.Parallel()
	f, keys := newFolder(t), newFolder(t)
	f.writeEvidence(mint.Evidence("Milan", 3, "vcek"))
	offline := withCert(keys, endpoint(t, keys, 17))
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"a report":          {f.report(), []string{"<h2>PASS</h2>", "MEASUREMENT", "The report, byte by byte"}},
		"a refused report":  {f.report("--vmpl", "1"), []string{"<h2>FAIL: PolicyViolationError</h2>", "POL-11", "--vmpl N"}},
		"an endpoint":       {offline, []string{"<h2>PASS</h2>", "workload identity tag", "The publisher"}},
		"a foreign release": {replaceFlag(offline, []string{"--release-root", keys.write("other.hex", []byte(strings.Repeat("0", 62)+"13"))}), []string{"FAIL: BundleSignatureInvalid"}},
	} {
		page := f.path(strings.ReplaceAll(name, " ", "-") + ".html")
		o := tool(append(slices.Clone(c.args), "--html", page)...)
		if !strings.Contains(o.stderr, "wrote: "+page) {
			t.Errorf("%s: %+v", name, o)
			continue
		}
		text := string(mustRead(t, page))
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q", name, want)
			}
		}
		if strings.Contains(text, "<script") || !strings.Contains(text, "default-src 'none'") {
			t.Errorf("%s: the page has a script, or no policy", name)
		}
		if o := tool(append(slices.Clone(c.args), "--html", page)...); o.code != verdict.ExitUsage {
			t.Errorf("%s: %+v", name, o)
		}
		if o := tool(append(slices.Clone(c.args), "--html", page, "--replace")...); o.code == verdict.ExitUsage {
			t.Errorf("%s: %+v", name, o)
		}
	}
}
