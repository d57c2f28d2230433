package receipt_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/receipt"
)

// TestMembers: each member that is required must be there and say something, none may
// be one of another document, and both names of the type are read.
// Rules: RCP-10, RCP-20, RCP-22.
func TestMembers(t *testing.T) {
	v := verifier(t, receipt.Config{Keys: keySet(t, jwkOf(&signer.PublicKey, "k"))})
	for _, typ := range []string{"JWT", "receipt+jwt"} {
		if _, err := v.Verify(receipt.Evidence{Receipt: sign(`{"alg":"ES256","kid":"k","typ":"`+typ+`"}`, with("x", 1))}, now); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
	of := func(name string, value any, rule string) {
		t.Helper()
		r, err := v.Verify(receipt.Evidence{Receipt: sign(`{"alg":"ES256","kid":"k"}`, with(name, value))}, now)
		refused(t, r, err, "ReceiptInvalidError", rule)
	}
	for _, name := range []string{
		"allowed_hw_measurements", "allowed_workload_identity_tags", "min_tcb", "amd_root_ca_pem", "snp_report_b64", "vcek_chain_pem", "image_digest", "binary_digest",
	} {
		of(name, "x", "RCP-22")
	}
	for _, name := range []string{"jti", "iat", "requested_route", "routed_model", "router_attestation", "inference_attestation"} {
		of(name, nil, "JSN-12")
		of(name, json.RawMessage("null"), "JSN-12")
	}
	for _, name := range []string{"jti", "requested_route", "routed_model", "router_attestation", "inference_attestation", "request_digest", "response_digest"} {
		of(name, "", "JSN-12")
	}
	for _, name := range []string{"workload", "workload_identity_manifest_jws", "trust_bundle_jws"} {
		of("router_attestation", map[string]any{name: ""}, "JSN-12")
	}
	for _, around := range []string{`{"receipt":"a.b.c"}`, `{"id":"","receipt":"a.b.c"}`, `{"id":"x"}`, `{"id":"x","receipt":""}`} {
		r, err := v.Verify(receipt.Evidence{Receipt: []byte(around)}, now)
		refused(t, r, err, "ReceiptInvalidError", "JSN-12")
	}
}

// TestInstants: a receipt may be from five minutes ahead, and as old as the greatest age,
// and not a nanosecond more.
// Rules: RCP-30, RCP-31.
func TestInstants(t *testing.T) {
	v := verifier(t, receipt.Config{Keys: keySet(t, jwkOf(&signer.PublicKey, "k")), MaxAge: time.Hour})
	e := receipt.Evidence{Receipt: sign(header, with("x", 1))}
	for at, rule := range map[time.Duration]string{-5 * time.Minute: "", -5*time.Minute - 1: "RCP-30", time.Hour: "", time.Hour + 1: "RCP-31"} {
		r, err := v.Verify(e, now.Add(at))
		if rule != "" {
			refused(t, r, err, "ReceiptInvalidError", rule)
		} else if err != nil {
			t.Errorf("%v: %v", at, err)
		}
	}
}

// TestKeyIDsAreWhole: a kid names the key whose kid is the same, and keys may have kids
// that begin or end alike.
// Rules: RCP-11.
func TestKeyIDsAreWhole(t *testing.T) {
	v := verifier(t, receipt.Config{Keys: keySet(t, jwkOf(otherKey, "kid-1"), jwkOf(&signer.PublicKey, "kid"), jwkOf(otherKey, "a-kid"))})
	if _, err := v.Verify(receipt.Evidence{Receipt: sign(`{"alg":"ES256","kid":"kid"}`, with("x", 1))}, now); err != nil {
		t.Error(err)
	}
	for _, kid := range []string{"ki", "id", "kid-", "-kid", "kid-2", "b-kid"} {
		r, err := v.Verify(receipt.Evidence{Receipt: sign(`{"alg":"ES256","kid":"`+kid+`"}`, with("x", 1))}, now)
		refused(t, r, err, "ReceiptSignatureInvalidError", "RCP-11")
	}
}

// TestSizes: the JSON around a receipt has at most 2 MiB, a payload at most 1 MiB, and
// iat is at most the last second of the year 9999.
// Rules: RCP-02, RCP-20.
func TestSizes(t *testing.T) {
	v := verifier(t, receipt.Config{Keys: keySet(t, jwkOf(&signer.PublicKey, "k"))})
	around := encode(map[string]any{"id": "rcpt-1", "receipt": string(sign(header, with("x", 1)))})
	for more, rule := range map[int]string{0: "", 1: "JSN-01"} {
		r, err := v.Verify(receipt.Evidence{Receipt: append(slices.Clone(around), bytes.Repeat([]byte(" "), 2<<20-len(around)+more)...)}, now)
		if rule != "" {
			refused(t, r, err, "ReceiptInvalidError", rule)
		} else if err != nil {
			t.Error(err)
		}
	}
	payload := func(size int) []byte { return []byte(with("x", 1) + strings.Repeat(" ", size-len(with("x", 1)))) }
	if _, _, err := receipt.ParseClaims(payload(receipt.MaxPayload)); err != nil || receipt.MaxPayload != 1<<20 {
		t.Error(err)
	}
	_, _, err := receipt.ParseClaims(payload(receipt.MaxPayload + 1))
	refused(t, nil, err, "ReceiptInvalidError", "JSN-01")
	if _, iat, err := receipt.ParseClaims([]byte(with("iat", int64(253402300799)))); err != nil || iat != 253402300799 {
		t.Errorf("%d, %v", iat, err)
	}
	if _, iat, err := receipt.ParseClaims([]byte(with("iat", 0))); err != nil || iat != 0 {
		t.Errorf("%d, %v", iat, err)
	}
}

// TestKeysAreCopied: what the caller does with the key set afterwards does not count.
// Rules: RCP-12.
func TestKeysAreCopied(t *testing.T) {
	keys := keySet(t, jwkOf(&signer.PublicKey, "k"))
	v := verifier(t, receipt.Config{Keys: keys})
	keys[0] = keySet(t, jwkOf(otherKey, "k"))[0]
	if _, err := v.Verify(receipt.Evidence{Receipt: sign(header, with("x", 1))}, now); err != nil {
		t.Error(err)
	}
}

// TestSaid: a result says what was not checked of each attestation, and what no receipt
// says, whatever a caller did to the result before.
// Rules: RCP-50, RCP-60.
func TestSaid(t *testing.T) {
	e := enclave(t)
	v := verifier(t, receipt.Config{Keys: keySet(t, jwkOf(&signer.PublicKey, "k")), ReleaseRoots: []ed25519.PublicKey{e.ReleaseRoot()}})
	claims := map[string]any{
		"jti": "rcpt-1", "iat": now.Unix(), "requested_route": "auto", "routed_model": "m",
		"router_attestation":    map[string]any{"workload": "router", "trust_bundle_jws": string(e.Evidence().Bundle)},
		"inference_attestation": map[string]any{"trust_bundle_jws": string(e.Evidence().Bundle)},
	}
	said := func() (unchecked []string, limits []string) {
		r, err := v.Verify(receipt.Evidence{Receipt: sign(header, string(encode(claims)))}, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range r.NotChecked {
			unchecked = append(unchecked, n.Name+": "+n.Reason)
		}
		return unchecked, r.Limits
	}
	const tag = ".workload_identity_tag: it has no workload identity tag that could be looked up"
	const rollback = ".bundle_rollback: no trust bundle that was accepted before is remembered"
	const validity = ".bundle_validity: the trust bundle is judged for the time at which the receipt was issued, and not for now"
	wantLimits := []string{
		"a receipt is the word of whoever holds its key; it proves nothing about the hardware",
		"a key set has no signature of its own: it is as good as the way it came",
	}
	for range 2 {
		unchecked, limits := said()
		if diff := cmp.Diff([]string{
			"age: no greatest age was given", "request_digest: the request was not given", "response_digest: the response was not given",
			"router_attestation" + tag, "inference_attestation" + tag,
			"router_attestation" + rollback, "router_attestation" + validity, "inference_attestation" + rollback, "inference_attestation" + validity,
			"inference_attestation.workload: it names no workload that the trust bundle's could be compared with",
			"hardware evidence: a report that a receipt embeds is bound to a connection that is gone",
			"revocation: there is no list of withdrawn receipts or receipt keys",
		}, unchecked); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(wantLimits, limits); diff != "" {
			t.Error(diff)
		}
		clear(limits)
	}
	for text, want := range map[string]string{
		`"a token"`:        "it is a string, which is not interpreted",
		`{"workload":"x"}`: "no trust bundle is embedded that could say what is allowed",
	} {
		a := v.Audit(receipt.Evidence{Receipt: sign(header, with("router_attestation", json.RawMessage(text)))}, now)
		if c := a.Checks[8]; a.Err != nil || c.Status != attest.NotChecked || c.Reason != want {
			t.Errorf("%s: %+v", text, c)
		}
	}
}
