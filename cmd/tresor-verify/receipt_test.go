package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// receiptFolder has a receipt of the test kit, and all that it is held against.
func receiptFolder(t *testing.T, spoil ...attesttest.ReceiptFault) (f folder, args []string) {
	t.Helper()
	f = newFolder(t)
	e, err := attesttest.New(attesttest.Config{Seed: "command", Now: recent})
	if err != nil {
		t.Fatal(err)
	}
	compact, jwks := e.Receipt([]byte("request\n"), nil, spoil...)
	f.write("receipt.jws", append(compact, '\n'))
	f.write("jwks.json", jwks)
	f.write("request", []byte("request\n"))
	f.write("response", nil)
	f.write("release.hex", []byte(hex.EncodeToString(e.ReleaseRoot())+"\n"))
	return f, []string{"receipt", "--jwks", f.path("jwks.json"), f.path("receipt.jws")}
}

// signReceipt makes a receipt of our own, and its key set.
func signReceipt(t *testing.T, f folder, kid string, change map[string]any) (jws string) {
	t.Helper()
	key := mint.P256Key("receipts")
	enc := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	claims := map[string]any{
		"jti": "rcpt-1", "iat": recent.Unix(), "requested_route": "auto", "routed_model": "m",
		"router_attestation": map[string]any{}, "inference_attestation": "none",
	}
	maps.Copy(claims, change)
	signed := enc(map[string]any{"alg": "ES256", "kid": kid}) + "." + enc(claims)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	jwks, err := json.Marshal(map[string]any{"keys": []any{map[string]any{"kty": "EC", "crv": "P-256", "kid": kid, "x": b64(point[1:33]), "y": b64(point[33:])}}})
	if err != nil {
		t.Fatal(err)
	}
	f.write("jwks.json", jwks)
	pad := func(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }
	jws = signed + "." + b64(append(pad(r), pad(s)...))
	f.write("receipt.jws", []byte(jws))
	return jws
}

func TestReceiptPass(t *testing.T) {
	t.Parallel()
	f, args := receiptFolder(t)
	o := tool(args...)
	if o.code != 0 || !strings.HasPrefix(o.stdout, "PASS\nabout:") || !strings.Contains(o.stdout, "\nReceipt type:          JWS, ES256\nKey ID:                test-receipt\n") || o.stderr != "" {
		t.Fatalf("%+v", o)
	}
	for _, want := range []string{"not checked:           router_attestation: no release root was given", "not checked:           request_digest", "not compared with anything", "revocation"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in %s", want, o.stdout)
		}
	}
	o = tool(append(args, "--request", f.path("request"), "--response", f.path("response"), "--release-root", f.path("release.hex"), "--max-age", "1h", "--explain")...)
	for _, want := range []string{", compared\n", "router:                router, trust bundle version 17", "steps (SPEC.md section 18)", " 8  response_digest"} {
		if o.code != 0 || !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in %+v", want, o)
		}
	}
	for at, want := range map[string]string{"2026-04-02T00:00:00Z": "(valid until ", "2036-01-01T00:00:00Z": "(expired since "} {
		if o := tool(append(args, "--release-root", f.path("release.hex"), "--at", at)...); o.code != 0 || !strings.Contains(o.stdout, want) {
			t.Errorf("%s: %+v", at, o)
		}
	}
	v := tool(append(args, "--request", f.path("request"), "--release-root", f.path("release.hex"), "--json")...).verdict(t)
	r := v.Receipt
	if v.Verdict != "pass" || v.Mode != "offline" || r.KeyID != "test-receipt" || r.RoutedModel != "example-model" || !r.RequestChecked || r.ResponseChecked ||
		r.Router.Bundle.Version != 17 || r.Router.Manifest == nil || r.Inference != nil || len(v.Checks) != 10 || len(v.NotChecked) != 8 || !slices.Contains(v.NotChecked, "router_attestation.bundle_validity") || v.Report != nil || v.Roots != nil {
		t.Errorf("%+v %+v", v, r)
	}
	// The API's form, from standard input.
	compact := strings.TrimSpace(tool("show", f.path("receipt.jws"), "--json").stdout)
	if !strings.Contains(compact, `"kind": "receipt"`) {
		t.Errorf("show: %s", compact)
	}
	signed := signReceipt(t, f, "k", nil)
	wrapped := `{"id": "rcpt-1", "receipt": "` + signed + `"}` + "\n"
	if o := toolWith(strings.NewReader(wrapped), "receipt", "--jwks", f.path("jwks.json"), "-"); o.code != 0 {
		t.Errorf("%+v", o)
	}
	if o := toolWith(strings.NewReader(wrapped), "show", "-"); o.code != 0 || !strings.Contains(o.stdout, "(receipt)\n") || !strings.Contains(o.stdout, "routed_model:") {
		t.Errorf("%+v", o)
	}
	if o := tool("receipt", "--jwks", f.path("jwks.json"), f.write("other.json", []byte(strings.Replace(wrapped, "rcpt-1", "rcpt-2", 1)))); o.code != verdict.ExitRefused || !strings.Contains(o.stdout, "RCP-03") {
		t.Errorf("%+v", o)
	}
}

func TestReceiptRefused(t *testing.T) {
	t.Parallel()
	for fault, typ := range map[attesttest.ReceiptFault]string{
		attesttest.ReceiptOtherKey: "ReceiptSignatureInvalidError", attesttest.ReceiptAltered: "ReceiptSignatureInvalidError", attesttest.ReceiptAlgNone: "ReceiptSignatureInvalidError",
		attesttest.ReceiptNoID: "ReceiptInvalidError", attesttest.ReceiptFutureIAT: "ReceiptInvalidError",
		attesttest.ReceiptRequest: "ReceiptDigestMismatchError", attesttest.ReceiptResponse: "ReceiptDigestMismatchError",
	} {
		f, args := receiptFolder(t, fault)
		args = append(args, "--request", f.path("request"), "--response", f.path("response"))
		o := tool(args...)
		if o.code != verdict.ExitRefused || !strings.HasPrefix(o.stdout, "FAIL: "+typ+"\n") || !strings.Contains(o.stdout, "\nhint:") || strings.Contains(o.stdout, "Key ID") {
			t.Errorf("%s: %+v", fault, o)
		}
		v := tool(append(args, "--json")...).verdict(t)
		if v.Verdict != "fail" || v.Error.Type != typ || v.Error.Requirement == "" || v.Receipt != nil || v.NotChecked != nil || len(v.Checks) != 10 {
			t.Errorf("%s: %+v", fault, v)
		}
	}
	f, args := receiptFolder(t)
	other := f.write("other.hex", []byte(releaseHex()))
	if v := tool(append(args, "--release-root", other, "--json")...).verdict(t); v.ExitCode != verdict.ExitRefused || v.Error.Type != "BundleSignatureInvalid" {
		t.Errorf("%+v", v)
	}
	if o := tool(append(args, "--at", "2026-05-01T00:00:00Z", "--max-age", "24h")...); o.code != verdict.ExitRefused || !strings.Contains(o.stdout, "RCP-31") {
		t.Errorf("%+v", o)
	}
}

func TestReceiptOtherCodes(t *testing.T) {
	t.Parallel()
	f, args := receiptFolder(t)
	for name, given := range map[string][]string{
		"no key set":      {"receipt", f.path("receipt.jws")},
		"no receipt":      {"receipt", "--jwks", f.path("jwks.json")},
		"two receipts":    append(args, f.path("request")),
		"two key sets":    append(args, "--jwks-url", "https://127.0.0.1/"),
		"no such key set": {"receipt", "--jwks", f.path("none"), f.path("receipt.jws")},
		"key set is none": {"receipt", "--jwks", f.path("request"), f.path("receipt.jws")},
		"http":            {"receipt", "--jwks-url", "http://127.0.0.1/", f.path("receipt.jws")},
		"user name":       {"receipt", "--jwks-url", "https://me:hunter2@127.0.0.1/", f.path("receipt.jws")},
		"age":             append(args, "--max-age", "-1h"),
		"stdin twice":     {"receipt", "--jwks", "-", "-"},
		"no such root":    append(args, "--release-root", f.path("none")),
		"root in the set": {"receipt", "--jwks", f.write("both.json", []byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"`+base64.RawURLEncoding.EncodeToString(mustHex(releaseHex()))+`"}]}`)), "--release-root", f.write("r.hex", []byte(releaseHex())), f.path("receipt.jws")},
	} {
		if o := tool(given...); o.code != verdict.ExitUsage || o.stdout != "" || strings.Contains(o.stderr, "hunter2") {
			t.Errorf("%s: %+v", name, o)
		}
	}
	for name, given := range map[string][]string{
		"no such file":     {"receipt", "--jwks", f.path("jwks.json"), f.path("none")},
		"no such request":  append(args, "--request", f.path("none")),
		"no such response": append(args, "--response", f.dir),
	} {
		if v := tool(append(given, "--json")...).verdict(t); v.ExitCode != verdict.ExitUndecided || v.Error.Type != "EvidenceUnavailableError" {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if v := toolWith(bomb{}, "receipt", "--jwks", f.path("jwks.json"), "-", "--json").verdict(t); v.ExitCode != verdict.ExitInternal || v.Error.Type != "InternalError" {
		t.Errorf("%+v", v)
	}
}

// TestReceiptKeySetURL: what is not fetched whole, by the rules, decides nothing.
func TestReceiptKeySetURL(t *testing.T) {
	t.Parallel()
	f, _ := receiptFolder(t)
	jwks := mustRead(t, f.path("jwks.json"))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/jwks":
			w.Write(jwks)
		case "/redirect":
			http.Redirect(w, r, "/jwks", http.StatusFound)
		case "/long":
			w.Write(append(jwks, make([]byte, 1<<20)...))
		case "/bad":
			w.Write([]byte(`{"keys":[]}`))
		case "/encoded":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(jwks)
		case "/silent":
			<-r.Context().Done()
		default:
			http.NotFound(w, r)
		}
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := f.write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	try := func(url string, more ...string) outcome {
		return tool(append([]string{"receipt", "--jwks-url", url, "--ca-file", ca, f.path("receipt.jws")}, more...)...)
	}
	if o := try(server.URL + "/jwks"); o.code != 0 || !strings.HasPrefix(o.stdout, "PASS\n") {
		t.Errorf("%+v", o)
	}
	if o := toolWith(bytes.NewReader(mustRead(t, ca)), "receipt", "--jwks-url", server.URL+"/jwks", "--ca-file", "-", f.path("receipt.jws")); o.code != 0 {
		t.Errorf("roots from standard input: %+v", o)
	}
	if v := try(server.URL+"/jwks", "--json").verdict(t); v.Verdict != "pass" || v.Mode != "live" {
		t.Errorf("%+v", v)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for _, url := range []string{server.URL + "/redirect", server.URL + "/long", server.URL + "/bad", server.URL + "/encoded", server.URL + "/none", "https://" + closed.Addr().String() + "/jwks"} {
		if o := try(url); o.code != verdict.ExitUndecided || !strings.HasPrefix(o.stdout, "UNDECIDED: EvidenceUnavailableError\n") {
			t.Errorf("%s: %+v", url, o)
		}
	}
	if o := try(server.URL+"/silent", "--timeout", "200ms"); o.code != verdict.ExitUndecided {
		t.Errorf("%+v", o)
	}
	if o := tool("receipt", "--jwks-url", server.URL+"/jwks", f.path("receipt.jws")); o.code != verdict.ExitUndecided {
		t.Errorf("unknown authority: %+v", o)
	}
}

// TestReceiptEscapes: nothing that a receipt says reaches the terminal raw.
func TestReceiptEscapes(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	evil := "\x1b]0;PASS\x07\nPASS\u202e"
	signReceipt(t, f, evil, map[string]any{"jti": evil, "requested_route": evil, "routed_model": evil, "inference_attestation": evil, evil: evil, "router_attestation": map[string]any{evil: evil}})
	for _, args := range [][]string{
		{"receipt", "--jwks", f.path("jwks.json"), f.path("receipt.jws"), "--explain"},
		{"receipt", "--jwks", f.path("jwks.json"), f.path("receipt.jws"), "--at", "2020-01-01T00:00:00Z"},
		{"receipt", "--jwks", f.path("receipt.jws"), f.path("receipt.jws")},
		{"receipt", "--jwks-url", "https://" + evil, evil},
		{"show", f.path("receipt.jws")},
	} {
		o := tool(args...)
		clean(t, o)
		if args[0] == "show" && o.code != 0 {
			t.Errorf("%+v", o)
		}
	}
}

// clean wants an outcome without anything that moves the cursor or begins a line.
func clean(t *testing.T, o outcome) {
	t.Helper()
	for _, text := range []string{strings.TrimPrefix(o.stdout, "PASS\n"), o.stderr} {
		if strings.ContainsAny(text, "\x1b\x07\u202e\r") || strings.Contains("\n"+text, "\nPASS") {
			t.Errorf("%q", text)
		}
	}
}

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
