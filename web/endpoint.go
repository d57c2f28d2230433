package web

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"strings"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/capture"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/releaseroot"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/verdict"
)

// endpoint verifies an evidence file, or an envelope with its trust bundle.
func (j *judgement) endpoint(pol policy.Policy, roots *certchain.Roots) (*attest.Audit, error) {
	keys, err := j.releaseRoots()
	if err != nil {
		return nil, err
	}
	var e attest.Evidence
	if files := j.inputs["evidence"]; len(files) > 0 {
		j.frame.Mode = "replay"
		saved, err := capture.ParseEvidence(trimLine(files[0].data))
		if err != nil {
			return nil, verdict.Unavailable("evidence "+files[0].name, err)
		}
		if j.request.At == "recorded" {
			j.frame.At, j.frame.TimeSource = saved.FetchedAt, "recorded"
		}
		e = saved.Evidence
	} else if e, err = j.envelope(); err != nil {
		return nil, err
	}
	if j.frame.At == (time.Time{}) {
		return nil, usage("the recorded time goes with an evidence file only")
	}
	e.CRLs = j.crls(e.CRLs...)
	v, err := attest.NewVerifier(keys, attest.Config{
		Policy: pol, AMDRoots: roots, Workload: j.request.Workload, RequireCRL: len(j.inputs["crl"]) > 0, Memory: attest.NoMemory{},
	})
	if err != nil {
		return nil, usage("%w", err)
	}
	if envelope, err := attest.ParseEnvelope(e.Envelope); err == nil {
		j.view.Report, _ = snpreport.Parse(envelope.Report)
		if ders, err := certchain.SplitPEM(envelope.ChainPEM); err == nil {
			j.look(ders)
		}
	}
	return v.Audit(e, j.frame.At), nil
}

func (j *judgement) releaseRoots() (keys []ed25519.PublicKey, err error) {
	for _, file := range j.inputs["release-root"] {
		if len(file.data) == 0 || len(file.data) > releaseroot.MaxFile {
			return nil, usage("release root %s: expected 1 to %d bytes", file.name, releaseroot.MaxFile)
		}
		k, err := releaseroot.Parse(trimLine(file.data))
		if err != nil {
			return nil, usage("release root %s: %w", file.name, err)
		}
		keys = append(keys, k...)
	}
	if len(keys) == 0 {
		return nil, usage("add the release root: the public key that may sign the trust bundle; none is built in")
	}
	return keys, nil
}

// envelope reads an envelope, its trust bundle and the live key.
func (j *judgement) envelope() (e attest.Evidence, err error) {
	if len(j.inputs["bundle"]) == 0 {
		return e, usage("add the trust bundle of the envelope")
	}
	e.Envelope, e.Bundle = trimLine(j.inputs["envelope"][0].data), trimLine(j.inputs["bundle"][0].data)
	certs := j.inputs["cert"]
	if len(certs) > 0 && j.request.SPKI != "" {
		return e, misuse("CLI-06", "the live key is given twice: as a certificate and as a hash")
	}
	if len(certs) > 0 {
		der, err := leafOf(certs[0].data)
		if err != nil {
			return e, verdict.Unavailable("leaf certificate "+certs[0].name, err)
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			return e, verdict.Unavailable("leaf certificate "+certs[0].name, err)
		}
		e.LiveSPKI = sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
		return e, nil
	}
	key, ok := strictjson.ParseHex[[32]byte](strings.ToLower(j.request.SPKI))
	if !ok {
		return e, usage("the SHA-256 of the live key is 64 lower-case hex digits: without the key that was seen nothing is judged")
	}
	e.LiveSPKI = key
	return e, nil
}

// leafOf returns the first certificate of PEM text, of which the rest does not count,
// or the file itself.
func leafOf(b []byte) ([]byte, error) {
	const end = "-----END CERTIFICATE-----"
	if !bytes.HasPrefix(b, []byte("-----BEGIN")) {
		return b, nil
	}
	first, _, _ := bytes.Cut(b, []byte(end))
	ders, err := certchain.SplitPEM(append(first[:len(first):len(first)], end...))
	if err != nil {
		return nil, err
	}
	return ders[0], nil
}

// trimLine forgives one final line break.
func trimLine(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
		if n := len(b); n > 0 && b[n-1] == '\r' {
			b = b[:n-1]
		}
	}
	return b
}

func isText(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(b) > 0
}
