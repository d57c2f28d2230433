package jws_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/rule"
)

func TestHeader(t *testing.T) {
	with := func(member string) string { return `{"alg":"EdDSA",` + member + `}` }
	long := strings.Repeat("k", 256)
	for _, tt := range []struct {
		name, header, rule string // no rule: accepted
	}{
		{"alg alone", plain, ""},
		{"white space", " {\r\n\t\"alg\" : \"EdDSA\" } ", ""},
		{"alg written with an escape", `{"\u0061lg":"EdDSA"}`, ""},
		{"typ of the kind", with(`"typ":"trust-bundle+jwt"`), ""},
		{"kid", with(`"kid":"2026-04"`), ""},
		{"empty kid", with(`"kid":""`), ""},
		{"kid of 256 bytes", with(`"kid":"` + long + `"`), ""},
		// Lesson: a kid is a label; a path, a query, control bytes are harmless in it.
		{"kid is hostile", with(`"kid":"../../etc/passwd' OR 1=1 \u0000\u001b[2J"`), ""},
		// RFC 7515 section 4: what is not understood is ignored.
		{"unknown members", with(`"cty":"JWT","iat":1.5e3,"x":{"crit":[null,{"alg":"none"}]}`), ""},
		{"unknown members up to 4096 bytes", with(`"x":"` + strings.Repeat("x", 4096-len(with(`"x":""`))) + `"`), ""},

		// Lesson: a header is JSON that is read in one way only.
		{"header of 4097 bytes", with(`"x":"` + strings.Repeat("x", 4097-len(with(`"x":""`))) + `"`), "JWS-06"},
		{"array", `["alg","EdDSA"]`, "JWS-06"},
		{"null", `null`, "JWS-06"},
		{"string", `"EdDSA"`, "JWS-06"},
		{"cut short", `{"alg":"EdDSA"`, "JWS-06"},
		{"bytes behind the object", plain + "x", "JWS-06"},
		{"second object", plain + plain, "JWS-06"},
		{"byte order mark", "\uFEFF" + plain, "JWS-06"},
		{"bad UTF-8", with("\"x\":\"\xff\""), "JWS-06"},
		{"half a surrogate pair", with(`"kid":"\ud800"`), "JWS-06"},
		{"9 levels", with(`"x":` + strings.Repeat("[", 8) + strings.Repeat("]", 8)), "JWS-06"},
		{"thousands of levels", `{"alg":` + strings.Repeat("[", 4000), "JWS-06"},
		// Lesson: the last of two members wins here, the first there.
		{"alg twice", `{"alg":"EdDSA","alg":"EdDSA"}`, "JWS-06"},
		{"alg twice, once escaped", `{"alg":"none","\u0061lg":"EdDSA"}`, "JWS-06"},
		{"an unknown member twice", with(`"x":1,"x":1`), "JWS-06"},
		{"a member twice deep inside", with(`"x":[{"y":1,"y":1}]`), "JWS-06"},
		// Lesson: some readers fold case.
		{"ALG", `{"ALG":"EdDSA"}`, "JWS-06"},
		{"Alg beside alg", with(`"Alg":"none"`), "JWS-06"},
		{"Kid", with(`"Kid":"a"`), "JWS-06"},
		{"Kelvin sign in kid", with("\"\u212Aid\":\"a\""), "JWS-06"},
		{"Crit", with(`"CRIT":["x"]`), "JWS-06"},
		{"X5T#s256", with(`"X5T#s256":""`), "JWS-06"},
		{"long s in x5t#S256", with("\"x5t#\u017F256\":\"\""), "JWS-06"},
		{"alg is absent", `{"typ":"JWT"}`, "JWS-06"},
		{"alg is null", `{"alg":null}`, "JWS-06"},
		{"alg is a number", `{"alg":1}`, "JWS-06"},
		{"alg is an array", `{"alg":["EdDSA"]}`, "JWS-06"},
		{"typ is null", with(`"typ":null`), "JWS-06"},
		{"typ is an array", with(`"typ":["JWT"]`), "JWS-06"},
		{"kid is null", with(`"kid":null`), "JWS-06"},
		{"kid is a number", with(`"kid":1`), "JWS-06"},

		// Lesson: crit that a library ignores, or reads loosely.
		{"crit with an unknown name", with(`"crit":["x"],"x":1`), "JWS-07"},
		{"crit is empty", with(`"crit":[]`), "JWS-07"},
		{"crit with duplicates", with(`"crit":["x","x"]`), "JWS-07"},
		{"crit with standard names", with(`"crit":["alg"]`), "JWS-07"},
		{"crit with a name that is absent", with(`"crit":["y"]`), "JWS-07"},
		{"crit is a string", with(`"crit":""`), "JWS-07"},
		{"crit is null", with(`"crit":null`), "JWS-07"},
		// Lesson: b64 changes what is signed.
		{"b64 false", with(`"b64":false`), "JWS-07"},
		{"b64 true", with(`"b64":true`), "JWS-07"},
		{"b64 false, declared", with(`"b64":false,"crit":["b64"]`), "JWS-07"},
		// Lesson: keys don't come with the message.
		{"jwk", with(`"jwk":` + edJWK(jws.Raw(edKey), "")), "JWS-07"},
		{"jku", with(`"jku":"https://example.com/keys"`), "JWS-07"},
		{"x5u", with(`"x5u":"https://example.com/cert"`), "JWS-07"},
		{"x5c", with(`"x5c":["AA=="]`), "JWS-07"},
		{"x5t", with(`"x5t":"AA"`), "JWS-07"},
		{"x5t#S256", with(`"x5t#S256":"AA"`), "JWS-07"},

		// Lesson: the header does not choose the algorithm.
		{"none", `{"alg":"none"}`, "JWS-08"},
		{"NONE", `{"alg":"NONE"}`, "JWS-08"},
		{"nOnE", `{"alg":"nOnE"}`, "JWS-08"},
		{"empty", `{"alg":""}`, "JWS-08"},
		// Lesson: HMAC keyed with the public key.
		{"HS256", `{"alg":"HS256"}`, "JWS-08"},
		{"RS256", `{"alg":"RS256"}`, "JWS-08"},
		{"ES256 where EdDSA belongs", `{"alg":"ES256"}`, "JWS-08"},
		{"other case", `{"alg":"eddsa"}`, "JWS-08"},
		{"Ed25519 of RFC 9864", `{"alg":"Ed25519"}`, "JWS-08"},
		{"blank behind", `{"alg":"EdDSA "}`, "JWS-08"},
		{"zero byte behind", `{"alg":"EdDSA\u0000"}`, "JWS-08"},

		// Lesson: a receipt or manifest served as the bundle.
		{"typ of another kind", with(`"typ":"receipt+jwt"`), "JWS-09"},
		{"typ in other case", with(`"typ":"jwt"`), "JWS-09"},
		{"typ with its prefix", with(`"typ":"application/jwt"`), "JWS-09"},
		{"typ that begins like an allowed one", with(`"typ":"JWTx"`), "JWS-09"},
		{"typ that ends like an allowed one", with(`"typ":"xJWT"`), "JWS-09"},
		{"typ that is the beginning of an allowed one", with(`"typ":"trust-bundle"`), "JWS-09"},
		{"typ is empty", with(`"typ":""`), "JWS-09"},
		{"typ is very long", with(`"typ":"` + strings.Repeat("\\u0000", 600) + `"`), "JWS-09"},

		{"kid of 257 bytes", with(`"kid":"k` + long + `"`), "JWS-11"},
		{"kid of 129 letters of two bytes", with(`"kid":"` + strings.Repeat("é", 129) + `"`), "JWS-11"},

		// The order: JSON, refused members, alg, typ, kid.
		{"JSON before crit", `{"crit":[],"alg":"EdDSA","alg":"none"}`, "JWS-06"},
		{"crit before alg", `{"alg":"none","typ":"x","crit":[]}`, "JWS-07"},
		{"alg of another type before crit", `{"alg":1,"crit":[]}`, "JWS-06"},
		{"kid of another type before crit", with(`"kid":1,"crit":[]`), "JWS-06"},
		{"no alg before crit", `{"crit":[]}`, "JWS-06"},
		{"crit before another alg", `{"alg":"none","crit":[]}`, "JWS-07"},
		{"alg before typ", `{"kid":"k` + long + `","typ":"x","alg":"none"}`, "JWS-08"},
		{"typ of another type before alg", `{"typ":1,"alg":"none"}`, "JWS-06"},
		{"alg before another typ", `{"typ":"x","alg":"none"}`, "JWS-08"},
		{"typ before kid", with(`"kid":"k` + long + `","typ":"x"`), "JWS-09"},
		{"kid of another type before typ", with(`"kid":1,"typ":"x"`), "JWS-06"},
		{"typ before a long kid", with(`"typ":"x","kid":"` + strings.Repeat("x", 257) + `"`), "JWS-09"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := open(token(tt.header, text, signEd), bundle, edKey)
			if tt.rule != "" {
				checkError(t, err, tt.rule)
			} else if err != nil || string(got) != text {
				t.Errorf("refused: %q, %v", got, err)
			}
		})
	}
}

func TestHeaderErrors(t *testing.T) {
	field := func(header string) (string, error) {
		_, err := jws.Parse(token(header, text, signEd), bundle)
		var e *rule.Error
		if !errors.As(err, &e) {
			t.Fatal(err)
		}
		return e.Where, err
	}
	for header, want := range map[string]string{
		`{"alg":"none"}`:                         "header.alg",
		`{"alg":"EdDSA","x5u":"","b64":1}`:       "header.b64", // in the order of the list
		`{"alg":"EdDSA","x5t#S256":1,"x5t":"-"}`: "header.x5t",
		`{}`:                                     "header.alg",
		`[]`:                                     "header",
	} {
		if got, err := field(header); got != want {
			t.Errorf("%s: field %s: %v", header, got, err)
		}
	}
	// The reader's own rule is the cause; a rule of this package has none.
	var cause *rule.Error
	if _, err := field(`{"alg":"EdDSA","alg":""}`); !errors.As(errors.Unwrap(err), &cause) || cause.Requirement() != "JSN-09" {
		t.Errorf("cause %v", cause)
	}
	if _, err := field(`{"alg":"none"}`); errors.Unwrap(err) != nil {
		t.Errorf("cause %v", errors.Unwrap(err))
	}
}

// A document that its hash vouches for may have any typ, even of another JSON
// type; everything else holds.
func TestIgnoreType(t *testing.T) {
	kind := jws.Kind{Algorithm: jws.EdDSA, IgnoreType: true, MaxPayload: 100}
	for header, rule := range map[string]string{
		`{"alg":"EdDSA"}`:                      "",
		`{"alg":"EdDSA","typ":"anything"}`:     "",
		`{"alg":"EdDSA","typ":{"a":[null,1]}}`: "",
		`{"alg":"EdDSA","TYP":"anything"}`:     "JWS-06",
		`{"alg":"EdDSA","typ":"","crit":[]}`:   "JWS-07",
		`{"alg":"none","typ":"anything"}`:      "JWS-08",
	} {
		_, err := open(token(header, text, signEd), kind, edKey)
		if rule != "" {
			checkError(t, err, rule)
		} else if err != nil {
			t.Errorf("%s: %v", header, err)
		}
	}
}
