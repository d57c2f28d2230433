package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"math/big"
	"strings"

	"github.com/tresorhq/attest/internal/mint/document"
)

// jwsSections are about the framing, the header and the signature of the trust
// bundle.
func jwsSections() []section {
	text := func(change func([]byte) []byte) func(X) { return func(x X) { x.Bundle.After = change } }
	segment := func(n int, change func(s string) string) func(X) {
		return text(func(b []byte) []byte {
			parts := strings.Split(string(b), ".")
			parts[n] = change(parts[n])
			return []byte(strings.Join(parts, "."))
		})
	}
	mangled := func(change func(sig []byte) []byte) func(X) {
		return bundleSigned(func(signed []byte) []byte { return change(ed25519.Sign(releaseKey, signed)) })
	}
	header := func(size int) func(X) {
		return func(x X) {
			x.Bundle.Header.Add("pad", "")
			x.Bundle.Header.Set("pad", strings.Repeat("x", size-len(x.Bundle.Header.Text())))
		}
	}
	largest := func(x X) { x.Bundle.PayloadText = spaces(262144) }
	const invalid = "BundleSignatureInvalid"
	framing := section{"bundle-jws", endpoint("Genoa", 5, "vcek"), invalid, []row{
		{"without-typ-and-kid", yes("BND-01", "JWS-06"), "only alg is required", func(x X) { x.Bundle.Header = doc{{"alg", "EdDSA"}} }},
		{"typ-jwt", yes("JWS-09", "BND-01"), "typ may be JWT", bundleHeader.set("typ", "JWT")},
		{"unknown-header-member", yes("JWS-06"), "RFC 7515 has unknown members ignored", bundleHeader.add("x-trace", doc{{"n", raw("1.5")}})},
		{"alg-none", no("JWS-03", "JWS-08"), "an unsigned bundle", both(bundleHeader.set("alg", "none"), bundleSigned(func([]byte) []byte { return nil }))},
		{"alg-none-with-a-signature", no("JWS-08"), "the header never chooses the algorithm", bundleHeader.set("alg", "none")},
		{"alg-none-in-another-case", no("JWS-08"), "nor does one that a list of forbidden words lacks", bundleHeader.set("alg", "nOnE")},
		{"alg-hs512-with-the-public-key", no("JWS-08"), "an HMAC keyed with what everybody knows", both(bundleHeader.set("alg", "HS512"), bundleSigned(document.HS512(public(releaseKey))))},
		{"hmac-under-eddsa", no("JWS-10"), "an HMAC with the right alg", bundleSigned(document.HS512(public(releaseKey)))},
		{"alg-in-lower-case", no("JWS-08"), "alg is exact", bundleHeader.set("alg", "eddsa")},
		{"alg-that-begins-alike", no("JWS-08"), "and whole", bundleHeader.set("alg", "EdDSA2")},
		{"alg-that-ends-alike", no("JWS-08"), "from its first character on", bundleHeader.set("alg", "XEdDSA")},
		{"alg-ed25519", no("JWS-08"), "RFC 9864's name is not the one of this kind", bundleHeader.set("alg", "Ed25519")},
		{"alg-es256", no("JWS-08"), "the algorithm of receipts, signed by a P-256 key", both(bundleHeader.set("alg", "ES256"), bundleSigned(document.ES256(tlsKey)))},
		{"alg-absent", no("JWS-06", "JSN-12"), "alg is required", bundleHeader.drop("alg")},
		{"alg-null", no("JWS-06", "JSN-12"), "null is no algorithm", bundleHeader.set("alg", raw("null"))},
		{"alg-as-a-list", no("JWS-06", "JSN-13"), "nor is a list", bundleHeader.set("alg", []string{"EdDSA"})},
		{"alg-twice", no("JWS-06", "JSN-09"), "two values for one member", bundleHeader.add("alg", "none")},
		{"alg-twice-escaped", no("JWS-06", "JSN-09"), "one of them spelt with an escape", func(x X) { x.Bundle.Header.Add("al?", "none"); x.Bundle.HeaderText = replace("al?", `\u0061lg`) }},
		{"kid-with-a-kelvin-sign", no("JWS-06", "JSN-10"), "U+212A folds to k", bundleHeader.add("\u212aid", "x")},
		{"alg-in-capitals-too", no("JWS-06", "JSN-10"), "a member that folds to alg", bundleHeader.add("ALG", "none")},
		{"kid-as-a-number-and-another-alg", no("JWS-06", "JSN-13"), "the types of all members come first", both(bundleHeader.set("kid", 1), bundleHeader.set("alg", "none"))},
		{"kid-as-a-number-and-crit", no("JWS-06", "JSN-13"), "before a member that refuses", both(bundleHeader.set("kid", 1), bundleHeader.add("crit", []string{"exp"}))},
		{"typ-as-a-number-and-another-alg", no("JWS-06", "JSN-13"), "typ as well", both(bundleHeader.set("typ", 1), bundleHeader.set("alg", "none"))},
		{"crit-unknown", no("JWS-07"), "an extension that nobody understands", bundleHeader.add("crit", []string{"exp"})},
		{"crit-empty", no("JWS-07"), "crit whatever its value", bundleHeader.add("crit", raw("[]"))},
		{"crit-null", no("JWS-07"), "also null", bundleHeader.add("crit", raw("null"))},
		{"b64-false", no("JWS-07"), "a payload that is not encoded (RFC 7797)", bundleHeader.add("b64", raw("false"))},
		{"b64-true", no("JWS-07"), "also with the value that changes nothing", bundleHeader.add("b64", raw("true"))},
		{"jwk-in-the-header", no("JWS-07", "JWS-10"), "a key that comes with the message, which signed it", both(bundleHeader.add("jwk", document.OKP(public(otherKey))), bundleSigned(document.EdDSA(otherKey)))},
		{"jku-in-the-header", no("JWS-07"), "nor a place to fetch one from", bundleHeader.add("jku", "https://keys.example.com/jwks.json")},
		{"x5c-in-the-header", no("JWS-07"), "nor certificates", bundleHeader.add("x5c", []string{"AAAA"})},
		{"x5u-in-the-header", no("JWS-07"), "nor their address", bundleHeader.add("x5u", "https://keys.example.com/c.pem")},
		{"x5t-in-the-header", no("JWS-07"), "nor a thumbprint", bundleHeader.add("x5t", "AAAA")},
		{"x5t-s256-in-the-header", no("JWS-07"), "of either kind", bundleHeader.add("x5t#S256", "AAAA")},
		{"typ-of-a-manifest", no("JWS-09"), "a document of another kind", bundleHeader.set("typ", "workload-identity+jwt")},
		{"typ-in-another-case", no("JWS-09"), "typ is exact", bundleHeader.set("typ", "jwt")},
		{"typ-as-a-number", no("JWS-06", "JSN-13"), "typ is a string", bundleHeader.set("typ", 1)},
		{"kid-of-another-key", yes("JWS-11", "JWS-10"), "kid is a label; it neither makes a key trusted nor untrusted", bundleHeader.set("kid", "../../etc/passwd")},
		{"kid-of-256-bytes", yes("JWS-11"), "up to 256 bytes", bundleHeader.set("kid", strings.Repeat("k", 256))},
		{"kid-of-257-bytes", no("JWS-11"), "and no more", bundleHeader.set("kid", strings.Repeat("k", 257))},
		{"header-of-4096-bytes", yes("JWS-06", "JSN-01"), "a header has at most 4096 bytes", header(4096)},
		{"header-of-4097-bytes", no("JWS-06", "JSN-01"), "and no more", header(4097)},
		{"header-is-an-array", no("JWS-06", "JSN-04"), "the header is an object", segment(0, func(string) string { return encode64url(`["alg","EdDSA"]`) })},
		{"header-with-trailing-data", no("JWS-06", "JSN-05"), "nothing follows it", segment(0, func(string) string { return encode64url(`{"alg":"EdDSA"} {}`) })},
		{"header-nested-9-deep", no("JWS-06", "JSN-08"), "nor is it deep", bundleHeader.add("pad", raw(strings.Repeat("[", 8)+strings.Repeat("]", 8)))},
		{"two-segments", no("JWS-02"), "three segments", text(func(b []byte) []byte { return b[:strings.LastIndexByte(string(b), '.')] })},
		{"five-segments", no("JWS-02"), "not the five of an encrypted message", text(wrap("", ".AA.AA"))},
		{"a-hundred-thousand-dots", no("JWS-02", "GEN-04"), "counting dots costs no memory for each", text(func([]byte) []byte { return []byte(strings.Repeat(".", 100000)) })},
		{"empty-header", no("JWS-03"), "no segment is empty", segment(0, func(string) string { return "" })},
		{"empty-payload", no("JWS-03"), "the payload neither", segment(1, func(string) string { return "" })},
		{"empty-signature", no("JWS-03"), "nor the signature", segment(2, func(string) string { return "" })},
		{"padded-segment", no("JWS-04"), "base64url without padding", segment(2, func(s string) string { return s + "==" })},
		{"standard-alphabet", no("JWS-04"), "- and _, not + and /", both(bundleHeader.set("kid", "\u00ff\u00fe???>>>"), segment(0, func(s string) string {
			return mustDiffer(s, strings.NewReplacer("-", "+", "_", "/").Replace(s))
		}))},
		{"line-break-in-a-segment", no("JWS-04"), "a usual strict decoder still skips line breaks", segment(1, func(s string) string { return s[:76] + "\n" + s[76:] })},
		{"carriage-return-in-a-segment", no("JWS-04"), "and carriage returns", segment(2, func(s string) string { return s[:10] + "\r" + s[10:] })},
		{"unused-bits-in-the-signature", no("JWS-04"), "64 bytes leave four bits: they are zero, or one bundle has many texts", segment(2, func(s string) string { return nextChar(s) })},
		{"segment-of-1-mod-4", no("JWS-04"), "no bytes have that many characters", segment(2, func(s string) string { return s + "AAA" })},
		{"json-serialization", no("JWS-02"), "the flattened JSON serialization", text(func(b []byte) []byte {
			parts := strings.Split(string(b), ".")
			return doc{{"protected", parts[0]}, {"payload", parts[1]}, {"signature", parts[2]}}.Text()
		})},
		{"leading-space", no("JWS-04"), "nothing is trimmed", text(wrap(" ", ""))},
		{"two-line-breaks", no("JWS-04", "CLI-07"), "of a file one line break is forgiven, not two", text(wrap("", "\n\n"))},
		{"one-line-break", yes("CLI-07"), "an editor's line break", text(wrap("", "\n"))},
		{"one-line-break-of-two-bytes", yes("CLI-07"), "of another editor", text(wrap("", "\r\n"))},
		{"carriage-return-behind", no("JWS-04", "CLI-07"), "which is no line break", text(wrap("", "\r"))},
		{"signature-of-63-bytes", no("JWS-05"), "64 bytes", mangled(func(sig []byte) []byte { return sig[:63] })},
		{"signature-of-65-bytes", no("JWS-05"), "and no more", mangled(func(sig []byte) []byte { return append(sig, 0) })},
		{"payload-of-256-kib", yes("JWS-01", "BND-01"), "the payload has at most 262144 bytes, behind a header of any size that it may have", both(header(4096), largest)},
		{"payload-of-256-kib-behind-a-header-too-long", no("JWS-01", "GEN-04", "BND-01"), "the size of the whole comes first", both(header(4097), largest)},
		{"payload-of-256-kib-and-a-byte", no("JWS-01", "GEN-04", "BND-01"), "and no more", func(x X) { x.Bundle.PayloadText = spaces(262145) }},
		{"signed-by-somebody-else", no("JWS-10", "BND-01"), "a key that is not pinned", bundleSigned(document.EdDSA(otherKey))},
		{"signed-by-the-manifest-key", no("JWS-10", "BND-01"), "each kind of document has keys of its own", bundleSigned(document.EdDSA(manifestKey))},
		{"a-manifest-signed-by-the-release-root", as("BundleInvalidError", "JSN-18", "BND-10"), "a document of another kind, by the right key", func(x X) {
			x.Bundle.Header.Drop("typ")
			x.Bundle.PayloadText = func([]byte) []byte { return x.Manifest.Payload.Text() }
		}},
		{"altered-payload", no("JWS-10"), "a version that was raised after signing", altered(func(x X) *document.JWS { return &x.Bundle }, "version", 18)},
		{"same-payload-in-other-bytes", no("JWS-10", "GEN-03"), "the signature is over the bytes that were received, not over what they mean", func(x X) {
			x.Bundle.After = func(b []byte) []byte {
				parts := strings.Split(string(b), ".")
				return []byte(parts[0] + "." + encode64url(string(x.Bundle.Payload.Text())+" ") + "." + parts[2])
			}
		}},
		{"signature-of-zeros", no("JWS-10"), "a signature of nobody", mangled(func([]byte) []byte { return make([]byte, 64) })},
		{"signature-with-s-plus-l", no("JWS-10"), "S is below the order (RFC 8032 section 5.1.7), or one bundle has two signatures", mangled(addOrder)},
		{"one-signature-for-every-message", as("UsageError", "JWK-03"), "a release root of small order: one fixed signature verifies any message", both(
			mangled(func([]byte) []byte { return append(append([]byte{1}, make([]byte, 31)...), make([]byte, 32)...) }),
			input("release-root", []byte("01"+strings.Repeat("00", 31))),
		)},
	}}
	return []section{framing}
}

func encode64url(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// nextChar changes the unused bits of the last character.
func nextChar(s string) string { return s[:len(s)-1] + string(s[len(s)-1]+1) }

// mustDiffer gives the second text, and panics when it is the first.
func mustDiffer(a, b string) string {
	if a == b {
		panic("vectorgen: nothing changed")
	}
	return b
}

// addOrder adds the order of the base point to S.
func addOrder(sig []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	sum := new(big.Int).SetBytes(reverse(sig[32:]))
	return append(sig[:32:32], reverse(sum.Add(sum, order).FillBytes(make([]byte, 32)))...)
}
