package receipt_test

import (
	"encoding/json"
	"testing"
	"time"

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
