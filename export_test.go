package attest

// What makes an error of a package below one of this package.
var (
	JSONFailure      = jsonFailure
	JWSFailure       = jwsFailure
	ReportInvalid    = reportInvalid
	ChainInvalid     = chainInvalid
	NotRevoked       = notRevoked
	SignatureInvalid = signatureInvalid
)
