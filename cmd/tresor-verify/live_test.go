package main

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// nothingThere is an origin where nothing listens: the system gives port 1 to no listener.
const nothingThere = "https://127.0.0.1:1"

// liveEndpoint serves the evidence of a folder over TLS with the attested key,
// and returns the arguments that accept it.
func liveEndpoint(t *testing.T, f folder, key *ecdsa.PrivateKey) (args []string, server *httptest.Server, asked *atomic.Int32) {
	t.Helper()
	return liveEndpointAt(t, f, key, recent, http.HandlerFunc(http.NotFound))
}

// liveEndpointAt is liveEndpoint for another time and with an application.
func liveEndpointAt(t *testing.T, f folder, key *ecdsa.PrivateKey, at time.Time, app http.Handler) (args []string, server *httptest.Server, asked *atomic.Int32) {
	t.Helper()
	offline := endpointAt(t, f, 17, at)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost", "attested.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	asked = new(atomic.Int32)
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		name, ok := map[string]string{"/attestation": "envelope.json", "/bundle": "bundle.jws"}[r.URL.Path]
		if !ok {
			app.ServeHTTP(w, r)
			return
		}
		b, err := os.ReadFile(f.path(name))
		if err != nil {
			t.Error(err)
		}
		if name == "envelope.json" {
			w.Header().Set("Content-Type", "application/json")
		}
		w.Write(cli.TrimLine(b))
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	f.write("web.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	args = removeFlag(removeFlag(removeFlag(offline, "--envelope"), "--spki"), "--bundle")
	return append(args, "--url", server.URL, "--bundle-url", server.URL+"/bundle", "--ca-file", f.path("web.pem")), server, asked
}

func TestLive(t *testing.T) {
	f := newFolder(t)
	args, server, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	o := tool(append(args, "--record", f.path("pin.json"), "--save", f.path("evidence.json"), "--state", f.path("state.json"))...)
	if o.code != 0 || !strings.HasPrefix(o.stdout, "PASS\nTLS SPKI SHA-256:      ") || strings.Contains(o.stdout, "verified:") {
		t.Fatalf("%+v", o)
	}
	if v := tool(append(args, "--json", "--pin", f.path("pin.json"), "--state", f.path("state.json"))...).verdict(t); v.ExitCode != 0 || v.Mode != "live" || v.TimeSource != "clock" {
		t.Errorf("%+v", v)
	}
	if o := tool(append(removeFlag(args, "--bundle-url"), "--bundle", f.path("bundle.jws"))...); o.code != 0 {
		t.Errorf("%+v", o)
	}
	if o := tool(replaceFlag(args, []string{"--url", server.URL + "/"})...); o.code != 0 {
		t.Errorf("%+v", o)
	}
	pin, err := os.ReadFile(f.path("pin.json"))
	if err != nil || !strings.Contains(string(pin), `"origin": "`+server.URL+`"`) {
		t.Errorf("%s %v", pin, err)
	}
	f.write("pin.json", []byte(strings.Replace(string(pin), server.URL, "https://elsewhere.example", 1)))
	if o := tool(append(args, "--pin", f.path("pin.json"))...); o.code != verdict.ExitChanged || !strings.Contains(o.stdout, "changed:") {
		t.Errorf("%+v", o)
	}
	// What was saved verifies again when nobody answers any more.
	server.Close()
	replay := []string{"attest", "--evidence", f.path("evidence.json"), "--release-root", f.path("release.pem"), "--amd-root", f.path("ark.pem"), "--at", "recorded"}
	if v := tool(append(replay, "--json")...).verdict(t); v.ExitCode != 0 && v.Error.Type != "EnvelopeStaleError" {
		t.Errorf("%+v", v.Error)
	}
	if v := tool(append(replaceFlag(replay, []string{"--at", "2026-04-01T12:00:00Z"}), "--json")...).verdict(t); v.ExitCode != 0 || v.Mode != "replay" {
		t.Errorf("%+v", v.Error)
	}
}

// TestLiveRefused: another key than the attested one is at the other end.
func TestLiveRefused(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args, _, _ := liveEndpoint(t, f, mint.P256Key("somebody in between"))
	if o := tool(args...); o.code != verdict.ExitRefused || !strings.HasPrefix(o.stdout, "FAIL: SPKIMismatchError\n") {
		t.Errorf("%+v", o)
	}
}

// TestLiveLayers: what can not be fetched is undecided, and the message names the
// layer.
func TestLiveLayers(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args, server, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	missing := httptest.NewUnstartedServer(http.NotFoundHandler())
	missing.TLS = server.TLS.Clone()
	missing.StartTLS()
	t.Cleanup(missing.Close)
	unknown := replaceFlag(args, []string{"--ca-file", f.path("ark.pem")}) // a CA, and not the server's
	for _, c := range []struct {
		layer, hint string
		args        []string
	}{
		{"tcp:", "nothing answers at this address and port", replaceFlag(args, []string{"--url", nothingThere})},
		{"tls:", "the server does not speak TLS there", replaceFlag(args, []string{"--url", strings.Replace(plain.URL, "http:", "https:", 1)})},
		{"tls:", "--ca-file adds a CA of your own", unknown},
		{"http:", layerHint("http"), replaceFlag(args, []string{"--url", missing.URL})},
		{"bundle:", layerHint("bundle"), replaceFlag(args, []string{"--bundle-url", server.URL + "/nothing"})},
		{"tls:", "no answer came in time", append(replaceFlag(args, []string{"--url", "https://" + silent.Addr().String()}), "--timeout", "3s")},
	} {
		o := tool(c.args...)
		if o.code != verdict.ExitUndecided || !strings.HasPrefix(o.stdout, "UNDECIDED: EvidenceUnavailableError\n") || !strings.Contains(o.stdout, c.layer) || !strings.Contains(o.stdout, c.hint) {
			t.Errorf("%s %s: %+v", c.layer, c.hint, o)
		}
	}
}

// TestLiveMalformed: an envelope that can not be read is refused with every step, as
// any other, and is saved; where the bundle is to come from does not matter.
func TestLiveMalformed(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args, _, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	f.write("envelope.json", []byte(`{"schema": "nope"}`))
	for name, given := range map[string][]string{"given": args, "named": removeFlag(args, "--bundle-url")} {
		v := tool(append(given, "--json", "--allow-vlek", "--save", f.path(name))...).verdict(t)
		again := tool("attest", "--evidence", f.path(name), "--at", "recorded", "--release-root", f.path("release.pem"), "--amd-root", f.path("ark.pem"), "--json").verdict(t)
		for mode, v := range map[string]verdict.Document{"live": v, "replay": again} {
			if v.ExitCode != verdict.ExitRefused || v.Error == nil || v.Error.Type != "EnvelopeInvalidError" || len(v.Checks) != 19 || v.Checks[0].Status != "fail" || v.Mode != mode || v.Time == "" {
				t.Errorf("%s, %s: %+v", name, mode, v)
			}
		}
		if len(v.Relaxed) != 1 {
			t.Errorf("%s: relaxed %q", name, v.Relaxed)
		}
	}
}

// TestLiveUsage: --url is an origin, and nothing else.
func TestLiveUsage(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args, _, asked := liveEndpoint(t, f, mint.P256Key("tls"))
	for _, url := range []string{
		"http://api.example", "https://", "https://user:pass@api.example", "https://api.example/v1", "https://api.example/?x", "https://api.example/#x",
		"api.example", "https://api.example:0", "https://api.example:99999", "https://api\texample", "https://bücher.example", "ftp://api.example", "https://api.example/..",
	} {
		if o := tool(replaceFlag(args, []string{"--url", url})...); o.code != verdict.ExitUsage || strings.Contains(o.stderr, "pass") {
			t.Errorf("%q: %+v", url, o)
		}
	}
	for name, given := range map[string][]string{
		"http bundle":  replaceFlag(args, []string{"--bundle-url", "http://127.0.0.1/bundle"}),
		"two bundles":  append(args, "--bundle", f.path("bundle.jws")),
		"spki":         append(args, "--spki", strings.Repeat("ab", 32)),
		"at recorded":  append(args, "--at", "recorded"),
		"two sources":  append(args, "--envelope", f.path("envelope.json")),
		"no root":      removeFlag(args, "--release-root"),
		"ca file":      replaceFlag(args, []string{"--ca-file", f.path("none")}),
		"ca file, bad": replaceFlag(args, []string{"--ca-file", f.path("release.pem")}),
	} {
		if o := tool(given...); o.code != verdict.ExitUsage {
			t.Errorf("%s: %+v", name, o)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("%d requests for usage errors", n)
	}
}

// waitFor holds answers back until a channel is closed.
func waitFor(c <-chan struct{}, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-c:
		case <-r.Context().Done():
		}
		next.ServeHTTP(w, r)
	})
}

// TestRevocationFromFiles: --crl FILE and --crl fetch count for evidence from
// files as for any other; only a replay never asks the network.
func TestRevocationFromFiles(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	server, asked := keyServer(t, f, e)
	args := withCert(f, endpoint(t, f, 17))
	o := tool(slices.Concat(args, server, []string{"--crl", "fetch", "--save", f.path("evidence.json")})...)
	if o.code != 0 || !strings.Contains(o.stdout, "revocation:            checked") || len(*asked) != 1 {
		t.Errorf("%+v, asked %v", o, *asked)
	}
	if o := tool(append(args, "--save", f.path("without.json"))...); o.code != 0 || !strings.Contains(o.stdout, "revocation:            not checked") {
		t.Errorf("%+v", o)
	}
	replay := []string{"attest", "--release-root", f.path("release.pem"), "--amd-root", f.path("ark.pem"), "--at", "recorded", "--evidence"}
	for _, tt := range []struct {
		file, crl string
		code      int
	}{
		{"evidence.json", "", 0}, {"without.json", "", 0}, {"without.json", "crl.der", 0}, {"without.json", "leaf.der", verdict.ExitRefused}, {"without.json", "none", verdict.ExitUndecided},
	} {
		given := append(slices.Clone(replay), f.path(tt.file))
		if tt.crl != "" {
			given = append(given, "--crl", f.path(tt.crl))
		}
		if o := tool(given...); o.code != tt.code || (tt.code == 0) != strings.Contains(o.stdout, "revocation:") {
			t.Errorf("%+v: %+v", tt, o)
		}
	}
	if o := tool(append(replay, f.path("evidence.json"), "--crl", "fetch")...); o.code != verdict.ExitUsage {
		t.Errorf("%+v", o)
	}
	f.write("envelope.json", []byte("{}"))
	if o := tool(slices.Concat(args, server, []string{"--crl", "fetch"})...); o.code != verdict.ExitRefused || !strings.Contains(o.stdout, "EnvelopeInvalidError") {
		t.Errorf("%+v", o)
	}
}
