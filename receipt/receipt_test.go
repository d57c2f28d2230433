package receipt_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/receipt"
)

const header = `{"alg":"ES256","kid":"k"}`

// Rules: RCP-60.
func TestAccepted(t *testing.T) {
	e := enclave(t)
	compact, _ := e.Receipt(request, response)
	r, err := kit(t, e).Verify(receipt.Evidence{Receipt: compact, Request: request, Response: response}, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if r.KeyID != "test-receipt" || r.Type != "" || r.IssuedAt != now || r.RequestedRoute != "auto" || r.RoutedModel != "example-model" ||
		!strings.HasPrefix(r.RequestDigest, "sha256:") || r.Router.Bundle.Version != 17 || r.Router.Manifest.Workload != "router" || r.Inference.Bundle != nil {
		t.Errorf("%+v", r)
	}
	var names []string
	for _, n := range r.NotChecked {
		names = append(names, n.Name)
	}
	if want := []string{
		"age", "inference_attestation", "router_attestation.bundle_rollback", "router_attestation.bundle_validity", "router_attestation.manifest_signature",
		"hardware evidence", "revocation",
	}; !slices.Equal(names, want) {
		t.Errorf("not checked: %q", names)
	}
	if len(r.Checks) != 10 || len(r.Limits) == 0 {
		t.Errorf("%d checks", len(r.Checks))
	}
	wrapped := encode(map[string]any{"id": r.ID, "receipt": string(compact), "object": "receipt", "cost": 1.5})
	for _, space := range []string{"", " \t\r\n"} {
		if r, err := kit(t, e).Verify(receipt.Evidence{Receipt: append([]byte(space), wrapped...)}, now); err != nil || r.ID == "" {
			t.Errorf("%q: %v", space, err)
		}
	}
}

// TestKitFaults: each fault of the test kit's receipts has its error.
func TestKitFaults(t *testing.T) {
	e := enclave(t)
	v := kit(t, e)
	for f, want := range map[attesttest.ReceiptFault][2]string{
		attesttest.ReceiptOtherKey:  {"ReceiptSignatureInvalidError", "JWS-10"},
		attesttest.ReceiptAlgNone:   {"ReceiptSignatureInvalidError", "JWS-03"},
		attesttest.ReceiptEdDSA:     {"ReceiptSignatureInvalidError", "JWS-08"},
		attesttest.ReceiptAltered:   {"ReceiptSignatureInvalidError", "JWS-10"},
		attesttest.ReceiptNoID:      {"ReceiptInvalidError", "JSN-12"},
		attesttest.ReceiptFutureIAT: {"ReceiptInvalidError", "RCP-30"},
		attesttest.ReceiptRequest:   {"ReceiptDigestMismatchError", "RCP-40"},
		attesttest.ReceiptResponse:  {"ReceiptDigestMismatchError", "RCP-40"},
	} {
		compact, _ := e.Receipt(request, response, f)
		r, err := v.Verify(receipt.Evidence{Receipt: compact, Request: request, Response: response}, now)
		refused(t, r, err, want[0], want[1])
	}
}

// TestEmbedded: what a receipt embeds is evidence, judged by the pinned roots
// alone, and not at all without them.
// Rules: RCP-50, RCP-51.
func TestEmbedded(t *testing.T) {
	roots := []ed25519.PublicKey{enclave(t).ReleaseRoot()}
	for f, want := range map[attesttest.Fault][2]string{
		attesttest.BundleOtherRoot:      {"BundleSignatureInvalid", "JWS-10"},
		attesttest.BundleExpired:        {"BundleExpiredError", "BND-30"},
		attesttest.IdentityTagWithdrawn: {"IdentityTagNotAllowedError", "IDT-01"},
		attesttest.ManifestOther:        {"IdentityManifestMismatchError", "IDT-10"},
		attesttest.WorkloadOfBundle:     {"WorkloadMismatchError", "WKL-01"},
	} {
		e := enclave(t, f)
		compact, jwks := e.Receipt(request, response)
		keys, err := jws.ParseJWKS(jwks)
		if err != nil {
			t.Fatal(err)
		}
		r, err := verifier(t, receipt.Config{Keys: keys, ReleaseRoots: roots}).Verify(receipt.Evidence{Receipt: compact}, now)
		if attest.ErrorType(err) != want[0] {
			t.Errorf("%s: %v", f, err)
			continue
		}
		refused(t, r, err, want[0], want[1])
		r, err = verifier(t, receipt.Config{Keys: keys}).Verify(receipt.Evidence{Receipt: compact}, now)
		if err != nil || r.Router.Bundle != nil || !slices.ContainsFunc(r.NotChecked, func(n policy.Unchecked) bool { return n.Name == "router_attestation" }) {
			t.Errorf("%s, without roots: %v %+v", f, err, r)
		}
	}
}

// TestEmbeddedParts: a bundle, a tag and a manifest may each be absent; what is
// left is judged, and what is not is said.
// Rules: RCP-52, RCP-53.
func TestEmbeddedParts(t *testing.T) {
	e := enclave(t)
	var envelope map[string]any
	if err := json.Unmarshal(e.Evidence().Envelope, &envelope); err != nil {
		t.Fatal(err)
	}
	bundle := string(e.Evidence().Bundle)
	manifest, tag := envelope["workload_identity_manifest_jws"], envelope["workload_identity_tag"]
	zero := strings.Repeat("0", 64)
	v := verifier(t, receipt.Config{Keys: keySet(t, jwkOf(&signer.PublicKey, "k")), ReleaseRoots: []ed25519.PublicKey{e.ReleaseRoot()}})
	for _, tt := range []struct {
		name      string
		router    map[string]any
		kind      string // of the error; "": accepted
		unchecked string
	}{
		{"all", map[string]any{"workload": "router", "workload_identity_tag": tag, "workload_identity_manifest_jws": manifest, "trust_bundle_jws": bundle}, "", ".bundle_rollback .bundle_validity .manifest_signature"},
		{"no workload, no tag", map[string]any{"workload_identity_manifest_jws": manifest, "trust_bundle_jws": bundle}, "", ".bundle_rollback .bundle_validity .workload .manifest_signature"},
		{"no manifest", map[string]any{"workload": "router", "workload_identity_tag": tag, "trust_bundle_jws": bundle}, "", ".bundle_rollback .bundle_validity"},
		{"only the bundle", map[string]any{"trust_bundle_jws": bundle}, "", ".workload_identity_tag .bundle_rollback .bundle_validity .workload"},
		{"no bundle", map[string]any{"workload": "router", "workload_identity_tag": tag, "workload_identity_manifest_jws": manifest}, "", " "},
		{"no bundle, no tag", map[string]any{"workload": "router", "workload_identity_manifest_jws": manifest}, "", " "},
		{"no bundle, no manifest", map[string]any{"workload": "router", "workload_identity_tag": tag}, "", " "},
		{"no bundle, no workload", map[string]any{"workload_identity_tag": tag, "workload_identity_manifest_jws": manifest}, "", " "},
		{"a workload with more behind", map[string]any{"workload": "router2", "trust_bundle_jws": bundle}, "WorkloadMismatchError", ""},
		{"a workload with more before", map[string]any{"workload": "a-router", "trust_bundle_jws": bundle}, "WorkloadMismatchError", ""},
		{"no bundle, other manifest", map[string]any{"workload": "router", "workload_identity_tag": zero, "workload_identity_manifest_jws": manifest}, "IdentityManifestMismatchError", ""},
		{"other tag", map[string]any{"workload_identity_tag": zero, "trust_bundle_jws": bundle}, "IdentityTagNotAllowedError", ""},
		{"manifest as bundle", map[string]any{"trust_bundle_jws": manifest}, "BundleSignatureInvalid", ""},
		{"bundle as manifest", map[string]any{"workload_identity_manifest_jws": bundle, "trust_bundle_jws": bundle}, "IdentityTagNotAllowedError", ""},
		{"empty bundle", map[string]any{"trust_bundle_jws": ""}, "ReceiptInvalidError", ""},
		{"tag in upper case", map[string]any{"workload_identity_tag": strings.Repeat("A", 64)}, "ReceiptInvalidError", ""},
		{"folded name", map[string]any{"Trust_bundle_jws": bundle}, "ReceiptInvalidError", ""},
	} {
		r, err := v.Verify(receipt.Evidence{Receipt: sign(header, with("router_attestation", tt.router))}, now)
		if attest.ErrorType(err) != tt.kind || (err == nil) != (r != nil) {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if r == nil {
			if tt.kind != "ReceiptInvalidError" && !strings.HasPrefix(err.Error(), "router_attestation: ") {
				t.Errorf("%s: which attestation? %v", tt.name, err)
			}
			continue
		}
		got := ""
		for _, n := range r.NotChecked {
			if rest, ok := strings.CutPrefix(n.Name, "router_attestation"); ok {
				got += " " + rest
			}
		}
		if got != " "+strings.TrimPrefix(tt.unchecked, " ") {
			t.Errorf("%s: not checked: %q", tt.name, got)
		}
	}
	// The bundle was valid when the receipt was issued; that it has expired since is
	// no fault of the receipt.
	if _, err := kit(t, e).Verify(receipt.Evidence{Receipt: first(e.Receipt(request, response))}, now.AddDate(3, 0, 0)); err != nil {
		t.Error(err)
	}
}

func first(compact, _ []byte) []byte { return compact }

// Rules: RCP-01, RCP-02, RCP-10, RCP-20.
func TestRefused(t *testing.T) {
	good := sign(header, with("x", 1.5))
	wrap := func(id any, compact []byte) []byte {
		return encode(map[string]any{"id": id, "receipt": string(compact)})
	}
	half := len(good) - 86
	ed := map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": b64(enclave(t).ReleaseRoot())}
	v := verifier(t, receipt.Config{Keys: keySet(t, jwkOf(&signer.PublicKey, "k"), jwkOf(otherKey, "other"), ed)})
	if _, err := v.Verify(receipt.Evidence{Receipt: good}, now); err != nil {
		t.Fatal(err)
	}
	one := big.NewInt(1)
	for _, tt := range []struct {
		name       string
		data       []byte
		kind, rule string
	}{
		{"nothing", nil, "ReceiptSignatureInvalidError", "JWS-02"},
		{"line break", append(slices.Clone(good), '\n'), "ReceiptSignatureInvalidError", "JWS-04"},
		{"typ of a bundle", sign(`{"alg":"ES256","kid":"k","typ":"trust-bundle+jwt"}`, with("x", 1)), "ReceiptSignatureInvalidError", "JWS-09"},
		{"key in the header", sign(`{"alg":"ES256","kid":"k","jku":"https://evil.example/"}`, with("x", 1)), "ReceiptSignatureInvalidError", "JWS-07"},
		{"no kid", sign(`{"alg":"ES256"}`, with("x", 1)), "ReceiptSignatureInvalidError", "RCP-11"},
		{"kid in another case", sign(`{"alg":"ES256","kid":"K"}`, with("x", 1)), "ReceiptSignatureInvalidError", "RCP-11"},
		{"kid of another key", sign(`{"alg":"ES256","kid":"other"}`, with("x", 1)), "ReceiptSignatureInvalidError", "JWS-10"},
		{"kid of a key for EdDSA", sign(`{"alg":"ES256","kid":"ed"}`, with("x", 1)), "ReceiptSignatureInvalidError", "JWS-10"},
		{"r is zero", withSignature(good, new(big.Int), one), "ReceiptSignatureInvalidError", "JWS-10"},
		{"s is zero", withSignature(good, one, new(big.Int)), "ReceiptSignatureInvalidError", "JWS-10"},
		{"r is n", withSignature(good, order, one), "ReceiptSignatureInvalidError", "JWS-10"},
		{"s is n", withSignature(good, one, order), "ReceiptSignatureInvalidError", "JWS-10"},
		{"signature of 63 bytes", append(slices.Clone(good[:half]), b64(make([]byte, 63))...), "ReceiptSignatureInvalidError", "JWS-05"},
		{"signature of 65 bytes", append(slices.Clone(good[:half]), b64(make([]byte, 65))...), "ReceiptSignatureInvalidError", "JWS-05"},
		{"DER signature", append(slices.Clone(good[:half]), b64(make([]byte, 71))...), "ReceiptSignatureInvalidError", "JWS-05"},
		{"payload too long", sign(header, with("x", strings.Repeat("x", 1<<20))), "ReceiptSignatureInvalidError", "JWS-01"},
		{"payload is no object", sign(header, `[]`), "ReceiptInvalidError", "JSN-04"},
		{"duplicate member", sign(header, `{"jti":"a",`+with("x", 1)[1:]), "ReceiptInvalidError", "JSN-09"},
		{"folded name", sign(header, with("Iat", 1)), "ReceiptInvalidError", "JSN-10"},
		{"no route", sign(header, with("requested_route", nil)), "ReceiptInvalidError", "JSN-12"},
		{"empty route", sign(header, with("requested_route", "")), "ReceiptInvalidError", "JSN-12"},
		{"model is a number", sign(header, with("routed_model", 1)), "ReceiptInvalidError", "JSN-13"},
		{"no router", sign(header, with("router_attestation", nil)), "ReceiptInvalidError", "JSN-12"},
		{"null", sign(header, with("inference_attestation", json.RawMessage("null"))), "ReceiptInvalidError", "JSN-12"},
		{"list", sign(header, with("inference_attestation", []string{"x"})), "ReceiptInvalidError", "JSN-13"},
		{"iat is a float", sign(header, with("iat", json.RawMessage("1775044800.0"))), "ReceiptInvalidError", "JSN-14"},
		{"iat is a string", sign(header, with("iat", "1775044800")), "ReceiptInvalidError", "JSN-13"},
		{"iat is negative", sign(header, with("iat", -1)), "ReceiptInvalidError", "JSN-15"},
		{"iat overflows", sign(header, with("iat", json.RawMessage("253402300800"))), "ReceiptInvalidError", "JSN-15"},
		{"iat ahead", sign(header, with("iat", now.Unix()+301)), "ReceiptInvalidError", "RCP-30"},
		{"digest without algorithm", sign(header, with("request_digest", strings.Repeat("0", 64))), "ReceiptInvalidError", "RCP-21"},
		{"digest in upper case", sign(header, with("response_digest", "sha256:"+strings.Repeat("A", 64))), "ReceiptInvalidError", "RCP-21"},
		{"a bundle", sign(header, with("allowed_hw_measurements", []string{})), "ReceiptInvalidError", "RCP-22"},
		{"an envelope", sign(header, with("snp_report_b64", "")), "ReceiptInvalidError", "RCP-22"},
		{"a manifest", sign(header, with("image_digest", "")), "ReceiptInvalidError", "RCP-22"},
		{"other id", wrap("rcpt-2", good), "ReceiptInvalidError", "RCP-03"},
		{"empty id", wrap("", good), "ReceiptInvalidError", "JSN-12"},
		{"id is a number", wrap(1, good), "ReceiptInvalidError", "JSN-13"},
		{"no receipt", []byte(`{"id":"rcpt-1"}`), "ReceiptInvalidError", "JSN-12"},
		{"two receipts", []byte(`{"id":"rcpt-1","receipt":"a","receipt":"b"}`), "ReceiptInvalidError", "JSN-09"},
		{"JSON in JSON", wrap("rcpt-1", wrap("rcpt-1", good)), "ReceiptSignatureInvalidError", "JWS-04"},
		{"both forms", append(wrap("rcpt-1", good), good...), "ReceiptInvalidError", "JSN-05"},
		{"JSON too long", append(wrap("rcpt-1", good), make([]byte, 2<<20)...), "ReceiptInvalidError", "JSN-01"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := v.Verify(receipt.Evidence{Receipt: tt.data}, now)
			refused(t, r, err, tt.kind, tt.rule)
			a := v.Audit(receipt.Evidence{Receipt: tt.data}, now)
			failed := 0
			for i, c := range a.Checks {
				if c.Step != i+1 || c.ID == "" || c.Requirement == "" || c.Status == "" {
					t.Errorf("%+v", c)
				}
				if c.Status == attest.Fail {
					failed++
				}
			}
			if failed != 1 || len(a.Checks) != 10 || a.Result != nil {
				t.Errorf("%+v", a)
			}
		})
	}
}

// TestDigests: a digest counts only next to the bytes; bytes without a digest are
// not this receipt's.
func TestDigests(t *testing.T) {
	v := verifier(t, receipt.Config{Keys: keySet(t, jwkOf(&signer.PublicKey, "k"))})
	bare := sign(header, with("x", 1))
	for _, e := range []receipt.Evidence{{Receipt: bare, Request: request}, {Receipt: bare, Response: []byte{}}} {
		r, err := v.Verify(e, now)
		refused(t, r, err, "ReceiptDigestMismatchError", "RCP-41")
	}
	const none = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	r, err := v.Verify(receipt.Evidence{Receipt: sign(header, with("request_digest", none)), Request: []byte{}}, now)
	if err != nil || r.Checks[6].Status != attest.Pass || r.Checks[7].Status != attest.NotChecked || r.RequestDigest != none {
		t.Errorf("%v %+v", err, r)
	}
}

func TestAgeAndTime(t *testing.T) {
	keys := keySet(t, jwkOf(&signer.PublicKey, "k"))
	v := verifier(t, receipt.Config{Keys: keys, MaxAge: time.Hour})
	e := receipt.Evidence{Receipt: sign(header, with("x", 1))}
	if _, err := v.Verify(e, now.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	r, err := v.Verify(e, now.Add(time.Hour+time.Second))
	refused(t, r, err, "ReceiptInvalidError", "RCP-31")
	if _, err := v.Verify(e, now.Add(-5*time.Minute)); err != nil {
		t.Error(err)
	}
	if r, err := v.Verify(e, time.Time{}); r != nil || err == nil || attest.ErrorType(err) != "" {
		t.Errorf("zero time: %v", err)
	}
	for _, zero := range []*receipt.Verifier{nil, {}} {
		if r, err := zero.Verify(e, now); r != nil || err == nil || attest.ErrorType(err) != "" {
			t.Error("a zero Verifier accepts")
		}
	}
}

// TestReleaseRootsAreCopied: what the caller does with its keys afterwards does not
// count.
// Rules: RCP-13.
func TestReleaseRootsAreCopied(t *testing.T) {
	e := enclave(t)
	data, jwks := e.Receipt(request, response)
	keys, err := jws.ParseJWKS(jwks)
	if err != nil {
		t.Fatal(err)
	}
	root := bytes.Clone(e.ReleaseRoot())
	other := mint.Ed25519Key("another").Public().(ed25519.PublicKey)
	trusting := verifier(t, receipt.Config{Keys: keys, ReleaseRoots: []ed25519.PublicKey{root}})
	wrong := bytes.Clone(other)
	distrusting := verifier(t, receipt.Config{Keys: keys, ReleaseRoots: []ed25519.PublicKey{wrong}})
	copy(root, other)
	copy(wrong, e.ReleaseRoot())
	if _, err := trusting.Verify(receipt.Evidence{Receipt: data}, now); err != nil {
		t.Error(err)
	}
	r, err := distrusting.Verify(receipt.Evidence{Receipt: data}, now)
	refused(t, r, err, "BundleSignatureInvalid", "JWS-10")
}

// TestAudit: behind a step that failed an audit goes on with those that need it not.
// Rules: ORD-02.
func TestAudit(t *testing.T) {
	v := verifier(t, receipt.Config{Keys: keySet(t, jwkOf(&signer.PublicKey, "k"))})
	statuses := func(a *receipt.Audit) string {
		list := ""
		for _, c := range a.Checks {
			list += string(c.Status) + " "
		}
		return list
	}
	late := receipt.Evidence{Receipt: sign(header, with("request_digest", nil)), Request: request}
	a := v.Audit(late, now.Add(-time.Hour))
	if got := statuses(a); got != "pass pass pass not_applicable fail not_checked fail not_checked not_checked not_checked " || a.Passed() {
		t.Error(got)
	}
	refused(t, a.Result, a.Err, "ReceiptInvalidError", "RCP-30")
	a = v.Audit(receipt.Evidence{Receipt: sign(header, "{}")}, now)
	if got := statuses(a); got != "pass pass fail"+strings.Repeat(" not_reached", 7)+" " {
		t.Error(got)
	}
	if a = v.Audit(receipt.Evidence{Receipt: sign(header, with("x", 1))}, now); !a.Passed() {
		t.Error(a.Err)
	}
	good := &receipt.Result{Checks: make([]attest.Check, 1)}
	for _, none := range []*receipt.Audit{nil, {}, {Result: new(receipt.Result)}, {Result: good, Err: errors.New("x")}} {
		if none.Passed() {
			t.Errorf("%+v passed", none)
		}
	}
	if !(&receipt.Audit{Result: good}).Passed() {
		t.Error("one step did not pass")
	}
}

// Rules: RCP-12, RCP-13.
func TestConfiguration(t *testing.T) {
	keys := keySet(t, jwkOf(&signer.PublicKey, "k"))
	root := enclave(t).ReleaseRoot()
	rootAsKey, err := jws.ParseJWKS(encode(map[string]any{"keys": []any{map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": "r", "x": b64(root)}}}))
	if err != nil {
		t.Fatal(err)
	}
	nameless, err := jws.NewEd25519Key(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		rule   string
		config receipt.Config
	}{
		{"nothing", "", receipt.Config{}},
		{"no keys", "", receipt.Config{ReleaseRoots: []ed25519.PublicKey{root}}},
		{"no kid", "", receipt.Config{Keys: []jws.Key{nameless}}},
		{"no kid at first", "", receipt.Config{Keys: append([]jws.Key{nameless}, keys...)}},
		{"one kid twice", "", receipt.Config{Keys: append(keys, keys...)}},
		{"negative age", "", receipt.Config{Keys: keys, MaxAge: -1}},
		{"short root", "JWK-01", receipt.Config{Keys: keys, ReleaseRoots: []ed25519.PublicKey{root[:31]}}},
		{"a root twice", "", receipt.Config{Keys: keys, ReleaseRoots: []ed25519.PublicKey{root, root}}},
		{"one key, twice", "RCP-13", receipt.Config{Keys: append(keys, rootAsKey...), ReleaseRoots: []ed25519.PublicKey{root}}},
	} {
		var refusal attest.AttestationError
		v, err := receipt.NewVerifier(tt.config)
		if v != nil || err == nil || errors.As(err, &refusal) {
			t.Errorf("%s: accepted, or a refusal of a receipt: %v", tt.name, err)
		}
		var named interface{ Rule() string }
		if errors.As(err, &named) != (tt.rule != "") || tt.rule != "" && named.Rule() != tt.rule {
			t.Errorf("%s: %v, not by rule %s", tt.name, err, tt.rule)
		}
	}
}
