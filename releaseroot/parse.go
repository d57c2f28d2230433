package releaseroot

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/rule"
)

// MaxFile is how many bytes Parse reads at most.
const MaxFile = 16 << 10

// Parse reads release roots as --release-root does. text is one of
//
//	PEM          1 to 8 blocks PUBLIC KEY, each a SubjectPublicKeyInfo of an
//	             Ed25519 key (RFC 8410); otherwise as in certchain.SplitPEM
//	JWK          of kty OKP and crv Ed25519, see package jws
//	64 digits    lower-case hex: the 32 bytes of the key (RFC 8032 section 5.1.5)
//	44 digits    the same in standard base64, padded and canonical
//
// White space may stand around PEM and a JWK, and nowhere else. A text with a private
// key is refused with the advice to take it for leaked; so are the keys that
// jws.NewEd25519Key refuses. The error is a *rule.ConfigError.
// Rules: CLI-10.
func Parse(text []byte) ([]ed25519.PublicKey, error) {
	keys, err := parse(text)
	if err != nil {
		return nil, rule.Config(err)
	}
	for _, k := range keys {
		if _, err := jws.NewEd25519Key(k); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func parse(text []byte) ([]ed25519.PublicKey, error) {
	white := bytes.TrimLeft(text, " \t\r\n")
	switch {
	case len(text) > MaxFile:
		return nil, refuse("the release root is too long", "at most 16384 bytes", "more")
	case len(white) == 0:
		return nil, refuse("the release root is empty", "", "")
	case isPrivateKey(text):
		return nil, refuse("this is a PRIVATE key, and a release root is a public one: take it for leaked if others could read it", "", "")
	case bytes.HasPrefix(white, []byte("-----BEGIN")):
		return parsePEM(text)
	case white[0] == '{':
		return parseJWK(text)
	}
	if key, ok := strictjson.ParseHex[[32]byte](string(text)); ok {
		return []ed25519.PublicKey{key[:]}, nil
	}
	if key, ok := strictjson.ParseBase64(text); ok && len(key) == ed25519.PublicKeySize {
		return []ed25519.PublicKey{key}, nil
	}
	return nil, refuse("this is no release root", "PEM PUBLIC KEY, a JWK, or 32 bytes as 64 lower-case hex digits or in base64", fmt.Sprintf("%d bytes of another form", len(text))) // which may be a secret
}

func refuse(message, expected, actual string) *rule.Error {
	return &rule.Error{Rule: "CLI-10", Message: message, Offset: rule.NoOffset, Expected: expected, Actual: actual}
}

// spkiPrefix is what stands before the 32 bytes of an Ed25519 key in a
// SubjectPublicKeyInfo: RFC 8410 section 4.
var spkiPrefix = []byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}

func parsePEM(text []byte) (keys []ed25519.PublicKey, err error) {
	blocks, err := certchain.SplitKeyPEM(text)
	var e *rule.Error
	if errors.As(err, &e) {
		bad := refuse("the PEM text is malformed", e.Expected, e.Actual)
		bad.Where, bad.Offset = e.Where, e.Offset
		return nil, bad
	}
	for _, der := range blocks {
		key, ok := bytes.CutPrefix(der, spkiPrefix)
		if !ok || len(key) != ed25519.PublicKeySize {
			return nil, refuse("the PUBLIC KEY is no Ed25519 key (RFC 8410)", "", "")
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func parseJWK(text []byte) ([]ed25519.PublicKey, error) {
	k, err := jws.ParseJWK(text)
	if err != nil {
		return nil, err
	}
	key, ok := k.Ed25519()
	if !ok {
		return nil, refuse("the JWK is no Ed25519 key", "EdDSA", k.Algorithm().String())
	}
	return []ed25519.PublicKey{key}, nil
}

// isPrivateKey recognises the forms in which Ed25519 private keys are kept: PEM of
// any kind; PKCS #8 (RFC 8410 section 7) in DER, hex or base64; and seed and public key
// as 64 bytes in hex or base64. A JWK is looked at where it is parsed. 32 bytes may be
// either.
func isPrivateKey(text []byte) bool {
	if bytes.Contains(text, []byte("PRIVATE KEY")) || isPKCS8(text) {
		return true
	}
	compact := bytes.Join(bytes.Fields(text), nil)
	fromHex, _ := hex.DecodeString(string(compact))
	fromBase64, _ := base64.StdEncoding.DecodeString(string(compact))
	for _, raw := range [][]byte{fromHex, fromBase64} {
		if len(raw) == ed25519.PrivateKeySize || isPKCS8(raw) {
			return true
		}
	}
	return false
}

// isPKCS8 reports whether a DER text is a OneAsymmetricKey of Ed25519, of version 0 or
// 1, whose length takes one byte.
func isPKCS8(der []byte) bool {
	if len(der) < 5 || der[0] != 0x30 || der[4] > 1 {
		return false
	}
	return bytes.HasPrefix(der[2:], []byte{0x02, 0x01, der[4], 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70})
}
