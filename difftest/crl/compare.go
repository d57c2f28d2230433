// Package crl compares certchain's certificate revocation lists with crypto/x509.
package crl

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
)

// Compare parses a list with both.
func Compare(der []byte) difftest.Outcome {
	l, err := certchain.ParseCRL(der)
	o := difftest.Outcome{Ours: difftest.Requirement(err)}
	var x *x509.RevocationList
	var theirs error
	o.Theirs, theirs = difftest.Call(func() (err error) {
		x, err = x509.ParseRevocationList(der)
		return err
	})
	o.Detail = fmt.Sprintf("ours: %v\ntheirs: %v\nlist: %x", err, theirs, der)
	if o.Ours != difftest.Accepts || o.Theirs != difftest.Accepts {
		return o
	}
	var serials []string
	for _, e := range x.RevokedCertificateEntries {
		serial := e.SerialNumber.Bytes()
		if len(serial) == 0 {
			serial = []byte{0}
		}
		serials = append(serials, fmt.Sprintf("%x", serial))
	}
	for _, f := range []struct {
		name string
		same bool
	}{
		{"Raw", bytes.Equal(x.Raw, der)},
		{"signatureAlgorithm", x.SignatureAlgorithm == x509.SHA384WithRSAPSS},
		{"issuer", x.Issuer.CommonName == "ARK-"+l.Product.String()},
		{"cRLNumber", x.Number != nil && l.Number == x.Number.String()},
		{"thisUpdate", l.ThisUpdate.Equal(x.ThisUpdate)},
		{"nextUpdate", l.NextUpdate.Equal(x.NextUpdate)},
		{"serial numbers", slices.Equal(l.Serials(), serials)},
	} {
		if !f.same {
			o.Fields = append(o.Fields, f.name)
		}
	}
	return o
}

// verdict asks both whether the chain of Milan's default VCEK stands with a list.
func verdict(der []byte, at time.Time) (ours, theirs error) {
	set := mint.Evidence("Milan", 3, "vcek")
	roots, err := certchain.NewRoots(set.ARK)
	if err != nil {
		return err, err
	}
	chain, err := certchain.Verify([][]byte{set.Leaf, set.Intermediate}, roots, difftest.At)
	if err != nil {
		return err, err
	}
	l, ours := certchain.ParseCRL(der)
	if ours == nil {
		ours = l.Check(chain, roots, at)
	}
	return ours, theirVerdict(der, set, at)
}

// theirVerdict is what RFC 5280 section 6.3 asks for, by means of crypto/x509.
func theirVerdict(der []byte, set *mint.Set, at time.Time) error {
	x, err := x509.ParseRevocationList(der)
	if err != nil {
		return err
	}
	ark, err := x509.ParseCertificate(set.ARK)
	if err != nil {
		return err
	}
	ask, err := x509.ParseCertificate(set.Intermediate)
	if err != nil {
		return err
	}
	if err := x.CheckSignatureFrom(ark); err != nil {
		return err
	}
	if !bytes.Equal(x.RawIssuer, ark.RawSubject) || at.Before(x.ThisUpdate) || at.After(x.NextUpdate) {
		return errors.New("of another issuer or time")
	}
	for _, e := range x.RevokedCertificateEntries {
		if e.SerialNumber.Cmp(ask.SerialNumber) == 0 || e.SerialNumber.Cmp(ark.SerialNumber) == 0 {
			return errors.New("revoked")
		}
	}
	return nil
}
