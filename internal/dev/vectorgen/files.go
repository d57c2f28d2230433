package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
)

func sha256Of(b []byte) [32]byte { return sha256.Sum256(b) }

// fileSections are about release roots, in all forms of SPEC.md CLI-10, and
// about options that are no good.
func fileSections() []section {
	roots := func(files ...[]byte) func(X) { return func(x X) { x.inputs["release-root"] = files } }
	text := func(s string) func(X) { return roots([]byte(s)) }
	key := public(releaseKey)
	jwk := func(change func(d *doc)) func(X) {
		d := document.OKP(key)
		change(&d)
		return roots(d.Text())
	}
	spoilt := func(change func(k []byte)) func(X) {
		k := slices.Clone([]byte(key))
		change(k)
		return text(hex.EncodeToString(k))
	}
	der := func(label string, b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: b}) }
	blocks := func(n int) []byte {
		text := releaseRootPEM(releaseKey)
		for i := 1; i < n; i++ {
			text = append(text, releaseRootPEM(mint.Ed25519Key(fmt.Sprint("another release root ", i)))...)
		}
		return text
	}
	private, _ := x509.MarshalPKCS8PrivateKey(releaseKey)
	// 2 is a y for which no x exists; 2^255-18 is 1 in another encoding.
	noPoint, notReduced := make([]byte, 32), slices.Repeat([]byte{0xFF}, 32)
	noPoint[0], notReduced[0], notReduced[31] = 2, 0xEE, 0x7F
	prime := slices.Clone(notReduced)
	prime[0] = 0xED
	const b64 = "base64url, 32 bytes"
	release := section{"release-root", endpoint("Genoa", 5, "vcek"), "UsageError", []row{
		{"hex", yes("CLI-10", "JWK-01"), "64 hex digits", text(hex.EncodeToString(key))},
		{"hex-with-a-line-break", yes("CLI-10", "CLI-07"), "and an editor's line break", text(hex.EncodeToString(key) + "\n")},
		{"base64", yes("CLI-10"), "canonical base64", text(base64.StdEncoding.EncodeToString(key))},
		{"jwk", yes("CLI-10", "JWK-06", "JWK-08"), "a JSON Web Key", jwk(func(*doc) {})},
		{"jwk-behind-a-line-break", yes("CLI-10", "JSN-04"), "white space may stand before the object", text("\r\n\t " + string(document.OKP(key).Text()))},
		{"jwk-with-all-members", yes("JWK-06", "JWK-09"), "with alg, use, key_ops and kid, and one that nobody knows", jwk(func(d *doc) {
			*d = append(*d, doc{{"alg", "EdDSA"}, {"use", "sig"}, {"key_ops", []string{"verify"}}, {"kid", "release-1"}, {"x5t", "AAAA"}}...)
		})},
		{"pem-of-two", yes("CLI-10"), "two blocks are two roots: one key follows another", roots(append(releaseRootPEM(otherKey), releaseRootPEM(releaseKey)...))},
		{"pem-behind-a-line-break", yes("CLI-10", "CHN-05"), "white space may stand around blocks", roots(slices.Concat([]byte("\n"), releaseRootPEM(releaseKey), []byte("\r\n\n")))},
		{"pem-of-eight", yes("CLI-10", "CHN-04"), "eight blocks at most", roots(blocks(8))},
		{"pem-of-nine", no("CLI-10", "CHN-04"), "and no more", roots(blocks(9))},
		{"pem-with-blanks", no("CLI-10", "CHN-06"), "no white space inside of a block", text(strings.Replace(string(releaseRootPEM(releaseKey)), "MCow", "M C o w", 1))},
		{"pem-with-a-header", no("CLI-10", "CHN-06"), "no headers", text(strings.Replace(string(releaseRootPEM(releaseKey)), "MCow", "Comment: x\n\nMCow", 1))},
		{"two-files", yes("CLI-10"), "and so are two files", roots(releaseRootPEM(otherKey), releaseRootPEM(releaseKey))},
		{"another", as("BundleSignatureInvalid", "JWS-10"), "another key is another root", roots(releaseRootPEM(otherKey))},
		{"twice", as("UsageError", "CLI-02"), "the same root twice", roots(releaseRootPEM(releaseKey), releaseRootPEM(releaseKey))},
		{"empty", as("UsageError", "CLI-02"), "an empty file is no empty set of roots", text("")},
		{"private-key", no("CLI-10"), "a private key, which has no business here", roots(der("PRIVATE KEY", private))},
		{"private-key-in-hex", no("CLI-10"), "seed and public key", text(hex.EncodeToString(releaseKey))},
		{"certificate", no("CLI-10"), "a certificate is no key", roots(mint.PEM(webCert(key)))},
		{"p256-key", no("CLI-10"), "a key of another algorithm", roots(der("PUBLIC KEY", mint.SPKI(tlsKey.Public())))},
		{"jwk-p256", no("CLI-10", "JWK-08"), "a good key of another algorithm", roots(document.EC(tlsKey, "").Text())},
		{"too-long", as("UsageError", "CLI-02", "CLI-07"), "16384 bytes at most, white space included", text(string(document.OKP(key).Text()) + strings.Repeat(" ", 16384))},
		{"hex-upper-case", no("CLI-10"), "hex in lower case", text(strings.ToUpper(hex.EncodeToString(key)))},
		{"of-31-bytes", no("CLI-10", "JWK-01"), "a key has 32 bytes; a primitive panics on others", text(hex.EncodeToString(key[:31]))},
		{"two-line-breaks", no("CLI-10", "CLI-07"), "one line break is forgiven, not two", text(hex.EncodeToString(key) + "\n\n")},
		{"identity", no("JWK-03"), "the neutral element: one signature for all messages", text("01" + strings.Repeat("00", 31))},
		{"order-4", no("JWK-03"), "another point of small order", text(strings.Repeat("00", 32))},
		{"order-8", no("JWK-03"), "another one", text("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")},
		{"not-reduced", no("JWK-02"), "y is below the prime: this is 1 in another encoding", text(hex.EncodeToString(notReduced))},
		{"the-prime", no("JWK-02"), "nor is it the prime itself", text(hex.EncodeToString(prime))},
		{"no-point", no("JWK-04"), "a y for which there is no x", text(hex.EncodeToString(noPoint))},
		{"bit-flipped-still-a-key", as("BundleSignatureInvalid", "JWS-10"), "a key that nobody has", spoilt(func(k []byte) { k[31] ^= 0x80 })},
		{"jwk-of-31-bytes", no("JWK-01"), b64, jwk(func(d *doc) { d.Set("x", base64.RawURLEncoding.EncodeToString(key[:31])) })},
		{"jwk-padded", no("JWK-06", "JSN-21"), b64 + ", without padding", jwk(func(d *doc) { d.Set("x", base64.URLEncoding.EncodeToString(key)) })},
		{"jwk-without-x", no("JWK-06", "JSN-12"), "x is required", jwk(func(d *doc) { d.Drop("x") })},
		{"jwk-without-kty", no("JWK-06", "JSN-12"), "kty is required", jwk(func(d *doc) { d.Drop("kty") })},
		{"jwk-without-crv", no("JWK-06", "JSN-12"), "crv is required", jwk(func(d *doc) { d.Drop("crv") })},
		{"jwk-empty-kid", no("JWK-06", "JSN-12"), "a kid that is there is not empty", jwk(func(d *doc) { d.Set("kid", "") })},
		{"jwk-private", no("JWK-07"), "a private key: taken for leaked, and not shown", jwk(func(d *doc) { d.Set("d", base64.RawURLEncoding.EncodeToString(releaseKey.Seed())) })},
		{"jwk-symmetric", no("JWK-07"), "a secret", roots(doc{{"kty", "oct"}, {"k", "AAAA"}}.Text())},
		{"jwk-other-kty", no("JWK-08"), "an RSA key", jwk(func(d *doc) { d.Set("kty", "RSA") })},
		{"jwk-other-curve", no("JWK-08"), "X25519 signs nothing", jwk(func(d *doc) { d.Set("crv", "X25519") })},
		{"jwk-kty-and-crv-do-not-match", no("JWK-08"), "EC with Ed25519", jwk(func(d *doc) { d.Set("kty", "EC") })},
		{"jwk-for-encryption", no("JWK-09"), "a key for something else", jwk(func(d *doc) { d.Set("use", "enc") })},
		{"jwk-for-signing", no("JWK-09"), "an operation of a private key", jwk(func(d *doc) { d.Set("key_ops", []string{"sign"}) })},
		{"jwk-alg-of-another-curve", no("JWK-09"), "an alg that is not of this curve", jwk(func(d *doc) { d.Set("alg", "ES256") })},
		{"jwk-with-y", no("JWK-12"), "an Edwards key has no y", jwk(func(d *doc) { d.Set("y", base64.RawURLEncoding.EncodeToString(key)) })},
		{"jwk-of-33-bytes", no("JWK-01"), "a key has 32 bytes", jwk(func(d *doc) { d.Set("x", base64.RawURLEncoding.EncodeToString(append(slices.Clone(key), 0))) })},
		{"jwk-empty-x", no("JWK-06", "JSN-12"), "an empty text is no key", jwk(func(d *doc) { d.Set("x", "") })},
		{"jwk-duplicate-x", no("JWK-06", "JSN-09"), "two keys to choose from", jwk(func(d *doc) { d.Add("x", base64.RawURLEncoding.EncodeToString(public(otherKey))) })},
		{"jwk-p256-of-31-bytes", no("JWK-05"), "a coordinate has 32 bytes, leading zeros included", roots(func() []byte {
			d := document.EC(tlsKey, "")
			for _, name := range []string{"x", "y"} {
				c, _ := base64.RawURLEncoding.DecodeString(d.Get(name).(string))
				d.Set(name, base64.RawURLEncoding.EncodeToString(c[:31]))
			}
			return d.Text()
		}())},
		{"jwk-p256-off-the-curve", no("JWK-11"), "a point that is not on the curve", roots(func() []byte {
			d := document.EC(tlsKey, "")
			d.Set("y", d.Get("x"))
			return d.Text()
		}())},
	}}
	flags := section{"option", endpoint("Genoa", 5, "vcek"), "UsageError", []row{
		{"spki-in-upper-case", yes("CLI-20"), "hex digits of a flag are of either case", func(x X) { x.options["spki"] = strings.ToUpper(hex.EncodeToString(x.live[:])) }},
		{"no-live-key", no("CLI-02", "BIN-11"), "nothing is judged without the key of the connection", option("spki", nil)},
		{"vmpl-0", yes("POL-72", "POL-11"), "the level that the default rules demand", option("vmpl", "0")},
		{"vmpl-with-a-leading-zero", no("CLI-02", "POL-72"), "a level is one digit", option("vmpl", "00")},
		{"two-sources-for-the-live-key", no("CLI-06"), "one thing from two sources", input("cert", mint.PEM(webCert(tlsKey.Public())))},
		{"two-envelopes", no("CLI-06"), "a flag that is given twice", input("envelope", []byte("{}"), []byte("{}"))},
		{"envelope-and-saved-evidence", no("CLI-06"), "one thing from two sources", input("evidence", []byte("{}"))},
		{"no-bundle", no("CLI-02"), "nothing says what may run", input("bundle")},
		{"time-without-zone", no("CLI-02"), "a time without zone is no instant", option("at", "2026-04-01T12:00:00")},
		{"vmpl-4", no("CLI-02", "POL-72"), "there are four levels", option("vmpl", "4")},
		{"recorded-time-of-nothing", no("CLI-02"), "only saved evidence has a time", option("at", "recorded")},
		{"crl-required-and-empty", as("CRLInvalidError", "CRL-01"), "an empty list is no list", input("crl", []byte{})},
	}}
	return []section{release, flags}
}
