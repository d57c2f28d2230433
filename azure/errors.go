package azure

import "github.com/tresorhq/attest"

// The error types of steps 20 to 30. Each is an attest.AttestationError, always as a
// pointer, and its name is a word of JSON verdicts: see attest.ErrorType.
type (
	HCLInvalidError             struct{ attest.Failure } // no HCL report, or it or its runtime data is malformed (steps 20, 22)
	QuoteInvalidError           struct{ attest.Failure } // the quote is absent or malformed, or names another signer (25, 26)
	QuoteSignatureInvalidError  struct{ attest.Failure } // the attestation key did not sign the quote (27)
	QualifyingDataMismatchError struct{ attest.Failure } // user-data or qualifying data is not what was demanded (24, 28)
	PCRMismatchError            struct{ attest.Failure } // values of PCRs are not those of the quote, or not allowed (29, 30)
)
