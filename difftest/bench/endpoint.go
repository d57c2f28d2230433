package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/transport"
)

// enclave is the synthetic endpoint of these rows.
func enclave() (*attesttest.Enclave, error) {
	return attesttest.New(attesttest.Config{Seed: "difftest bench", Now: at})
}

// endpointRows: all 19 steps, with a chain that is remembered, and reports of two pods
// in turn, of which a cache of one never knows the signature. Nothing else remembers;
// what can't be done without are the bundle's signature and the report's.
func endpointRows() ([]row, error) {
	e, err := enclave()
	if err != nil {
		return nil, err
	}
	config := e.VerifierConfig()
	config.RequireCRL, config.ManifestKeys, config.Cache = false, nil, certchain.NewCache(1)
	v, err := attest.NewVerifier([]ed25519.PublicKey{e.ReleaseRoot()}, config)
	if err != nil {
		return nil, err
	}
	sibling, err := e.Sibling("other")
	if err != nil {
		return nil, err
	}
	evidence, next := e.Evidence(), sibling.Evidence()
	evidence.CRLs, next.CRLs = nil, nil
	bundle, err := bareEd25519(e.ReleaseRoot(), string(evidence.Bundle))
	if err != nil {
		return nil, err
	}
	report, err := bareReport(evidence.Envelope)
	if err != nil {
		return nil, err
	}
	return []row{{
		name: "whole Verify, warm",
		ours: contender{run: func() error {
			_, err := v.Verify(evidence, at)
			evidence, next = next, evidence
			return err
		}},
		bare: contender{run: func() error { return first(bundle(), report()) }},
	}}, nil
}

// bareReport checks the signature of the report in an envelope.
func bareReport(envelope []byte) (func() error, error) {
	parsed, err := attest.ParseEnvelope(envelope)
	if err != nil {
		return nil, err
	}
	ders, err := certchain.SplitPEM(parsed.ChainPEM)
	if err != nil {
		return nil, err
	}
	for _, der := range ders {
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
		if !ok {
			continue
		}
		r, s := littleEndian(parsed.Report[0x2A0:0x2D0]), littleEndian(parsed.Report[0x2E8:0x318])
		return func() error {
			digest := sha512.Sum384(parsed.Report[:mint.SignedSize])
			if !ecdsa.Verify(key, digest[:], r, s) {
				return errSignature
			}
			return nil
		}, nil
	}
	return nil, errors.New("no leaf")
}

// jwsRows verify the trust bundle of the same endpoint.
func jwsRows() ([]row, error) {
	e, err := enclave()
	if err != nil {
		return nil, err
	}
	compact := e.Evidence().Bundle
	text := string(compact)
	key, err := jws.NewEd25519Key(e.ReleaseRoot())
	if err != nil {
		return nil, err
	}
	kind := jws.Kind{Algorithm: jws.EdDSA, Types: []string{"JWT", "trust-bundle+jwt"}, MaxPayload: 256 << 10}
	bare, err := bareEd25519(e.ReleaseRoot(), text)
	if err != nil {
		return nil, err
	}
	return []row{{
		name: "JWS verify, EdDSA",
		ours: contender{run: func() error {
			m, err := jws.Parse(compact, kind)
			if err != nil {
				return err
			}
			_, _, err = m.Verify(key)
			return err
		}},
		peer: contender{goJose, func() error {
			m, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.EdDSA})
			if err != nil {
				return err
			}
			_, err = m.Verify(e.ReleaseRoot())
			return err
		}},
		bare: contender{run: bare},
	}}, nil
}

// requestRow is one request over a connection that stands, with 1 KiB each way.
func requestRow() (r row, done func(), err error) {
	e, err := attesttest.New(attesttest.Config{Seed: "difftest bench"})
	if err != nil {
		return row{}, nil, err
	}
	body := strings.Repeat("x", 1024)
	server, err := e.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, body)
	}))
	if err != nil {
		return row{}, nil, err
	}
	verify := attest.Config{Policy: policy.Default(), AMDRoots: e.VerifierConfig().AMDRoots}
	attested, err := transport.New(server.URL, transport.Config{
		ReleaseRoots: []ed25519.PublicKey{e.ReleaseRoot()}, Demands: verify, BundleURL: server.BundleURL, WebRoots: e.WebRoots(),
	})
	if err != nil {
		server.Close()
		return row{}, nil, err
	}
	plain := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: e.WebRoots()}, ForceAttemptHTTP2: true}
	post := func(rt http.RoundTripper) func() error {
		client := &http.Client{Transport: rt}
		return func() error {
			res, err := client.Post(server.URL+"/v1/chat/completions", "text/plain", strings.NewReader(body))
			if err != nil {
				return err
			}
			defer res.Body.Close()
			if got, err := io.ReadAll(res.Body); err != nil || !slices.Equal(got, []byte(body)) {
				return errors.Join(err, errors.New("another answer"))
			}
			return nil
		}
	}
	done = func() {
		attested.Close()
		plain.CloseIdleConnections()
		server.Close()
	}
	return row{
		name: "attested request",
		ours: contender{run: post(attested)},
		peer: contender{netHTTP, post(plain)},
	}, done, nil
}
