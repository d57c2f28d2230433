package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
	"strings"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
)

var errSignature = errors.New("a bare primitive refuses a good signature")

// primitives are the two signatures that one verification can't do without when
// AMD's intermediate is known, with all around them done.
type primitives struct {
	intermediate   *rsa.PublicKey
	tbs, signature []byte // of the leaf
	leaf           *ecdsa.PublicKey
	signed         []byte
	r, s           *big.Int
}

func newPrimitives(e difftest.Evidence, intermediate []byte) (*primitives, error) {
	leaf, err := x509.ParseCertificate(e.Leaf)
	if err != nil {
		return nil, err
	}
	ask, err := x509.ParseCertificate(intermediate)
	if err != nil {
		return nil, err
	}
	return &primitives{
		intermediate: ask.PublicKey.(*rsa.PublicKey),
		tbs:          leaf.RawTBSCertificate,
		signature:    leaf.Signature,
		leaf:         leaf.PublicKey.(*ecdsa.PublicKey),
		signed:       e.Report[:mint.SignedSize],
		r:            littleEndian(e.Report[0x2A0:0x2D0]),
		s:            littleEndian(e.Report[0x2E8:0x318]),
	}, nil
}

func littleEndian(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

func (p *primitives) pss() error {
	digest := sha512.Sum384(p.tbs)
	return rsa.VerifyPSS(p.intermediate, crypto.SHA384, digest[:], p.signature, &rsa.PSSOptions{SaltLength: 48})
}

func (p *primitives) report() error {
	digest := sha512.Sum384(p.signed)
	if !ecdsa.Verify(p.leaf, digest[:], p.r, p.s) {
		return errSignature
	}
	return nil
}

// bareEd25519 checks the signature of a compact JWS and nothing else.
func bareEd25519(key ed25519.PublicKey, compact string) (func() error, error) {
	dot := strings.LastIndexByte(compact, '.')
	signature, err := base64.RawURLEncoding.DecodeString(compact[dot+1:])
	if err != nil {
		return nil, err
	}
	signed := []byte(compact[:dot])
	return func() error {
		if !ed25519.Verify(key, signed, signature) {
			return errSignature
		}
		return nil
	}, nil
}
