package mint_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha512"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
)

var message = []byte("the to-be-signed part of something")

func TestCAKeys(t *testing.T) {
	seen := map[string]string{}
	for _, name := range append([]string{mint.OtherCA}, mint.CANames...) {
		key := mint.CAKey(name)
		if key.Name != name {
			t.Errorf("%s: named %q", name, key.Name)
		}
		public := key.Public()
		if public.N.BitLen() != 4096 || public.E != 65537 {
			t.Errorf("%s: %d bits, e = %d", name, public.N.BitLen(), public.E)
		}
		if err := key.Private().Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if other, ok := seen[public.N.String()]; ok {
			t.Errorf("%s has the key of %s", name, other)
		}
		seen[public.N.String()] = name

		// A caller who spoils the copy must not spoil the key.
		public.N.SetInt64(3)
		if key.Public().N.BitLen() != 4096 {
			t.Errorf("%s: Public gives the key itself", name)
		}
	}
}

func TestSeededKeys(t *testing.T) {
	for _, tt := range []struct {
		make  func(string) *ecdsa.PrivateKey
		curve elliptic.Curve
	}{{mint.P256Key, elliptic.P256()}, {mint.P384Key, elliptic.P384()}} {
		a, again, b := tt.make("a"), tt.make("a"), tt.make("b")
		if a.Curve != tt.curve || !a.Equal(again) || a.Equal(b) {
			t.Errorf("%s: wrong curve, or the seed does not decide the key", tt.curve.Params().Name)
		}
	}
	if a := mint.Ed25519Key("a"); !a.Equal(mint.Ed25519Key("a")) || a.Equal(mint.Ed25519Key("b")) || len(a) != ed25519.PrivateKeySize {
		t.Error("Ed25519: the seed does not decide the key")
	}
}

// TestPSS lets crypto/rsa judge the signatures, with the salt length fixed.
func TestPSS(t *testing.T) {
	key := mint.CAKey(mint.OtherCA)
	tests := []struct {
		name      string
		signature []byte
		hash      crypto.Hash
		salt      int
	}{
		{"AMD", key.Sign(message), crypto.SHA384, 48},
		{"SHA-256", mint.PSSSigner{key, crypto.SHA256, crypto.SHA256, 32}.Sign(message), crypto.SHA256, 32},
		{"no salt", mint.PSSSigner{key, crypto.SHA384, crypto.SHA384, 0}.Sign(message), crypto.SHA384, 0},
		{"short salt", mint.PSSSigner{key, crypto.SHA384, crypto.SHA384, 47}.Sign(message), crypto.SHA384, 47},
		{"longest salt", mint.PSSSigner{key, crypto.SHA384, crypto.SHA384, 462}.Sign(message), crypto.SHA384, 462},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.hash.New()
			h.Write(message)
			err := rsa.VerifyPSS(key.Public(), tt.hash, h.Sum(nil), tt.signature, &rsa.PSSOptions{SaltLength: max(tt.salt, rsa.PSSSaltLengthAuto)})
			if err != nil {
				t.Error(err)
			}
			if tt.salt > 0 && rsa.VerifyPSS(key.Public(), tt.hash, h.Sum(nil), tt.signature, &rsa.PSSOptions{SaltLength: tt.salt + 1}) == nil {
				t.Error("the salt has another length")
			}
		})
	}
	digest := sha512.Sum384(message)
	odd := mint.PSSSigner{key, crypto.SHA384, crypto.SHA256, 48}.Sign(message)
	if rsa.VerifyPSS(key.Public(), crypto.SHA384, digest[:], odd, nil) == nil {
		t.Error("MGF1 does not use the hash that it was told to")
	}
	if bytes.Equal(key.Sign(message)[:], key.Sign(append(message, 0))) {
		t.Error("the signature does not depend on the message")
	}
}

func TestPKCS1AgainstRSA(t *testing.T) {
	key := mint.CAKey(mint.OtherCA)
	digest := sha512.Sum384(message)
	want, err := rsa.SignPKCS1v15(nil, key.Private(), crypto.SHA384, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(mint.PKCS1Signer{key}.Sign(message), want) {
		t.Error("crypto/rsa signs otherwise")
	}
}

func TestECDSASigner(t *testing.T) {
	key := mint.P384Key("signer")
	signer := mint.ECDSASigner{key, crypto.SHA384}
	digest := sha512.Sum384(message)
	if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signer.Sign(message)) {
		t.Error("bad signature")
	}
	if !bytes.Equal(signer.Sign(message), signer.Sign(message)) {
		t.Error("two signatures differ")
	}
}
