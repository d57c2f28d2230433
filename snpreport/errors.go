package snpreport

import (
	"errors"
	"fmt"
)

// A ParseError says which field of a report, or of what carried it, is wrong.
type ParseError struct {
	Rule     string // rule of SPEC.md
	Field    string // AMD's name of the field
	Offset   int    // where it starts in the input, in bytes
	Expected string
	Actual   string
	Err      error // ErrUnsupported, or nil
}

func parseError(rule, field string, offset int, expected, actual string) *ParseError {
	return &ParseError{Rule: rule, Field: field, Offset: offset, Expected: expected, Actual: actual}
}

// sizeError refuses n bytes that are no report.
func sizeError(n int) *ParseError {
	return parseError("RPT-01", "report", 0, fmt.Sprintf("%d bytes", Size), fmt.Sprintf("%d bytes", n))
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("snpreport: %s at offset %#x: expected %s, got %s", e.Field, e.Offset, e.Expected, e.Actual)
}

// Requirement returns the rule of SPEC.md that was broken.
func (e *ParseError) Requirement() string { return e.Rule }

// Unwrap returns Err.
func (e *ParseError) Unwrap() error { return e.Err }

// A SignatureError says why the signature of a report does not hold.
type SignatureError struct {
	Rule   string // rule of SPEC.md
	Reason string
}

func (e *SignatureError) Error() string { return "snpreport: signature: " + e.Reason }

// Requirement returns the rule of SPEC.md that was broken.
func (e *SignatureError) Requirement() string { return e.Rule }

// ErrUnsupported is wrapped by the error about a thing that AMD has defined and
// this package knows by name, but does not verify: report version 6, Venice.
var ErrUnsupported = errors.New("recognised, but not supported")
