package carrier_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/mint"
)

// hostile are inputs of up to 1 MiB that are made to cost much.
func hostile() map[string][]byte {
	fill := func(start, unit, end string) []byte {
		n := (carrier.MaxSize - len(start) - len(end)) / len(unit)
		return []byte(start + strings.Repeat(unit, n) + end)
	}
	var members strings.Builder
	for i := range 80_000 {
		fmt.Fprintf(&members, `"%07x":0,`, i)
	}
	return map[string][]byte{
		"80,000 members":    []byte(`{` + members.String() + `"a":0}`),
		"values":            fill(`{"a":[`, "0,", "0]}"),
		"empty arrays":      fill(`{"a":[`, "[],", "[]]}"),
		"nesting":           fill(`{"a":`, "[", ""),
		"escapes":           fill(`{"platform":"`, `\u0041`, `"}`),
		"THIM":              fill(`{"vcekCert":"`, `-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n`, `"}`),
		"THIM, literal":     fill(`{"vcekCert":"-----BEGIN `, `\\n`, `"}`),
		"a bomb":            object(tinfoil(zipped(make([]byte, 64<<20)))),
		"a long body":       fill(`{"format":"https://tinfoil.sh/predicate/sev-snp-guest/v2","body":"`, "AAAA", `"}`),
		"PCRs":              fill(`{"hcl_report":"SENMQQ","version":1,"tpm_quote":{"signature":"00","message":"00","pcrs":[`, `"00",`, `"00"]}}`),
		"numbers":           fill("[", "0,", "0]"),
		"commas":            fill("[", ",", "]"),
		"hex":               fill("", "00", ""),
		"base64":            fill("", "+AAA", ""),
		"white space":       fill("0x", " ", "0"),
		"colons":            fill("0", ":", "0"),
		"zeros":             make([]byte, carrier.MaxSize),
		"PEM blocks":        fill("", "-----BEGIN A-----\n-----END A-----\n", ""),
		"PEM lines":         fill("-----BEGIN CERTIFICATE-----\n", "A\n", "\n-----END CERTIFICATE-----\n"),
		"PEM, one line":     fill("-----BEGIN CERTIFICATE-----\n", "A", "\n-----END CERTIFICATE-----\n"),
		"literal breaks":    fill("-----BEGIN CERTIFICATE-----", `\n`, ""),
		"UTF-16":            fill("\xFF\xFE", "0\x00", ""),
		"UTF-16, no text":   fill("\xFF\xFE", "\x00\xD8", ""),
		"DER, empty":        fill("\x30\x80", "\x30\x00", ""),
		"DER, sequences":    fill("", "\x30\x81\x80"+strings.Repeat("\x00", 0x80), ""),
		"many certificates": bytes.Repeat(mint.CACert("ARK-Milan"), 32),
	}
}

// TestHostileInput: no input costs more than 64 MiB of memory in all that is ever
// allocated, which bounds the time too.
func TestHostileInput(t *testing.T) {
	for name, input := range hostile() {
		for what, open := range map[string]func(){
			"Open":             func() { carrier.Open(input) },
			"OpenCertificates": func() { carrier.OpenCertificates(input) },
		} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			open()
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
				t.Errorf("%s of %s: %d MiB allocated", what, name, n>>20)
			} else if testing.Verbose() {
				t.Logf("%s of %s (%d bytes): %d KiB", what, name, len(input), n>>10)
			}
		}
	}
}

// BenchmarkHostileInput shows that each is refused or read within 100 ms.
func BenchmarkHostileInput(b *testing.B) {
	for name, input := range hostile() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				carrier.Open(input)
				carrier.OpenCertificates(input)
			}
		})
	}
}
