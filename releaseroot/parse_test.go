package releaseroot_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tresorhq/attest/releaseroot"
	"github.com/tresorhq/attest/rule"
)

var private = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))

func keyOf(i byte) ed25519.PublicKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{i}, 32)).Public().(ed25519.PublicKey)
}

func block(t testing.TB, label string, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if label == "PRIVATE KEY" {
		der, err = x509.MarshalPKCS8PrivateKey(key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func jwk(members string) string {
	return `{"kty": "OKP", "crv": "Ed25519", "x": "` + base64.RawURLEncoding.EncodeToString(keyOf(1)) + `"` + members + `}`
}

// Every form of CLI-10 is read, with nothing around hex and base64.
func TestParse(t *testing.T) {
	one, two := keyOf(1), keyOf(2)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	onePEM, twoPEM := block(t, "PUBLIC KEY", one), block(t, "PUBLIC KEY", two)
	std := base64.StdEncoding.EncodeToString
	for _, tt := range []struct {
		name, text string
		keys       int
		want       string // rule, and part of the text
	}{
		{"hex", hex.EncodeToString(one), 1, ""},
		{"base64", std(one), 1, ""},
		{"JWK", jwk(``), 1, ""},
		{"JWK with white space around it", "\r\n\t " + jwk(`, "kid": "a"`) + "\n\n", 1, ""},
		{"PEM", onePEM, 1, ""},
		{"PEM without a last line break", strings.TrimSpace(onePEM), 1, ""},
		{"PEM with CRLF", strings.ReplaceAll(onePEM, "\n", "\r\n"), 1, ""},
		{"PEM with white space around it", "\n \t\n" + onePEM + "\n\n" + twoPEM + " \n", 2, ""},
		{"eight blocks", strings.Repeat(onePEM, 8), 8, ""},

		{"nothing", "", 0, "CLI-10 is empty"},
		{"white space", " \r\n\t", 0, "CLI-10 is empty"},
		{"nine blocks", strings.Repeat(onePEM, 9), 0, "CLI-10 malformed"},
		{"too long", onePEM + strings.Repeat("\n", releaseroot.MaxFile), 0, "CLI-10 too long"},
		{"blanks inside of a block", strings.Replace(onePEM, "MCow", "M C o w", 1), 0, "CLI-10 malformed"},
		{"a header", strings.Replace(onePEM, "MCow", "A: b\n\nMCow", 1), 0, "CLI-10 malformed"},
		{"text before a block", "key:\n" + onePEM, 0, "CLI-10 no release root"},
		{"text behind a block", onePEM + "x", 0, "CLI-10 malformed"},
		{"a certificate", strings.ReplaceAll(onePEM, "PUBLIC KEY", "CERTIFICATE"), 0, "CLI-10 malformed"},
		{"a P-256 key", block(t, "PUBLIC KEY", &p256.PublicKey), 0, "CLI-10 no Ed25519 key"},
		{"a good block before one of another key", onePEM + block(t, "PUBLIC KEY", &p256.PublicKey), 0, "CLI-10 no Ed25519 key"},
		{"a P-256 JWK", `{"kty": "EC", "crv": "P-256", "x": "` + base64.RawURLEncoding.EncodeToString(p256.X.FillBytes(make([]byte, 32))) +
			`", "y": "` + base64.RawURLEncoding.EncodeToString(p256.Y.FillBytes(make([]byte, 32))) + `"}`, 0, "CLI-10 no Ed25519 key"},
		{"a JWK that is cut off", jwk(``)[:40], 0, "JWK-06 "},
		{"hex in upper case", strings.ToUpper(hex.EncodeToString(one)), 0, "CLI-10 no release root"},
		{"hex and a line break", hex.EncodeToString(one) + "\n", 0, "CLI-10 no release root"},
		{"base64 and a line break", std(one) + "\n", 0, "CLI-10 no release root"},
		{"base64url", base64.RawURLEncoding.EncodeToString(one), 0, "CLI-10 no release root"},
		{"31 bytes", hex.EncodeToString(one[:31]), 0, "CLI-10 no release root"},
		{"raw bytes", string(one), 0, "CLI-10 no release root"},
		{"a byte order mark", "\ufeff" + onePEM, 0, "CLI-10 no release root"},
		{"a point of small order", "01" + strings.Repeat("00", 31), 0, "JWK-03 "},
		{"not canonical", strings.Repeat("ff", 32), 0, "JWK-02 "},
		{"a good block before one of small order", onePEM + block(t, "PUBLIC KEY", ed25519.PublicKey(make([]byte, 32))), 0, "JWK-03 "},

		{"a private key", block(t, "PRIVATE KEY", private), 0, "CLI-10 PRIVATE"},
		{"a private key behind a public one", onePEM + block(t, "PRIVATE KEY", private), 0, "CLI-10 PRIVATE"},
		{"of OpenSSH", "-----BEGIN OPENSSH PRIVATE KEY-----\n", 0, "CLI-10 PRIVATE"},
		{"PKCS #8", string(der), 0, "CLI-10 PRIVATE"},
		{"PKCS #8, version 1", string(slices.Concat(der[:4], []byte{1}, der[5:])), 0, "CLI-10 PRIVATE"},
		{"PKCS #8 in base64", std(der) + "\n", 0, "CLI-10 PRIVATE"},
		{"PKCS #8 in hex", hex.EncodeToString(der), 0, "CLI-10 PRIVATE"},
		{"64 bytes in hex", hex.EncodeToString(private), 0, "CLI-10 PRIVATE"},
		{"64 bytes in hex, upper case, lines", strings.ToUpper(hex.EncodeToString(private))[:64] + "\n" + hex.EncodeToString(private)[64:] + "\n", 0, "CLI-10 PRIVATE"},
		{"64 bytes in base64", std(private), 0, "CLI-10 PRIVATE"},
		{"a private JWK", jwk(`, "d": "AA"`), 0, "JWK-07 leaked"},
	} {
		text := []byte(tt.text)
		keys, err := releaseroot.Parse(text)
		if tt.want == "" {
			if err != nil || len(keys) != tt.keys || !keys[0].Equal(one) {
				t.Errorf("%s: %v, %v", tt.name, keys, err)
			}
			clear(text)
			if !keys[0].Equal(one) {
				t.Errorf("%s: the key is a part of the text", tt.name)
			}
			continue
		}
		id, part, _ := strings.Cut(tt.want, " ")
		var e *rule.ConfigError
		if !errors.As(err, &e) || e.Rule() != id || !strings.Contains(err.Error(), part) || keys != nil {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
		if err != nil && (strings.Contains(err.Error(), hex.EncodeToString(private.Seed())[:16]) || strings.ContainsAny(err.Error(), "\n\x1b")) {
			t.Errorf("%s: %q shows a secret, or is not fit to be shown", tt.name, err)
		}
	}
}

// A text in any form says the same key.
func TestFormsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed")
		key := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{
			hex.EncodeToString(key), base64.StdEncoding.EncodeToString(key),
			string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
			`{"kty": "OKP", "crv": "Ed25519", "x": "` + base64.RawURLEncoding.EncodeToString(key) + `"}`,
		} {
			if keys, err := releaseroot.Parse([]byte(text)); err != nil || len(keys) != 1 || !keys[0].Equal(key) {
				t.Fatalf("%s: %v, %v", text, keys, err)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(hex.EncodeToString(keyOf(1))))
	f.Add([]byte(base64.StdEncoding.EncodeToString(keyOf(1))))
	f.Add([]byte(jwk(`, "use": "sig"`)))
	f.Add([]byte(block(f, "PUBLIC KEY", keyOf(1)) + block(f, "PUBLIC KEY", keyOf(2))))
	f.Add([]byte(block(f, "PRIVATE KEY", private)))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := releaseroot.Parse(text)
		if (err == nil) != (len(keys) > 0) {
			t.Fatalf("%v with %v", keys, err)
		}
		var e *rule.ConfigError
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%T: %v", err, err)
		}
		for _, k := range keys {
			if len(k) != ed25519.PublicKeySize {
				t.Fatalf("a key of %d bytes", len(k))
			}
		}
	})
}
