package azure_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/internal/mint/paravisor"
	"github.com/tresorhq/attest/policy"
)

// Values of PCRs, up to each bound.
// Rules: TPM-40.
func TestPCRBounds(t *testing.T) {
	value := strings.Repeat("ab", 32)
	list := func(n int) string { return `["` + strings.Repeat(value+`","`, n-1) + value + `"]` }
	padded := func(size int) string {
		text := `{"sha256":{"0":"` + value + `"}`
		return text + strings.Repeat(" ", size-len(text)-1) + "}"
	}
	for name, c := range map[string]struct{ text, want string }{
		"two registers":    {`{"sha256":{"4":"` + value + `","5":"` + value + `"}}`, "2"},
		"sha384":           {`{"sha384":{"0":"` + strings.Repeat("ab", 48) + `"}}`, "1"},
		"sha512":           {`{"sha512":{"0":"` + strings.Repeat("ab", 64) + `"}}`, "1"},
		"23 values":        {list(23), "JSN-16"},
		"25 values":        {list(25), "JSN-16"},
		"register -1":      {`{"sha256":{"-1":"` + value + `"}}`, "TPM-40"},
		"register 25":      {`{"sha256":{"25":"` + value + `"}}`, "TPM-40"},
		"register 0x":      {`{"sha256":{"0x":"` + value + `"}}`, "TPM-40"},
		"a register":       {`{"sha256":{"x":"` + value + `"}}`, "TPM-40"},
		"65 digits":        {`{"sha256":{"0":"` + value + `a"}}`, "TPM-40"},
		"64 KiB":           {padded(64 << 10), "1"},
		"64 KiB, a byte":   {padded(64<<10 + 1), "JSN-01"},
		"an array, 64 KiB": {list(24) + strings.Repeat(" ", 64<<10-len(list(24))), "24"},
		"and a byte":       {list(24) + strings.Repeat(" ", 64<<10+1-len(list(24))), "JSN-01"},
	} {
		p, err := azure.ParsePCRs([]byte(c.text))
		got := fmt.Sprint(len(p))
		if err != nil {
			got = ruleOf(err)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s: %v", name, got, c.want, err)
		}
	}
	for _, n := range []int{23, 25} {
		if p, err := azure.SHA256PCRs(slices.Repeat([][]byte{make([]byte, 32)}, n)); p != nil || ruleOf(err) != "TPM-40" {
			t.Errorf("%d values: %v", n, err)
		}
	}
}

// HCL reports and runtime data, up to each bound.
// Rules: HCL-01, HCL-09, HCL-20, HCL-21, HCL-25.
func TestHCLBounds(t *testing.T) {
	report := vm().Report
	hcl := func(runtime string, total int) []byte {
		h := paravisor.NewHCL(report, []byte(runtime))
		h.Total = total
		return h.Encode()
	}
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"1238 bytes":         {hcl("{}", 0), ""},
		"1237 bytes":         {hcl("{", 0), "HCL-01"},
		"a byte of runtime":  {hcl("{", 1240), "HCL-09"},
		"two and no padding": {hcl("{}", 1238), ""},
	} {
		if _, err := azure.ParseHCL(c.b); ruleOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	key := paravisor.AKJSON("HCLAkPub", paravisor.AKKey("ak"))
	keys := func(n int) string {
		list := []string{key}
		for range n - 1 {
			list = append(list, `{"kid":"x"}`)
		}
		return `{"keys":[` + strings.Join(list[:n], ",") + `]}`
	}
	padded := func(size int) string {
		text := keys(1)
		return text[:len(text)-1] + strings.Repeat(" ", size-len(text)) + "}"
	}
	data := func(digits string) string { return `{"keys":[` + key + `],"user-data":"` + digits + `"}` }
	for name, c := range map[string]struct{ text, want string }{
		"one key":           {keys(1), ""},
		"8 keys":            {keys(8), ""},
		"9 keys":            {keys(9), "JSN-16"},
		"no key":            {keys(0), "JSN-16"},
		"4096 bytes":        {padded(4096), ""},
		"4097 bytes":        {padded(4097), "JSN-01"},
		"no user-data":      {data(""), "JSN-12"},
		"128 digits":        {data(strings.Repeat("0", 128)), ""},
		"129 digits":        {data(strings.Repeat("0", 129)), "HCL-25"},
		"126 digits":        {data(strings.Repeat("0", 126)), "HCL-25"},
		"no digit":          {data(strings.Repeat("x", 128)), "HCL-25"},
		"no digit at last":  {data(strings.Repeat("0", 128) + "x"), "HCL-25"},
		"a digit and a key": {strings.Replace(data(strings.Repeat("A", 128)), "HCLAkPub", "HCLEkPub", 1), "HCL-21"},
	} {
		if r, err := azure.ParseRuntimeData([]byte(c.text)); ruleOf(err) != c.want || (r == nil) != (err != nil) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// Quotes, up to each bound; each end is named as one.
// Rules: TPM-01, TPM-03, TPM-04, TPM-06, TPM-07, TPM-09.
func TestQuoteBounds(t *testing.T) {
	changed := func(change func(q *paravisor.QuoteSpec)) []byte {
		q := vm().Quote
		change(&q)
		return q.Encode()
	}
	many := func(n int) func(q *paravisor.QuoteSpec) {
		return func(q *paravisor.QuoteSpec) {
			q.Selections = slices.Repeat([]paravisor.Selection{{Hash: 0xB, Bits: []byte{1}}}, n)
		}
	}
	good := vm().Quote.Encode()
	sized := func(at int) []byte {
		b := bytes.Clone(good)
		b[at], b[at+1] = 0xFF, 0xFF
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"one byte":                 {[]byte{0}, "TPM-02"},
		"two bytes":                {[]byte{0, 5}, "TPM-01"},
		"three bytes":              {[]byte{0, 5, 0}, "TPM-01"},
		"a bitmap of one byte":     {changed(func(q *paravisor.QuoteSpec) { q.Selections = []paravisor.Selection{{Hash: 0xB, Bits: []byte{1}}} }), ""},
		"1024 bytes":               {append(bytes.Clone(good), make([]byte, 1024-len(good))...), "TPM-09"},
		"1025 bytes":               {append(bytes.Clone(good), make([]byte, 1025-len(good))...), "TPM-01"},
		"the largest signer, data": {changed(func(q *paravisor.QuoteSpec) { q.Signer, q.Extra = make([]byte, 68), make([]byte, 66) }), ""},
		"a larger signer":          {changed(func(q *paravisor.QuoteSpec) { q.Signer = make([]byte, 69) }), "TPM-04"},
		"larger data":              {changed(func(q *paravisor.QuoteSpec) { q.Extra = make([]byte, 67) }), "TPM-04"},
		"type 0x8019":              {changed(func(q *paravisor.QuoteSpec) { q.Type = 0x8019 }), "TPM-03"},
		"type 0x8017":              {changed(func(q *paravisor.QuoteSpec) { q.Type = 0x8017 }), "TPM-03"},
		"16 selections":            {changed(many(16)), "TPM-07"},
		"17 selections":            {changed(many(17)), "TPM-06"},
		"a digest of 33 bytes":     {changed(func(q *paravisor.QuoteSpec) { q.Digest = make([]byte, 33) }), "TPM-09"},
		"a signer beyond the end":  {sized(6), "TPM-09"},
		"data beyond the end":      {sized(6 + 2 + 34), "TPM-09"},
		"a bitmap of no byte":      {changed(func(q *paravisor.QuoteSpec) { q.Selections = []paravisor.Selection{{Hash: 0xB}} }), "TPM-08"},
		"a bitmap of 4 bytes": {changed(func(q *paravisor.QuoteSpec) {
			q.Selections = []paravisor.Selection{{Hash: 0xB, Bits: []byte{1, 0, 0, 0}}}
		}), ""},
		"a digest beyond the end":   {good[:len(good)-1], "TPM-09"},
		"an end before the bitmap":  {good[:6+2+34+2+9+25+4+2], "TPM-09"},
		"an end within its version": {good[:6+2+34+2+9+17+5], "TPM-09"},
	} {
		if q, err := azure.ParseQuote(c.b); ruleOf(err) != c.want || (q == nil) != (err != nil) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	for n := 6; n < len(good); n++ {
		if _, err := azure.ParseQuote(good[:n]); ruleOf(err) != "TPM-09" {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}

// Values whose sizes are wrong do not stand for others, though their bytes in a row are the
// same.
// Rules: TPM-41.
func TestValuesAreApart(t *testing.T) {
	e := evidence(vm())
	a, b := azure.Register{Bank: azure.SHA256, Index: 8}, azure.Register{Bank: azure.SHA256, Index: 9}
	all := slices.Concat(e.Quote.PCRs[a], e.Quote.PCRs[b])
	e.Quote.PCRs[a], e.Quote.PCRs[b] = all[:31], all[31:]
	_, err := verifier(t, all0()).Verify(e, at)
	checkError(t, "31 and 33 bytes", err, "PCRMismatchError", "TPM-41")
}

func all0() policy.AzureRules { return policy.AzureRules{QualifyingData: hexOf(nonce)} }

// What a result says, and what belongs to the caller.
// Rules: AZR-14, AZR-15.
func TestResult(t *testing.T) {
	e := evidence(vm())
	audit := verifier(t, all()).Audit(e, at)
	r := audit.Result
	if !audit.Passed() || r == nil {
		t.Fatal(audit.Err)
	}
	for name, a := range map[string]*azure.Audit{"nil": nil, "zero": {}, "an error": {Err: errors.New("x"), Result: r}, "no result in it": {Result: &azure.Result{}}} {
		if a.Passed() {
			t.Errorf("%s has passed", name)
		}
	}
	limits := strings.Join(r.Limits, "\n")
	for _, want := range []string{"Microsoft", "root user", "PCR 6", "CVE-2025-49707"} {
		if !strings.Contains(limits, want) {
			t.Errorf("no %q in %s", want, limits)
		}
	}
	register := azure.Register{Bank: azure.SHA256, Index: 4}
	r.Facts.PCRs[register][0] ^= 1
	if bytes.Equal(r.Facts.PCRs[register], e.Quote.PCRs[register]) {
		t.Error("a value is the caller's")
	}
	e = evidence(vm())
	e.Quote.PCRs = nil
	if r, err := verifier(t, all0()).Verify(e, at); err != nil || r.Facts.Quote == nil || r.Facts.PCRs != nil {
		t.Errorf("without values: %v", err)
	}
	sum := sha256.Sum256(vm().AK.Public().N.Bytes())
	if r.Facts.AKSHA256 != sum {
		t.Error("another hash of the key")
	}
}
