package web

import (
	"encoding/hex"
	"strings"

	"github.com/tresorhq/attest/capture"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/verdict"
)

// subject is what the verdict is about: every file that is evidence.
func (j *judgement) subject(files [][]byte) *verdict.Subject {
	s := new(verdict.Subject)
	for i, f := range j.request.Files {
		role := f.Role
		if role == "" {
			role = recognise(files[i])
		}
		switch role {
		case "report", "certs", "crl", "evidence", "envelope", "bundle", "cert", "quote", "quote-signature", "pcrs":
			s.Files = append(s.Files, verdict.File{Flag: role, Name: f.Name, SHA256: hex.EncodeToString(hash(files[i]))})
		}
	}
	return s
}

// further are the demands that stand beside the policy.
func (j *judgement) further() (list []verdict.Demand) {
	if len(j.inputs["crl"]) > 0 {
		list = append(list, verdict.RevocationDemand)
	}
	if len(j.inputs["evidence"])+len(j.inputs["envelope"]) > 0 {
		list = append(list, verdict.EndpointDemands...)
	}
	return list
}

// recognise finds out what a file is, by its content alone.
func recognise(b []byte) string {
	switch schema(b) {
	case capture.EvidenceSchema:
		return "evidence"
	case "tresor.attestation/v1":
		return "envelope"
	case policy.Schema:
		return "policy"
	}
	switch {
	case strings.HasPrefix(string(b), "-----BEGIN PUBLIC KEY-----"):
		return "release-root"
	case strings.HasPrefix(string(b), "\xffTCG") || len(b) > 6 && strings.HasPrefix(string(b[2:]), "\xffTCG"):
		return "quote"
	case strings.HasPrefix(string(b), "eyJ") && strings.Count(string(b), ".") == 2:
		return "bundle"
	}
	if _, err := carrier.Open(b); err == nil {
		return "report"
	}
	if bag, err := carrier.OpenCertificates(b); err == nil {
		if len(bag.Certificates) == 0 && len(bag.CRLs) > 0 {
			return "crl"
		}
		return "certs"
	}
	return "report" // whose error says what it looks like
}

// schema returns the member schema of a JSON object, or "".
func schema(b []byte) (s string) {
	strictjson.Decode(b, carrier.MaxSize, []string{"schema"}, func(o *strictjson.Object) {
		if v, ok := o.Optional("schema"); ok {
			s = v.Text()
		}
	})
	return s
}
