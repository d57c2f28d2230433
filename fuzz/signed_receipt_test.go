package fuzz

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/receipt"
)

// A receiptCase is a receipt of a service of this test's, with two attestations in it.
type receiptCase struct {
	*document.Receipt
	chance
	wrapped           bool // in {"id", "receipt"}
	id                string
	wrapper           func([]byte) []byte
	request, response []byte
	router, inference *embedding
}

// An embedding is what a receipt embeds of one attestation.
type embedding struct {
	*document.Endpoint
	members document.Object // set when it is written, instead of what is right
}

var (
	receiptKey     = mint.P256Key("fuzz receipts")
	receiptRequest = []byte(`{"messages":[]}`)
	receiptAnswer  = []byte(`{"choices":[]}`)
)

// issued is a time in seconds since 1970.
func (c *receiptCase) issued(from, to time.Duration) int64 {
	return now.Add(from + time.Duration(c.Int64N(int64(to-from)))).Unix()
}

// receiptFaults is in the order of the steps of package receipt.
var receiptFaults = []fault[*receiptCase]{
	{"object around it malformed", "ReceiptInvalidError", 1, func(c *receiptCase) {
		c.wrapped = true
		was, is := "{", c.oneOf(`{"id": "x", `, `{"ID": "x", `, `{"Receipt": "x", `, `{,`, `{"x": 1 `, `{"x": [[[[[[[[]]]]]]]], `)
		if c.IntN(3) == 0 {
			was, is = c.oneOf(`"id"`, `"receipt"`), `"other"`
		}
		c.wrapper = func(b []byte) []byte { return []byte(strings.Replace(string(b), was, is, 1)) }
	}},
	{"no compact JWS", "ReceiptSignatureInvalidError", 1, func(c *receiptCase) {
		which := c.IntN(5)
		c.After = func(b []byte) []byte {
			parts := strings.Split(string(b), ".")
			switch which {
			case 0:
				parts = parts[:1+c.IntN(2)]
			case 1:
				parts = append(parts, c.oneOf("", "AAAA"))
			case 2:
				parts[c.IntN(3)] += c.oneOf("=", "+", "/", " ", "\n")
			case 3:
				parts[c.IntN(3)] = ""
			case 4:
				parts[2] = parts[2][:c.IntN(86)]
			}
			return []byte(strings.Join(parts, "."))
		}
	}},
	{"header", "ReceiptSignatureInvalidError", 1, func(c *receiptCase) {
		switch name := c.oneOf("alg", "crit", "b64", "jwk", "jku", "x5u", "x5c", "x5t", "typ"); name {
		case "alg":
			c.Header.Set(name, c.oneOf("none", "EdDSA", "ES384", "HS256", "es256", "", "ES256 "))
		case "typ":
			c.Header.Set(name, c.oneOf("trust-bundle+jwt", "jwt", "receipt", "receipt+jwt2"))
		default:
			c.Header.Add(name, c.oneOf("", "x"))
		}
	}},
	{"another key", "ReceiptSignatureInvalidError", 2, func(c *receiptCase) { c.Sign = document.ES256(mint.P256Key(fmt.Sprint(c.IntN(100)))) }},
	{"unknown kid", "ReceiptSignatureInvalidError", 2, func(c *receiptCase) {
		c.Header.Set("kid", c.oneOf("receipt-2", "Receipt-1", "receipt-1 ", "receipt-", "other"))
	}},
	{"no kid", "ReceiptSignatureInvalidError", 2, func(c *receiptCase) { c.Header.Drop("kid") }},
	{"altered", "ReceiptSignatureInvalidError", 2, func(c *receiptCase) {
		sign := c.Sign
		c.Sign = func(b []byte) []byte { return sign(c.flipped(b)) }
	}},
	{"member dropped", "ReceiptInvalidError", 3, func(c *receiptCase) {
		c.Payload.Drop(c.oneOf("jti", "iat", "requested_route", "routed_model", "router_attestation", "inference_attestation"))
	}},
	{"member of no value", "ReceiptInvalidError", 3, func(c *receiptCase) {
		c.Payload.Set(c.oneOf("jti", "iat", "requested_route", "routed_model", "request_digest", "response_digest"), document.RawJSON(c.oneOf("null", `""`, "[]", "1.5", "-1", "true")))
	}},
	{"member twice or folded", "ReceiptInvalidError", 3, func(c *receiptCase) {
		name := c.oneOf("jti", "iat", "requested_route", "routed_model", "request_digest")
		c.Payload.Add(c.oneOf(name, strings.ToUpper(name)), "x")
	}},
	{"member of another document", "ReceiptInvalidError", 3, func(c *receiptCase) {
		c.Payload.Add(c.oneOf("allowed_hw_measurements", "allowed_workload_identity_tags", "min_tcb", "amd_root_ca_pem", "snp_report_b64", "vcek_chain_pem", "image_digest", "binary_digest"), "x")
	}},
	{"digest malformed", "ReceiptInvalidError", 3, func(c *receiptCase) {
		name := c.oneOf("request_digest", "response_digest")
		was := document.BodyDigest(c.request)
		c.Payload.Set(name, c.oneOf(was[:len(was)-1], was+"0", strings.ToUpper(was), was[len("sha256:"):], "sha384:"+was[7:], "sha256: "+was[8:]))
	}},
	{"another id", "ReceiptInvalidError", 4, func(c *receiptCase) { c.wrapped, c.id = true, c.oneOf("rcpt-2", "rcpt-", "rcpt-11", "Rcpt-1") }},
	{"from the future", "ReceiptInvalidError", 5, func(c *receiptCase) { c.Payload.Set("iat", c.issued(5*time.Minute+time.Second, 480*time.Hour)) }},
	{"too old", "ReceiptInvalidError", 6, func(c *receiptCase) { c.Payload.Set("iat", c.issued(-600*time.Hour, -time.Hour-time.Second)) }},
	{"another request", "ReceiptDigestMismatchError", 7, func(c *receiptCase) {
		c.request = [][]byte{{}, c.flipped(c.request), append(c.request[:len(c.request):len(c.request)], '\n'), c.response}[c.IntN(4)]
	}},
	{"no digest of the request", "ReceiptDigestMismatchError", 7, func(c *receiptCase) { c.Payload.Drop("request_digest") }},
	{"another response", "ReceiptDigestMismatchError", 8, func(c *receiptCase) { c.response = [][]byte{{}, c.flipped(c.response)}[c.IntN(2)] }},
	{"no digest of the response", "ReceiptDigestMismatchError", 8, func(c *receiptCase) { c.Payload.Drop("response_digest") }},
	{"bundle of the router forged", "BundleSignatureInvalid", 9, func(c *receiptCase) { c.router.forge(c.chance) }},
	{"bundle of the router expired", "BundleExpiredError", 9, func(c *receiptCase) { c.router.expire(c.chance) }},
	{"bundle of the router malformed", "BundleInvalidError", 9, func(c *receiptCase) { c.router.spoil(c.chance) }},
	{"workload of the router", "WorkloadMismatchError", 9, func(c *receiptCase) { c.router.members.Set("workload", c.oneOf("Router", "router ", "other")) }},
	{"tag of the router", "IdentityTagNotAllowedError", 9, func(c *receiptCase) { c.router.tag(c.chance) }},
	{"manifest of the router", "IdentityManifestMismatchError", 9, func(c *receiptCase) { c.router.manifest(c.chance) }},
	{"bundle of the inference forged", "BundleSignatureInvalid", 10, func(c *receiptCase) { c.inference.forge(c.chance) }},
	{"bundle of the inference expired", "BundleExpiredError", 10, func(c *receiptCase) { c.inference.expire(c.chance) }},
	{"tag of the inference", "IdentityTagNotAllowedError", 10, func(c *receiptCase) { c.inference.tag(c.chance) }},
	{"manifest of the inference", "IdentityManifestMismatchError", 10, func(c *receiptCase) { c.inference.manifest(c.chance) }},
}

func (e *embedding) forge(c chance) {
	e.Bundle.Sign = document.EdDSA(mint.Ed25519Key(fmt.Sprint("other ", c.Uint64())))
}

// expire lets it expire before the earliest time at which a receipt was issued: what
// counts is that time, and not that of the verification.
func (e *embedding) expire(c chance) {
	e.Bundle.Payload.Set("valid_until", c.moment(-10000*time.Hour, -1000*time.Hour))
}

func (e *embedding) spoil(c chance) {
	e.Bundle.Payload.Set(c.oneOf("version", "allowed_hw_measurements", "min_tcb", "amd_root_ca_pem"), document.RawJSON(c.oneOf("null", "[]", "{}", `""`, "0", "1.5")))
}

func (e *embedding) tag(c chance) {
	e.Bundle.Payload.Set("allowed_workload_identity_tags", []string{strings.Repeat("ab", 31) + fmt.Sprintf("%02x", c.IntN(256))})
}

func (e *embedding) manifest(c chance) {
	e.Manifest.Payload.Set("version", fmt.Sprint("v", c.IntN(1000)))
	e.members.Set("workload_identity_manifest_jws", string(e.Manifest.Encode()))
	e.Manifest.Payload.Set("version", "v1.42.3")
}

// object writes it.
func (e *embedding) object(c chance) document.Object {
	for _, o := range []*document.Object{&e.Bundle.Payload, &e.Manifest.Payload} {
		*o = shuffled(c, *o)
	}
	e.ManifestJWS = e.Manifest.Encode()
	e.Tag = sha256.Sum256(e.ManifestJWS)
	e.Fill()
	o := document.Object{
		{"workload", "router"}, {"workload_identity_tag", hex.EncodeToString(e.Tag[:])}, {"workload_identity_manifest_jws", string(e.ManifestJWS)},
		{"trust_bundle_jws", string(e.Bundle.Encode())}, {"more", document.RawJSON("1.5")},
	}
	for _, m := range e.members {
		o.Set(m[0].(string), m[1])
	}
	return shuffled(c, o)
}

// receiptApart are steps whose faults change one thing: any member of the payload, the
// signed text, when it was issued, the object around it.
var receiptApart = map[int][]int{1: {2, 4}, 3: {4, 5, 6, 7, 8, 9, 10}, 5: {6}}

// receiptSet is evidence whose bundle and manifest receipts embed.
var receiptSet = sync.OnceValue(func() *mint.Set { return mint.Evidence("Genoa", 5, "vcek") })

func newReceiptCase(r chance) *receiptCase {
	c := &receiptCase{chance: r, wrapped: r.IntN(2) == 0, id: "rcpt-1", request: receiptRequest, response: receiptAnswer}
	c.Receipt = document.NewReceipt(receiptKey, 0, c.request, c.response)
	c.Payload.Set("iat", c.issued(-time.Hour, 5*time.Minute))
	for _, e := range []**embedding{&c.router, &c.inference} {
		*e = &embedding{Endpoint: document.NewEndpoint(receiptSet())}
		(*e).Bundle.Sign = document.EdDSA(release)
	}
	return c
}

// evidence signs everything.
func (c *receiptCase) evidence() receipt.Evidence {
	for i, name := range []string{"router_attestation", "inference_attestation"} {
		if c.Payload.Get(name) != nil { // it was not dropped
			c.Payload.Set(name, []*embedding{c.router, c.inference}[i].object(c.chance))
		}
	}
	c.Header, c.Payload = shuffled(c.chance, c.Header), shuffled(c.chance, c.Payload)
	text := c.Encode()
	if c.wrapped {
		text = shuffled(c.chance, document.Object{{"id", c.id}, {"receipt", string(text)}, {"more", 1}}).Text()
	}
	if c.wrapper != nil {
		text = c.wrapper(text)
	}
	return receipt.Evidence{Receipt: text, Request: c.request, Response: c.response}
}

// receiptVerifiers know the key among others, in two orders.
var receiptVerifiers = sync.OnceValue(func() (all []*receipt.Verifier) {
	keys := []document.Object{document.EC(mint.P256Key("other"), "other"), document.EC(receiptKey, "receipt-1"), document.EC(mint.P256Key("third"), "")}
	keys[2].Set("kid", "third")
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}} {
		set := &document.Receipt{}
		for _, i := range order {
			set.Keys = append(set.Keys, keys[i])
		}
		all = append(all, must(receipt.NewVerifier(receipt.Config{
			Keys: must(jws.ParseJWKS(set.JWKS())), ReleaseRoots: []ed25519.PublicKey{release.Public().(ed25519.PublicKey)}, MaxAge: time.Hour,
		})))
	}
	return all
})

func runReceipt(t *testing.T, r chance) ([]string, answer) {
	c := newReceiptCase(r)
	list := faultsOf(r.Rand, receiptFaults, receiptApart)
	want := put(c, list)
	e := c.evidence()
	var answers []answer
	for _, v := range receiptVerifiers() {
		for range 2 {
			result, err := v.Verify(e, now)
			if (result == nil) == (err == nil) {
				t.Fatalf("result %v, error %v", result, err)
			}
			answers = append(answers, answerOf(err))
		}
	}
	judge(t, want, answers...)
	return names(list), answers[0]
}
