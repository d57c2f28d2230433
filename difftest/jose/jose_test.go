package jose

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/jws"
)

func TestDifferences(t *testing.T) {
	if err := Differences.Check(Compare); err != nil {
		t.Error(err)
	}
	if err := KeyDifferences.Check(CompareKey); err != nil {
		t.Error(err)
	}
}

func explain(t *testing.T, m Message) {
	t.Helper()
	if _, err := Differences.Explain(m, Compare(m)); err != nil {
		t.Fatal(err)
	}
}

func explainKey(t *testing.T, b []byte) {
	t.Helper()
	if _, err := KeyDifferences.Explain(b, CompareKey(b)); err != nil {
		t.Fatal(err)
	}
}

var algorithms = []jws.Algorithm{jws.EdDSA, jws.ES256}

// headers are what a signer may write.
func headers(a jws.Algorithm) []string {
	alg := `"alg":"` + a.String() + `"`
	return []string{
		`{` + alg + `}`, `{"typ":"JWT",` + alg + `,"kid":"2026-04"}`, "{\n  " + alg + ",\n  \"iat\": 1.5, \"b\": [true, null, {}]\n}",
		`{"alg":"none"}`, `{"alg":"HS256"}`, `{` + alg + `,"alg":"none"}`, `{}`, `[]`, `null`, ``, `{` + alg + `,"crit":["exp"],"exp":1}`,
		`{` + alg + `,"b64":false,"crit":["b64"]}`, `{` + alg + `,"kid":7}`, `{` + alg + `}x`,
	}
}

// TestMutations: a good message is accepted by both, and no byte of it may change.
func TestMutations(t *testing.T) {
	for _, a := range algorithms {
		m := sign(headers(a)[1], []byte(`{"a":1}`), a)
		if o := Compare(m); o.Ours != difftest.Accepts || !o.Agree() {
			t.Fatalf("%+v", o)
		}
		for i := range m.Compact {
			for _, change := range []byte{0x01, 0x02, 0x20, 0x80} {
				b := bytes.Clone(m.Compact)
				b[i] ^= change
				explain(t, Message{b, a})
			}
		}
		for n := range m.Compact {
			explain(t, Message{m.Compact[:n], a})
		}
		for _, other := range algorithms {
			explain(t, Message{m.Compact, other})
		}
	}
}

// TestSignatures: both refuse r and s of zero and of the order and above, and
// take either s of ECDSA.
func TestSignatures(t *testing.T) {
	m := sign(`{"alg":"ES256"}`, []byte("x"), jws.ES256)
	dot := bytes.LastIndexByte(m.Compact, '.')
	order := ecKey.Curve.Params().N.Bytes()
	for _, half := range []int{0, 32} {
		for _, value := range [][]byte{make([]byte, 32), order, bytes.Repeat([]byte{0xff}, 32)} {
			signature, err := base64.RawURLEncoding.DecodeString(string(m.Compact[dot+1:]))
			if err != nil {
				t.Fatal(err)
			}
			copy(signature[half:], value)
			b := append(bytes.Clone(m.Compact[:dot+1]), base64.RawURLEncoding.EncodeToString(signature)...)
			if o := Compare(Message{b, jws.ES256}); o.Ours != "JWS-10" || !o.Agree() {
				t.Errorf("%+v", o)
			}
		}
	}
}

// TestSmallOrder: both refuse every encoding of a point whose order divides 8.
func TestSmallOrder(t *testing.T) {
	for _, y := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000", "0000000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	} {
		for _, sign := range []byte{0, 0x80} {
			raw, err := hex.DecodeString(y)
			if err != nil {
				t.Fatal(err)
			}
			raw[31] |= sign
			if o := CompareKey([]byte(edX(hex.EncodeToString(raw)))); o.Ours == difftest.Accepts || !o.Agree() {
				t.Errorf("%+v", o)
			}
		}
	}
}

// FuzzMessage: whatever the bytes, both say the same or the table says why not.
func FuzzMessage(f *testing.F) {
	for _, a := range algorithms {
		f.Add(sign(headers(a)[0], []byte("payload"), a).Compact, a == jws.ES256)
	}
	for _, d := range Differences {
		f.Add(d.Example().Compact, false)
	}
	f.Fuzz(func(t *testing.T, b []byte, es256 bool) { explain(t, Message{b, algorithm(es256)}) })
}

// FuzzSigned: the same of what is signed, whatever it says.
func FuzzSigned(f *testing.F) {
	for _, a := range algorithms {
		for _, h := range headers(a) {
			f.Add([]byte(h), []byte("payload"), a == jws.ES256)
		}
	}
	for _, d := range Differences {
		f.Add(header(d.Example()), []byte("payload"), false)
	}
	f.Fuzz(func(t *testing.T, header, payload []byte, es256 bool) {
		explain(t, sign(string(header), payload, algorithm(es256)))
	})
}

func algorithm(es256 bool) jws.Algorithm {
	if es256 {
		return jws.ES256
	}
	return jws.EdDSA
}

// FuzzKey: whatever the text, both say the same or the table says why not.
func FuzzKey(f *testing.F) {
	for _, k := range [][]byte{edJWK(edKey.Public()), ecJWK(&ecKey.PublicKey), []byte(`{` + okp + `,"alg":"EdDSA","use":"sig","key_ops":["verify"],"kid":"a"}`)} {
		f.Add(k)
		if o := CompareKey(k); o.Ours != difftest.Accepts || !o.Agree() {
			f.Errorf("%+v", o)
		}
	}
	for _, d := range KeyDifferences {
		f.Add(d.Example())
	}
	f.Fuzz(explainKey)
}
