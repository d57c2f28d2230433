package jose

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/jws"
)

// Differences are all from go-jose v4.1.9. It implements all of JOSE, we one
// serialization, two algorithms and headers that can mean one thing only.
var Differences = difftest.Table[Message]{
	refused("a payload above the limit of its kind", "JWS-01", "they have no limit", signed(`{"alg":"EdDSA"}`, strings.Repeat("x", maxPayload+1))),
	refused("an empty payload", "JWS-03", "no document of ours is empty", signed(`{"alg":"EdDSA"}`, "")),
	refused("line breaks in base64url, or unused bits that are set", "JWS-04", "RFC 7515 section 2 has no line breaks; to them many texts are one message", func() Message {
		m := signed(`{"alg":"EdDSA"}`, "payload")()
		m.Compact = append(m.Compact, '\n')
		return m
	}),
	refused("a header above 4096 bytes", "JWS-06/JSN-01", "they have no limit", signed(`{"alg":"EdDSA","a":"`+strings.Repeat("x", 4096)+`"}`, "payload")),
	refused("a header that is not UTF-8", "JWS-06/JSN-02", "RFC 8259 section 8.1; they put U+FFFD in its place", signed("{\"alg\":\"EdDSA\",\"a\":\"\xff\"}", "payload")),
	refused("half of a surrogate pair", "JWS-06/JSN-07", "it is no character; they put U+FFFD in its place", signed(`{"alg":"EdDSA","a":"\ud800"}`, "payload")),
	refused("more than 8 levels of nesting", "JWS-06/JSN-08", "their limit is 10000", signed(`{"alg":"EdDSA","a":[[[[[[[[]]]]]]]]}`, "payload")),
	refused("a name that differs from a known one by case", "JWS-06/JSN-10", "other readers take it for the known one", signed(`{"alg":"EdDSA","ALG":"none"}`, "payload")),
	refused("null for a member that is read", "JWS-06/JSN-12", "it stands for nothing", signed(`{"alg":"EdDSA","typ":null}`, "payload")),
	refused("typ that is no string", "JWS-06/JSN-13", "RFC 7515 section 4.1.9", signed(`{"alg":"EdDSA","typ":5}`, "payload")),
	refused("a header that brings a key, or asks for an extension", "JWS-07", "they leave a key to their caller, and know b64; RFC 7515 section 4.1.11 forbids an empty crit, which they accept", signed(`{"alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}`, "payload")),
	refused("typ of another kind of document", "JWS-09", "they leave it to their caller", signed(`{"alg":"EdDSA","typ":"receipt+jwt"}`, "payload")),
	refused("kid above 256 bytes", "JWS-11", "they have no limit", signed(`{"alg":"EdDSA","kid":"`+strings.Repeat("k", 257)+`"}`, "payload")),
	{
		Input: "a number that no float64 holds, in a member that nobody reads", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Both,
		Reason:  "RFC 8259 sets no limit, and to us it stays text",
		Fits:    func(m Message) bool { return hugeNumber(header(m)) },
		Example: signed(`{"alg":"EdDSA","a":1e999}`, "payload"),
	},
	{
		Input: "nonce that is no string", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Both,
		Reason: "a member of ACME (RFC 8555) that they know and we ignore",
		Fits: func(m Message) bool {
			var h map[string]json.RawMessage
			return json.Unmarshal(header(m), &h) == nil && h["nonce"] != nil && h["nonce"][0] != '"'
		},
		Example: signed(`{"alg":"EdDSA","nonce":5}`, "payload"),
	},
}

// refused is a row of what we don't implement.
func refused(input, rule, reason string, example func() Message) difftest.Difference[Message] {
	return difftest.Difference[Message]{
		Input: input, Ours: rule, Theirs: difftest.Accepts, Reason: reason, Right: difftest.Ours, Example: example,
	}
}

func signed(header, payload string) func() Message {
	return func() Message { return sign(header, []byte(payload), jws.EdDSA) }
}

// header decodes the header of a message.
func header(m Message) []byte {
	head, _, _ := bytes.Cut(m.Compact, []byte("."))
	decoded, err := base64.RawURLEncoding.DecodeString(string(head))
	if err != nil {
		return nil
	}
	return decoded
}

// hugeNumber looks for a number out of the range of float64.
func hugeNumber(text []byte) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		if n, ok := token.(json.Number); ok {
			if _, err := strconv.ParseFloat(n.String(), 64); errors.Is(err, strconv.ErrRange) {
				return true
			}
		}
	}
}

// KeyDifferences are those of JSON Web Keys.
var KeyDifferences = difftest.Table[[]byte]{
	key("a key above 64 KiB", "JWK-06/JSN-01", "they have no limit", `{`+okp+`,"a":"`+strings.Repeat("x", 1<<16)+`"}`),
	key("text that is not UTF-8", "JWK-06/JSN-02", "RFC 8259 section 8.1", `{`+okp+`,"a":"`+"\xff"+`"}`),
	key("half of a surrogate pair", "JWK-06/JSN-07", "it is no character", `{`+okp+`,"a":"\ud800"}`),
	key("more than 8 levels of nesting", "JWK-06/JSN-08", "their limit is 10000", `{`+okp+`,"a":[[[[[[[[]]]]]]]]}`),
	key("a name that differs from a known one by case", "JWK-06/JSN-10", "other readers take it for the known one", `{`+okp+`,"KTY":"oct"}`),
	key("null, or a string without a character", "JWK-06/JSN-12", "it stands for nothing", `{`+okp+`,"kid":null}`),
	key("a member of another JSON type", "JWK-06/JSN-13", "they don't read key_ops", `{`+okp+`,"key_ops":5}`),
	key("a list with too many or too few entries", "JWK-06/JSN-16", "they don't read key_ops", `{`+okp+`,"key_ops":[]}`),
	key("an entry of a list twice", "JWK-06/JSN-17", "they don't read key_ops", `{`+okp+`,"key_ops":["verify","verify"]}`),
	key("line breaks in base64url, or unused bits that are set", "JWK-06/JSN-21", "RFC 7515 section 2", `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp"}`),
	key("members of private and symmetric keys", "JWK-07", "take the secret for leaked; they parse it, but a check for it is the caller's", `{`+okp+`,"dp":"AA"}`),
	key("another type of key, or curve", "JWK-08", "only Ed25519 and P-256 sign anything here", `{"kty":"RSA","n":"`+strings.Repeat("w", 342)+`","e":"AQAB"}`),
	key("alg, use or key_ops for something else", "JWK-09", "RFC 7517 section 4.2 to 4.4; they leave it to their caller", `{`+okp+`,"use":"enc"}`),
	key("an Ed25519 key that is not canonical", "JWK-02", "RFC 8032 section 5.1.3", edX("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")),
	key("an Ed25519 key that is no point", "JWK-04", "nothing verifies with it", edX("0200000000000000000000000000000000000000000000000000000000000000")),
	key("y in an Ed25519 key", "JWK-12", "RFC 8037 section 2 has none", `{`+okp+`,"y":"AA"}`),
	{
		Input: "x5c, x5u, x5t or x5t#S256 that are malformed", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Both,
		Reason: "members that we ignore: a certificate is no reason to trust a key",
		Fits: func(b []byte) bool {
			var k map[string]json.RawMessage
			return json.Unmarshal(b, &k) == nil && slices.ContainsFunc([]string{"x5c", "x5u", "x5t", "x5t#S256"}, func(n string) bool { return k[n] != nil })
		},
		Example: func() []byte { return []byte(`{` + okp + `,"x5t":"!"}`) },
	},
}

// okp is a good key without its braces: that of RFC 8037 appendix A.2.
const okp = `"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`

func key(input, rule, reason, example string) difftest.Difference[[]byte] {
	return difftest.Difference[[]byte]{
		Input: input, Ours: rule, Theirs: difftest.Accepts, Reason: reason, Right: difftest.Ours,
		Example: func() []byte { return []byte(example) },
	}
}
