//lint:file-ignore SA1019 some keys of these tests are no points

package snpreport_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"testing"

	"github.com/tresorhq/attest/internal/dev/stress"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

var testKey = sync.OnceValue(func() *ecdsa.PrivateKey { return newKey(elliptic.P384()) })

func newKey(c elliptic.Curve) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// order is the order of the base point of P-384. FIPS 186-4, D.1.2.4.
var order, _ = new(big.Int).SetString("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16)

// putInt writes v as the report has it: 48 bytes, little-endian.
func putInt(dst []byte, v *big.Int) {
	v.FillBytes(dst[:48])
	slices.Reverse(dst[:48])
}

// sign signs bytes 0..0x29F of b, without a detour through the parser.
func sign(t testing.TB, key *ecdsa.PrivateKey, b []byte) (r, s *big.Int) {
	t.Helper()
	digest := sha512.Sum384(b[:0x2A0])
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	putInt(b[0x2A0:], r)
	putInt(b[0x2E8:], s)
	return r, s
}

// wantSignature demands the rule, or no error for "".
func wantSignature(t testing.TB, what string, r *snpreport.Report, key *ecdsa.PublicKey, id string) {
	t.Helper()
	err := r.VerifySignature(key)
	if id == "" {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	var refusal *rule.Error
	if !errors.As(err, &refusal) || refusal.Requirement() != id {
		t.Errorf("%s: got %v, want %s", what, err, id)
	}
}

func TestSignature(t *testing.T) {
	key := testKey()
	eachVersion(t, func(t *testing.T, version byte) {
		b := filled(version)
		r, s := sign(t, key, b)
		wantSignature(t, "as signed", parse(t, b), &key.PublicKey, "")

		// Genuine reports have a high s as often as a low one. RPT-23.
		putInt(b[0x2E8:], new(big.Int).Sub(order, s))
		wantSignature(t, "n-s", parse(t, b), &key.PublicKey, "")

		putInt(b[0x2A0:], s)
		putInt(b[0x2E8:], r)
		wantSignature(t, "r and s swapped", parse(t, b), &key.PublicKey, "RPT-23")

		r.FillBytes(b[0x2A0 : 0x2A0+48])
		s.FillBytes(b[0x2E8 : 0x2E8+48])
		if err := parse(t, b).VerifySignature(&key.PublicKey); err == nil {
			t.Error("big-endian: accepted")
		}
	})
}

func TestSignatureRange(t *testing.T) {
	key := testKey()
	top := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 384), big.NewInt(1))
	for _, tt := range []struct {
		name  string
		value *big.Int
	}{
		{"0", big.NewInt(0)},
		{"n", order},
		{"n+1", new(big.Int).Add(order, big.NewInt(1))},
		{"2^384-1", top},
	} {
		for _, part := range []struct {
			rule string
			at   int
		}{{"RPT-21", 0x2A0}, {"RPT-22", 0x2E8}} {
			b := filled(3)
			sign(t, key, b)
			putInt(b[part.at:], tt.value)
			wantSignature(t, tt.name, parse(t, b), &key.PublicKey, part.rule)
		}
	}
	// The ends of the range are in it, and r is judged before s.
	for _, tt := range []struct {
		r, s *big.Int
		rule string
	}{
		{big.NewInt(1), big.NewInt(1), "RPT-23"},
		{new(big.Int).Sub(order, big.NewInt(1)), new(big.Int).Sub(order, big.NewInt(1)), "RPT-23"},
		{order, order, "RPT-21"},
		{big.NewInt(0), big.NewInt(0), "RPT-21"},
	} {
		b := filled(3)
		putInt(b[0x2A0:], tt.r)
		putInt(b[0x2E8:], tt.s)
		wantSignature(t, tt.r.String(), parse(t, b), &key.PublicKey, tt.rule)
	}
	if top.BitLen() != 384 || elliptic.P384().Params().N.Cmp(order) != 0 {
		t.Error("the numbers of this test are wrong")
	}
}

// TestSigningKeys: RPT-20.
func TestSigningKeys(t *testing.T) {
	key := testKey()
	b := filled(3)
	sign(t, key, b)
	r := parse(t, b)
	x, y := key.X, key.Y
	for _, tt := range []struct {
		name string
		key  *ecdsa.PublicKey
		rule string
	}{
		{"nil", nil, "RPT-20"},
		{"zero", &ecdsa.PublicKey{}, "RPT-20"},
		{"no coordinates", &ecdsa.PublicKey{Curve: elliptic.P384()}, "RPT-20"},
		{"no x", &ecdsa.PublicKey{Curve: elliptic.P384(), Y: y}, "RPT-20"},
		{"no y", &ecdsa.PublicKey{Curve: elliptic.P384(), X: x}, "RPT-20"},
		{"P-256", &newKey(elliptic.P256()).PublicKey, "RPT-20"},
		{"P-521", &newKey(elliptic.P521()).PublicKey, "RPT-20"},
		{"the curve's numbers, not the curve", &ecdsa.PublicKey{Curve: elliptic.P384().Params(), X: x, Y: y}, "RPT-20"},
		{"infinity", &ecdsa.PublicKey{Curve: elliptic.P384(), X: new(big.Int), Y: new(big.Int)}, "RPT-23"},
		{"no point", &ecdsa.PublicKey{Curve: elliptic.P384(), X: y, Y: x}, "RPT-23"},
		{"another key", &newKey(elliptic.P384()).PublicKey, "RPT-23"},
		{"the key", &key.PublicKey, ""},
	} {
		wantSignature(t, tt.name, r, tt.key, tt.rule)
	}
}

// TestEverySignedByte: bytes 0 to 0x29F are signed, and no other. RPT-23.
func TestEverySignedByte(t *testing.T) {
	key := testKey()
	b := filled(5)
	sign(t, key, b)
	for at := 0; at < 0x2A0; at += stress.Of(5, 1) {
		b[at] ^= 0x10
		wantSignature(t, fmt.Sprintf("byte %#x", at), snpreport.Unchecked(b), &key.PublicKey, "RPT-23")
		b[at] ^= 0x10
	}
	for i := range 48 {
		for _, at := range []int{0x2A0 + i, 0x2E8 + i} {
			b[at] ^= 0x10
			if err := snpreport.Unchecked(b).VerifySignature(&key.PublicKey); err == nil {
				t.Errorf("byte %#x of the signature doesn't count", at)
			}
			b[at] ^= 0x10
		}
	}
	for at := 0x2D0; at < size; at++ {
		if at < 0x2E8 || at >= 0x318 {
			b[at] = 0xff
		}
	}
	wantSignature(t, "the bytes that Parse wants to be zero", snpreport.Unchecked(b), &key.PublicKey, "")
}

func TestZeroReportNeverVerifies(t *testing.T) {
	wantSignature(t, "zero report", new(snpreport.Report), &testKey().PublicKey, "RPT-21")
}

// TestSignatureIsOverTheReceivedBytes edits every field after parsing: neither
// can an edit break a good signature, nor mend a bad one.
// Rules: GEN-03.
func TestSignatureIsOverTheReceivedBytes(t *testing.T) {
	key := testKey()
	b := filled(5)
	sign(t, key, b)
	good := parse(t, b)
	rebuilt := snpreport.Report{Version: 5}
	if err := rebuilt.UnmarshalBinary(blank(5)); err != nil {
		t.Fatal(err)
	}
	signature := good.Signature
	good.Measurement[0]++
	good.Version, good.VMPL, good.Signature = 9, 9, snpreport.ReportSignature{}
	wantSignature(t, "edited", good, &key.PublicKey, "")

	rebuilt.Signature = signature
	wantSignature(t, "signature copied into another", &rebuilt, &key.PublicKey, "RPT-21")

	b[0x90]++
	bad := parse(t, b)
	bad.Measurement[0]--
	wantSignature(t, "mended", bad, &key.PublicKey, "RPT-23")
}

func TestSignatureErrorMessage(t *testing.T) {
	const want = "report signature: the signing key is not a P-384 key [RPT-20]"
	if got := new(snpreport.Report).VerifySignature(nil).Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
