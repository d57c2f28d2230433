package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/capture"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/collateral"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/transport"
	"github.com/tresorhq/attest/verdict"
)

// live fetches the evidence of an endpoint, over the connection whose key is
// then held against it.
func (f *attestFlags) live(r *reading, v *attest.Verifier) *capture.Evidence {
	config := f.connection(r)
	if r.err != nil {
		return nil
	}
	config.Verifier = v
	t, err := transport.New(f.url, config)
	if r.usage("--url: %v", err) {
		return nil
	}
	defer t.Close()
	defer r.Slow("asking %s for its evidence, for %v at most", f.url, f.timeout)()
	e, err := t.Collect(r.ctx)
	r.fail(err)
	return (*capture.Evidence)(e)
}

// connection says how to reach an endpoint and what else is needed to judge it.
func (f *endpointFlags) connection(r *reading) transport.Config {
	config := transport.Config{BundleURL: f.bundleURL, AttestTimeout: f.timeout}
	if f.bundle != "" {
		config.Bundle = f.readBundle(r)
		if len(config.Bundle) == 0 {
			r.fail(verdict.Unavailable("--bundle", errors.New(f.bundle+": the file is empty")))
		}
	}
	config.WebRoots = f.webRoots(r)
	client := f.client(r, "--crl fetch")
	switch f.crl {
	case "":
	case "fetch":
		config.Revocation = func(ctx context.Context, p snpreport.Product, key snpreport.SigningKey) ([]byte, error) {
			return client.Fetch(ctx, kds.CRL(p, key), collateral.IsCRL)
		}
	default:
		crl := readCRL(r, f.crl)
		config.Revocation = func(ctx context.Context, _ snpreport.Product, _ snpreport.SigningKey) ([]byte, error) {
			if f.crl == "-" {
				return crl, nil
			}
			again := &reading{Call: r.Call, ctx: ctx} // a day later it may have been replaced
			return readCRL(again, f.crl), again.err
		}
	}
	return config
}

// replay reads what --save wrote.
func (f *attestFlags) replay(r *reading) *capture.Evidence {
	b := r.evidence("--evidence", "evidence", f.evidenceFile, capture.MaxEvidenceFile)
	if r.err != nil {
		return nil
	}
	e, err := capture.ParseEvidence(cli.TrimLine(b))
	if r.unavailable("--evidence "+f.evidenceFile, err) {
		return nil
	}
	r.Subject.ClaimedOrigin = e.Origin
	return e
}

// offline reads the evidence from files.
func (f *attestFlags) offline(r *reading) *capture.Evidence {
	e := &capture.Evidence{FetchedAt: f.frame(r, nil).At} // what is saved must verify again as it did now
	e.Envelope = cli.TrimLine(r.evidence("--envelope", "envelope", f.envelope, maxFile))
	e.Bundle = f.readBundle(r)
	f.liveKey(r, e)
	return e
}

// revocation adds the CRL that --crl names to evidence from files. What cannot be parsed
// has none: verifying it will say why.
func (f *attestFlags) revocation(r *reading, e *capture.Evidence) {
	if f.crl != "fetch" && f.crl != "" {
		e.CRLs = append(e.CRLs, readCRL(r, f.crl))
	}
	if f.crl != "fetch" || r.err != nil {
		return
	}
	envelope, err := attest.ParseEnvelope(e.Envelope)
	if err != nil {
		return
	}
	client := f.client(r, "--crl fetch")
	outline, err := collateral.Parse(attest.ReportEvidence{Report: envelope.Report, Certificates: [][]byte{envelope.ChainPEM}})
	if err != nil || r.err != nil {
		return
	}
	crls, err := client.CRLs(r.ctx, outline)
	r.fail(err)
	e.CRLs = append(e.CRLs, crls...)
}

func (f *endpointFlags) readBundle(r *reading) []byte {
	return cli.TrimLine(r.evidence("--bundle", "bundle", f.bundle, maxFile))
}

// liveKey reads the key that was seen on the connection.
func (f *attestFlags) liveKey(r *reading, e *capture.Evidence) {
	if f.spki != "" {
		e.LiveSPKI, _ = strictjson.ParseHex[[32]byte](f.spki) // the flag takes no other form
		return
	}
	b := r.evidence("--cert", "cert", f.cert, maxCertFile)
	if bytes.HasPrefix(b, []byte("-----BEGIN")) {
		const end = "-----END CERTIFICATE-----"
		first, _, _ := bytes.Cut(b, []byte(end))                                       // the rest of a chain does not count
		ders, err := certchain.SplitPEM(append(first[:len(first):len(first)], end...)) // strictly: a block that was passed over would make another the leaf
		if r.unavailable("--cert", err) {
			return
		}
		b = ders[0]
	}
	leaf, err := x509.ParseCertificate(b)
	if err != nil {
		r.fail(verdict.Unavailable("--cert", errors.New("no certificate in it: "+err.Error())))
		return
	}
	e.LeafDER, e.LiveSPKI = leaf.Raw, sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
}
