package azure

import "github.com/tresorhq/attest"

// The error types of steps 20 to 30. Each is an attest.AttestationError, always as a
// pointer, and its name is a word of JSON verdicts: see attest.ErrorType.
type (
	// HCLInvalidError: there is no HCL attestation report, or it or its runtime data is
	// malformed, or of another kind (steps 20 and 22).
	HCLInvalidError struct{ attest.Failure }

	// QuoteInvalidError: the quote is absent or malformed, or names another signer
	// (steps 25 and 26).
	QuoteInvalidError struct{ attest.Failure }

	// QuoteSignatureInvalidError: the attestation key did not sign the quote (step 27).
	QuoteSignatureInvalidError struct{ attest.Failure }

	// QualifyingDataMismatchError: user-data or qualifying data is not what was
	// demanded (steps 24 and 28).
	QualifyingDataMismatchError struct{ attest.Failure }

	// PCRMismatchError: the values of the PCRs are not those of the quote, or not what
	// was demanded (steps 29 and 30).
	PCRMismatchError struct{ attest.Failure }
)
