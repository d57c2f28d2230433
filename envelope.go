package attest

import (
	"bytes"
	"strings"
	"time"

	"github.com/tresorhq/attest/internal/steps"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
)

// Limits and constants of the envelope.
const (
	maxEnvelope    = 64 << 10 // bytes
	envelopeSchema = "tresor.attestation/v1"
	maxMaxAge      = 86400 // seconds; a larger max_age_seconds counts as this
	maxClockAhead  = 5 * time.Minute
	ageGrace       = 60 * time.Second
)

// envelopeNames are the members that are read. Others are ignored.
var envelopeNames = []string{
	"schema", "workload", "snp_report_b64", "vcek_chain_pem", "tls_spki_sha256", "workload_identity_tag",
	"workload_identity_manifest_jws", "trust_bundle_url", "issued_at", "max_age_seconds",
}

// An Envelope is the answer to GET /attestation. It is not signed: its
// members count only as far as later steps bind them to the hardware.
type Envelope struct {
	Workload       string
	Report         []byte // still to be parsed
	ChainPEM       []byte // still to be parsed
	TLSSPKISHA256  [32]byte
	IdentityTag    [32]byte
	ManifestJWS    []byte // nil when there is none
	TrustBundleURL string // as sent, "" when there is none; to be judged before it is fetched
	IssuedAt       time.Time
	MaxAge         time.Duration // 1 s to 24 h

	received *Envelope // a copy for verifiers, which the caller cannot write to
}

// ParseEnvelope reads an envelope: step 1. The error is an
// *EnvelopeInvalidError, the envelope then nil. SPEC.md section 11.
func ParseEnvelope(data []byte) (*Envelope, error) {
	e, err := parseEnvelope(data)
	if err != nil {
		return nil, err
	}
	received := *e
	received.Report, received.ChainPEM, received.ManifestJWS = bytes.Clone(e.Report), bytes.Clone(e.ChainPEM), bytes.Clone(e.ManifestJWS)
	e.received = &received
	return e, nil
}

func parseEnvelope(data []byte) (*Envelope, error) {
	e := new(Envelope)
	err := strictjson.Decode(data, maxEnvelope, envelopeNames, func(o *strictjson.Object) {
		schema := o.Required("schema")
		if s := schema.NonEmpty(); s != envelopeSchema {
			schema.Fail("ENV-02", `"`+envelopeSchema+`"`, strictjson.Quote(s))
		}
		e.Workload = o.Required("workload").NonEmpty()
		e.Report = o.Required("snp_report_b64").Base64()
		e.ChainPEM = o.Required("vcek_chain_pem").Bytes()
		e.TLSSPKISHA256 = strictjson.Hex[[32]byte](o.Required("tls_spki_sha256"))
		e.IdentityTag = strictjson.Hex[[32]byte](o.Required("workload_identity_tag"))
		if v, ok := o.Optional("workload_identity_manifest_jws"); ok {
			e.ManifestJWS = v.Bytes()
		}
		if v, ok := o.Optional("trust_bundle_url"); ok {
			if e.TrustBundleURL = v.Text(); e.TrustBundleURL != "" && !isHTTPS(e.TrustBundleURL) {
				v.Fail("ENV-03", "an https URL", strictjson.Quote(e.TrustBundleURL))
			}
		}
		e.IssuedAt = o.Required("issued_at").Time()
		e.MaxAge = time.Duration(o.Required("max_age_seconds").IntUpTo(1, maxMaxAge)) * time.Second
	})
	if err != nil {
		return nil, &EnvelopeInvalidError{rule.From(err, "ENV-01", "the envelope is malformed")}
	}
	return e, nil
}

// urlText has the characters of a URL: RFC 3986 section 2.
const urlText = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%"

// isHTTPS reports whether an address has the characters of a URL, this scheme, a
// host and, if any, a port in digits: RFC 3986 section 3.2. A client that fetches
// from it has more to check.
func isHTTPS(address string) bool {
	host, ok := strings.CutPrefix(address, "https://")
	if strings.Trim(host, urlText) != "" {
		return false
	}
	if end := strings.IndexAny(host, "/?#"); end >= 0 {
		host = host[:end]
	}
	host = host[strings.LastIndexByte(host, '@')+1:]
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		if strings.Trim(host[colon:], ":0123456789") != "" {
			return false
		}
		host = host[:colon]
	}
	if ip, literal := strings.CutPrefix(host, "["); literal {
		host, closed := strings.CutSuffix(ip, "]")
		return ok && closed && strings.Contains(host, ":") && strings.Trim(host, "0123456789abcdefABCDEF:.") == ""
	}
	return ok && host != "" && !strings.ContainsAny(host, "[]:")
}

// parseEnvelope is step 1.
func (s *session) parseEnvelope() (_ steps.Outcome, err error) {
	if s.evidence.Parsed == nil {
		s.envelope, err = parseEnvelope(s.evidence.Envelope)
		return steps.Outcome{}, err
	}
	if s.envelope = s.evidence.Parsed.received; s.envelope == nil {
		return steps.Outcome{}, &EnvelopeInvalidError{Failure{Rule: "ENV-01", Message: "the envelope was not made by ParseEnvelope"}}
	}
	return steps.Outcome{}, nil
}

// checkFreshness is step 2. issued_at has no signature, so this only keeps an
// honest server from serving what is old by mistake.
func (s *session) checkFreshness() (steps.Outcome, error) {
	e := s.envelope
	age := s.at.Sub(e.IssuedAt)
	stale := func(id, message, expected string) (steps.Outcome, error) {
		return steps.Outcome{}, &EnvelopeStaleError{
			Failure:  Failure{Rule: id, Message: message, Expected: expected, Actual: age.String()},
			IssuedAt: e.IssuedAt, MaxAge: e.MaxAge,
		}
	}
	if age < -maxClockAhead {
		return stale("ENV-20", "issued_at is in the future", "an age of at least "+(-maxClockAhead).String())
	}
	if most := e.MaxAge + ageGrace; age > most {
		return stale("ENV-21", "the envelope is older than it says it may be", "an age of at most "+most.String())
	}
	return steps.Outcome{Actual: "issued " + e.IssuedAt.Format(time.RFC3339Nano) + ", signed by nobody"}, nil
}

// checkWorkload is step 7: envelope, trust bundle and caller mean one workload.
func (s *session) checkWorkload() (steps.Outcome, error) {
	mismatch := func(id, message, expected, actual string) (steps.Outcome, error) {
		return steps.Outcome{}, &WorkloadMismatchError{
			Failure:  Failure{Rule: id, Message: message, Expected: strictjson.Quote(expected), Actual: strictjson.Quote(actual)},
			Workload: actual,
		}
	}
	if s.envelope.Workload != s.bundle.Workload {
		return mismatch("WKL-01", "the trust bundle is for another workload than the envelope", s.bundle.Workload, s.envelope.Workload)
	}
	if asked := s.verifier.workload; asked != "" && asked != s.bundle.Workload {
		return mismatch("WKL-02", "another workload runs there than was asked for", asked, s.bundle.Workload)
	}
	return steps.Outcome{Actual: s.bundle.Workload}, nil
}
