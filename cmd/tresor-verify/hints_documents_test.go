package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/cli"
)

// explained wants a refusal by this rule with such lines, whole but for the end,
// and the same in JSON.
func explained(t *testing.T, name string, args []string, want map[string]string) {
	t.Helper()
	o := tool(args...)
	for field, text := range want {
		if !strings.Contains(o.stdout, "\n"+field+": ") || !strings.Contains(strings.Join(strings.Fields(o.stdout), " "), field+": "+text) {
			t.Errorf("%s: no %q: %q in %s", name, field, text, o.stdout)
		}
	}
	e := tool(append(args, "--json")...).verdict(t).Error
	got := map[string]string{
		"message": e.Message, "rule": e.Requirement, "expected": e.Expected, "actual": e.Actual,
		"expected is from": e.ExpectedFrom, "actual is from": e.ActualFrom, "hint": e.Hint,
	}
	for field, text := range want {
		if !strings.HasPrefix(got[field], text) {
			t.Errorf("%s: %s in JSON: %q", name, field, got[field])
		}
	}
}

// TestHintsOfReceipt: a receipt has no envelope, no hardware, and a time of its
// own.
// Rules: CLI-12.
func TestHintsOfReceipt(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	root := f.write("release.hex", []byte(releaseHex()))
	bundle := func(key string, change map[string]any) string {
		return string(cli.TrimLine(mustRead(t, writeBundle(t, f, "bundle.jws", key, change))))
	}
	good := bundle("release", nil)
	tag := strings.Repeat("c3", 32)
	router := func(members map[string]any) map[string]any { return map[string]any{"router_attestation": members} }
	for name, tt := range map[string]struct {
		change map[string]any
		args   []string
		want   map[string]string
	}{
		"id": {nil, []string{f.path("wrapped.json")}, map[string]string{
			"rule": "RCP-03", "expected is from": "the receipt's jti", "actual is from": "the id beside", "hint": "id and receipt do not belong together",
		}},
		"future": {map[string]any{"iat": recent.Add(time.Hour).Unix()}, nil, map[string]string{
			"rule": "RCP-30", "expected is from": "what clocks may differ", "actual is from": "the receipt's iat, and the time of verification", "hint": "one of the two clocks",
		}},
		"age": {map[string]any{"iat": recent.Add(-time.Hour).Unix()}, []string{"--max-age", "1m"}, map[string]string{
			"rule": "RCP-31", "expected is from": "--max-age", "actual is from": "the receipt's iat, and the time of verification", "hint": "the receipt is old",
		}},
		"no digest": {nil, []string{"--request", root}, map[string]string{
			"rule": "RCP-41", "expected": "sha256:", "actual": "none", "expected is from": "SHA-256 of --request", "actual is from": "the receipt", "hint": "this receipt vouches for no such body",
		}},
		"key": {router(map[string]any{"trust_bundle_jws": bundle("other", nil)}), nil, map[string]string{
			"message": "router_attestation: no pinned release root signed the trust bundle: signature", "expected is from": "the keys of --release-root", "actual is from": "header and signature of the embedded trust bundle",
		}},
		"inference": {map[string]any{"inference_attestation": map[string]any{"trust_bundle_jws": bundle("release", map[string]any{"version": 0})}}, nil, map[string]string{
			"message": "inference_attestation: the trust bundle is malformed: version", "actual is from": "the embedded trust bundle", "hint": "the publisher signed a bundle that this version can't read; look for a newer version",
		}},
		"expired": {router(map[string]any{"trust_bundle_jws": bundle("release", map[string]any{"valid_until": "2026-01-01T00:00:00Z"})}), nil, map[string]string{
			"message": "router_attestation: the trust bundle has expired", "expected is from": "the receipt's iat", "actual is from": "valid_until of the embedded trust bundle", "hint": "the trust bundle had ended when the receipt was issued",
		}},
		"workload": {router(map[string]any{"trust_bundle_jws": good, "workload": "else"}), nil, map[string]string{
			"message": "router_attestation: the embedded trust bundle is for another workload", "expected is from": "the workload of the embedded", "actual is from": "the attestation's workload", "hint": "the attestation embeds",
		}},
		"tag": {router(map[string]any{"trust_bundle_jws": good, "workload_identity_tag": strings.Repeat("ee", 32)}), nil, map[string]string{
			"message": "router_attestation: ", "expected is from": "allowed_workload_identity_tags of the embedded", "actual is from": "the attestation's workload_identity_tag", "hint": "the release that the receipt names",
		}},
		"manifest": {router(map[string]any{"trust_bundle_jws": good, "workload_identity_tag": tag, "workload_identity_manifest_jws": "e30.e30.AA"}), nil, map[string]string{
			"message": "router_attestation: ", "rule": "IDT-10", "expected": tag, "expected is from": "the attestation's workload_identity_tag", "actual is from": "SHA-256 of the attestation's workload_identity_manifest_jws", "hint": "the embedded manifest is not",
		}},
	} {
		compact := signReceipt(t, f, "k", tt.change)
		f.write("wrapped.json", []byte(`{"id": "rcpt-2", "receipt": "`+compact+`"}`))
		args := []string{"receipt", "--jwks", f.path("jwks.json"), "--release-root", root}
		if name != "id" {
			args = append(args, f.path("receipt.jws"))
		}
		explained(t, name, append(args, tt.args...), tt.want)
	}
}

// TestHintsOfDiff: which of the two bundles it is, and what each value is of.
// Rules: BDL-02, CLI-12.
func TestHintsOfDiff(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	root := f.write("release.hex", []byte(releaseHex()))
	first := writeBundle(t, f, "1.jws", "release", nil)
	second := writeBundle(t, f, "2.jws", "release", map[string]any{"version": 18})
	alien := writeBundle(t, f, "alien.jws", "other", nil)
	for name, tt := range map[string]struct {
		old, new string
		want     map[string]string
	}{
		"old key": {alien, second, map[string]string{"message": "OLD: no pinned release root signed the trust bundle: signature", "expected is from": "the keys of --release-root"}},
		"new key": {first, alien, map[string]string{"message": "NEW: no pinned release root signed the trust bundle: signature", "expected is from": "the keys of --release-root"}},
		"expired": {first, writeBundle(t, f, "late.jws", "release", map[string]any{"valid_until": "2026-01-01T00:00:00Z"}), map[string]string{"message": "NEW: the trust bundle has expired"}},
		"order": {second, first, map[string]string{
			"rule": "BND-40", "expected is from": "the version of OLD", "actual is from": "the version of NEW", "hint": "NEW is the older one",
		}},
		"two of one version": {first, writeBundle(t, f, "same.jws", "release", map[string]any{"future": true}), map[string]string{
			"rule": "BND-41", "expected is from": "SHA-256 of OLD", "actual is from": "SHA-256 of NEW", "hint": "two bundles of one version exist",
		}},
		"workload": {first, writeBundle(t, f, "else.jws", "release", map[string]any{"version": 18, "workload": "else"}), map[string]string{
			"message": "the two bundles are for different workloads", "rule": "BDL-02", "expected": `"router"`, "actual": `"else"`, "expected is from": "the workload of OLD", "actual is from": "the workload of NEW", "hint": "give two bundles",
		}},
	} {
		explained(t, name, []string{"bundle", "diff", tt.old, tt.new, "--release-root", root}, tt.want)
	}
}

// TestHintsOfFetch: an address that the caller gave is no endpoint, and no key
// server of AMD's.
// Rules: CLI-12.
func TestHintsOfFetch(t *testing.T) {
	t.Parallel()
	f, _ := receiptFolder(t)
	server := httptest.NewTLSServer(http.RedirectHandler("/elsewhere", http.StatusFound))
	t.Cleanup(server.Close)
	ca := f.write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	want := map[string]string{"rule": "TRN-42", "hint": "the server gave no such document"}
	explained(t, "receipt", []string{"receipt", "--jwks-url", server.URL, "--ca-file", ca, f.path("receipt.jws")}, want)
	explained(t, "bundle", []string{"bundle", "fetch", "--bundle-url", server.URL, "--ca-file", ca, "--out", f.path("out.jws")}, want)
}
