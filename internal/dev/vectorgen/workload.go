package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
)

// workloadSections are about the workload's name, its identity tag and manifest,
// and about what REPORT_DATA and the connection bind them to.
func workloadSections() []section {
	text := func(change func([]byte) []byte) func(X) { return func(x X) { x.Manifest.After = change } }
	base := endpoint("Turin", 5, "vcek")

	workload := section{"workload", base, "WorkloadMismatchError", []row{
		{"asked-for", yes("WKL-02"), "the one that the caller asked for", option("workload", "router")},
		{"another-than-asked-for", no("WKL-02"), "another than the caller asked for", option("workload", "inference")},
		{"asked-for-its-beginning", no("WKL-02"), "whole names are compared", option("workload", "rout")},
		{"asked-for-its-end", no("WKL-02"), "to their first character", option("workload", "outer")},
		{"of-the-bundle-differs", no("WKL-01"), "the bundle is for something else", bundle.set("workload", "inference")},
		{"of-the-envelope-differs", no("WKL-01"), "the envelope says something else; nobody signed it", both(manifest.set("workload", "inference"), envelope.set("workload", "inference"))},
		{"in-another-case", no("WKL-01"), "names are compared byte by byte", bundle.set("workload", "Router")},
		{"with-a-space", no("WKL-01"), "and not trimmed", bundle.set("workload", "router ")},
	}}

	tag := section{"identity-tag", base, "IdentityTagNotAllowedError", []row{
		{"one-of-several", yes("IDT-01"), "any of the bundle's tags", tags(func(own string) any { return []string{strings.Repeat("ab", 32), own} })},
		{"not-listed", no("IDT-01"), "a release that the publisher does not list", bundle.set("allowed_workload_identity_tags", []string{strings.Repeat("ab", 32)})},
		{"same-first-half", no("IDT-01"), "all 32 bytes are compared", tags(func(own string) any { return []string{own[:32] + strings.Repeat("0", 32)} })},
		{"not-listed-without-manifest", no("IDT-01"), "also when there is no manifest", both(bundle.set("allowed_workload_identity_tags", []string{strings.Repeat("ab", 32)}), envelope.drop("workload_identity_manifest_jws"))},
	}}

	near := func(i int) func(X) { // a tag, listed and bound, that differs from the hash in one byte
		return func(x X) {
			var other string
			x.Bind = func(spki, tag [32]byte) [32]byte {
				tag[i] ^= 1
				other = hex.EncodeToString(tag[:])
				return document.Binding(spki, tag)
			}
			x.seal()
			x.Envelope.Set("workload_identity_tag", other)
			x.Bundle.Payload.Set("allowed_workload_identity_tags", []string{other})
		}
	}
	manifests := section{"manifest", base, "IdentityManifestMismatchError", []row{
		{"of-another-tag", no("IDT-10"), "a manifest whose hash is not the tag; its claims are never shown", func(x X) {
			other := x.Manifest.Payload.Clone()
			other.Set("version", "v6.6.6")
			x.Envelope.Set("workload_identity_manifest_jws", string(document.Compact(x.Manifest.Header.Text(), other.Text(), x.Manifest.Sign)))
		}},
		{"whose-first-byte-differs", no("IDT-10"), "all 32 bytes are compared", near(0)},
		{"whose-last-byte-differs", no("IDT-10"), "to the last", near(31)},
		{"with-a-line-break", no("IDT-10"), "the hash is of the exact bytes", func(x X) {
			x.seal()
			x.Envelope.Set("workload_identity_manifest_jws", string(x.ManifestJWS)+"\n")
		}},
		{"signed-by-anybody", yes("IDT-11"), "its hash is the tag, which the bundle lists: without a configured key the signature says nothing more", func(x X) { x.Manifest.Sign = document.EdDSA(otherKey) }},
		{"header-of-any-content", yes("IDT-11"), "without a configured key nothing of the header is looked at", func(x X) { x.Manifest.Header = doc{{"alg", "none"}, {"crit", []string{"x"}}} }},
		{"signature-of-any-size", yes("IDT-11"), "nor is the signature", func(x X) { x.Manifest.Sign = func([]byte) []byte { return make([]byte, 1025) } }},
		{"two-segments", no("JWS-02", "IDT-11"), "a tag of bytes that are no JWS", text(func(b []byte) []byte { return b[:strings.LastIndexByte(string(b), '.')] })},
		{"padded", no("JWS-04", "IDT-11"), "framing is strict although the hash holds", text(wrap("", "="))},
		{"empty-signature", no("JWS-03", "IDT-11"), "no segment is empty", func(x X) { x.Manifest.Sign = func([]byte) []byte { return nil } }},
		{"header-no-object", no("JWS-06", "IDT-11", "JSN-04"), "the header is an object", text(func(b []byte) []byte {
			return []byte(encode64url("[]") + string(b[strings.IndexByte(string(b), '.'):]))
		})},
		{"other-schema", no("JSN-18", "IDT-12"), "a manifest of another schema", manifest.set("schema", "workload-identity/v2")},
		{"a-bundle-as-manifest", no("JSN-18", "IDT-12"), "a document of another kind whose hash is the tag", func(x X) { x.Manifest.Payload = x.Bundle.Payload.Clone() }},
		{"without-version", no("JSN-12", "IDT-12"), "version is required", manifest.drop("version")},
		{"without-image-digest", no("JSN-12", "IDT-12"), "image_digest is required", manifest.drop("image_digest")},
		{"without-binary-digest", no("JSN-12", "IDT-12"), "binary_digest is required", manifest.drop("binary_digest")},
		{"without-build-metadata", yes("IDT-12"), "build_metadata is not read", manifest.drop("build_metadata")},
		{"empty-version", no("JSN-12", "IDT-12"), "an empty string is an absent one", manifest.set("version", "")},
		{"empty-workload", no("JSN-12", "IDT-12"), "of the workload too", manifest.set("workload", "")},
		{"empty-schema", no("JSN-12", "IDT-12"), "of the schema too", manifest.set("schema", "")},
		{"without-schema", no("JSN-12", "IDT-12"), "schema is required", manifest.drop("schema")},
		{"without-workload", no("JSN-12", "IDT-12"), "workload is required", manifest.drop("workload")},
		{"empty-image-digest", no("JSN-12", "IDT-12"), "and here", manifest.set("image_digest", "")},
		{"empty-binary-digest", no("JSN-12", "IDT-12"), "and here", manifest.set("binary_digest", "")},
		{"duplicate-member", no("JSN-09", "IDT-12"), "two versions", manifest.add("version", "v9")},
		{"of-another-workload", no("IDT-13"), "the tag of another workload", manifest.set("workload", "inference")},
		{"of-a-workload-that-begins-alike", no("IDT-13"), "whole names are compared", manifest.set("workload", "router-2")},
		{"of-a-workload-that-ends-alike", no("IDT-13"), "to their first character", manifest.set("workload", "old-router")},
	}}

	data := section{"binding", base, "ReportDataMismatchError", []row{
		{"second-half-is-not-judged", yes("BIN-01"), "REPORT_DATA[32:64] is shown, not judged", func(x X) { copy(x.Spec.ReportData[32:], "something else of the guest's  !") }},
		{"replay-with-another-key", no("BIN-01"), "a genuine report of somebody else, shown with a TLS key of one's own", bound(func(_, tag [32]byte) [32]byte { return document.Binding(sha256.Sum256([]byte("another key")), tag) })},
		{"of-another-tag", no("BIN-01"), "a tag that the hardware does not vouch for", bound(func(spki, _ [32]byte) [32]byte { return document.Binding(spki, sha256.Sum256([]byte("another tag"))) })},
		{"tag-before-key", no("BIN-01"), "the key's hash comes first", bound(func(spki, tag [32]byte) [32]byte { return document.Binding(tag, spki) })},
		{"over-hex-digits", no("BIN-01"), "over 64 bytes, not over their digits", bound(func(spki, tag [32]byte) [32]byte {
			return sha256.Sum256([]byte(hex.EncodeToString(spki[:]) + hex.EncodeToString(tag[:])))
		})},
		{"with-a-separator", no("BIN-01"), "nothing stands between the two", bound(func(spki, tag [32]byte) [32]byte { return sha256.Sum256(append(append(spki[:], '.'), tag[:]...)) })},
		{"last-byte-differs", no("BIN-01"), "all 32 bytes are compared", bound(func(spki, tag [32]byte) [32]byte { sum := document.Binding(spki, tag); sum[31] ^= 1; return sum })},
		{"first-byte-differs", no("BIN-01"), "from the first on", bound(func(spki, tag [32]byte) [32]byte { sum := document.Binding(spki, tag); sum[0] ^= 1; return sum })},
		{"in-the-second-half", no("BIN-01"), "the first half binds", func(x X) {
			x.Bind = func(spki, tag [32]byte) [32]byte {
				sum := document.Binding(spki, tag)
				copy(x.Spec.ReportData[32:], sum[:])
				return [32]byte{}
			}
		}},
		{"paravisor-report", no("BIN-01"), "REPORT_DATA of a paravisor is the hash of its own runtime data", bound(func(_, _ [32]byte) [32]byte { return sha256.Sum256([]byte(`{"keys": [{"kid": "HCLAkPub"}]}`)) })},
	}}

	live := section{"live-key", base, "SPKIMismatchError", []row{
		{"relayed", no("BIN-10"), "somebody in between shows the evidence of the enclave", func(x X) { x.live = sha256.Sum256([]byte("relay")) }},
		{"first-byte-differs", no("BIN-10"), "all 32 bytes are compared", func(x X) { x.live[0] ^= 1 }},
		{"last-byte-differs", no("BIN-10"), "to the last", func(x X) { x.live[31] ^= 1 }},
		{"not-observed", no("BIN-11", "GEN-02"), "a zero hash is no observation", func(x X) { x.live = [32]byte{} }},
		{"not-observed-and-attested", no("BIN-11", "GEN-02"), "nor does it equal one of zeros", func(x X) {
			x.SPKI, x.live = [32]byte{}, [32]byte{}
			x.Envelope.Set("tls_spki_sha256", strings.Repeat("0", 64))
		}},
		{"from-a-certificate", yes("BIN-10"), "the key of the leaf certificate that was seen", both(option("spki", nil), input("cert", mint.PEM(webCert(tlsKey.Public()))))},
		{"second-certificate-does-not-count", no("BIN-10"), "the attested key's certificate, appended to another chain", func(x X) {
			x.options["spki"] = nil
			x.inputs["cert"] = [][]byte{mint.PEM(webCert(mint.P256Key("relay").Public()), webCert(tlsKey.Public()))}
		}},
		{"hash-of-the-whole-certificate", no("BIN-10"), "the hash is that of the SubjectPublicKeyInfo", func(x X) { x.live = sha256.Sum256(webCert(tlsKey.Public())) }},
	}}
	return []section{workload, tag, manifests, data, live}
}

// webCert is a certificate of a web server, which nobody verifies here.
func webCert(public any) []byte {
	s := mint.CertSpec{
		Version: mint.CertVersion(2), Serial: []byte{7}, Issuer: mint.Name("web"), Subject: mint.Name("web"),
		SPKI: mint.SPKI(public),
	}
	s.AddExt(mint.Extension{OID: mint.OIDBasicConstraints, Critical: true, Value: mint.BasicConstraints(false, -1)})
	s.SetAlgorithm(mint.TLV(mint.TagSequence, mint.OID("1.3.101.112"))) // Ed25519, RFC 8410
	s.SetValidity(mint.NotBefore, mint.NotAfterLeaf)
	return s.Encode(edSigner{})
}

type edSigner struct{}

func (edSigner) Sign(tbs []byte) []byte { return ed25519.Sign(otherKey, tbs) }
