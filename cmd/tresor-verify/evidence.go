package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/strictjson"
)

const (
	evidenceSchema  = "tresor.evidence/v1"
	maxEvidenceFile = 4 << 20
)

// collected is evidence with where and when it was found.
type collected struct {
	evidence  attest.Evidence
	origin    string // "" when it came from files
	fetchedAt time.Time
	leaf      []byte // DER of the TLS leaf; nil when only its key's hash is known
}

// encode writes an evidence file, from which everything can be verified again.
func (c *collected) encode() []byte {
	file := struct {
		Schema    string   `json:"schema"`
		Origin    string   `json:"origin"`
		FetchedAt string   `json:"fetched_at"`
		Leaf      []byte   `json:"leaf_der_b64"`
		Envelope  []byte   `json:"envelope_b64"`
		Bundle    string   `json:"bundle_jws"`
		CRLs      []string `json:"crls_b64"`
	}{evidenceSchema, c.origin, stamp(c.fetchedAt), c.leaf, c.evidence.Envelope, string(c.evidence.Bundle), []string{}}
	for _, crl := range c.evidence.CRLs {
		file.CRLs = append(file.CRLs, base64.StdEncoding.EncodeToString(crl))
	}
	b, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		panic(err) // strings and bytes
	}
	return append(b, '\n')
}

// emptyOr reads a string that may be empty: an endpoint that answered with
// nothing is refused again, as it was.
func emptyOr(v strictjson.Value, read func(strictjson.Value) []byte) []byte {
	if v.Text() == "" {
		return nil
	}
	return read(v)
}

// parseEvidenceFile reads an evidence file. The envelope and the bundle in it
// are as untrusted as those of a server.
func parseEvidenceFile(b []byte) (*collected, error) {
	c := new(collected)
	names := []string{"schema", "origin", "fetched_at", "leaf_der_b64", "envelope_b64", "bundle_jws", "crls_b64"}
	err := strictjson.Decode(b, maxEvidenceFile, names, func(o *strictjson.Object) {
		o.RefuseUnknown()
		o.Required("schema").OneOf(evidenceSchema)
		c.origin = o.Required("origin").Text()
		c.fetchedAt = o.Required("fetched_at").Time()
		c.leaf = o.Required("leaf_der_b64").Base64()
		c.evidence.Envelope = emptyOr(o.Required("envelope_b64"), strictjson.Value.Base64)
		c.evidence.Bundle = []byte(o.Required("bundle_jws").Text())
		for _, v := range o.Required("crls_b64").Array(0, 8) {
			c.evidence.CRLs = append(c.evidence.CRLs, v.Base64())
		}
	})
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(c.leaf)
	if err != nil {
		return nil, err
	}
	c.evidence.LiveSPKI = sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return c, nil
}
