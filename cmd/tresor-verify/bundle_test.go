package main

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// bundleMembers are those of a good bundle.
func bundleMembers() map[string]any {
	return map[string]any{
		"allowed_hw_measurements": []string{strings.Repeat("a1", 48), strings.Repeat("b2", 48)}, "allowed_workload_identity_tags": []string{strings.Repeat("c3", 32)},
		"min_tcb": map[string]any{"Milan": map[string]int{"snp": 22, "microcode": 213}, "19-a0-2": map[string]int{"snp": 23}},
		"version": 17, "valid_until": "2026-05-01T00:00:00Z", "amd_root_ca_pem": string(mint.PEM(mint.CACert("ARK-Milan"))), "workload": "router",
	}
}

// writeBundle signs a bundle with changes, and writes it.
func writeBundle(t *testing.T, f folder, name, key string, change map[string]any) string {
	t.Helper()
	m := bundleMembers()
	maps.Copy(m, change)
	payload, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	enc := base64.RawURLEncoding.EncodeToString
	signed := enc([]byte(`{"alg":"EdDSA","kid":"2026"}`)) + "." + enc(payload)
	signature, err := mint.Ed25519Key(key).Sign(nil, []byte(signed), &ed25519Options)
	if err != nil {
		t.Fatal(err)
	}
	return f.write(name, []byte(signed+"."+enc(signature)+"\n"))
}

// Rules: BDL-01.
func TestBundleVerify(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	root := f.write("release.hex", []byte(releaseHex()))
	good := writeBundle(t, f, "good.jws", "release", map[string]any{"future": 1, "issued_at": "2026-03-01T00:00:00Z", "allowed_products": []string{"Milan"}})
	o := tool("bundle", "verify", good, "--release-root", root)
	for _, want := range []string{
		"\nTrust bundle version:  17 (valid until 2026-05-01T00:00:00Z)\nworkload:              router\n", "key id:                2026", "measurement:           " + strings.Repeat("b2", 48),
		"identity tag:          " + strings.Repeat("c3", 32), "product:               Milan", "AMD root:              ARK-Milan ", "TCB floor:             Milan snp 22\nTCB floor:             Milan microcode 213",
		"TCB floor:             19-a0-2 snp 23", "ignored in bundle:     future", "issued:                2026-03-01",
	} {
		if o.code != 0 || !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in %+v", want, o)
		}
	}
	v := tool("bundle", "verify", good, "--release-root", root, "--json").verdict(t)
	if b := v.BundleFacts; v.Verdict != "pass" || v.Workload != "router" || b.Version != 17 || len(b.Measurements) != 2 || len(b.Tags) != 1 || b.MinTCB["Milan"]["microcode"] != 213 || len(b.AMDRoots) != 1 || b.IgnoredMembers[0] != "future" || v.Report != nil {
		t.Errorf("%+v %+v", v, v.BundleFacts)
	}
	for _, tt := range []struct {
		name, typ string
		args      []string
	}{
		{"other key", "BundleSignatureInvalid", []string{writeBundle(t, f, "other.jws", "other", nil), "--release-root", root}},
		{"no bundle", "BundleSignatureInvalid", []string{root, "--release-root", root}},
		{"zero measurement", "BundleInvalidError", []string{writeBundle(t, f, "bad.jws", "release", map[string]any{"allowed_hw_measurements": []string{strings.Repeat("0", 96)}}), "--release-root", root}},
		{"expired", "BundleExpiredError", []string{good, "--release-root", root, "--at", "2026-05-01T00:00:00Z"}},
	} {
		args := append([]string{"bundle", "verify"}, tt.args...)
		if o := tool(args...); o.code != verdict.ExitRefused || !strings.HasPrefix(o.stdout, "FAIL: "+tt.typ+"\n") || !strings.Contains(o.stdout, "\nhint:") {
			t.Errorf("%s: %+v", tt.name, o)
		}
		if v := tool(append(args, "--json")...).verdict(t); v.ExitCode != verdict.ExitRefused || v.Error.Type != tt.typ || v.BundleFacts != nil || v.Workload != "" {
			t.Errorf("%s: %+v", tt.name, v)
		}
	}
}

// TestBundleEndsSoon: whatever is said of a good bundle, that a new one is due is
// said too.
// Rules: CLI-14.
func TestBundleEndsSoon(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	root := f.write("release.hex", []byte(releaseHex()))
	old := writeBundle(t, f, "old.jws", "release", nil)
	next := writeBundle(t, f, "next.jws", "release", map[string]any{"version": 18})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(cli.TrimLine(mustRead(t, next))) }))
	t.Cleanup(server.Close)
	ca := f.write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	for _, args := range [][]string{
		{"bundle", "verify", next}, {"bundle", "diff", old, next},
		{"bundle", "fetch", "--bundle-url", server.URL, "--ca-file", ca, "--out", f.path("out.jws"), "--replace"},
	} {
		for at, warned := range map[string]bool{"2026-04-30T01:00:00Z": true, "2026-04-24T00:00:00Z": false} {
			args := append(slices.Clone(args), "--release-root", root, "--at", at)
			o := tool(args...)
			if o.code != 0 || strings.Contains(o.stdout, "\nWARNING:               the trust bundle expires in 23 h 0 min;") != warned {
				t.Errorf("%v: %+v", args, o)
			}
			var v fetchedJSON // the other schema has the member too
			if err := json.Unmarshal([]byte(tool(append(args, "--json")...).stdout), &v); err != nil || (len(v.Warnings) == 1) != warned {
				t.Errorf("%v: %+v %v", args, v.Warnings, err)
			}
		}
	}
}

// Rules: BDL-02, BDL-03.
func TestBundleDiff(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	root := f.write("release.hex", []byte(releaseHex()))
	old := writeBundle(t, f, "old.jws", "release", map[string]any{"valid_until": "2026-03-01T00:00:00Z"}) // which has expired
	next := writeBundle(t, f, "new.jws", "release", map[string]any{
		"version": 18, "allowed_hw_measurements": []string{strings.Repeat("b2", 48), strings.Repeat("d4", 48)}, "allowed_products": []string{"Milan"},
		"min_tcb": map[string]any{"Milan": map[string]int{"snp": 23, "microcode": 200, "tee": 1}}, "amd_root_ca_pem": string(mint.PEM(mint.CACert("ARK-Turin"))), "strange": true,
	})
	o := tool("bundle", "diff", old, next, "--release-root", root)
	for _, want := range []string{
		"\nold:                   version 17 for router", "\nnew:                   version 18 for router", "\nallowed:               allowed_hw_measurements " + strings.Repeat("d4", 48), "\nwithdrawn:             allowed_hw_measurements " + strings.Repeat("a1", 48),
		"\nwithdrawn:             allowed_products Genoa", "\nraised:                min_tcb Milan snp 23, was 22", "\nlowered:               min_tcb Milan microcode 200, was 213", "\nadded:                 min_tcb Milan tee 1", "\nremoved:               min_tcb 19-a0-2 snp 23",
		"\nallowed:               amd_root_ca_pem ARK-Turin", "\nwithdrawn:             amd_root_ca_pem ARK-Milan", "\nchanged:               valid_until 2026-05-01T00:00:00Z, was 2026-03-01T00:00:00Z", "\nchanged:               ignored members strange",
	} {
		if o.code != 0 || !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in %s", want, o.stdout)
		}
	}
	if strings.Contains(o.stdout, strings.Repeat("b2", 48)) || strings.Contains(o.stdout, "allowed_workload_identity_tags") {
		t.Errorf("what stays is printed: %s", o.stdout)
	}
	v := tool("bundle", "diff", old, next, "--release-root", root, "--json").verdict(t)
	if d := v.BundleDiff; v.Verdict != "pass" || d.Was.Version != 17 || d.Now.Version != 18 || len(d.Changes) != 13 || v.BundleFacts != nil {
		t.Errorf("%+v", v.BundleDiff)
	}
	if o := tool("bundle", "diff", next, next, "--release-root", root); o.code != 0 || !strings.Contains(o.stdout, "changed:               nothing") {
		t.Errorf("%+v", o)
	}
	if v := tool("bundle", "diff", next, next, "--release-root", root, "--json").verdict(t); v.BundleDiff.Changes == nil || len(v.BundleDiff.Changes) > 0 {
		t.Errorf("%+v", v.BundleDiff)
	}
	for typ, files := range map[string][2]string{
		"BundleRollbackError":    {next, old},
		"BundleSignatureInvalid": {writeBundle(t, f, "alien.jws", "other", nil), next},
		"BundleExpiredError":     {old, writeBundle(t, f, "late.jws", "release", map[string]any{"version": 19, "valid_until": "2026-03-02T00:00:00Z"})},
		"BundleInvalidError":     {old, writeBundle(t, f, "bad.jws", "release", map[string]any{"version": 0})},
		"WorkloadMismatchError":  {old, writeBundle(t, f, "else.jws", "release", map[string]any{"version": 19, "workload": "else"})},
	} {
		at := "2026-04-01T12:00:00Z"
		if typ == "BundleRollbackError" {
			at = "2026-02-01T00:00:00Z"
		}
		if v := tool("bundle", "diff", files[0], files[1], "--release-root", root, "--at", at, "--json").verdict(t); v.ExitCode != verdict.ExitRefused || v.Error.Type != typ || v.BundleDiff != nil {
			t.Errorf("%s: %+v", typ, v.Error)
		}
	}
	same := writeBundle(t, f, "same.jws", "release", map[string]any{"version": 18})
	if o := tool("bundle", "diff", next, same, "--release-root", root); o.code != verdict.ExitRefused || !strings.Contains(o.stdout, "BND-41") {
		t.Errorf("%+v", o)
	}
}

// Rules: BDL-04.
func TestBundleFetch(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	root := f.write("release.hex", []byte(releaseHex()))
	good, bad := mustRead(t, writeBundle(t, f, "good.jws", "release", nil)), mustRead(t, writeBundle(t, f, "bad.jws", "other", nil))
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			w.Write(cli.TrimLine(good))
		case "/bad":
			w.Write(cli.TrimLine(bad))
		default:
			http.Redirect(w, r, "/good", http.StatusFound)
		}
	}))
	t.Cleanup(server.Close)
	ca := f.write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	get := func(path, out string, more ...string) outcome {
		return tool(append([]string{"bundle", "fetch", "--bundle-url", server.URL + path, "--out", f.path(out), "--ca-file", ca}, more...)...)
	}
	if o := get("/good", "a.jws", "--release-root", root); o.code != 0 || o.stdout != "FETCHED (verified: version 17, valid until 2026-05-01T00:00:00Z)\n"+f.path("a.jws")+"\n" || string(mustRead(t, f.path("a.jws"))) != string(cli.TrimLine(good)) {
		t.Errorf("%+v", o)
	}
	if o := get("/bad", "b.jws"); o.code != 0 || !strings.HasPrefix(o.stdout, "FETCHED (nothing was verified") {
		t.Errorf("%+v", o)
	}
	for path, verified := range map[string]bool{"/good": true, "/bad": false} {
		var v struct {
			Schema   string
			Verified *bool
			Files    []string
		}
		args := []string{"--json", "--replace"}
		if verified {
			args = append(args, "--release-root", root)
		}
		if err := json.Unmarshal([]byte(get(path, "c.jws", args...).stdout), &v); err != nil || v.Schema != "tresor.fetch/v1" || v.Verified == nil || *v.Verified != verified || len(v.Files) != 1 {
			t.Errorf("%s: %+v %v", path, v, err)
		}
	}
	if o := get("/bad", "refused.jws", "--release-root", root); o.code != verdict.ExitRefused || !strings.HasPrefix(o.stdout, "FAIL: BundleSignatureInvalid\n") {
		t.Errorf("%+v", o)
	}
	if _, err := os.Stat(f.path("refused.jws")); err == nil {
		t.Error("a bundle that was refused was written")
	}
	if o := get("/away", "d.jws"); o.code != verdict.ExitUndecided {
		t.Errorf("%+v", o)
	}
	if o := get("/good", "none/d.jws"); o.code != verdict.ExitUsage {
		t.Errorf("%+v", o)
	}
}

func TestBundleUsage(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	root := f.write("release.hex", []byte(releaseHex()))
	good := writeBundle(t, f, "good.jws", "release", nil)
	short := f.write("short.hex", []byte(releaseHex()+releaseHex()))
	for name, args := range map[string][]string{
		"nothing":            {},
		"other verb":         {"sign", good, "--release-root", root},
		"no file":            {"verify", "--release-root", root},
		"two files":          {"verify", good, good, "--release-root", root},
		"one file":           {"diff", good, "--release-root", root},
		"four":               {"diff", good, good, good, "--release-root", root},
		"no root":            {"verify", good},
		"bad root":           {"verify", good, "--release-root", short},
		"one root twice":     {"verify", good, "--release-root", root, "--release-root", root},
		"diff, root twice":   {"diff", good, good, "--release-root", root, "--release-root", root},
		"stdin twice":        {"diff", "-", "-", "--release-root", root},
		"fetch without out":  {"fetch", "--bundle-url", "https://127.0.0.1/"},
		"fetch without URL":  {"fetch", "--out", f.path("x")},
		"verify with out":    {"verify", good, "--release-root", root, "--out", f.path("x")},
		"fetch over http":    {"fetch", "--bundle-url", "http://127.0.0.1/", "--out", f.path("x")},
		"fetch a file":       {"fetch", good, "--bundle-url", "https://127.0.0.1/", "--out", f.path("x")},
		"fetch without root": {"fetch", "--bundle-url", "https://127.0.0.1/", "--out", f.path("x"), "--release-root", f.path("none")},
		"time":               {"verify", good, "--release-root", root, "--at", "now"},
	} {
		if o := tool(append([]string{"bundle"}, args...)...); o.code != verdict.ExitUsage || o.stdout != "" {
			t.Errorf("%s: %+v", name, o)
		}
		if v := tool(append(append([]string{"bundle"}, args...), "--json")...).verdict(t); v.ExitCode != verdict.ExitUsage || v.Error.Type != "UsageError" {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if o := tool("bundle", "verify", f.path("none"), "--release-root", root); o.code != verdict.ExitUndecided {
		t.Errorf("%+v", o)
	}
	if o := toolWith(bomb{}, "bundle", "verify", "-", "--release-root", root); o.code != verdict.ExitInternal {
		t.Errorf("%+v", o)
	}
}

// TestBundleEscapes: nothing that a bundle says reaches the terminal raw.
func TestBundleEscapes(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	root := f.write("release.hex", []byte(releaseHex()))
	evil := "\x1b]0;PASS\x07\nPASS\u202e"
	one := writeBundle(t, f, "1.jws", "release", map[string]any{"workload": evil, evil: 1})
	two := writeBundle(t, f, "2.jws", "release", map[string]any{"workload": evil, "version": 18, evil + "2": 1})
	three := writeBundle(t, f, "3.jws", "release", map[string]any{"workload": evil + "3", "version": 18})
	for _, args := range [][]string{{"verify", one}, {"diff", one, two}, {"diff", one, three}, {"verify", evil}, {evil}, {"fetch", "--bundle-url", "https://" + evil, "--out", evil}} {
		o := tool(append([]string{"bundle", "--release-root", root}, args...)...)
		clean(t, o)
		if o.stdout+o.stderr == "" {
			t.Errorf("%q: nothing was printed", args)
		}
	}
}
