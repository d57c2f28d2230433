package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/demo"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// endpoint writes everything that attest needs into a folder and returns the
// arguments that accept it. It uses the minter's roots: those of the test kit
// are refused. change may alter the members of each document before it is signed.
func endpoint(t *testing.T, f folder, version int, change ...func(document string, members map[string]any)) []string {
	t.Helper()
	return endpointAt(t, f, version, recent, change...)
}

// endpointAt is endpoint for another time.
func endpointAt(t *testing.T, f folder, version int, at time.Time, change ...func(document string, members map[string]any)) []string {
	t.Helper()
	altered := func(document string, members map[string]any) map[string]any {
		for _, c := range change {
			c(document, members)
		}
		return members
	}
	enc := base64.RawURLEncoding.EncodeToString
	compact := func(payload any) []byte {
		b, err := json.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		signed := enc([]byte(`{"alg":"EdDSA"}`)) + "." + enc(b)
		signature, err := mint.Ed25519Key("release").Sign(nil, []byte(signed), &ed25519Options)
		if err != nil {
			t.Fatal(err)
		}
		return []byte(signed + "." + enc(signature))
	}
	spki := mint.SPKI(mint.P256Key("tls").Public())
	key := sha256.Sum256(spki)
	manifest := compact(altered("manifest", map[string]any{"schema": "workload-identity/v1", "workload": "router", "version": "v1\x1b[31m", "image_digest": "sha256:11", "binary_digest": "sha256:22"}))
	tag := sha256.Sum256(manifest)
	e := mint.Evidence("Milan", 3, "vcek")
	bound := sha256.Sum256(append(key[:], tag[:]...))
	e.Spec.ReportData = [64]byte{}
	copy(e.Spec.ReportData[:], bound[:])
	e.Resign()
	envelope, err := json.Marshal(altered("envelope", map[string]any{
		"schema": "tresor.attestation/v1", "workload": "router", "snp_report_b64": base64.StdEncoding.EncodeToString(e.Report),
		"vcek_chain_pem": string(e.PEM()), "tls_spki_sha256": hex.EncodeToString(key[:]), "workload_identity_tag": hex.EncodeToString(tag[:]),
		"workload_identity_manifest_jws": string(manifest), "issued_at": at.Add(-30 * time.Second).UTC().Format(time.RFC3339), "max_age_seconds": 300,
	}))
	if err != nil {
		t.Fatal(err)
	}
	bundle := compact(altered("bundle", map[string]any{
		"allowed_hw_measurements": []string{hex.EncodeToString(e.Spec.Measurement[:])}, "allowed_workload_identity_tags": []string{hex.EncodeToString(tag[:])},
		"min_tcb": map[string]int{"bootloader": 4, "tee": 0, "snp": 22, "microcode": 213}, "version": version, "valid_until": at.AddDate(0, 1, 0).UTC().Truncate(24 * time.Hour).Format(time.RFC3339),
		"amd_root_ca_pem": string(mint.PEM(e.ARK)), "workload": "router", "future": 1,
	}))
	f.write("envelope.json", envelope)
	f.write("bundle.jws", append(bundle, '\n'))
	f.write("ark.pem", mint.PEM(e.ARK))
	release, err := x509.MarshalPKIXPublicKey(mint.Ed25519Key("release").Public())
	if err != nil {
		t.Fatal(err)
	}
	f.write("release.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: release}))
	return []string{"attest", "--envelope", f.path("envelope.json"), "--bundle", f.path("bundle.jws"), "--release-root", f.path("release.pem"),
		"--amd-root", f.path("ark.pem"), "--spki", hex.EncodeToString(key[:])}
}

func TestAttestPass(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args := endpoint(t, f, 17)
	o := tool(args...)
	lines := strings.Split(o.stdout, "\n")
	if o.code != 0 || o.stderr != "" || len(lines) < 5 || lines[0] != "PASS" {
		t.Fatalf("%+v", o)
	}
	for i, prefix := range []string{"PASS", "TLS SPKI SHA-256:      ", "SNP MEASUREMENT:       ", "Workload identity tag: ", "Trust bundle version:  17 (valid until 2026-05-01T00:00:00Z)"} {
		if !strings.HasPrefix(lines[i], prefix) {
			t.Errorf("line %d is %q, want %q", i+1, lines[i], prefix)
		}
	}
	if !strings.Contains(o.stdout, `version v1\x1b[31m`) || !strings.Contains(o.stdout, "ignored in bundle:     future") || !strings.Contains(o.stdout, "offline") {
		t.Errorf("%q", o.stdout)
	}
	v := tool(append(args, "--json")...).verdict(t)
	if v.Verdict != "pass" || v.Mode != "offline" || v.SPKI == "" || v.Tag == "" || v.Measurement == "" || v.Workload != "router" || v.Manifest.ImageDigest != "sha256:11" {
		t.Errorf("%+v", v)
	}
	if v.Bundle.Version != 17 || v.Bundle.ValidUntil != "2026-05-01T00:00:00Z" || len(v.Bundle.IgnoredMembers) != 1 || len(v.Roots.Release) != 1 || len(v.Limits) == 0 {
		t.Errorf("%+v %+v", v.Bundle, v.Roots)
	}
	if slices.Contains(v.NotChecked, "report_data") || !slices.Contains(v.NotChecked, "report_data_tail_zero") || strings.Contains(o.stdout, "report_data,") {
		t.Errorf("REPORT_DATA is what binds the key: %v\n%s", v.NotChecked, o.stdout)
	}
	if o := tool(append(args, "--explain")...); !strings.Contains(o.stdout, "19  live_key          BIN-10  pass") {
		t.Error(o.stdout)
	}
}

// TestAttestCert: the certificate in the place of its key's hash.
func TestAttestCert(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args := endpoint(t, f, 17)
	spec := mint.ARK("Milan") // any certificate with the key will do
	spec.SPKI = mint.SPKI(mint.P256Key("tls").Public())
	leaf := spec.Encode(mint.CAKey("ARK-Milan"))
	f.write("leaf.der", leaf)
	f.write("chain.pem", mint.PEM(leaf, mint.CACert("ARK-Milan")))
	f.write("other.pem", mint.PEM(mint.CACert("ARK-Milan")))
	f.write("bad-first.pem", append([]byte("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"), mint.PEM(leaf)...))
	f.write("long.pem", slices.Concat(mint.PEM(leaf), bytes.Repeat(mint.PEM(mint.CACert("ARK-Milan")), 20)))
	args = args[:len(args)-2]
	for name, code := range map[string]int{"leaf.der": 0, "chain.pem": 0, "long.pem": 0, "other.pem": verdict.ExitRefused, "bad-first.pem": verdict.ExitUndecided, "bundle.jws": verdict.ExitUndecided, "none": verdict.ExitUndecided} {
		if o := tool(append(args, "--cert", f.path(name))...); o.code != code {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// TestAttestSizes: an empty answer of an endpoint was read, and is refused.
func TestAttestSizes(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args := endpoint(t, f, 17)
	for typ, flag := range map[string]string{"EnvelopeInvalidError": "--envelope", "BundleSignatureInvalid": "--bundle"} {
		v := tool(append(replaceFlag(args, []string{flag, f.write("none", nil)}), "--json")...).verdict(t)
		if v.Error.Type != typ || v.ExitCode != verdict.ExitRefused || v.Error.Hint != f.path("none")+": the file is empty" {
			t.Errorf("%s: %+v", flag, v.Error)
		}
	}
}

// Rules: CLI-11.
func TestAttestUsage(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args := endpoint(t, f, 17)
	key, err := x509.MarshalPKCS8PrivateKey(mint.Ed25519Key("release"))
	if err != nil {
		t.Fatal(err)
	}
	private := f.write("private.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	p256, err := x509.MarshalPKIXPublicKey(mint.P256Key("tls").Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, given := range map[string][]string{
		"no envelope":         removeFlag(args, "--envelope"),
		"no bundle":           removeFlag(args, "--bundle"),
		"no key":              removeFlag(args, "--spki"),
		"two keys":            append(args, "--cert", f.path("ark.pem")),
		"no release root":     removeFlag(args, "--release-root"),
		"root twice":          append(args, "--release-root", f.path("release.pem")),
		"private key":         replaceFlag(args, []string{"--release-root", private}),
		"P-256 key":           replaceFlag(args, []string{"--release-root", f.write("p256.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: p256}))}),
		"small order":         replaceFlag(args, []string{"--release-root", f.write("small", []byte("01"+strings.Repeat("00", 31)))}),
		"certificate":         replaceFlag(args, []string{"--release-root", f.path("ark.pem")}),
		"root is absent":      replaceFlag(args, []string{"--release-root", f.path("none")}),
		"root is nonsense":    replaceFlag(args, []string{"--release-root", f.write("nonsense", []byte("hello"))}),
		"state is a lock":     append(args, "--state", f.path("state.lock")),
		"test kit's root":     replaceFlag(args, []string{"--amd-root", f.write("kit.der", testKitRoot(t))}),
		"upper-case hex root": replaceFlag(args, []string{"--release-root", f.write("upper", []byte(strings.ToUpper(releaseHex())))}),
	} {
		if o := tool(given...); o.code != verdict.ExitUsage || o.stdout != "" || o.stderr == "" {
			t.Errorf("%s: %+v", name, o)
		}
	}
	if o := tool(replaceFlag(args, []string{"--release-root", private})...); !strings.Contains(o.stderr, "PRIVATE") {
		t.Errorf("a private key is refused quietly: %q", o.stderr)
	}
}

// TestReleaseRootForms: PEM, several blocks, JWK, hex, base64; a final line
// break is forgiven.
// Rules: CLI-10.
func TestReleaseRootForms(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args := endpoint(t, f, 17)
	raw, _ := hex.DecodeString(releaseHex())
	block, err := os.ReadFile(f.path("release.pem"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.MarshalPKIXPublicKey(mint.Ed25519Key("other").Public())
	if err != nil {
		t.Fatal(err)
	}
	jwk := fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q}`, base64.RawURLEncoding.EncodeToString(raw))
	for name, file := range map[string]string{
		"hex": releaseHex(), "hex and LF": releaseHex() + "\n", "base64": base64.StdEncoding.EncodeToString(raw) + "\r\n", "JWK": jwk + "\n",
		"two blocks": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: other})) + "\n" + string(block),
	} {
		if o := tool(replaceFlag(args, []string{"--release-root", f.write("root", []byte(file))})...); o.code != 0 {
			t.Errorf("%s: %+v", name, o)
		}
	}
	private := mint.Ed25519Key("release")
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"PEM": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), "DER": string(pkcs8),
		"hex": hex.EncodeToString(private), "base64": base64.StdEncoding.EncodeToString(private), "RFC 5958": "\x30\x53\x02\x01\x01" + string(pkcs8[5:]),
	} {
		if o := tool(replaceFlag(args, []string{"--release-root", f.write("root", []byte(file))})...); o.code != verdict.ExitUsage || !strings.Contains(o.stderr, "PRIVATE") {
			t.Errorf("private key, %s: %+v", name, o)
		}
	}
	for name, file := range map[string]string{
		"two line breaks": releaseHex() + "\n\n", "space": " " + releaseHex(), "text before PEM": "key:\n" + string(block),
		"broken block first": "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n" + string(block), "private JWK": strings.Replace(jwk, "{", `{"d":"AA",`, 1),
		"PEM headers": strings.Replace(string(block), "-----\n", "-----\nA: b\n\n", 1), "two keys in hex": releaseHex() + "\n" + releaseHex(),
	} {
		if o := tool(replaceFlag(args, []string{"--release-root", f.write("root", []byte(file))})...); o.code != verdict.ExitUsage {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// TestDemo: a newcomer sees PASS with its five lines, attacks being refused, and how many.
func TestDemo(t *testing.T) {
	t.Parallel()
	o := tool("demo")
	if o.code != 0 || !strings.HasPrefix(o.stdout, "PASS\nTLS SPKI SHA-256:      ") {
		t.Fatalf("%+v", o)
	}
	n := strings.Count(o.stdout, "\nrefused  ")
	if n < 10 || strings.Contains(o.stdout, "GOT THROUGH") || !strings.HasSuffix(o.stdout, fmt.Sprintf("\n%d of %d attacks refused\n", n, n)) {
		t.Errorf("%d attacks in %s", n, o.stdout)
	}
	var v struct {
		Verdict  string
		Endpoint verdict.Document
		Attacks  []demo.Attack
	}
	if err := json.Unmarshal([]byte(tool("demo", "--json").stdout), &v); err != nil || v.Verdict != "pass" || v.Endpoint.Verdict != "pass" || len(v.Attacks) < 10 {
		t.Errorf("%v %+v", err, v)
	}
}
