package jws_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tresorhq/attest/jws"
)

// The curve again, written from RFC 8032 section 5.1 without the code under test.
var (
	prime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	// d = -121665/121666
	edD = func() *big.Int {
		d := new(big.Int).ModInverse(big.NewInt(121666), prime)
		return d.Mul(d, big.NewInt(-121665)).Mod(d, prime)
	}()
)

// recoverX returns x with x² = (y²-1)/(dy²+1), or nil: section 5.1.3, with a
// power for the root, and the curve equation to check it.
func recoverX(y *big.Int) *big.Int {
	mod := func(z *big.Int) *big.Int { return z.Mod(z, prime) }
	one := big.NewInt(1)
	yy := mod(new(big.Int).Mul(y, y))
	v := new(big.Int).Mul(edD, yy)
	v = mod(v.Add(v, one))
	xx := mod(new(big.Int).Mul(new(big.Int).Sub(yy, one), new(big.Int).ModInverse(v, prime)))
	e := new(big.Int).Add(prime, big.NewInt(3))
	x := new(big.Int).Exp(xx, e.Rsh(e, 3), prime)
	e = new(big.Int).Sub(prime, one)
	rootOfMinusOne := new(big.Int).Exp(big.NewInt(2), e.Rsh(e, 2), prime)
	for range 2 {
		// -x² + y² = 1 + dx²y²
		sq := mod(new(big.Int).Mul(x, x))
		left := mod(new(big.Int).Sub(yy, sq))
		right := new(big.Int).Mul(edD, sq)
		right = mod(right.Mul(right, yy).Add(right, one))
		if left.Cmp(right) == 0 {
			return x
		}
		x = mod(new(big.Int).Mul(x, rootOfMinusOne))
	}
	return nil
}

// encode returns y with the sign of x as the key has it.
func encode(y *big.Int, sign byte) []byte {
	b := y.FillBytes(make([]byte, 32))
	b[0] |= sign << 7
	slices.Reverse(b)
	return b
}

// verifiesWithoutSecret reports whether, for some message, R = the neutral
// element and S = 0 is a signature: whether [k]A is the neutral element for
// some k, of which honest keys have none in reach.
func verifiesWithoutSecret(key []byte) bool {
	sig := make([]byte, 64)
	sig[0] = 1
	for i := range 128 {
		if ed25519.Verify(key, []byte{byte(i)}, sig) {
			return true
		}
	}
	return false
}

// Lesson: with a key of small order, one signature verifies many messages.
func TestSmallOrder(t *testing.T) {
	refused := map[string]bool{}
	points := 0
	for _, s := range jws.SmallOrder {
		y, _ := new(big.Int).SetString(s, 16)
		x := recoverX(y)
		if x == nil {
			t.Fatalf("%s is no point", s)
		}
		points++
		if x.Sign() != 0 {
			points++ // -x, y
		}
		for sign := range byte(2) {
			key := encode(y, sign)
			if !verifiesWithoutSecret(key) {
				t.Errorf("%x is not of small order", key)
			}
			_, err := jws.NewEd25519Key(key)
			checkKeyError(t, err, "JWK-03")
			refused[string(key)] = true
			// What 255 bits can say in a second way.
			if over := new(big.Int).Add(y, prime); over.BitLen() <= 255 {
				key := encode(over, sign)
				if !verifiesWithoutSecret(key) {
					t.Errorf("%x is not of small order", key)
				}
				_, err := jws.NewEd25519Key(key)
				checkKeyError(t, err, "JWK-02")
				refused[string(key)] = true
			}
		}
	}
	// The points whose order divides the cofactor 8 are a group of 8.
	if points != 8 || len(refused) != 14 {
		t.Errorf("%d points in %d encodings, want 8 in 14", points, len(refused))
	}
	if verifiesWithoutSecret(jws.Raw(edKey)) {
		t.Error("an honest key verifies without its secret")
	}
}

func TestNewEd25519Key(t *testing.T) {
	good := jws.Raw(edKey)
	// Lesson: crypto/ed25519 panics on a key of another length.
	for _, key := range [][]byte{nil, {}, good[:31], append(bytes.Clone(good), 0), edPrivate, []byte(hex.EncodeToString(good))} {
		k, err := jws.NewEd25519Key(key)
		checkKeyError(t, err, "JWK-01")
		if k.Algorithm() != 0 {
			t.Error("a key together with an error")
		}
	}
	// Every y from p on, which 255 bits can say: 19 of them, with either sign.
	for i := range int64(19) {
		for sign := range byte(2) {
			_, err := jws.NewEd25519Key(encode(new(big.Int).Add(prime, big.NewInt(i)), sign))
			checkKeyError(t, err, "JWK-02")
		}
	}
	_, err := jws.NewEd25519Key(bytes.Repeat([]byte{0xff}, 32))
	checkKeyError(t, err, "JWK-02")
	for y := range int64(100) {
		_, err := jws.NewEd25519Key(encode(big.NewInt(y), 0))
		switch {
		case y < 2:
			checkKeyError(t, err, "JWK-03")
		case recoverX(big.NewInt(y)) == nil:
			checkKeyError(t, err, "JWK-04")
		case err != nil:
			t.Errorf("y = %d: %v", y, err)
		}
	}
}

func TestKeyIsCopied(t *testing.T) {
	public := bytes.Clone(jws.Raw(edKey))
	k := must(jws.NewEd25519Key(public))
	clear(public)
	copied, _ := k.Ed25519()
	clear(copied)
	if !k.Equal(edKey) {
		t.Error("the key shares memory with the caller")
	}
	if _, err := open(token(plain, text, signEd), bundle, k); err != nil {
		t.Error(err)
	}
}

func TestKeyFacts(t *testing.T) {
	var zero jws.Key
	if zero.Equal(zero) || edKey.Equal(zero) || zero.Equal(edKey) || edKey.Equal(edOtherKey) || edKey.Equal(ecKey) || !edKey.Equal(edKey) || !ecKey.Equal(ecKey) {
		t.Error("Equal")
	}
	negated := bytes.Clone(jws.Raw(edKey)) // another point: the last byte has the sign of x
	negated[31] ^= 0x80
	if must(jws.NewEd25519Key(negated)).Equal(edKey) {
		t.Error("equal, but for the last byte")
	}
	if k, ok := ecKey.Ed25519(); ok || k != nil {
		t.Error("P-256 key as Ed25519")
	}
	if k, ok := zero.Ed25519(); ok || k != nil {
		t.Error("zero key as Ed25519")
	}
	if k, ok := edKey.Ed25519(); !ok || !bytes.Equal(k, jws.Raw(edKey)) {
		t.Error("Ed25519")
	}
	// sha256sum of the 32 bytes of RFC 8032 section 7.1, test 1.
	digest := must(jws.ParseJWK([]byte(exampleKey))).SHA256()
	if got := hex.EncodeToString(digest[:]); got != "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9" {
		t.Errorf("SHA256 of the key of RFC 8037: %s", got)
	}
	for a, want := range map[jws.Algorithm]string{0: "no algorithm", jws.EdDSA: "EdDSA", jws.ES256: "ES256", 3: "no algorithm"} {
		if a.String() != want {
			t.Errorf("%d: %s", a, a)
		}
	}
	if zero.Algorithm() != 0 || edKey.Algorithm() != jws.EdDSA || ecKey.Algorithm() != jws.ES256 || zero.ID() != "" {
		t.Error("Algorithm, ID")
	}
}

// A key is accepted exactly when its y is below p and on the curve, but for the
// few of small order.
func TestEd25519KeyAgainstTheCurve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")
		checkAgainstCurve(t, key)
	})
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

func checkAgainstCurve(t fataler, key []byte) {
	t.Helper()
	be := bytes.Clone(key)
	slices.Reverse(be)
	be[0] &= 0x7f
	y := new(big.Int).SetBytes(be)
	small := slices.Contains(jws.SmallOrder, hex.EncodeToString(be))
	want := y.Cmp(prime) < 0 && !small && recoverX(y) != nil
	if _, err := jws.NewEd25519Key(key); (err == nil) != want {
		t.Fatalf("%x: %v, want accepted: %v", key, err, want)
	}
}
