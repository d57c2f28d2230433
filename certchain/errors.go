package certchain

import (
	"encoding/hex"
	"fmt"
	"strconv"
)

// An Error says what is wrong with a certificate, a chain of them, or PEM text.
type Error struct {
	Rule        string // rule of SPEC.md
	Certificate string // which one, e.g. "certificate 2 (ASK)"; "chain", "PEM"
	Field       string // RFC 5280's or AMD's name of the field
	Offset      int    // where the field starts in the DER or the PEM; 0: nowhere
	Expected    string
	Actual      string
}

// Where returns the certificate, the field and its offset.
func (e *Error) Where() string { return e.Certificate + ": " + where(e.Field, e.Offset) }

func (e *Error) Error() string {
	return fmt.Sprintf("certchain: %s: expected %s, got %s", e.Where(), e.Expected, e.Actual)
}

// Requirement returns the rule of SPEC.md that was broken.
func (e *Error) Requirement() string { return e.Rule }

// A rootsError is about roots of the caller's: it has text and rule of an Error,
// but neither its method Requirement nor a way to it.
type rootsError struct{ bad *Error }

func (e rootsError) Error() string { return e.bad.Error() }
func (e rootsError) Rule() string  { return e.bad.Rule }

// A CRLError says why a CRL can not be used.
type CRLError struct {
	Rule     string // rule of SPEC.md
	Field    string // RFC 5280's name of the field
	Offset   int    // where the field starts in the DER; 0: nowhere
	Expected string
	Actual   string
}

func (e *CRLError) Error() string {
	return fmt.Sprintf("certchain: CRL: %s: expected %s, got %s", where(e.Field, e.Offset), e.Expected, e.Actual)
}

// Requirement returns the rule of SPEC.md that was broken.
func (e *CRLError) Requirement() string { return e.Rule }

// A RevokedError says that a good CRL lists a certificate of the chain.
type RevokedError struct {
	Rule   string // rule of SPEC.md
	Role   Role   // ARK, ASK or ASVK
	Serial string // lower-case hex
}

func (e *RevokedError) Error() string {
	return fmt.Sprintf("certchain: AMD revoked the %v with serial number %s", e.Role, e.Serial)
}

// Requirement returns the rule of SPEC.md that was broken.
func (e *RevokedError) Requirement() string { return e.Rule }

func where(field string, offset int) string {
	if offset == 0 {
		return field
	}
	return fmt.Sprintf("%s at offset %#x", field, offset)
}

// quoteHex shows at most 32 bytes of input.
func quoteHex(b []byte) string {
	if len(b) <= 32 {
		return strconv.Quote(hex.EncodeToString(b))
	}
	return fmt.Sprintf("\"%x…\" (%d bytes)", b[:32], len(b))
}

// quoteText shows at most 64 bytes of input.
func quoteText(b []byte) string {
	if len(b) <= 64 {
		return strconv.Quote(string(b))
	}
	return fmt.Sprintf("%q… (%d bytes)", b[:64], len(b))
}
