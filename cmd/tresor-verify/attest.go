package main

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/statefile"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/policy"
)

const attestHelp = `Verifies what an endpoint said of itself, from files: all 19 steps.

Flags:
  --envelope FILE|-     the body of GET /attestation
  --spki HEX            SHA-256 of the SubjectPublicKeyInfo of the TLS leaf that you
                        saw on that connection, 64 digits
  --cert FILE           or that certificate itself, PEM or DER, leaf first
  --bundle FILE         the trust bundle, a compact JWS
  --release-root FILE   who may sign it: PEM PUBLIC KEY, JWK, or 32 bytes in hex or
                        base64 (repeatable)
  --workload NAME       the workload that must run there
  --state FILE          remembers the newest bundle, so that older ones are refused
  --policy FILE         what the report must meet besides (attest.policy/v1)
  --crl FILE            check revocation; without it, it is not checked
  --amd-root FILE       use this ARK instead of all built-in ones (repeatable)
  --allow-debug --allow-migration --allow-vlek --vmpl N
                        accept what is refused by default
  --at TIME             verify for this time (RFC 3339) instead of now
  --json  --explain     the verdict as JSON; every step of it

Example:
  tresor-verify attest --envelope attestation.json --cert leaf.pem \
      --bundle bundle.jws --release-root release.pem
`

type attestFlags struct {
	hardwareFlags
	envelope, spki, cert, bundle string
	releaseRoots                 []string
	workload, state              string
}

func runAttest(_ context.Context, w world, u *ui, args []string) (int, error) {
	var f attestFlags
	fs := newFlagSet("attest")
	f.hardwareFlags.declare(fs)
	fs.text(&f.envelope, "envelope")
	fs.text(&f.spki, "spki")
	fs.text(&f.cert, "cert")
	fs.text(&f.bundle, "bundle")
	fs.texts(&f.releaseRoots, "release-root")
	fs.text(&f.workload, "workload")
	fs.text(&f.state, "state")
	if _, err := fs.parse(args, 0); err != nil {
		return 0, err
	}
	if err := f.check(); err != nil {
		return 0, err
	}
	at, source, err := f.time(w)
	if err != nil {
		return 0, err
	}
	verifier, pol, err := f.verifier(w)
	if err != nil {
		return 0, err
	}
	evidence, err := f.evidence(w)
	if err != nil {
		return 0, err
	}
	return f.answer(u, verifier.Audit(evidence, at), frame{"offline", at, source, pol.Relaxed()}), nil
}

// check refuses flags that do not go together.
func (f *attestFlags) check() error {
	switch {
	case f.envelope == "":
		return usagef("--envelope is missing")
	case f.bundle == "":
		return usagef("--bundle is missing")
	case f.spki == "" && f.cert == "":
		return usagef("--spki or --cert is missing: nothing is judged without the key of the connection")
	case f.spki != "" && f.cert != "":
		return usagef("--spki and --cert are two sources for one thing")
	case f.crl == "fetch":
		return usagef("--crl fetch needs a network; \"tresor-verify fetch\" gets a CRL beforehand")
	}
	return nil
}

func (f *attestFlags) verifier(w world) (*attest.Verifier, policy.Policy, error) {
	pol, err := f.policy(w, policy.Rules{})
	if err != nil {
		return nil, pol, err
	}
	amdRoots, err := f.roots(w)
	if err != nil {
		return nil, pol, err
	}
	releaseRoots, err := readReleaseRoots(w, f.releaseRoots)
	if err != nil {
		return nil, pol, err
	}
	config := attest.Config{Policy: pol, Roots: amdRoots, Workload: f.workload, RequireCRL: f.crl != ""}
	if f.state != "" {
		if config.Bundles, err = statefile.Open(f.state); err != nil {
			return nil, pol, usagef("--state: %v", err)
		}
	}
	v, err := attest.NewVerifier(releaseRoots, config)
	if err != nil {
		return nil, pol, usagef("%v", err)
	}
	return v, pol, nil
}

func (f *attestFlags) evidence(w world) (e attest.Evidence, err error) {
	if e.Envelope, err = w.read(f.envelope, maxEnvelopeFile); err != nil {
		return e, unavailable("--envelope", err)
	}
	if e.Bundle, err = w.read(f.bundle, maxBundleFile); err != nil {
		return e, unavailable("--bundle", err)
	}
	e.Bundle = trimLine(e.Bundle)
	if f.crl != "" {
		crl, err := readCRL(w, f.crl)
		if err != nil {
			return e, err
		}
		e.CRLs = [][]byte{crl}
	}
	e.LiveSPKI, err = f.liveKey(w)
	return e, err
}

// liveKey returns the hash of the key that was seen on the connection.
func (f *attestFlags) liveKey(w world) (sum [32]byte, err error) {
	if f.spki != "" {
		sum, ok := strictjson.ParseHex[[32]byte](f.spki)
		if !ok {
			return sum, usagef("--spki is 64 lower-case hex digits")
		}
		return sum, nil
	}
	b, err := w.read(f.cert, maxCertFile)
	if err != nil {
		return sum, unavailable("--cert", err)
	}
	if block, _ := pem.Decode(b); block != nil && block.Type == "CERTIFICATE" {
		b = block.Bytes // the first is the leaf
	}
	leaf, err := x509.ParseCertificate(b)
	if err != nil {
		return sum, unavailable("--cert", errors.New("no certificate in it: "+err.Error()))
	}
	return sha256.Sum256(leaf.RawSubjectPublicKeyInfo), nil
}
