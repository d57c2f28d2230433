package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"strings"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/jws"
)

// spkiPrefix is what stands before the 32 bytes of an Ed25519 key in a
// SubjectPublicKeyInfo: RFC 8410 section 4.
var spkiPrefix = []byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}

var errPrivateKey = cli.Breaks("CLI-10", "this is a PRIVATE key: it has no business here; treat it as leaked if others could read the file")

// parseReleaseRoots reads one file: PEM, a JWK, or 32 bytes as hex or base64.
func parseReleaseRoots(b []byte) ([]ed25519.PublicKey, error) {
	switch {
	case isPrivateKey(b):
		return nil, errPrivateKey
	case bytes.HasPrefix(b, []byte("-----BEGIN")):
		return parsePEMKeys(b)
	case bytes.HasPrefix(b, []byte("{")):
		k, err := jws.ParseJWK(b)
		if err != nil {
			return nil, err
		}
		public, ok := k.Ed25519()
		if !ok {
			return nil, cli.Breaks("CLI-10", "the JWK is no Ed25519 key")
		}
		return []ed25519.PublicKey{public}, nil
	}
	text := string(b)
	if key, ok := strictjson.ParseHex[[32]byte](text); ok {
		return []ed25519.PublicKey{key[:]}, nil
	}
	if key, ok := strictjson.ParseBase64(text); ok && len(key) == ed25519.PublicKeySize {
		return []ed25519.PublicKey{key}, nil
	}
	return nil, cli.Breaks("CLI-10", "neither PEM PUBLIC KEY, nor a JWK, nor 32 bytes in hex or base64")
}

// isPrivateKey recognises the forms in which Ed25519 private keys are kept: PEM of
// any kind, PKCS #8 in DER (RFC 8410 section 7), and seed and public key as 64
// bytes in hex or base64. A JWK is looked at where it is parsed; 32 bytes
// may be either.
func isPrivateKey(b []byte) bool {
	if bytes.Contains(b, []byte("PRIVATE KEY")) {
		return true
	}
	for _, version := range []byte{0, 1} {
		if len(b) > 4 && b[0] == 0x30 && bytes.HasPrefix(b[2:], []byte{0x02, 0x01, version, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70}) {
			return true
		}
	}
	if raw, err := hex.DecodeString(string(b)); err == nil && len(raw) == ed25519.PrivateKeySize {
		return true
	}
	raw, err := base64.StdEncoding.DecodeString(string(b))
	return err == nil && len(raw) == ed25519.PrivateKeySize
}

// parsePEMKeys reads one or more blocks with nothing but white space around them.
func parsePEMKeys(b []byte) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for len(bytes.TrimSpace(b)) > 0 {
		if !bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("-----BEGIN PUBLIC KEY-----")) {
			return nil, cli.Breaks("CLI-10", "expected a block of type PUBLIC KEY, got %q", printable.Short(strings.TrimSpace(string(b[:min(len(b), 64)]))))
		}
		block, rest := pem.Decode(b)
		// Decode passes over a block that it can not read: that the rest shrank by
		// more than one block shows it.
		if block == nil || len(block.Headers) != 0 || bytes.Count(b[:len(b)-len(rest)], []byte("-----BEGIN")) != 1 {
			return nil, cli.Breaks("CLI-10", "a malformed PEM block")
		}
		key, ok := bytes.CutPrefix(block.Bytes, spkiPrefix)
		if !ok || len(key) != ed25519.PublicKeySize {
			return nil, cli.Breaks("CLI-10", "the PUBLIC KEY is no Ed25519 key (RFC 8410)")
		}
		keys = append(keys, key)
		b = rest
	}
	return keys, nil
}
