// Package difftest compares this module with established implementations: the
// same bytes to both, in one run. It is a module of its own, so that nothing of
// it reaches whoever uses the other one.
//
//	report   SEV-SNP reports           github.com/google/go-sev-guest
//	table    certificate tables        github.com/google/go-sev-guest
//	chain    whole evidence, roots     github.com/google/go-sev-guest
//	policy   policies                  github.com/google/go-sev-guest
//	cert     certificates, chains      crypto/x509
//	crl      revocation lists          crypto/x509
//	jose     JWS, JWK                  github.com/go-jose/go-jose/v4
//	tpm      TPM quotes, signatures    github.com/google/go-tpm
//	text     JSON, scalars             encoding/json, encoding/base64, time
//	client   the attested transport    github.com/openai/openai-go/v3
//	schema   the command's JSON         github.com/santhosh-tekuri/jsonschema/v6
//	tables   DIFFERENCES.md, all the tables
//	bench    the time that it takes    all of them, and the bare primitives
//
// Where both answer differently on purpose, a Table says so, and who is right.
// A difference that no table has fails the tests, and so does a row whose
// example makes no difference any more. DIFFERENCES.md prints all tables.
//
// # Evidence
//
// Inputs are the peers' own samples, synthetic evidence of every product, report
// version and kind of key, mutations of all these, and real captures when
// ATTEST_REAL_VECTORS names a folder of them.
package difftest
