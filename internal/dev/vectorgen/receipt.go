package main

import (
	"crypto"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
)

// receiptKey signs receipts.
var receiptKey = mint.P256Key("vectors receipt")

const (
	requestBody  = `{"model": "auto", "messages": []}`
	responseBody = `{"choices": []}` + "\n"
)

// receipt is a receipt that is verified without release roots.
func receipt() *exhibit {
	x := endpoint("Genoa", 5, "vcek")()
	x.command = "receipt"
	x.options["max-age"] = "1h"
	x.receipt = document.NewReceipt(receiptKey, now.Unix()-60, []byte(requestBody), []byte(responseBody))
	x.receipt.Keys = append(x.receipt.Keys, document.EC(mint.P256Key("vectors other receipts"), "receipt-0"))
	x.inputs["request"], x.inputs["response"] = [][]byte{[]byte(requestBody)}, [][]byte{[]byte(responseBody)}
	return x
}

// embedding is a receipt with a bundle, a tag and a manifest in it, and the
// release root to verify them by.
func embedding() *exhibit {
	x := receipt()
	x.inputs["release-root"] = [][]byte{releaseRootPEM(releaseKey)}
	return x
}

func named(key doc, kid string) doc { return append(key, member{"kid", kid}) }

// files are the inputs of a receipt's case.
func (x *exhibit) receiptFiles() map[string][][]byte {
	if len(x.inputs["release-root"]) > 0 { // embeds what the endpoint shows
		x.seal()
		embedded := doc{{"workload", "router"}, {"workload_identity_tag", hex.EncodeToString(x.Tag[:])}}
		const manifest = "workload_identity_manifest_jws"
		if jws := x.Envelope.Get(manifest); jws != nil {
			embedded.Add(manifest, jws)
		}
		embedded.Add("trust_bundle_jws", string(x.Bundle.Encode()))
		if x.embed != nil {
			x.embed(&embedded)
		}
		x.receipt.Payload.Set("router_attestation", embedded)
	}
	return map[string][][]byte{"jwks": {x.receipt.JWKS()}, "receipt": {x.receipt.Encode()}}
}

// receiptSections are about receipts, and about key sets.
func receiptSections() []section {
	signed := func(sign func([]byte) []byte) func(X) { return func(x X) { x.receipt.Sign = sign } }
	text := func(change func([]byte) []byte) func(X) { return func(x X) { x.receipt.After = change } }
	api := func(b []byte) []byte { return doc{{"id", "rcpt-1"}, {"receipt", string(b)}}.Text() }
	wrapped := func(id string) func(X) {
		return text(func(b []byte) []byte { return doc{{"id", id}, {"receipt", string(b)}}.Text() })
	}
	half := func(pick func(r, s []byte) []byte) func(X) {
		return signed(func(message []byte) []byte {
			sig := document.ES256(receiptKey)(message)
			return pick(sig[:32], sig[32:])
		})
	}
	order := elliptic.P256().Params().N
	fixed := func(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }
	const badSignature, badDigest = "ReceiptSignatureInvalidError", "ReceiptDigestMismatchError"

	form := section{"receipt", receipt, "ReceiptInvalidError", []row{
		{"compact", yes("RCP-01", "RCP-40"), "a compact JWS, with both bodies", func(x X) {
			x.result.Set("receipt", doc{{"id", "rcpt-1"}, {"key_id", "receipt-1"}, {"requested_route", "auto"}, {"routed_model", "example-model"}, {"age_seconds", 60}, {"request_digest_checked", true}, {"response_digest_checked", true}})
		}},
		{"with-id", yes("RCP-02", "RCP-03"), "the API's JSON", wrapped("rcpt-1")},
		{"behind-white-space", yes("RCP-02"), "JSON may begin with white space", text(func(b []byte) []byte { return wrap(" \t\r\n", "")(api(b)) })},
		{"without-bodies", yes("RCP-40", "RCP-60"), "without bodies their digests are not checked, and the answer says so", func(x X) {
			x.inputs["request"], x.inputs["response"] = nil, nil
			x.result.Set("receipt", doc{{"request_digest_checked", false}, {"response_digest_checked", false}})
		}},
		{"old-without-a-greatest-age", yes("RCP-31"), "age is shown, not judged", both(option("max-age", nil), claims.set("iat", 0))},
		{"at-its-greatest-age", yes("RCP-31"), "an hour", claims.set("iat", now.Unix()-3600)},
		{"beyond-its-greatest-age", no("RCP-31"), "and a second", claims.set("iat", now.Unix()-3601)},
		{"five-minutes-ahead", yes("RCP-30"), "clocks may differ", claims.set("iat", now.Unix()+300)},
		{"more-than-five-minutes-ahead", no("RCP-30"), "but not by more", claims.set("iat", now.Unix()+301)},
		{"ahead-by-a-nanosecond-more", no("RCP-30"), "nor by a nanosecond", both(claims.set("iat", now.Unix()+300), option("at", now.Add(-1).Format(time.RFC3339Nano)))},
		{"older-by-a-nanosecond", no("RCP-31"), "ages are exact too", both(claims.set("iat", now.Unix()-3600), option("at", now.Add(1).Format(time.RFC3339Nano)))},
		{"s-high-and-low", yes("JWS-10"), "both s and n-s are accepted", half(func(r, s []byte) []byte {
			return append(r, fixed(new(big.Int).Sub(order, new(big.Int).SetBytes(s)))...)
		})},
		{"id-differs", no("RCP-03"), "the id of another receipt", wrapped("rcpt-2")},
		{"without-id", no("JSN-12", "RCP-02"), "no id around the receipt", text(func(b []byte) []byte { return doc{{"receipt", string(b)}}.Text() })},
		{"without-receipt", no("JSN-12", "RCP-02"), "an id and nothing else", text(func([]byte) []byte { return doc{{"id", "rcpt-1"}}.Text() })},
		{"receipt-empty", no("JSN-12", "RCP-02"), "or an empty text", text(func([]byte) []byte { return doc{{"id", "rcpt-1"}, {"receipt", ""}}.Text() })},
		{"id-empty", no("JSN-12", "RCP-02"), "an empty id", wrapped("")},
		{"two-receipts", no("JSN-09", "RCP-02"), "two to choose from", text(func(b []byte) []byte {
			return doc{{"id", "rcpt-1"}, {"receipt", "a.b.c"}, {"receipt", string(b)}}.Text()
		})},
		{"json-and-more", no("JSN-05", "RCP-02"), "both forms", text(func(b []byte) []byte { return append(doc{{"id", "rcpt-1"}, {"receipt", string(b)}}.Text(), b...) })},
		{"without-jti", no("JSN-12", "RCP-20"), "a receipt has an id", claims.drop("jti")},
		{"without-iat", no("JSN-12", "RCP-20"), "and a time", claims.drop("iat")},
		{"without-route", no("JSN-12", "RCP-20"), "and says what was asked for", claims.drop("requested_route")},
		{"without-model", no("JSN-12", "RCP-20"), "and what answered", claims.drop("routed_model")},
		{"empty-id", no("JSN-12", "RCP-20"), "an empty text is no id", claims.set("jti", "")},
		{"empty-route", no("JSN-12", "RCP-20"), "nor a route", claims.set("requested_route", "")},
		{"empty-model", no("JSN-12", "RCP-20"), "nor a model", claims.set("routed_model", "")},
		{"empty-attestation", no("JSN-12", "RCP-20"), "nor an attestation", claims.set("inference_attestation", "")},
		{"without-router-attestation", no("JSN-12", "RCP-20"), "it has both attestations", claims.drop("router_attestation")},
		{"without-inference-attestation", no("JSN-12", "RCP-20"), "the other one too", claims.drop("inference_attestation")},
		{"attestation-null", no("JSN-12", "RCP-20"), "null is no attestation", claims.set("router_attestation", raw("null"))},
		{"iat-fraction", no("JSN-14", "RCP-20"), "whole seconds", claims.set("iat", raw("1775044800.5"))},
		{"iat-string", no("JSN-13", "RCP-20"), "as a number", claims.set("iat", "1775044800")},
		{"iat-negative", no("JSN-15", "RCP-20"), "from 1970 on", claims.set("iat", -1)},
		{"iat-of-the-last-second", no("RCP-30", "JSN-15"), "to the end of the year 9999", claims.set("iat", 253402300799)},
		{"iat-of-the-year-10000", no("JSN-15", "RCP-20"), "and no further", claims.set("iat", 253402300800)},
		{"duplicate-claim", no("JSN-09", "RCP-20"), "two ids to choose from", claims.add("jti", "rcpt-2")},
		{"claim-in-another-case", no("JSN-10", "RCP-20"), "a claim that folds to a known one", claims.add("JTI", "rcpt-2")},
		{"unknown-claims", yes("RCP-20"), "others are ignored", claims.add("cost", raw("0.25"))},
		{"digest-without-algorithm", no("RCP-21"), "a digest names its algorithm", claims.set("request_digest", strings.Repeat("0", 64))},
		{"digest-upper-case", no("RCP-21"), "in lower case", claims.set("response_digest", "sha256:"+strings.Repeat("AB", 32))},
		{"a-bundle-signed-as-a-receipt", no("RCP-22"), "a member of another kind of document", claims.add("allowed_hw_measurements", []string{})},
		{"a-newer-manifest-signed-as-a-receipt", no("RCP-22"), "the last of such members", func(x X) { x.receipt.Payload.Add("binary_digest", "sha256:00") }},
		{"a-manifest-signed-as-a-receipt", no("RCP-22"), "a member of another kind of document", claims.add("image_digest", "sha256:00")},
		{"a-bundle-by-the-receipt-key", no("RCP-22"), "a whole bundle, by the key of receipts", func(x X) { x.seal(); x.receipt.Payload = x.Bundle.Payload }},
		{"other-request", as(badDigest, "RCP-40"), "a receipt for another request", input("request", []byte(requestBody+" "))},
		{"other-response", as(badDigest, "RCP-40"), "the exact bytes: a line break is one", input("response", []byte(strings.TrimSuffix(responseBody, "\n")))},
		{"empty-request", as(badDigest, "RCP-40"), "an empty body is a body", input("request", []byte(""))},
		{"without-request-digest", as(badDigest, "RCP-41"), "a receipt that says nothing of the request that was given", claims.drop("request_digest")},
		{"without-response-digest", as(badDigest, "RCP-41"), "or of the response", claims.drop("response_digest")},
		{"alg-none", as(badSignature, "JWS-03", "JWS-08"), "an unsigned receipt", both(receiptHeader.set("alg", "none"), signed(func([]byte) []byte { return nil }))},
		{"alg-eddsa", as(badSignature, "JWS-08", "RCP-01"), "the algorithm of bundles", both(receiptHeader.set("alg", "EdDSA"), signed(document.EdDSA(releaseKey)))},
		{"typ-of-a-bundle", as(badSignature, "JWS-09", "RCP-01"), "another kind of document", receiptHeader.set("typ", "trust-bundle+jwt")},
		{"typ-of-a-receipt", yes("JWS-09", "RCP-01"), "its own kind", receiptHeader.set("typ", "receipt+jwt")},
		{"jku-in-the-header", as(badSignature, "JWS-07", "RCP-12"), "keys never come with the message", receiptHeader.set("jku", "https://keys.example.com/jwks.json")},
		{"without-kid", as(badSignature, "RCP-11"), "no key is tried for want of a name", receiptHeader.drop("kid")},
		{"kid-in-another-case", as(badSignature, "RCP-11"), "names are exact", receiptHeader.set("kid", "RECEIPT-1")},
		{"kid-is-the-end-of-a-name", as(badSignature, "RCP-11"), "and whole: not their ends", receiptHeader.set("kid", "eceipt-1")},
		{"kid-is-the-beginning-of-a-name", as(badSignature, "RCP-11"), "nor their beginnings", receiptHeader.set("kid", "receipt-")},
		{"kid-of-another-key", as(badSignature, "JWS-10", "RCP-10"), "only the key that is named is tried", receiptHeader.set("kid", "receipt-0")},
		{"signed-by-somebody-else", as(badSignature, "JWS-10", "RCP-10"), "another key", signed(document.ES256(tlsKey))},
		{"signature-in-der", as(badSignature, "JWS-05"), "r and s of fixed size", signed(mint.ECDSASigner{Key: receiptKey, Hash: crypto.SHA256}.Sign)},
		{"signature-of-63-bytes", as(badSignature, "JWS-05"), "64 bytes", half(func(r, s []byte) []byte { return append(r, s[:31]...) })},
		{"r-and-s-swapped", as(badSignature, "JWS-10"), "r comes first", half(func(r, s []byte) []byte { return append(append([]byte{}, s...), r...) })},
		{"r-and-s-zero", as(badSignature, "JWS-10"), "zeros verified anything, once", signed(func([]byte) []byte { return make([]byte, 64) })},
		{"r-is-the-order", as(badSignature, "JWS-10"), "r is below the order", half(func(_, s []byte) []byte { return append(fixed(order), s...) })},
		{"s-is-the-order", as(badSignature, "JWS-10"), "s too", half(func(r, _ []byte) []byte { return append(append([]byte{}, r...), fixed(order)...) })},
		{"altered", as(badSignature, "JWS-10"), "another model than was signed", altered(func(x X) *document.JWS { return &x.receipt.JWS }, "routed_model", "other-model")},
		{"two-line-breaks", as(badSignature, "JWS-04", "CLI-07"), "one is forgiven", text(wrap("", "\n\n"))},
	}}

	embedded := section{"receipt-embedded", embedding, "BundleSignatureInvalid", embeddedRows()}
	return []section{form, embedded, keySetSection()}
}

// embeddedRows are about what a receipt embeds, held against pinned roots.
func embeddedRows() []row {
	embed := func(change func(d *doc)) func(X) { return func(x X) { x.embed = change } }
	const manifestJWS = "workload_identity_manifest_jws"
	verified := doc{{"workload", "router"}, {"trust_bundle", doc{{"version", 17}}}, {"manifest", doc{{"version", "v1.42.3"}}}}
	alone := func(members ...member) func(d *doc) { // no bundle; nil drops a member
		return func(d *doc) {
			d.Drop("trust_bundle_jws")
			for _, m := range members {
				if d.Drop(m[0].(string)); m[1] != nil {
					d.Add(m[0].(string), m[1])
				}
			}
		}
	}
	manifestOf := func(x X, jws string) {
		x.embed = alone(member{"workload_identity_tag", fmt.Sprintf("%x", sha256Of([]byte(jws)))}, member{manifestJWS, jws})
	}
	of := func(header, payload int) func(X) { // a manifest of that size
		return func(x X) {
			x.seal()
			manifestOf(x, string(document.Compact(spaces(header)([]byte("{}")), spaces(payload)(x.Manifest.Payload.Text()), func([]byte) []byte { return make([]byte, 1024) })))
		}
	}
	const mismatch = "IdentityManifestMismatchError"
	return []row{
		{"good", yes("RCP-51", "RCP-52", "RCP-53"), "bundle, tag and manifest", shows("receipt", doc{{"router_attestation", verified}})},
		{"by-another-key", no("JWS-10", "RCP-50", "RCP-51"), "what a receipt embeds is no root of trust for itself", bundleSigned(document.EdDSA(otherKey))},
		{"by-another-key-and-no-root", yes("RCP-50"), "without a pinned root it is not verified, and the answer says so", func(x X) {
			x.Bundle.Sign = document.EdDSA(otherKey)
			x.receipt.Payload.Set("router_attestation", doc{{"workload", "router"}, {"trust_bundle_jws", string(x.Bundle.Encode())}})
			x.inputs["release-root"] = nil
		}},
		{"expired-before-the-receipt", as("BundleExpiredError", "BND-30", "RCP-51"), "the bundle had expired when the receipt was issued", bundle.set("valid_until", "2026-04-01T11:59:00Z")},
		{"expired-since-then", yes("BND-30", "RCP-51"), "that it has expired since is no fault of the receipt", bundle.set("valid_until", "2026-04-01T11:59:00.5Z")},
		{"malformed-bundle", as("BundleInvalidError", "BND-14", "RCP-51"), "a bundle that is no good", bundle.set("allowed_products", []string{"Rome"})},
		{"of-another-workload", as("WorkloadMismatchError", "WKL-01", "RCP-51"), "the bundle of another workload", bundle.set("workload", "inference")},
		{"of-a-workload-that-begins-alike", as("WorkloadMismatchError", "WKL-01", "RCP-51"), "whole names are compared", embed(func(d *doc) { d.Set("workload", "rout") })},
		{"of-a-workload-that-ends-alike", as("WorkloadMismatchError", "WKL-01", "RCP-51"), "to their first character", embed(func(d *doc) { d.Set("workload", "outer") })},
		{"tag-not-listed", as("IdentityTagNotAllowedError", "IDT-01", "RCP-52"), "a tag that the bundle does not list", bundle.set("allowed_workload_identity_tags", []string{strings.Repeat("ab", 32)})},
		{"without-tag", yes("RCP-52"), "the tag is the hash of the manifest then", embed(func(d *doc) { d.Drop("workload_identity_tag") })},
		{"without-manifest", yes("RCP-53"), "a manifest may be absent", embed(func(d *doc) { d.Drop("workload_identity_manifest_jws") })},
		{"without-workload", yes("RCP-51", "RCP-53"), "the bundle says which workload it is then", embed(func(d *doc) { d.Drop("workload") })},
		{"bundle-by-itself", yes("RCP-52"), "without tag and manifest the bundle alone is verified", embed(func(d *doc) { d.Drop("workload_identity_tag"); d.Drop(manifestJWS) })},
		{"bundle-by-itself-of-another-key", no("JWS-10", "RCP-51"), "which it is, by the pinned roots", both(bundleSigned(document.EdDSA(otherKey)), embed(func(d *doc) { d.Drop("workload_identity_tag"); d.Drop(manifestJWS) }))},
		{"manifest-by-itself", yes("RCP-50", "RCP-53"), "without a bundle, the attestation's own tag and workload count, and vouch for nothing", both(embed(alone()), shows("not_checked", []string{"router_attestation", "inference_attestation", "hardware evidence", "revocation"}))},
		{"manifest-by-itself-of-another-tag", as("IdentityManifestMismatchError", "IDT-10", "RCP-53"), "which the manifest then has to meet", embed(alone(member{"workload_identity_tag", strings.Repeat("ab", 32)}))},
		{"manifest-by-itself-of-the-greatest-size", yes("JWS-01", "RCP-53"), "header, payload and signature", of(4096, 49152)},
		{"manifest-by-itself-header-too-long", as(mismatch, "JWS-06", "JSN-01", "RCP-53"), "4096 bytes of a header", of(4097, 49000)},
		{"manifest-by-itself-payload-too-long", as(mismatch, "JWS-01", "RCP-53"), "49152 bytes of a payload", of(4000, 49153)},
		{"manifest-by-itself-too-long", as(mismatch, "JWS-01", "RCP-53"), "its size comes before its segments", func(x X) { manifestOf(x, strings.Repeat(".", 72367)) }},
		{"manifest-by-itself-of-another-workload", as("IdentityManifestMismatchError", "IDT-13", "RCP-53"), "both of them", embed(alone(member{"workload", "inference"}))},
		{"manifest-by-itself-without-tag", yes("RCP-53"), "where one is lacking, the manifest is not verified", embed(alone(member{"workload_identity_tag", nil}))},
		{"manifest-by-itself-without-workload", yes("RCP-53"), "whichever it is", embed(alone(member{"workload", nil}))},
		{"tag-by-itself", yes("RCP-50", "RCP-53"), "a tag that nothing says anything of", embed(alone(member{manifestJWS, nil}))},
		{"inference", yes("RCP-50", "RCP-51"), "the attestation of the inference is verified too", func(x X) {
			x.embed = func(d *doc) { x.receipt.Payload.Set("inference_attestation", d.Clone()) }
			x.result.Set("receipt", doc{{"inference_attestation", verified}})
		}},
		{"inference-by-another-key", no("JWS-10", "RCP-51"), "by the same roots", func(x X) {
			x.embed = func(d *doc) {
				other := d.Clone()
				x.Bundle.Sign = document.EdDSA(otherKey)
				other.Set("trust_bundle_jws", string(x.Bundle.Encode()))
				x.receipt.Payload.Set("inference_attestation", other)
			}
		}},
		{"manifest-of-another-tag", as("IdentityManifestMismatchError", "IDT-10", "RCP-53"), "a manifest that is not the tag's", embed(func(d *doc) {
			d.Set("workload_identity_manifest_jws", string(document.Compact([]byte(`{"alg":"EdDSA"}`), []byte(`{}`), document.EdDSA(manifestKey))))
		})},
		{"tag-in-upper-case", as("ReceiptInvalidError", "JSN-19", "RCP-20"), "a tag in another form", embed(func(d *doc) { d.Set("workload_identity_tag", strings.Repeat("AB", 32)) })},
		{"bundle-name-in-another-case", as("ReceiptInvalidError", "JSN-10", "RCP-20"), "a member that folds to a known one", embed(func(d *doc) { d.Rename("trust_bundle_jws", "Trust_Bundle_JWS") })},
	}
}

// keySetSection is about the keys that may sign receipts.
func keySetSection() section {
	key := func(change func(d *doc)) func(X) { return func(x X) { change(&x.receipt.Keys[0]) } }
	set := func(name string, value any) func(X) { return key(func(d *doc) { d.Set(name, value) }) }
	more := func(keys ...doc) func(X) { return func(x X) { x.receipt.Keys = append(x.receipt.Keys, keys...) } }
	upTo := func(n int) func(X) { // keys
		return func(x X) {
			for i := len(x.receipt.Keys); i < n; i++ {
				more(document.EC(receiptKey, fmt.Sprint("k", i)))(x)
			}
		}
	}
	coordinate := func(size int) string { // of x; 33 bytes begin with a zero
		point := must(receiptKey.PublicKey.Bytes()) // 0x04, x, y
		return base64.RawURLEncoding.EncodeToString(append([]byte{0}, point[1:33]...)[33-size:])
	}
	return section{"key-set", receipt, "UsageError", []row{
		{"with-an-ed25519-key", yes("JWK-10"), "keys of both kinds", more(named(document.OKP(public(otherKey)), "ed"))},
		{"kid-that-ends-like-another", yes("JWK-10", "RCP-13"), "whole names are compared", more(document.EC(mint.P256Key("another"), "x-receipt-0"))},
		{"signed-by-the-ed25519-key", as("ReceiptSignatureInvalidError", "JWS-10", "RCP-10"), "the key that is named, under the other algorithm", both(
			more(named(document.OKP(public(otherKey)), "ed")), func(x X) { x.receipt.Header.Set("kid", "ed"); x.receipt.Sign = document.EdDSA(otherKey) },
		)},
		{"alg-use-and-ops", yes("JWK-09"), "what a key is for", key(func(d *doc) {
			*d = append(*d, doc{{"alg", "ES256"}, {"use", "sig"}, {"key_ops", []string{"verify"}}}...)
		})},
		{"without-kid", no("JWK-10"), "a key without a name", key(func(d *doc) { d.Drop("kid") })},
		{"kid-twice", no("JWK-10"), "two keys of one name", set("kid", "receipt-0")},
		{"of-one-key", yes("JWK-06"), "a set of one key", func(x X) { x.receipt.Keys = x.receipt.Keys[:1] }},
		{"of-65536-bytes", yes("JWK-06", "JSN-01"), "the longest set", func(x X) { x.inputs["jwks"] = [][]byte{spaces(65536)(x.receipt.JWKS())} }},
		{"without-keys", no("JWK-06", "JSN-12"), "an object that is no set", input("jwks", []byte(`{"kid": "receipt-1"}`))},
		{"of-64-keys", yes("JWK-06"), "or of as many as there may be", upTo(64)},
		{"empty", no("JWK-06", "JSN-16"), "a set without keys", func(x X) { x.receipt.Keys = []doc{} }},
		{"of-65-keys", no("JWK-06", "JSN-16", "GEN-04"), "64 at most", upTo(65)},
		{"coordinate-of-31-bytes", no("JWK-05"), "coordinates have 32 bytes, leading zeros included", set("x", coordinate(31))},
		{"coordinate-of-33-bytes", no("JWK-05"), "and no more", set("x", coordinate(33))},
		{"off-the-curve", no("JWK-11"), "a point that is not on P-256", key(func(d *doc) { d.Set("y", d.Get("x")) })},
		{"coordinate-not-reduced", no("JWK-11"), "a coordinate is below the prime", set("x", base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\xff", 32))))},
		{"private", no("JWK-07"), "one private key spoils the set", func(x X) { x.receipt.Keys[1].Add("d", encode64url(string(must(receiptKey.Bytes())))) }},
		{"symmetric", no("JWK-07"), "a secret among public keys", more(doc{{"kty", "oct"}, {"k", "AAAA"}, {"kid", "s"}})},
		{"other-curve", no("JWK-08"), "another curve", set("crv", "P-384")},
		{"curve-that-begins-alike", no("JWK-08"), "whole names are compared", set("crv", "P-256K")},
		{"curve-that-ends-alike", no("JWK-08"), "to their first character", set("crv", "XP-256")},
		{"other-type", no("JWK-08"), "a type of no curve", more(doc{{"kty", "RSA"}, {"crv", ""}, {"x", "AAAA"}, {"kid", "rsa"}})},
		{"alg-of-another-curve", no("JWK-09"), "P-256 with ES384", set("alg", "ES384")},
		{"alg-of-another-curve-of-256-bits", no("JWK-09"), "ES256K is of secp256k1", set("alg", "ES256K")},
		{"for-signing-and-verifying", no("JWK-09"), "an operation of a private key among them", set("key_ops", []string{"sign", "verify"})},
		{"of-eight-operations", no("JWK-09"), "all of them for verifying", set("key_ops", strings.Fields("a b c d e f g h"))},
		{"of-no-operation", no("JWK-06", "JSN-16"), "one at least", set("key_ops", []string{})},
		{"without-y", no("JWK-06", "JSN-12"), "a point has two coordinates", key(func(d *doc) { d.Drop("y") })},
		{"with-the-primes-of-an-rsa-key", no("JWK-07"), "the last name of a secret", key(func(d *doc) { d.Add("oth", []string{}) })},
		{"of-nine-operations", no("JWK-06", "JSN-16"), "eight at most", set("key_ops", strings.Fields("a b c d e f g h i"))},
		{"for-something-that-ends-like-sig", no("JWK-09"), "whole words are compared", set("use", "designsig")},
		{"empty-operation", no("JWK-06", "JSN-12"), "an empty text is no operation", set("key_ops", []string{"verify", ""})},
		{"for-encryption", no("JWK-09"), "a key for something else", set("use", "enc")},
		{"release-root-twice", no("CLI-02"), "a key is given once", input("release-root", releaseRootPEM(releaseKey), releaseRootPEM(releaseKey))},
		{"release-root-among-them", no("RCP-13"), "a key that could sign one document as the other", both(
			more(named(document.OKP(public(releaseKey)), "release")), input("release-root", releaseRootPEM(releaseKey)),
		)},
	}}
}
