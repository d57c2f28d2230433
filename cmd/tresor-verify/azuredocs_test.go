package main

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/paravisor"
)

// TestAzurePage: what docs/azure.md shows behind the commands of tpm2-tools, on minted
// evidence: its flags, its policy, its file of values.
func TestAzurePage(t *testing.T) {
	t.Parallel()
	page := string(mustRead(t, "../../docs/azure.md"))
	f := newFolder(t)
	a := paravisor.Evidence("Milan", []byte("nonce"), nil)
	f.writeAzure(a)
	f.write("thim.json", []byte(`{"vcekCert": `+quoted(mint.PEM(a.Leaf))+`, "certificateChain": `+quoted(mint.PEM(a.Intermediate, a.ARK))+`}`))
	_, command, _ := strings.Cut(page, "\n    tresor-verify report ")
	command, _, _ = strings.Cut(command, "\n\n")
	_, text, _ := strings.Cut(page, "with a policy such as\n\n")
	text, _, _ = strings.Cut(text, "\n\n")
	text = strings.Replace(text, "<96 hex digits>", hex.EncodeToString(a.Spec.IDKeyDigest[:]), 1)
	for _, i := range []int{4, 7} {
		text = strings.Replace(text, "<64 hex digits>", hex.EncodeToString(a.PCRs[i]), 1)
	}
	f.write("policy.json", []byte(text))
	args := []string{"report", "--amd-root", f.path("ark.pem")}
	for _, word := range strings.Fields(strings.ReplaceAll(command, "\\\n", " ")) {
		switch {
		case strings.Contains(word, "NONCE_HEX"):
			word = hex.EncodeToString([]byte("nonce"))
		case strings.HasPrefix(word, "quote."):
			word = f.path(map[string]string{"quote.msg": "quote", "quote.sig": "signature"}[word])
		case strings.Contains(word, "."):
			word = f.path(word)
		}
		args = append(args, word)
	}
	if o := tool(args...); o.code != 0 || !strings.Contains(o.stdout, "Secure Boot") {
		t.Errorf("%q: %+v", args, o)
	}
	_, values, _ := strings.Cut(page, "from `tpm2_pcrread`:\n\n")
	values, _, _ = strings.Cut(values, "\n\n")
	if o := tool("show", f.write("values", []byte(strings.ReplaceAll(values, "<64 hex digits>", fmt.Sprintf("%064x", 1))))); o.code != 0 || !strings.Contains(o.stdout, "sha256:11") {
		t.Errorf("%+v", o)
	}
}
