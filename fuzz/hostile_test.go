package fuzz

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/mint"
)

// hostile is evidence that is made to be expensive: as large as it may be, as
// deep, with as many parts. What a signature stands before needs no limit of
// this kind: only its publisher could write it.
func hostile() map[string]attest.Evidence {
	good := newMinted("Milan", 3).evidence()
	envelope := func(text string) attest.Evidence {
		e := good
		e.Envelope = []byte(text)
		return e
	}
	const size = 64 << 10
	fill := func(head, unit, tail string) string {
		return head + strings.Repeat(unit, (size-len(head)-len(tail))/len(unit)) + tail
	}
	members := func(value string) string {
		var b strings.Builder
		b.WriteString("{")
		for i := 0; b.Len() < size-32; i++ {
			fmt.Fprintf(&b, `"%x":%s,`, i, value)
		}
		return b.String() + `"x":0}`
	}
	names := func(unit string) string {
		var b strings.Builder
		b.WriteString(`{"x":[`)
		for b.Len() < size-32 {
			b.WriteString(unit)
		}
		return b.String() + `0]}`
	}
	chain := func(pem string) attest.Evidence {
		m := newMinted("Milan", 3)
		m.Envelope.Set("vcek_chain_pem", pem)
		return m.evidence()
	}
	bundle := func(jws []byte) attest.Evidence {
		e := good
		e.Bundle = jws
		return e
	}
	crl := func(der []byte) attest.Evidence {
		e := good
		e.CRLs = [][]byte{der}
		return e
	}
	enc := base64.RawURLEncoding.EncodeToString
	big := mint.CRL("Milan")
	for i := range 3000 {
		big.Revoke(2, byte(i>>8), byte(i))
	}
	largest := big.Encode(mint.CAKey("ARK-Genoa"))
	manyCRLs := good
	for range 64 {
		manyCRLs.CRLs = append(manyCRLs.CRLs, largest)
	}
	return map[string]attest.Evidence{
		"open brackets":       envelope(fill(`{"x":`, "[", "")),
		"open objects":        envelope(fill("", `{"x":`, "")),
		"many numbers":        envelope(fill(`{"x":[`, "0,", "0]}")),
		"many strings":        envelope(fill(`{"x":[`, `"",`, `""]}`)),
		"many arrays":         envelope(fill(`{"x":[`, `[],`, `[]]}`)),
		"many objects":        envelope(names(`{"a":0},`)),
		"many members":        envelope(members("0")),
		"one long string":     envelope(fill(`{"x":"`, "a", `"}`)),
		"one escaped string":  envelope(fill(`{"x":"`, `\u0041`, `"}`)),
		"one long number":     envelope(fill(`{"max_age_seconds":`, "9", `}`)),
		"white space":         envelope(fill("", " ", string(good.Envelope))),
		"escaped members":     envelope(padded(size, good.Envelope)),
		"too long":            envelope(strings.Repeat("[", 10<<20)),
		"PEM of short lines":  chain("-----BEGIN CERTIFICATE-----\n" + strings.Repeat("A\n", 20000) + "-----END CERTIFICATE-----\n"),
		"PEM of many blocks":  chain(strings.Repeat("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 900)),
		"eight certificates":  chain(string(bytes.Repeat(mint.PEM(mint.CACert("SEV-Milan")), 8))),
		"dots":                bundle(bytes.Repeat([]byte("."), 400<<10)),
		"large unsigned":      bundle([]byte(enc([]byte(`{"alg":"EdDSA"}`)) + "." + enc(make([]byte, 256<<10)) + "." + enc(make([]byte, 64)))),
		"large header":        bundle([]byte(enc([]byte(fill(`{"alg":"EdDSA","x":[`, "0,", "0]}")[:4096])) + ".AAAA." + enc(make([]byte, 64)))),
		"CRL of a megabyte":   crl(append([]byte{0x30, 0x83, 0x0f, 0xff, 0xfb}, make([]byte, 1<<20-5)...)),
		"largest forged CRL":  crl(largest),
		"many CRLs":           manyCRLs,
		"nothing but nothing": {},
	}
}

// padded fills an envelope up with members that nobody reads.
func padded(size int, envelope []byte) string {
	var b strings.Builder
	b.WriteString("{")
	for i := 0; b.Len()+len(envelope) < size-16; i++ {
		fmt.Fprintf(&b, `"\u0061%x":0,`, i)
	}
	return b.String() + string(envelope[1:])
}

// TestHostile: what no publisher signed is refused, and costs no more memory than
// what is genuine may.
// Rules: GEN-04.
func TestHostile(t *testing.T) {
	v := verifier(newMinted("Milan", 3).config())
	for name, e := range hostile() {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := v.Verify(e, now)
			runtime.ReadMemStats(&after)
			if err == nil && name != "white space" && name != "escaped members" {
				t.Error("accepted")
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > maxAllocated {
				t.Errorf("%d bytes", n)
			}
		})
	}
}

// BenchmarkHostile shows that no hostile input costs more than a valid
// verification, which is the first row.
func BenchmarkHostile(b *testing.B) {
	m := newMinted("Milan", 3)
	v, good := verifier(m.config()), m.evidence()
	b.Run("valid", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(good, now); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, e := range hostile() {
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v.Verify(e, now)
			}
		})
	}
}
