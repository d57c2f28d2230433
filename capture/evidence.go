// Package capture is what was seen of an endpoint and what was trusted about it, as
// files: evidence, from which everything can be verified again, and the pin that later
// verifications are compared with.
package capture

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
)

// Schema of an evidence file, and its longest size in bytes.
const (
	EvidenceSchema  = "tresor.evidence/v1"
	MaxEvidenceFile = 4 << 20
)

// Evidence is what an endpoint showed, with where and when.
type Evidence struct {
	attest.Evidence
	Origin    string // "" when it came from files
	FetchedAt time.Time
	LeafDER   []byte // of the TLS connection; nil when only its key's hash is known
}

// An evidenceFile is the form of an evidence file.
type evidenceFile struct {
	Schema    string   `json:"schema"`
	Origin    string   `json:"origin"`
	FetchedAt string   `json:"fetched_at"`
	Leaf      []byte   `json:"leaf_der_b64"`
	Envelope  []byte   `json:"envelope_b64"`
	Bundle    string   `json:"bundle_jws"`
	CRLs      [][]byte `json:"crls_b64"`
}

// Encode writes an evidence file, from which everything can be verified again. For a
// nil Evidence it is empty, which ParseEvidence refuses.
func (e *Evidence) Encode() []byte {
	if e == nil {
		return nil
	}
	file := evidenceFile{EvidenceSchema, e.Origin, stamp(e.FetchedAt), e.LeafDER, e.Envelope, string(e.Bundle), append([][]byte{}, e.CRLs...)}
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

// ParseEvidence reads an evidence file. The envelope and the bundle in it are as
// untrusted as those of a server. On error there is no Evidence, and the error is a
// *rule.Error: of JSON and members, then of the certificate (CLI-03).
func ParseEvidence(b []byte) (*Evidence, error) {
	e := new(Evidence)
	names := []string{"schema", "origin", "fetched_at", "leaf_der_b64", "envelope_b64", "bundle_jws", "crls_b64"}
	err := strictjson.Decode(b, MaxEvidenceFile, names, func(o *strictjson.Object) {
		o.RefuseUnknown()
		o.Required("schema").OneOf(EvidenceSchema)
		e.Origin = o.Required("origin").Text()
		e.FetchedAt = o.Required("fetched_at").Time()
		e.LeafDER = o.Required("leaf_der_b64").Base64()
		e.Envelope = emptyOr(o.Required("envelope_b64"), strictjson.Value.Base64)
		e.Bundle = []byte(o.Required("bundle_jws").Text())
		for _, v := range o.Required("crls_b64").Array(0, 8) {
			e.CRLs = append(e.CRLs, v.Base64())
		}
	})
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(e.LeafDER)
	if err != nil {
		return nil, &rule.Error{Rule: "CLI-03", Message: "no certificate, " + err.Error(), Where: "leaf_der_b64", Offset: rule.NoOffset, Cause: err}
	}
	e.LiveSPKI = sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return e, nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
