package azure_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/azure"
)

// TestEveryBit: no bit of the evidence of an Azure VM can be flipped. What nobody signs, the
// header, the request data and the padding, has one value that is read. Values of registers
// that are not selected are not used; there are none here. It tries some bits of each part,
// and with ATTEST_EVERY_BIT all.
func TestEveryBit(t *testing.T) {
	v, good := verifier(t, all()), evidence(vm())
	if _, err := v.Verify(good, at); err != nil {
		t.Fatal(err)
	}
	var passed []string
	try := func(what string, b []byte, set func(e *azure.Evidence, b []byte), step int) {
		if os.Getenv("ATTEST_EVERY_BIT") != "" {
			step = 1
		}
		for bit := 0; bit < 8*len(b); bit += step {
			e := good
			quote := *good.Quote
			e.Quote = &quote
			set(&e, flipped(b, bit))
			if _, err := v.Verify(e, at); err == nil {
				passed = append(passed, fmt.Sprintf("%s %#x.%d", what, bit/8, bit%8))
			}
		}
	}
	hcl := func(from, to int) (string, []byte, func(e *azure.Evidence, b []byte)) {
		return "HCL", good.HCL[from:to], func(e *azure.Evidence, b []byte) {
			e.HCL = slices.Concat(good.HCL[:from], b, good.HCL[to:])
		}
	}
	whole := func(from, to, step int) { what, b, set := hcl(from, to); try(what, b, set, step) }
	whole(0, 0x20, 1)
	whole(0x20, 0x4C0, 61)
	whole(0x4C0, 0x4D4, 1)
	whole(0x4D4, len(good.HCL), 11)
	try("quote", good.Quote.Message, func(e *azure.Evidence, b []byte) { e.Quote.Message = b }, 3)
	try("signature", good.Quote.Signature, func(e *azure.Evidence, b []byte) { e.Quote.Signature = b }, 7)
	for _, r := range good.Quote.PCRs.Registers() {
		try(r.String(), good.Quote.PCRs[r], func(e *azure.Evidence, b []byte) {
			e.Quote.PCRs = pcrsOf(vm())
			e.Quote.PCRs[r] = b
		}, 31)
	}
	if len(passed) > 0 {
		t.Errorf("%d flips pass: %s", len(passed), strings.Join(passed, ", "))
	}
}

// TestTruncated: nothing that is cut passes, and nothing panics.
func TestTruncated(t *testing.T) {
	good := evidence(vm())
	for n := range len(good.Quote.Message) {
		if q, err := azure.ParseQuote(good.Quote.Message[:n]); err == nil || q != nil {
			t.Fatalf("a quote of %d bytes is read", n)
		}
	}
	used := len(bytes.TrimRight(good.HCL, "\x00"))
	for n := range used {
		if h, err := azure.ParseHCL(good.HCL[:n]); err == nil || h != nil {
			t.Fatalf("an HCL report of %d bytes is read", n)
		}
	}
	h, err := azure.ParseHCL(good.HCL[:used])
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(h.RuntimeData) {
		if r, err := azure.ParseRuntimeData(h.RuntimeData[:n]); err == nil || r != nil {
			t.Fatalf("runtime data of %d bytes are read", n)
		}
	}
}
