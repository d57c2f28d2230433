package snpreport

// Unchecked decodes b without a check, so that tests reach VerifySignature with
// bytes that Parse refuses.
func Unchecked(b []byte) *Report {
	r := &Report{raw: [Size]byte(b)}
	r.decode()
	return r
}
