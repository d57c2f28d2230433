package snpreport

import (
	"errors"

	"github.com/tresorhq/attest/rule"
)

// ErrUnsupported is wrapped by the error about a thing that AMD has defined and
// this package knows by name, but does not verify: report version 6, Venice.
var ErrUnsupported = errors.New("recognised, but not supported")

// parseError says which field of a report, or of what carried it, is wrong.
// Offset counts bytes from the start of the input.
func parseError(id, field string, offset int, expected, actual string) *rule.Error {
	return &rule.Error{Rule: id, Where: field, Offset: offset, Expected: expected, Actual: actual}
}

// signatureError says why the signature of a report does not hold.
func signatureError(id, reason string) *rule.Error {
	return &rule.Error{Rule: id, Message: "report signature: " + reason, Offset: rule.NoOffset}
}
