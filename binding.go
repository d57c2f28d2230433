package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tresorhq/attest/internal/steps"
	"github.com/tresorhq/attest/policy"
)

// bindReportData compares REPORT_DATA[0:32] with the SHA-256 of the 32 bytes of the
// TLS key's hash, followed by the 32 bytes of the identity tag. Both have a fixed
// size, so that the two cannot be cut elsewhere. This is where the hardware vouches
// for them.
func bindReportData(reportData [64]byte, spki, tag [32]byte) error {
	want := sha256.Sum256(append(spki[:], tag[:]...))
	if [32]byte(reportData[:32]) == want {
		return nil
	}
	return &ReportDataMismatchError{Failure{
		Rule: "BIN-01", Message: "REPORT_DATA does not bind this TLS key and this identity tag together",
		Expected: hex.EncodeToString(want[:]), Actual: hex.EncodeToString(reportData[:32]),
	}}
}

// checkReportData is step 18: the binding, for an endpoint, and what the policy
// demands.
func (s *session) checkReportData() (steps.Outcome, error) {
	o := s.demanded("report_data")
	o.Actual = hex.EncodeToString(s.report.ReportData[:])
	if e := s.envelope; e != nil {
		if err := bindReportData(s.report.ReportData, e.TLSSPKISHA256, e.IdentityTag); err != nil {
			return steps.Outcome{}, err
		}
		o.Status, o.Reason = Pass, ""
	}
	if list := s.violations(policy.KindReportData); len(list) > 0 {
		return steps.Outcome{}, &ReportDataMismatchError{failureOf(list[0])}
	}
	return o, nil
}

// SPKISHA256 returns the SHA-256 of the SubjectPublicKeyInfo, in DER as received, of
// a certificate in DER: of the leaf of a TLS connection it is Evidence.LiveSPKI. The
// leaf is PeerCertificates[0].Raw of a tls.ConnectionState.
//
// Only what leads to the key is read, RFC 5280 section 4.1. Any other input than a
// certificate is an ordinary error.
func SPKISHA256(leafDER []byte) ([32]byte, error) {
	var certificate, tbs, spki cryptobyte.String
	input := cryptobyte.String(leafDER)
	ok := input.ReadASN1(&certificate, asn1.SEQUENCE) && input.Empty() &&
		certificate.ReadASN1(&tbs, asn1.SEQUENCE)
	tbs.SkipOptionalASN1(asn1.Tag(0).Constructed().ContextSpecific()) // version; one that is malformed stays there
	ok = ok && tbs.SkipASN1(asn1.INTEGER) &&                          // serialNumber
		tbs.SkipASN1(asn1.SEQUENCE) && // signature
		tbs.SkipASN1(asn1.SEQUENCE) && // issuer
		tbs.SkipASN1(asn1.SEQUENCE) && // validity
		tbs.SkipASN1(asn1.SEQUENCE) && // subject
		tbs.ReadASN1Element(&spki, asn1.SEQUENCE)
	if !ok {
		return [32]byte{}, errors.New("attest: this is no certificate in DER")
	}
	return sha256.Sum256(spki), nil
}

// checkLiveKey is step 19: the key at the other end of the connection is the
// attested one.
// A zero hash is no observation, and equals nothing.
func (s *session) checkLiveKey() (steps.Outcome, error) {
	attested, live := s.envelope.TLSSPKISHA256, s.evidence.LiveSPKI
	a, l := hex.EncodeToString(attested[:]), hex.EncodeToString(live[:])
	if attested == live && live != [32]byte{} {
		return steps.Outcome{Actual: l}, nil
	}
	id, message := "BIN-10", "the connection's TLS key is not the attested one"
	if live == [32]byte{} {
		id, message = "BIN-11", "the connection's TLS key was not observed"
	}
	return steps.Outcome{}, &SPKIMismatchError{
		Failure:  Failure{Rule: id, Message: message, Expected: a, Actual: l},
		Attested: a, Live: l,
	}
}
