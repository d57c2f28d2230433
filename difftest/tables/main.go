// Command tables prints every known difference from a peer, as it stands in
// DIFFERENCES.md.
//
//	go run ./tables > DIFFERENCES.md
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/tresorhq/attest/difftest/cert"
	"github.com/tresorhq/attest/difftest/chain"
	"github.com/tresorhq/attest/difftest/crl"
	"github.com/tresorhq/attest/difftest/jose"
	"github.com/tresorhq/attest/difftest/policy"
	"github.com/tresorhq/attest/difftest/report"
	"github.com/tresorhq/attest/difftest/table"
	"github.com/tresorhq/attest/difftest/text"
	"github.com/tresorhq/attest/difftest/tpm"
)

const about = `# Known differences

Made by ` + "`go run ./tables > DIFFERENCES.md`" + `: where this module answers differently than an established implementation on the same bytes.
The tests fail on a difference that is not here, and on a row whose example makes none any more. "Right" says who is right; "both" is
where each does what its task demands. Rules are those of SPEC.md; where a rule of JSON is to blame, it stands behind a slash.
`

func main() {
	if _, err := os.Stdout.WriteString(document()); err != nil {
		os.Exit(1)
	}
}

func document() string {
	var b strings.Builder
	b.WriteString(about)
	for _, s := range []struct{ title, table string }{
		{"Reports: go-sev-guest, abi.ReportToProto", report.Differences.Markdown()},
		{"Certificate tables: go-sev-guest, abi.CertTable", table.Differences.Markdown()},
		{"Verdicts on reports with certificates: go-sev-guest, verify and validate", chain.Differences.Markdown()},
		{"Policies: go-sev-guest, validate.Options", policy.Markdown()},
		{"Certificates: crypto/x509", cert.Differences.Markdown()},
		{"Chains: crypto/x509", cert.ChainDifferences.Markdown()},
		{"Revocation lists: crypto/x509", crl.Differences.Markdown()},
		{"JSON Web Signatures: go-jose", jose.Differences.Markdown()},
		{"JSON Web Keys: go-jose", jose.KeyDifferences.Markdown()},
		{"TPM quotes: go-tpm, tpm2.TPMSAttest", tpm.Differences.Markdown()},
		{"Signatures of quotes: go-tpm, tpm2.TPMTSignature", tpm.SignatureDifferences.Markdown()},
		{"JSON documents: encoding/json", text.Differences.Markdown()},
		{"JSON members: encoding/json", text.MemberDifferences.Markdown()},
		{"Scalars: encoding/hex, encoding/base64, time", text.ScalarDifferences.Markdown()},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n%s", s.title, s.table)
	}
	return b.String()
}
