package tpm

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"sync"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/paravisor"
	"github.com/tresorhq/attest/policy"
)

// quote returns a quote of the virtual machine, changed.
func quote(change func(q *paravisor.QuoteSpec)) func() []byte {
	return func() []byte {
		q := vm.Quote
		change(&q)
		return q.Encode()
	}
}

func selection(hash uint16, bits ...byte) func() []byte {
	return quote(func(q *paravisor.QuoteSpec) { q.Selections = []paravisor.Selection{{Hash: hash, Bits: bits}} })
}

// digestSize returns the size of pcrDigest, and how many bytes stand behind it, of a quote
// whose sizes are right.
func digestSize(b []byte) (size, behind int, ok bool) {
	at := 6
	sized := func(prefix int) bool {
		if len(b) < at+prefix {
			return false
		}
		n := int(b[at])
		if prefix == 2 {
			n = int(binary.BigEndian.Uint16(b[at:]))
		}
		at += prefix + n
		size = n
		return len(b) >= at
	}
	for range 2 { // qualifiedSigner and extraData
		if !sized(2) {
			return 0, 0, false
		}
	}
	if len(b) < at+29 {
		return 0, 0, false
	}
	count := binary.BigEndian.Uint32(b[at+25:])
	at += 29
	for range min(count, 64) {
		at += 2
		if !sized(1) {
			return 0, 0, false
		}
	}
	ok = sized(2)
	return size, len(b) - at, ok
}

// Differences are those of quotes.
var Differences = difftest.Table[[]byte]{
	{Input: "more than 1024 bytes", Ours: "TPM-01", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "input is refused by its size before it is parsed; the largest quote that TPM 2.0 can make is shorter",
		Example: quote(func(q *paravisor.QuoteSpec) { q.Trailer = make([]byte, 1024) })},
	{Input: "a size before it", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Both,
		Reason:  "a TPM2B_ATTEST, told by its first byte; they have a type of its own for it",
		Fits:    func(b []byte) bool { return len(b) > 2 && int(binary.BigEndian.Uint16(b)) == len(b)-2 },
		Example: func() []byte { b := vm.Quote.Encode(); return append([]byte{0, byte(len(b))}, b...) }},
	{Input: "another magic", Ours: "TPM-02", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "TPM_GENERATED_VALUE tells what a TPM made from data that it signed for a caller (CVE-2024-29040); they leave the comparison to callers",
		Example: quote(func(q *paravisor.QuoteSpec) { q.Magic++ })},
	{Input: "a signer above 68 bytes, extraData above 66", Ours: "TPM-04", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "TPM2B_NAME and TPM2B_DATA hold no more (TPM 2.0 part 2, sections 10.4.3 and 10.5.3)",
		Example: quote(func(q *paravisor.QuoteSpec) { q.Extra = make([]byte, 67) })},
	{Input: "safe above 1", Ours: "TPM-05", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "TPMI_YES_NO is 0 or 1 (TPM 2.0 part 2, section 9.2)",
		Example: quote(func(q *paravisor.QuoteSpec) { q.Safe = 2 })},
	{Input: "no selection", Ours: "TPM-06", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "it is legal, and proves no register; a quote is asked for the registers",
		Example: quote(func(q *paravisor.QuoteSpec) { q.Selections = nil })},
	{Input: "an unknown bank, or one twice", Ours: "TPM-07", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "the size of its values is not known; a bank in two selections has two orders of values",
		Example: selection(0x12, 1, 0, 0)},
	{Input: "a bitmap of 0 or 5 bytes, of no register, or of registers above 23", Ours: "TPM-08", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "the profile for PCs has 24 registers; an empty selection says nothing, and confused readers (go-tpm-tools issue 257)",
		Example: selection(0x0B, 0, 0, 0)},
	{Input: "pcrDigest of another size than 32 bytes", Ours: "TPM-09", Theirs: difftest.Accepts, Right: difftest.Both,
		Reason:  "it has the size of the hash of the signature, which is SHA-256 on Azure; theirs is for every TPM",
		Fits:    func(b []byte) bool { size, behind, ok := digestSize(b); return ok && behind >= 0 && size != 32 },
		Example: quote(func(q *paravisor.QuoteSpec) { q.Digest = make([]byte, 48) })},
	{Input: "an end before a size", Ours: "TPM-09", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "what is cut is no quote; they take a sized field that is not there for an empty one",
		Fits:    func(b []byte) bool { _, _, ok := digestSize(b); return !ok },
		Example: func() []byte { b := vm.Quote.Encode(); return b[:len(b)-34] }},
	{Input: "bytes behind it", Ours: "TPM-09", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "they are signed, and say nothing that anybody reads",
		Fits:    func(b []byte) bool { size, behind, ok := digestSize(b); return ok && behind > 0 && size == 32 },
		Example: quote(func(q *paravisor.QuoteSpec) { q.Trailer = []byte{0} })},
}

// SignatureDifferences are those of signatures.
var SignatureDifferences = difftest.Table[[]byte]{
	{Input: "bytes behind a TPMT_SIGNATURE", Ours: "TPM-30", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "nobody signs them: one signature would have many encodings",
		Example: func() []byte { return append(tpmt(), 0) }},
}

func tpmt() []byte {
	_, signature := vm.SignedQuote()
	return paravisor.TPMTSignature(0x0014, 0x000B, bytes.Clone(signature))
}

var at = mint.NotBefore.Add(24 * time.Hour)

// verifier demands the code of the virtual machine, and a quote.
var verifier = sync.OnceValue(func() *azure.Verifier {
	p, err := policy.New(policy.Rules{Measurements: []string{hex.EncodeToString(vm.Spec.Measurement[:])}})
	if err != nil {
		panic(err)
	}
	roots, err := certchain.NewRoots(vm.ARK)
	if err != nil {
		panic(err)
	}
	v, err := azure.NewVerifier(azure.Config{ReportConfig: attest.ReportConfig{Policy: p, AMDRoots: roots, Cache: certchain.NewCache(4)}, RequireQuote: true})
	if err != nil {
		panic(err)
	}
	return v
})
