package attest

import (
	"crypto/sha256"
	"encoding/hex"
)

// bindReportData is step 18: REPORT_DATA[0:32] is the SHA-256 of the 32 bytes of
// the TLS key's hash, followed by the 32 bytes of the identity tag. Both have a
// fixed size, so that the two can not be cut elsewhere. This is where the
// hardware vouches for them.
func bindReportData(reportData [64]byte, spki, tag [32]byte) *ReportDataMismatchError {
	want := sha256.Sum256(append(spki[:], tag[:]...))
	if [32]byte(reportData[:32]) == want {
		return nil
	}
	return &ReportDataMismatchError{Failure{
		Rule: "BIN-01", Message: "REPORT_DATA does not bind this TLS key and this identity tag together",
		Expected: hex.EncodeToString(want[:]), Actual: hex.EncodeToString(reportData[:32]),
	}}
}

// checkLiveKey is step 19: the key at the other end of the connection is the
// attested one.
// A zero hash is no observation, and equals nothing.
func checkLiveKey(attested, live [32]byte) *SPKIMismatchError {
	if attested == live && live != [32]byte{} {
		return nil
	}
	rule, message := "BIN-10", "the connection's TLS key is not the attested one"
	if live == [32]byte{} {
		rule, message = "BIN-11", "the connection's TLS key was not observed"
	}
	a, l := hex.EncodeToString(attested[:]), hex.EncodeToString(live[:])
	return &SPKIMismatchError{
		Failure:  Failure{Rule: rule, Message: message, Expected: a, Actual: l},
		Attested: a, Live: l,
	}
}
