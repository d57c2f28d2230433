package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/verdict"
)

// keyServer serves what AMD would have for a set, on loopback, and returns the
// flags that lead to it.
func keyServer(t *testing.T, f folder, e *mint.Set) (flags []string, asked *[]string) {
	t.Helper()
	product, _ := snpreport.ParseProduct(e.Product)
	key := snpreport.VCEK
	if e.Kind == "vlek" {
		key = snpreport.VLEK
	}
	crl := mint.CRL(e.Product)
	files := map[string][]byte{
		kds.CertChain(product, key).Path(): mint.PEM(e.Intermediate, e.ARK),
		kds.CRL(product, key).Path():       crl.Encode(mint.CAKey("ARK-" + e.Product)),
	}
	if key == snpreport.VCEK {
		r, err := snpreport.Parse(e.Report)
		if err != nil {
			t.Fatal(err)
		}
		request, err := kds.VCEKFor(r, product)
		if err != nil {
			t.Fatal(err)
		}
		files[request.Path()] = e.Leaf
	}
	asked = new([]string)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.RequestURI())
		if b, ok := files[r.URL.RequestURI()]; ok {
			w.Write(b)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	ca := f.write("web-ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	return []string{"--kds-url", server.URL, "--ca-file", ca}, asked
}

// TestEveryAddressIsNamed: a report of version 2 does not name its product, and the
// error says for which ones AMD was asked.
func TestEveryAddressIsNamed(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.writeEvidence(mint.Evidence("Genoa", 2, "vcek"))
	flags, _ := keyServer(t, f, mint.Evidence("Turin", 5, "vcek"))
	o := tool(append([]string{"report", "--report", f.path("report.bin"), "--fetch"}, flags...)...)
	for _, want := range []string{"/vcek/v1/Milan/", "/vcek/v1/Genoa/", "AMD has no certificate for this chip"} {
		if o.code != verdict.ExitUndecided || !strings.Contains(o.stdout, want) {
			t.Errorf("no %q: %+v", want, o)
		}
	}
}

// TestReportFetch: leaf, intermediate and CRL come from the key server.
func TestReportFetch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		product string
		version uint32
		asked   int
	}{{"Milan", 3, 3}, {"Genoa", 2, 4}, {"Turin", 5, 3}, {"Turin", 2, 3}} {
		f := newFolder(t)
		e := mint.Evidence(tt.product, tt.version, "vcek")
		f.writeEvidence(e)
		flags, asked := keyServer(t, f, e)
		o := tool(append([]string{"report", "--report", f.path("report.bin"), "--amd-root", f.path("ark.pem"), "--fetch", "--crl", "fetch"}, flags...)...)
		if o.code != 0 || !strings.Contains(o.stdout, "revocation:            checked") {
			t.Errorf("%s %d: %+v", tt.product, tt.version, o)
		}
		if len(*asked) != tt.asked {
			t.Errorf("%s %d: asked for %v", tt.product, tt.version, *asked)
		}
	}
}

// TestReportFetchNothing: what is there is not fetched again, and evidence that
// is malformed is refused without asking anybody.
func TestReportFetchNothing(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	flags, asked := keyServer(t, f, e)
	if o := tool(append(f.report("--fetch"), flags...)...); o.code != 0 {
		t.Errorf("%+v", o)
	}
	f.write("report.bin", e.Report[:1000])
	if o := tool(append(f.report("--fetch", "--crl", "fetch"), flags...)...); o.code != verdict.ExitUndecided || !strings.Contains(o.stdout, "1000 bytes") {
		t.Errorf("%+v", o)
	}
	if len(*asked) != 0 {
		t.Errorf("asked for %v", *asked)
	}
}

// TestFetchFails: no verdict without the evidence.
func TestFetchFails(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	flags, _ := keyServer(t, f, mint.Evidence("Genoa", 3, "vcek"))
	vlek := f.write("vlek.bin", mint.Evidence("Milan", 3, "vlek").Report)
	masked := mint.Evidence("Milan", 3, "vcek")
	masked.Spec.ChipID = [64]byte{}
	masked.Resign()
	for name, args := range map[string][]string{
		"unknown chip":  {"report", "--report", f.path("report.bin"), "--fetch"},
		"a VLEK":        {"report", "--report", vlek, "--fetch", "--allow-vlek"},
		"a masked chip": {"report", "--report", f.write("masked.bin", masked.Report), "--fetch"},
		"no CRL":        f.report("--crl", "fetch"),
		"fetch":         {"fetch", "--report", f.path("report.bin"), "--out", f.path("out")},
	} {
		o := tool(append(args, flags...)...)
		if o.code != verdict.ExitUndecided || !strings.Contains(o.stdout, "UNDECIDED: EvidenceUnavailableError") {
			t.Errorf("%s: %+v", name, o)
		}
	}
	if _, err := os.Stat(f.path("out")); err == nil {
		t.Error("a folder was made for nothing")
	}
}

// TestFetch: what is fetched verifies without a network.
func TestFetch(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"vcek", "vlek"} {
		f := newFolder(t)
		e := mint.Evidence("Genoa", 5, kind)
		f.writeEvidence(e)
		flags, asked := keyServer(t, f, e)
		args := append([]string{"fetch", "--report", f.path("report.bin"), "--out", f.path("out"), "--cache", f.path("cache")}, flags...)
		if kind == "vlek" {
			args = append(args, "--certs", f.path("leaf.der"))
		}
		if o := tool(args...); o.code != 0 || !strings.HasPrefix(o.stdout, "FETCHED (nothing was verified)\n") {
			t.Fatalf("%+v", o)
		}
		first := len(*asked)
		if o := tool(append(args, "--replace", "--json")...); o.code != 0 || !strings.Contains(o.stdout, `"verified": false`) {
			t.Errorf("%+v", o)
		}
		if again := len(*asked) - first; again != 1 { // CRLs are not kept
			t.Errorf("asked %d times with a full cache", again)
		}
		o := tool("report", "--report", f.path("report.bin"), "--certs", f.path("out/chain.pem"), "--crl", f.path("out/crl.der"), "--amd-root", f.path("ark.pem"), "--allow-vlek")
		if o.code != 0 {
			t.Errorf("%s: %+v", kind, o)
		}
	}
}

// TestFetchGarbage: an answer that is nothing of the kind is never kept, nor
// passed off as collateral.
// Rules: CLI-09.
func TestFetchGarbage(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	healthy := false
	flags, asked := keyServer(t, f, e)
	good, err := url.Parse(flags[1])
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(good)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !healthy {
			w.Write([]byte("<html>maintenance</html>"))
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	proxy.Transport = server.Client().Transport.(*http.Transport).Clone()
	proxy.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true
	flags[1] = server.URL
	flags = append(flags, "--cache", f.path("cache"))
	report := append([]string{"report", "--report", f.path("report.bin"), "--amd-root", f.path("ark.pem"), "--fetch"}, flags...)
	fetch := append([]string{"fetch", "--report", f.path("report.bin"), "--certs", f.path("leaf.der"), "--out", f.path("out")}, flags...)
	for range 2 {
		for _, args := range [][]string{report, append(report, "--certs", f.path("chain.pem"), "--crl", "fetch"), fetch} {
			want := verdict.ExitUndecided
			if healthy {
				want = 0
			}
			if o := tool(args...); o.code != want {
				t.Errorf("healthy %v: %+v", healthy, o)
			}
		}
		healthy = true
	}
	// A policy that is not met is no reason to ask again; a chain that fails is.
	before := len(*asked)
	tool(append(report, "--vmpl", "1")...)
	if len(*asked) != before {
		t.Error("asked again after a policy violation")
	}
	tool(append(report, "--at", "2040-01-01T00:00:00Z")...)
	tool(report...)
	if len(*asked) == before {
		t.Error("the cache kept what did not verify")
	}
}
