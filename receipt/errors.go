package receipt

import "github.com/tresorhq/attest"

// The error types of a receipt, in the order of the steps that return them. Each is
// an attest.AttestationError, always as a pointer, and its name is a word of JSON
// verdicts: see attest.ErrorType.
type (
	// ReceiptSignatureInvalidError: the receipt is no compact JWS of its kind, or
	// the key that it names is not in the key set, or did not sign it.
	ReceiptSignatureInvalidError struct{ attest.Failure }

	// ReceiptInvalidError: the JSON around or in a receipt is malformed, or it is
	// not the receipt it is said to be, from the future, or too old.
	ReceiptInvalidError struct{ attest.Failure }

	// ReceiptDigestMismatchError: the receipt is for another request or response.
	ReceiptDigestMismatchError struct{ attest.Failure }
)
