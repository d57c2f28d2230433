package fuzz

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
	"github.com/tresorhq/attest/internal/mint/paravisor"
	"github.com/tresorhq/attest/policy"
)

// An azureCase is the evidence of an Azure confidential VM, with a virtual TPM of this
// test's.
type azureCase struct {
	*paravisor.VM
	chance
	crl                     mint.CRLSpec
	crlKey                  *mint.RSAKey
	reissue                 bool
	chain                   func(ders [][]byte) [][]byte // changes what is sent
	signed                  func(report []byte) []byte   // changes the report after it was signed
	hcl, message, signature func([]byte) []byte          // change what was written
	signer                  *mint.RSAKey                 // of the quote
	given                   func(azure.PCRs)
	noQuote                 bool
}

var azureNonce, azureUserData = []byte("challenge"), []byte("what the guest put in")

// azureFaults is in the order of the steps of SPEC.md section 21, of which 20 comes
// before 8.
var azureFaults = []fault[*azureCase]{
	{"HCL size", "HCLInvalidError", 0, func(c *azureCase) {
		size := []int{c.IntN(0x4D4 + 2), 4097 + c.IntN(4096)}[c.IntN(2)]
		c.hcl = func(b []byte) []byte { return append(b, make([]byte, 8192)...)[:size] }
	}},
	{"HCL signature", "HCLInvalidError", 0, func(c *azureCase) { c.HCL.Signature = c.oneOf("HCLB", "hcla", "\x00\x00\x00\x00", "ACLH") }},
	{"HCL header", "HCLInvalidError", 0, func(c *azureCase) {
		switch c.IntN(6) {
		case 0:
			c.HCL.HeaderVersion = []uint32{0, 3, 1 << 31}[c.IntN(3)]
		case 1:
			c.HCL.RequestType = []uint32{0, 1, 3, 2 << 8}[c.IntN(4)]
		case 2:
			c.HCL.Status = 1 << c.IntN(32)
		case 3:
			c.HCL.DataVersion = []uint32{0, 2, 1 << 8}[c.IntN(3)]
		case 4:
			c.HCL.ReportType = []uint32{0, 1, 3, 4, 5, 2 << 16}[c.IntN(6)]
		case 5:
			c.HCL.HashType = []uint32{0, 2, 3, 1 << 24}[c.IntN(4)]
		}
	}},
	{"HCL reserved", "HCLInvalidError", 0, func(c *azureCase) { c.HCL.Reserved[c.IntN(12)] = 1 << c.IntN(8) }},
	{"HCL sizes", "HCLInvalidError", 0, func(c *azureCase) {
		size := new(c.Uint32() | 1<<12) // more than the index has
		*[]**uint32{&c.HCL.ReportSize, &c.HCL.DataSize, &c.HCL.VariableSize}[c.IntN(3)] = size
	}},
	{"HCL padding", "HCLInvalidError", 0, func(c *azureCase) {
		c.hcl = func(b []byte) []byte {
			end := 0x4D4 + len(c.HCL.Runtime)
			b[end+c.IntN(len(b)-end)] ^= 1 << c.IntN(8)
			return b
		}
	}},
	{"report version", "ReportInvalidError", 8, func(c *azureCase) { c.Spec.Version = []uint32{0, 1, 6, 7, 1 << 31}[c.IntN(5)] }},
	{"report algorithm", "ReportInvalidError", 8, func(c *azureCase) { c.Spec.SignatureAlgo = []uint32{0, 2, 3, 0x101}[c.IntN(4)] }},
	{"leaf by another authority", "CertChainInvalidError", 9, func(c *azureCase) {
		c.chain = func(d [][]byte) [][]byte {
			return [][]byte{c.LeafSpec.Encode(mint.CAKey(c.oneOf("other", "ARK-"+c.Product))), d[1], d[2]}
		}
	}},
	{"certificate missing", "CertChainInvalidError", 9, func(c *azureCase) {
		c.chain = func(d [][]byte) [][]byte { i := c.IntN(2); return slices.Delete(d, i, i+1) }
	}},
	{"leaf expired", "CertChainInvalidError", 9, func(c *azureCase) {
		c.reissue = true
		c.LeafSpec.SetValidity(mint.NotBefore, now.Add(-time.Second*time.Duration(1+c.IntN(3))))
	}},
	{"CRL revokes", "CertRevokedError", 10, func(c *azureCase) { c.crl.Revoke(mint.ASK(c.Product).Serial...) }},
	{"CRL by another key", "CRLInvalidError", 10, func(c *azureCase) { c.crlKey = mint.CAKey(c.oneOf("other", "SEV-"+c.Product)) }},
	{"report by another key", "ReportSignatureInvalidError", 11, func(c *azureCase) {
		key := mint.P384Key(fmt.Sprint(c.IntN(100)))
		c.signed = func(r []byte) []byte { mint.Sign(r, key); return r }
	}},
	{"report altered", "ReportSignatureInvalidError", 11, func(c *azureCase) {
		at, bit := 0x050+c.IntN(32), byte(1)<<c.IntN(8) // REPORT_DATA, which step 21 judges
		c.signed = func(r []byte) []byte { r[at] ^= bit; return r }
	}},
	{"key of the other kind", "EndorsementMismatchError", 12, func(c *azureCase) { c.Spec.KeyInfo ^= 1 << 2 }},
	{"guest policy", "PolicyViolationError", 13, func(c *azureCase) { c.Spec.Policy |= 1 << (18 + c.IntN(2)) }},
	{"lower privilege", "PolicyViolationError", 13, func(c *azureCase) { c.Spec.VMPL = 1 + c.Uint32N(3) }},
	{"measurement", "MeasurementNotAllowedError", 14, func(c *azureCase) { copy(c.Spec.Measurement[:], c.flipped(c.Spec.Measurement[:])) }},
	{"committed below the floor", "TCBBelowFloorError", 17, func(c *azureCase) { *component(&c.Spec.CommittedTCB, c.oneOf(components...)) = 0 }},
	{"runtime data altered", "ReportDataMismatchError", 21, func(c *azureCase) {
		c.hcl = func(b []byte) []byte { b[0x4D4+c.IntN(len(c.HCL.Runtime))] ^= 1 << c.IntN(8); return b }
	}},
	{"REPORT_DATA is more than a hash", "ReportDataMismatchError", 21, func(c *azureCase) {
		at, bit := 0x070+c.IntN(32), byte(1)<<c.IntN(8)
		c.BeforeSigning = func(r []byte) { r[at] ^= bit }
	}},
	{"no attestation key, or two", "HCLInvalidError", 22, func(c *azureCase) {
		c.Runtime.Keys = [][]string{{}, c.Runtime.Keys[1:], append(c.Runtime.Keys, c.Runtime.Keys[0])}[c.IntN(3)]
	}},
	{"attestation key malformed", "HCLInvalidError", 22, func(c *azureCase) {
		change := [][2]string{
			{`"e":"AQAB"`, `"e":"` + c.oneOf("Aw", "AAEAAQ", "AQAB=", "") + `"`}, {`"kty":"RSA"`, `"kty":"` + c.oneOf("EC", "rsa", "") + `"`},
			{`"n":"`, `"n":"` + c.oneOf("AAAA", "=", "A")}, {`"n":"`, `"N":"`}, {`"kid":`, `"kid":"x","kid":`}, {`{`, `{"kty":null,`},
		}[c.IntN(6)]
		c.Runtime.Keys[0] = strings.Replace(c.Runtime.Keys[0], change[0], change[1], 1)
	}},
	{"runtime data malformed", "HCLInvalidError", 22, func(c *azureCase) {
		c.Runtime.VMConfiguration = c.oneOf("null", "[]", `"x"`, `{"secure-boot":"true"}`, `{"secure-boot":null}`, `{"secure-boot":true,"secure-boot":true}`,
			`{"Secure-Boot":true}`, `{"a":[[[[[[[]]]]]]]}`, `{"tpm-enabled":1}`, `{"vmUniqueId":7}`, `{`, `{},"KEYS":[]`)
	}},
	{"Secure Boot off", "PolicyViolationError", 23, func(c *azureCase) {
		c.Runtime.VMConfiguration = strings.Replace(c.Runtime.VMConfiguration, `"secure-boot":true`, c.oneOf(`"secure-boot":false`, `"secure-boot-":true`), 1)
	}},
	{"user data", "QualifyingDataMismatchError", 24, func(c *azureCase) {
		c.Runtime.UserData = []string{hex.EncodeToString(c.flipped(must(hex.DecodeString(c.Runtime.UserData)))), ""}[c.IntN(2)]
	}},
	{"no quote", "QuoteInvalidError", 25, func(c *azureCase) { c.noQuote = true }},
	{"quote layout", "QuoteInvalidError", 25, func(c *azureCase) {
		switch q := &c.Quote; c.IntN(8) {
		case 0:
			q.Magic ^= 1 << c.IntN(24) // with its first byte, which is not 0
		case 1:
			q.Type ^= 1 << c.IntN(16)
		case 2:
			q.Safe = byte(2 + c.IntN(254))
		case 3:
			q.Trailer = make([]byte, 1+c.IntN(8))
		case 4:
			q.Selections = nil
		case 5:
			q.Selections = append(q.Selections, q.Selections[0])
		case 6:
			q.Selections = append(q.Selections, paravisor.Selection{Hash: uint16(0x10 + c.IntN(256)), Bits: []byte{1, 0, 0}})
		case 7:
			q.Digest = q.Digest[:c.IntN(32)]
		}
	}},
	{"quote cut off", "QuoteInvalidError", 25, func(c *azureCase) { c.message = func(b []byte) []byte { return b[:c.IntN(len(b))] } }},
	{"another signer named", "QuoteInvalidError", 26, func(c *azureCase) {
		c.Quote.Signer = [][]byte{c.flipped(c.Quote.Signer), c.Quote.Signer[:c.IntN(34)], paravisor.QualifiedName(paravisor.AKKey("other"))}[c.IntN(3)]
	}},
	{"quote by another key", "QuoteSignatureInvalidError", 27, func(c *azureCase) { c.signer = paravisor.AKKey("other") }},
	{"quote altered", "QuoteSignatureInvalidError", 27, func(c *azureCase) {
		c.message = func(b []byte) []byte { // of the clock, the counts or the firmware, which nothing judges
			at := 4 + 2 + 2 + len(c.Quote.Signer) + 2 + len(c.Quote.Extra)
			b[at+c.IntN(16)] ^= 1 << c.IntN(8)
			return b
		}
	}},
	{"signature of a quote", "QuoteSignatureInvalidError", 27, func(c *azureCase) {
		c.signature = func(b []byte) []byte {
			return [][]byte{c.flipped(b), b[:c.IntN(256)], append(b, 0), paravisor.TPMTSignature(0x16, 0x0B, b), paravisor.TPMTSignature(0x14, 0x0C, b), paravisor.TPMTSignature(0x14, 0x0B, b[1:])}[c.IntN(6)]
		}
	}},
	{"qualifying data", "QualifyingDataMismatchError", 28, func(c *azureCase) {
		n := azureNonce
		c.Quote.Extra = [][]byte{c.flipped(n), n[:c.IntN(len(n))], append(bytes.Clone(n), 0)}[c.IntN(3)]
	}},
	{"value of a register", "PCRMismatchError", 29, func(c *azureCase) {
		r := azure.Register{Bank: azure.SHA256, Index: c.IntN(24)}
		flip := c.IntN(2) == 0
		c.given = func(p azure.PCRs) {
			if flip {
				p[r] = c.flipped(p[r])
			} else {
				delete(p, r)
			}
		}
	}},
	{"register not allowed", "PCRMismatchError", 30, func(c *azureCase) {
		i := []int{4, 7}[c.IntN(2)]
		c.PCRs[i] = c.flipped(c.PCRs[i])
		c.Quote.Digest = paravisor.NewQuote(c.AK, nil, c.PCRs).Digest
	}},
	{"register not selected", "PCRMismatchError", 30, func(c *azureCase) {
		c.SelectPCRs([][]int{{4}, {7}, {0, 1, 2, 3, 5, 6}, {23}}[c.IntN(4)]...)
	}},
}

// azureApart are steps whose faults change one thing: the written HCL, bytes of the
// report, the leaf, the runtime data, the written quote, its selection.
var azureApart = map[int][]int{0: {21}, 8: {11, 12, 13, 14, 17, 21}, 9: {8, 12}, 22: {23, 24}, 25: {27, 30}, 29: {25, 30}}

func newAzureCase(r chance) *azureCase {
	a := paravisor.New(mint.Evidence(mint.Products[r.IntN(3)], 2+r.Uint32N(4), "vcek"), azureNonce, azureUserData)
	return &azureCase{VM: a, chance: r, crl: mint.CRL(a.Product), crlKey: mint.CAKey("ARK-" + a.Product), signer: a.AK}
}

// evidence signs everything. Order and forms that mean nothing are those of chance.
func (c *azureCase) evidence() azure.Evidence {
	if len(c.Runtime.Keys) > 0 {
		c.Runtime.Keys = shuffled(c.chance, c.Runtime.Keys)
	}
	if c.IntN(2) == 0 {
		c.Runtime.UserData = strings.ToLower(c.Runtime.UserData)
	}
	if c.reissue {
		c.Reissue()
	}
	c.Seal()
	if c.signed != nil {
		c.HCL.Report = c.signed(c.Report)
	}
	c.HCL.Total = min(4096, 0x4D4+len(c.HCL.Runtime)+1+c.IntN(1000))
	e := azure.Evidence{HCL: c.HCL.Encode()}
	if c.hcl != nil {
		e.HCL = c.hcl(e.HCL)
	}
	ders := c.Chain()
	if c.chain != nil {
		ders = c.chain(ders)
	} else if c.IntN(2) == 0 {
		ders = ders[:2]
	}
	if ders = shuffled(c.chance, ders); c.IntN(2) == 0 {
		ders = [][]byte{mint.PEM(ders...)}
	}
	e.Certificates = ders
	e.CRLs = shuffled(c.chance, [][]byte{c.crl.Encode(c.crlKey), mint.CRL(c.Product).Encode(mint.CAKey("ARK-" + c.Product))})
	if c.noQuote {
		return e
	}
	message := c.Quote.Encode()
	signature := paravisor.SignQuote(c.signer, message)
	if c.message != nil {
		message = c.message(message)
	}
	if c.signature != nil {
		signature = c.signature(signature)
	} else if c.IntN(2) == 0 {
		signature = paravisor.TPMTSignature(0x14, 0x0B, signature)
	}
	if c.IntN(2) == 0 && len(message) > 1 { // a TPM2B_ATTEST
		message = append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)
	}
	e.Quote = &azure.QuoteEvidence{Message: message, Signature: signature, PCRs: must(azure.SHA256PCRs(c.PCRs))}
	if c.given != nil {
		c.given(e.Quote.PCRs)
	}
	return e
}

// azureVerifiers are those of each product, with a cache or without: they demand
// what newAzureCase has.
var azureVerifiers = sync.OnceValue(func() map[string][]*azure.Verifier {
	all := map[string][]*azure.Verifier{}
	for _, product := range mint.Products {
		good := paravisor.Evidence(product, azureNonce, azureUserData)
		tcb, register := good.Spec.ReportedTCB, func(i int) []string { return []string{strings.Repeat("00", 32), hex.EncodeToString(good.PCRs[i])} }
		p := must(policy.New(policy.Rules{
			Measurements: []string{hex.EncodeToString(good.Spec.Measurement[:])}, MinTCB: must(policy.ParseFloors(document.Object{{product, document.Floor(product, tcb)}}.Text())),
			Azure: policy.AzureRules{
				QualifyingData: new(hex.EncodeToString(azureNonce)), UserData: new(hex.EncodeToString(azureUserData)), SecureBoot: true,
				PCRs: policy.AzureRegisters{"sha256": {"4": register(4), "7": register(7)}},
			},
		}))
		for _, remembers := range []*certchain.Cache{nil, signedCache, signedCache} {
			config := attest.ReportConfig{Policy: p, AMDRoots: signedRoots(), RequireCRL: true, Cache: remembers}
			all[product] = append(all[product], must(azure.NewVerifier(azure.Config{ReportConfig: config})))
		}
	}
	return all
})

func judgeAzure(t *testing.T, want, product string, e azure.Evidence) answer {
	t.Helper()
	var answers []answer
	for _, v := range azureVerifiers()[product] {
		result, err := v.Verify(e, now)
		if (result == nil) == (err == nil) {
			t.Fatalf("result %v, error %v", result, err)
		}
		answers = append(answers, answerOf(err))
	}
	judge(t, want, answers...)
	return answers[0]
}

func runAzure(t *testing.T, r chance) ([]string, answer) {
	c := newAzureCase(r)
	list := faultsOf(r.Rand, azureFaults, azureApart)
	want := put(c, list)
	return names(list), judgeAzure(t, want, c.Product, c.evidence())
}
