package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/strictjson"
)

// replay reads what --save wrote.
func (f *attestFlags) replay(w world) (*collected, error) {
	b, err := w.read(f.evidenceFile, maxEvidenceFile)
	if err != nil {
		return nil, unavailable("--evidence", err)
	}
	c, err := parseEvidenceFile(trimLine(b))
	if err != nil {
		return nil, unavailable("--evidence "+f.evidenceFile, err)
	}
	return c, nil
}

// offline reads the evidence from files.
func (f *attestFlags) offline(w world) (*collected, error) {
	at, _, err := f.time(w) // what is saved must verify again as it did now
	if err != nil {
		return nil, err
	}
	c := &collected{fetchedAt: at}
	if c.evidence.Envelope, err = w.evidence(f.envelope, maxEnvelopeFile); err != nil {
		return nil, unavailable("--envelope", err)
	}
	if c.evidence.Bundle, err = f.readBundle(w); err != nil {
		return nil, err
	}
	c.evidence.Envelope = trimLine(c.evidence.Envelope)
	return c, f.liveKey(w, c)
}

// revocation adds the CRL that --crl names to evidence from files.
func (f *attestFlags) revocation(ctx context.Context, w world, u *ui, c *collected) error {
	switch f.crl {
	case "":
		return nil
	case "fetch":
		envelope, err := attest.ParseEnvelope(c.evidence.Envelope)
		if err != nil {
			return nil // verifying it will say why
		}
		client, err := f.client(w, u)
		if err != nil {
			return err
		}
		crls, err := client.crls(ctx, attest.ReportEvidence{Report: envelope.Report, Certificates: [][]byte{envelope.ChainPEM}})
		c.evidence.CRLs = append(c.evidence.CRLs, crls...)
		return err
	}
	crl, err := readCRL(w, f.crl)
	c.evidence.CRLs = append(c.evidence.CRLs, crl)
	return err
}

func (f *attestFlags) readBundle(w world) ([]byte, error) {
	b, err := w.evidence(f.bundle, maxBundleFile)
	if err != nil {
		return nil, unavailable("--bundle", err)
	}
	return trimLine(b), nil
}

// liveKey reads the key that was seen on the connection.
func (f *attestFlags) liveKey(w world, c *collected) error {
	if f.spki != "" {
		var ok bool
		if c.evidence.LiveSPKI, ok = strictjson.ParseHex[[32]byte](f.spki); !ok {
			return usagef("--spki is 64 lower-case hex digits")
		}
		return nil
	}
	b, err := w.evidence(f.cert, maxCertFile)
	if err != nil {
		return unavailable("--cert", err)
	}
	if bytes.HasPrefix(b, []byte("-----BEGIN")) {
		const end = "-----END CERTIFICATE-----"
		first, _, _ := bytes.Cut(b, []byte(end))                                       // the rest of a chain does not count
		ders, err := certchain.SplitPEM(append(first[:len(first):len(first)], end...)) // strictly: a block that was passed over would make another the leaf
		if err != nil {
			return unavailable("--cert", err)
		}
		b = ders[0]
	}
	leaf, err := x509.ParseCertificate(b)
	if err != nil {
		return unavailable("--cert", errors.New("no certificate in it: "+err.Error()))
	}
	c.leaf, c.evidence.LiveSPKI = leaf.Raw, sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return nil
}
