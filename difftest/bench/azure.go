package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/paravisor"
	"github.com/tresorhq/attest/policy"
)

// azureRows: all 30 steps of an Azure VM with its quote, with nothing remembered. What can
// not be done without are the signatures of intermediate, leaf, report and quote, and the
// hashes of what they sign and of the runtime data.
func azureRows() ([]row, error) {
	a := paravisor.Evidence("Milan", []byte("challenge"), nil)
	message, signature := a.SignedQuote()
	pcrs, err := azure.SHA256PCRs(a.PCRs)
	if err != nil {
		return nil, err
	}
	roots, err := certchain.NewRoots(a.ARK)
	if err != nil {
		return nil, err
	}
	demands, err := policy.New(policy.Rules{Measurements: []string{hex.EncodeToString(a.Spec.Measurement[:])}})
	if err != nil {
		return nil, err
	}
	v, err := azure.NewVerifier(azure.Config{ReportConfig: attest.ReportConfig{Policy: demands, AMDRoots: roots}, RequireQuote: true})
	if err != nil {
		return nil, err
	}
	evidence := azure.Evidence{HCL: a.HCL.Encode(), Certificates: [][]byte{a.PEM()}, Quote: &azure.QuoteEvidence{Message: message, Signature: signature, PCRs: pcrs}}
	report, err := bareChain(a.Set)
	if err != nil {
		return nil, err
	}
	ak := a.AK.Public()
	return []row{{
		name: "verify Azure quote, cold",
		ours: contender{run: func() error { _, err := v.Verify(evidence, mint.NotBefore.Add(24*time.Hour)); return err }},
		bare: contender{run: func() error {
			if err := report(); err != nil {
				return err
			}
			sha256.Sum256(a.HCL.Runtime)
			digest := sha256.Sum256(message)
			return rsa.VerifyPKCS1v15(ak, crypto.SHA256, digest[:], signature)
		}},
	}}, nil
}

// bareChain checks the signatures of intermediate, leaf and report of a synthetic set.
func bareChain(s *mint.Set) (func() error, error) {
	certs := make([]*x509.Certificate, 3)
	for i, der := range [][]byte{s.ARK, s.Intermediate, s.Leaf} {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		certs[i] = cert
	}
	key, ok := certs[2].PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("the leaf has another key")
	}
	r, t := littleEndian(s.Report[0x2A0:0x2D0]), littleEndian(s.Report[0x2E8:0x318])
	return func() error {
		for i, cert := range certs[1:] {
			digest := sha512.Sum384(cert.RawTBSCertificate)
			if err := rsa.VerifyPSS(certs[i].PublicKey.(*rsa.PublicKey), crypto.SHA384, digest[:], cert.Signature, &rsa.PSSOptions{SaltLength: 48}); err != nil {
				return err
			}
		}
		digest := sha512.Sum384(s.Report[:mint.SignedSize])
		if !ecdsa.Verify(key, digest[:], r, t) {
			return errSignature
		}
		return nil
	}, nil
}
