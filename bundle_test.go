package attest_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
)

// TestBundleMembers: no list, no expiry, no floor never means "anything goes".
// Rules: BND-10, BND-11, BND-12, BND-13, BND-14.
func TestBundleMembers(t *testing.T) {
	measurement, tag := strings.Repeat("ab", 48), strings.Repeat("cd", 32)
	entries := func(n int, digits int) []string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf("%0*x", digits, i+1))
		}
		return list
	}
	leaf := string(mint.PEM(mint.Evidence("Milan", 3, "vcek").Leaf))
	changes := map[string][2]any{}
	for _, name := range []string{"allowed_hw_measurements", "allowed_workload_identity_tags", "min_tcb", "version", "valid_until", "amd_root_ca_pem", "workload"} {
		changes[name+" absent"] = [2]any{name, nil}
		for what, value := range map[string]any{"null": json.RawMessage("null"), "empty": "", "empty list": []string{}, "empty object": members{}, "true": true, "number": 1.5} {
			changes[name+" is "+what] = [2]any{name, value}
		}
	}
	for name, change := range map[string][2]any{
		"measurement twice":          {"allowed_hw_measurements", []string{measurement, measurement}},
		"measurement in upper case":  {"allowed_hw_measurements", []string{strings.ToUpper(measurement)}},
		"measurement prefix":         {"allowed_hw_measurements", []string{measurement[:94]}},
		"measurement wildcard":       {"allowed_hw_measurements", []string{"*"}},
		"empty measurement":          {"allowed_hw_measurements", []string{""}},
		"zero measurement":           {"allowed_hw_measurements", []string{measurement, strings.Repeat("0", 96)}},
		"one string, not a list":     {"allowed_hw_measurements", measurement},
		"1025 measurements":          {"allowed_hw_measurements", entries(1025, 96)},
		"zero tag":                   {"allowed_workload_identity_tags", []string{strings.Repeat("0", 64)}},
		"tag twice":                  {"allowed_workload_identity_tags", []string{tag, tag}},
		"1025 tags":                  {"allowed_workload_identity_tags", entries(1025, 64)},
		"version -1":                 {"version", -1},
		"version 2^53":               {"version", json.RawMessage("9007199254740992")},
		"version 2^64":               {"version", json.RawMessage("18446744073709551616")},
		"version 1.0":                {"version", json.RawMessage("1.0")},
		"version 1e1":                {"version", json.RawMessage("1e1")},
		"version in quotes":          {"version", "17"},
		"valid_until as number":      {"valid_until", 1777593600},
		"valid_until, lower-case z":  {"valid_until", "2026-05-01t00:00:00z"},
		"a leaf as root":             {"amd_root_ca_pem", leaf},
		"a leaf, then a root":        {"amd_root_ca_pem", leaf + string(mint.PEM(mint.CACert("ARK-Milan")))},
		"a coming root alone":        {"amd_root_ca_pem", string(mint.PEM(coming("ARK-Venice")))},
		"a coming ASK, then a root":  {"amd_root_ca_pem", string(mint.PEM(coming("SEV-Venice"), mint.CACert("ARK-Milan")))},
		"a root nobody knows":        {"amd_root_ca_pem", string(mint.PEM(coming("ARK-Rome"), mint.CACert("ARK-Milan")))},
		"root with text":             {"amd_root_ca_pem", "root:\n" + string(mint.PEM(mint.CACert("ARK-Milan")))},
		"root is no PEM":             {"amd_root_ca_pem", "root"},
		"root is no certificate":     {"amd_root_ca_pem", string(mint.PEM([]byte{0x30, 0}))},
		"floor 256":                  {"min_tcb", members{"snp": 256}},
		"floor -1":                   {"min_tcb", members{"snp": -1}},
		"unknown component":          {"min_tcb", members{"ucode": 1}},
		"mixed floors":               {"min_tcb", members{"snp": 1, "Milan": members{"snp": 1}}},
		"unknown product in floors":  {"min_tcb", members{"Rome": members{"snp": 1}}},
		"die in upper case":          {"min_tcb", members{"19-A0-2": members{"snp": 1}}},
		"empty floor":                {"min_tcb", members{"Milan": members{}}},
		"packed floor":               {"min_tcb", json.RawMessage("8286623314361712643")},
		"no product":                 {"allowed_products", []string{}},
		"unknown product":            {"allowed_products", []string{"Rome"}},
		"product null":               {"allowed_products", json.RawMessage("null")},
		"schema of a manifest":       {"schema", "workload-identity/v1"},
		"schema empty":               {"schema", ""},
		"issued_at malformed":        {"issued_at", "yesterday"},
		"folded name of a list":      {"Allowed_HW_Measurements", []string{measurement}},
		"Unicode folded valid_until": {"valid_until\u017f", "x"},
	} {
		changes[name] = change
	}
	delete(changes, "Unicode folded valid_until") // it is another name, see below
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			p := newEndpoint("Milan", 3, "vcek")
			e := p.evidenceOf(t)
			e.Bundle = compact(edDSA, with(p.Bundle.Payload, change[0].(string), change[1]).Text(), p.release)
			_, err := p.verifierOf(t, p.config(t)).Verify(e, at)
			wantError(t, err, "BundleInvalidError", "")
			if name == "root is no PEM" && !strings.Contains(err.Error(), "[CHN-05]") {
				t.Errorf("%v does not say why", err)
			}
		})
	}
	ours := mint.NewReport("Milan", 3, "vcek").Measurement
	for name, change := range map[string][2]any{
		"1024 measurements":    {"allowed_hw_measurements", append(entries(1023, 96), hex.EncodeToString(ours[:]))},
		"ours, then another":   {"allowed_hw_measurements", append([]string{hex.EncodeToString(ours[:])}, measurement)},
		"version 1":            {"version", 1},
		"version 2^53-1":       {"version", json.RawMessage("9007199254740991")},
		"schema":               {"schema", "tresor.trust-bundle/v1"},
		"issued_at":            {"issued_at", "2026-01-01T00:00:00+01:00"},
		"products":             {"allowed_products", []string{"Turin", "Milan"}},
		"products, ours first": {"allowed_products", []string{"Milan", "Turin"}},
		"product twice":        {"allowed_products", []string{"Milan", "Milan"}},
		"floor by product":     {"min_tcb", members{"Milan": members{"bootloader": 1, "tee": 0, "snp": 1, "microcode": 1}}},
		"floor by die":         {"min_tcb", members{"19-01-1": members{"bootloader": 1, "tee": 0, "snp": 1, "microcode": 1}}},
		"roots of all":         {"amd_root_ca_pem", string(mint.PEM(mint.CACert("ARK-Milan"), mint.CACert("ARK-Genoa"), mint.CACert("ARK-Turin")))},
		"a coming root":        {"amd_root_ca_pem", string(mint.PEM(coming("ARK-Venice"), mint.CACert("ARK-Milan")))},
		"unknown member":       {"deny", members{"x": 1.5}},
		"almost a folded name": {"valid_until\u017f", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newEndpoint("Milan", 3, "vcek")
			p.Bundle.Payload = with(p.Bundle.Payload, change[0].(string), change[1])
			result, err := p.verifierOf(t, p.config(t)).Verify(p.evidenceOf(t), at)
			if err != nil {
				t.Fatal(err)
			}
			if want := map[string]int{"products": 2, "products, ours first": 2, "product twice": 1}[name]; len(result.Bundle.Products) != want && (want != 0 || len(result.Bundle.Products) != 3) {
				t.Errorf("products %v", result.Bundle.Products)
			}
			if name == "unknown member" && (len(result.Bundle.IgnoredMembers) != 1 || result.Bundle.IgnoredMembers[0] != "deny") {
				t.Errorf("ignored: %v", result.Bundle.IgnoredMembers)
			}
			if coming := name == "a coming root"; slices.Equal(result.Bundle.IgnoredRoots, []string{"ARK-Venice"}) != coming || coming && len(result.Bundle.AMDRoots()) != 1 {
				t.Errorf("ignored: %v", result.Bundle.IgnoredRoots) // BND-16
			}
		})
	}
}

// TestBundleSignatures: what is not signed by a pinned root is not read.
// Rules: BND-01.
func TestBundleSignatures(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	e := p.evidenceOf(t)
	payload := p.Bundle.Payload.Text()
	public := p.release.Public().(ed25519.PublicKey)
	enc := base64.RawURLEncoding.EncodeToString
	hs256 := func() []byte {
		signed := enc([]byte(`{"alg":"HS256"}`)) + "." + enc(payload)
		mac := hmac.New(sha256.New, public)
		mac.Write([]byte(signed))
		return []byte(signed + "." + enc(mac.Sum(nil)))
	}()
	half, _, _ := bytes.Cut(e.Bundle, []byte(".")) // the header alone
	for name, bundle := range map[string][]byte{
		"none at all":     nil,
		"alg none":        []byte(enc([]byte(`{"alg":"none"}`)) + "." + enc(payload) + "."),
		"alg none, 64":    compact(`{"alg":"none"}`, payload, p.release),
		"HS256, key":      hs256,
		"alg in capitals": compact(`{"alg":"EDDSA"}`, payload, p.release),
		"alg Ed25519":     compact(`{"alg":"Ed25519"}`, payload, p.release),
		"alg ES256":       compact(`{"alg":"ES256"}`, payload, p.release),
		"alg twice":       compact(`{"alg":"EdDSA","alg":"EdDSA"}`, payload, p.release),
		"no alg":          compact(`{}`, payload, p.release),
		"crit":            compact(`{"alg":"EdDSA","crit":[]}`, payload, p.release),
		"b64":             compact(`{"alg":"EdDSA","b64":true}`, payload, p.release),
		"jwk":             compact(`{"alg":"EdDSA","jwk":{}}`, payload, p.release),
		"jku":             compact(`{"alg":"EdDSA","jku":"https://x"}`, payload, p.release),
		"x5c":             compact(`{"alg":"EdDSA","x5c":[]}`, payload, p.release),
		"typ":             compact(`{"alg":"EdDSA","typ":"receipt+jwt"}`, payload, p.release),
		"kid of another":  compact(`{"alg":"EdDSA","kid":"release"}`, payload, mint.Ed25519Key("somebody")),
		"trailing LF":     append(bytes.Clone(e.Bundle), '\n'),
		"header alone":    half,
		"JSON":            payload,
		"four segments":   append(bytes.Clone(e.Bundle), ".AAAA"...),
		"payload changed": bytes.Replace(e.Bundle, []byte("."), []byte(".e"), 1),
		"too long":        compact(edDSA, append(payload, bytes.Repeat([]byte(" "), 256<<10)...), p.release),
	} {
		t.Run(name, func(t *testing.T) {
			e := e
			e.Bundle = bundle
			_, err := p.verifierOf(t, p.config(t)).Verify(e, at)
			rule := map[string]string{"alg ES256": "JWS-08", "crit": "JWS-07", "typ": "JWS-09", "JSON": "JWS-02", "too long": "JWS-01", "kid of another": "JWS-10"}[name]
			wantError(t, err, "BundleSignatureInvalid", rule)
		})
	}
	for name, header := range map[string]string{
		"kid": `{"alg":"EdDSA","kid":"2026-1"}`, "typ JWT": `{"alg":"EdDSA","typ":"JWT"}`, "typ": `{"alg":"EdDSA","typ":"trust-bundle+jwt"}`, "unknown": `{"alg":"EdDSA","x":{"y":1}}`,
	} {
		e := e
		e.Bundle = compact(header, payload, p.release)
		if _, err := p.verifierOf(t, p.config(t)).Verify(e, at); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBundleExpiry: expired when now is valid_until, not a nanosecond before.
func TestBundleExpiry(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	p.Envelope.Set("issued_at", "2026-05-01T00:00:00Z")
	e, until := p.evidenceOf(t), time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	v := p.verifierOf(t, p.config(t))
	if _, err := v.Verify(e, until.Add(-1)); err != nil {
		t.Error(err)
	}
	_, err := v.Verify(e, until)
	wantError(t, err, "BundleExpiredError", "BND-30")
}

// TestBundleRoots: a stolen release key alone can not invent hardware, and a
// pinned root that the bundle does not name is not used.
// Rules: BND-15.
func TestBundleRoots(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	p.Bundle.Payload.Set("amd_root_ca_pem", string(mint.PEM(mint.CACert("ARK-Genoa"))))
	_, err := p.verifierOf(t, p.config(t)).Verify(p.evidenceOf(t), at)
	wantError(t, err, "CertChainInvalidError", "CHN-42")

	p = newEndpoint("Milan", 3, "vcek")
	c := p.config(t)
	c.AMDRoots = nil // the built-in ones; the bundle names the synthetic one
	_, err = p.verifierOf(t, c).Verify(p.evidenceOf(t), at)
	wantError(t, err, "CertChainInvalidError", "CHN-42")
}

// TestBundleNarrows: policy and bundle must both accept; the highest floor counts.
func TestBundleNarrows(t *testing.T) {
	for name, tt := range map[string]struct {
		rules  policy.Rules
		bundle [2]any
		typ    string
	}{
		"policy's measurement":   {rules: policy.Rules{Measurements: []string{strings.Repeat("ab", 48)}}, typ: "MeasurementNotAllowedError"},
		"bundle's products":      {bundle: [2]any{"allowed_products", []string{"Turin"}}, typ: "PolicyViolationError"},
		"policy's products":      {rules: policy.Rules{Products: []string{"Turin"}}, typ: "PolicyViolationError"},
		"policy's floor":         {rules: policy.Rules{MinTCB: &policy.Floors{Any: policy.Floor{0: 1, 1: 1, 2: 0, 3: 200, 4: 1}}}, typ: "TCBBelowFloorError"},
		"floor lacks components": {bundle: [2]any{"min_tcb", members{"snp": 1}}, typ: "TCBBelowFloorError"},
		"floor of another":       {bundle: [2]any{"min_tcb", members{"Genoa": members{"snp": 1}}}, typ: "TCBBelowFloorError"},
		"policy's REPORT_DATA":   {rules: policy.Rules{ReportData: new(strings.Repeat("ab", 64))}, typ: "ReportDataMismatchError"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newEndpoint("Milan", 3, "vcek")
			if tt.bundle[0] != nil {
				p.Bundle.Payload = with(p.Bundle.Payload, tt.bundle[0].(string), tt.bundle[1])
			}
			c := p.config(t)
			var err error
			if c.Policy, err = c.Policy.Narrow(tt.rules); err != nil {
				t.Fatal(err)
			}
			_, err = p.verifierOf(t, c).Verify(p.evidenceOf(t), at)
			wantError(t, err, tt.typ, "")
		})
	}
}

// TestVersion2NeedsAFloorByProduct: a version 2 report names no die.
func TestVersion2NeedsAFloorByProduct(t *testing.T) {
	p := newEndpoint("Milan", 2, "vcek")
	p.Bundle.Payload.Set("min_tcb", members{"19-01-1": members{"bootloader": 1, "tee": 0, "snp": 1, "microcode": 1}})
	_, err := p.verifierOf(t, p.config(t)).Verify(p.evidenceOf(t), at)
	wantError(t, err, "TCBBelowFloorError", "POL-03")
}

// TestOpenBundle: by itself a bundle meets the same steps, in the same order, as
// inside of a verification.
func TestOpenBundle(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	e := p.evidenceOf(t)
	root := mint.Ed25519Key("release").Public().(ed25519.PublicKey)
	b, err := attest.OpenBundle(e.Bundle, []ed25519.PublicKey{root}, at)
	if err != nil || b.SHA256 != sha256.Sum256(e.Bundle) || b.Workload == "" || len(b.AMDRoots()) == 0 {
		t.Fatalf("%v %+v", err, b)
	}
	clear(b.AMDRoots()[0])
	if bytes.Equal(b.AMDRoots()[0], make([]byte, len(b.AMDRoots()[0]))) {
		t.Error("AMDRoots gives its own memory away")
	}
	var missing *attest.IdentityTagNotAllowedError
	if err := b.CheckTag(b.IdentityTags[0]); err != nil {
		t.Error(err)
	}
	if err := b.CheckTag([32]byte{1}); !errors.As(err, &missing) || len(missing.Allowed) != len(b.IdentityTags) {
		t.Error(err)
	}
	var old *attest.BundleRollbackError
	if err := b.CheckVersion(attest.BundleVersion{Version: b.Version, SHA256: b.SHA256}); err != nil {
		t.Error(err)
	}
	for rule, known := range map[string]attest.BundleVersion{"BND-40": {Version: b.Version + 1}, "BND-41": {Version: b.Version}} {
		if err := b.CheckVersion(known); !errors.As(err, &old) || old.Rule != rule {
			t.Errorf("%s: %v", rule, err)
		}
	}
	for _, i := range []int{0, 31} { // a digest or a tag that is right but for one byte is another
		tag, known := b.IdentityTags[0], attest.BundleVersion{Version: b.Version, SHA256: b.SHA256}
		tag[i] ^= 1
		known.SHA256[i] ^= 1
		if err := b.CheckTag(tag); !errors.As(err, &missing) {
			t.Errorf("byte %d: %v", i, err)
		}
		if err := b.CheckVersion(known); !errors.As(err, &old) || old.Rule != "BND-41" {
			t.Errorf("byte %d: %v", i, err)
		}
	}
	other := mint.Ed25519Key("other").Public().(ed25519.PublicKey)
	for _, tt := range []struct {
		name       string
		bundle     []byte
		root       ed25519.PublicKey
		at         time.Time
		kind, rule string
	}{
		{"other root", e.Bundle, other, at, "BundleSignatureInvalid", "JWS-10"},
		{"a line break", append(bytes.Clone(e.Bundle), '\n'), root, at, "BundleSignatureInvalid", "JWS-04"},
		{"payload", compact(`{"alg":"EdDSA"}`, []byte(`{}`), mint.Ed25519Key("release")), root, at, "BundleInvalidError", "JSN-12"},
		{"expired", e.Bundle, root, b.ValidUntil, "BundleExpiredError", "BND-30"},
	} {
		b, err := attest.OpenBundle(tt.bundle, []ed25519.PublicKey{tt.root}, tt.at)
		if b != nil {
			t.Errorf("%s: a bundle next to an error", tt.name)
		}
		wantError(t, err, tt.kind, tt.rule)
	}
	for name, open := range map[string]func() (*attest.Bundle, error){
		"no root":    func() (*attest.Bundle, error) { return attest.OpenBundle(e.Bundle, nil, at) },
		"short root": func() (*attest.Bundle, error) { return attest.OpenBundle(e.Bundle, []ed25519.PublicKey{root[:31]}, at) },
		"no time": func() (*attest.Bundle, error) {
			return attest.OpenBundle(e.Bundle, []ed25519.PublicKey{root}, time.Time{})
		},
	} {
		if b, err := open(); b != nil || err == nil || attest.ErrorType(err) != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenManifest(t *testing.T) {
	manifest := compact(`{"alg":"EdDSA"}`, []byte(`{"schema":"workload-identity/v1","workload":"router","version":"1","image_digest":"a","binary_digest":"b"}`), mint.Ed25519Key("manifest"))
	tag := sha256.Sum256(manifest)
	if m, err := attest.OpenManifest(manifest, tag, "router"); err != nil || m.Version != "1" {
		t.Error(err)
	}
	_, err := attest.OpenManifest(manifest, [32]byte{1}, "router")
	wantError(t, err, "IdentityManifestMismatchError", "IDT-10")
	for _, workload := range []string{"other", "xouter", "routex", "route", "router2", "outer"} {
		m, err := attest.OpenManifest(manifest, tag, workload)
		wantError(t, err, "IdentityManifestMismatchError", "IDT-13")
		if m != nil {
			t.Error("a manifest next to an error")
		}
	}
}
