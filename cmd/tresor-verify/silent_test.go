package main

import (
	"bytes"
	"math/big"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
)

// TestNoSilentBit: whichever of the 5376 signed bits of a report is flipped, and
// the report signed anew by the chip's key, the JSON verdict is another one: each
// bit is judged or shown. Where the leaf stands for a field, it is issued anew for
// what the field says then. Without ATTEST_EVERY_BIT a sample of the bits is
// flipped.
func TestNoSilentBit(t *testing.T) {
	t.Parallel()
	step := 83
	if os.Getenv("ATTEST_EVERY_BIT") != "" {
		step = 1
	}
	for _, product := range mint.Products {
		t.Run(product, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			e := mint.Evidence(product, 5, "vcek")
			f.writeEvidence(e)
			digest := regexp.MustCompile(`"sha256": "[0-9a-f]*",?\n *"carrier": "raw"`) // of the file: every bit shows there
			verify := func(report []byte, leaf string) string {
				args := []string{"report", "--report", "-", "--certs", leaf, "--certs", f.path("ask.der"), "--amd-root", f.path("ark.pem"), "--json"}
				return digest.ReplaceAllString(toolWith(bytes.NewReader(report), args...).stdout, "")
			}
			f.write("ask.der", e.Intermediate)
			want := verify(e.Report, f.path("leaf.der"))
			if v := tool(f.report("--json")...).verdict(t); v.Verdict != "pass" {
				t.Fatal(want)
			}
			// The signature itself is not shown: else every bit would show.
			again := bytes.Clone(e.Report)
			highS(again)
			if verify(again, f.path("leaf.der")) != want {
				t.Fatal("another signature of the same report changes the verdict")
			}
			flips, shown := 0, 0
			for bit := 0; bit < 8*mint.SignedSize; bit += step {
				report := bytes.Clone(e.Report)
				report[bit/8] ^= 1 << (bit % 8)
				mint.Sign(report, e.Key)
				got := verify(report, f.leafFor(e, report))
				if flips++; got == want {
					t.Errorf("bit %d of byte %#x changes nothing", bit%8, bit/8)
				}
				if bytes.Contains([]byte(got), []byte(`"verdict": "pass"`)) {
					shown++
				}
			}
			t.Logf("%d bits of %d flipped: %d are shown, %d are refused", flips, 8*mint.SignedSize, shown, flips-shown)
		})
	}
}

// leafFor returns the file of a leaf for the chip and the level of a report that
// differs from the one of the set in one bit.
func (f folder) leafFor(e *mint.Set, report []byte) string {
	spec := e.Spec.Encode()
	if bytes.Equal(report[0x180:0x188], spec[0x180:0x188]) && bytes.Equal(report[0x1A0:0x1E0], spec[0x1A0:0x1E0]) {
		return f.path("leaf.der")
	}
	b := report[0x180:]
	tcb := mint.TCB{BootLoader: b[0], TEE: b[1], SNP: b[6], Microcode: b[7]}
	id := report[0x1A0:0x1E0]
	if e.Product == "Turin" {
		tcb = mint.TCB{FMC: b[0], BootLoader: b[1], TEE: b[2], SNP: b[3], Microcode: b[7]}
		id = id[:8]
	}
	leaf := mint.VCEK(e.Product, tcb, id)
	leaf.SPKI = mint.SPKI(e.Key.Public())
	return f.write("other.der", leaf.Encode(e.LeafSigner()))
}

// highS replaces s by n-s, which signs the same.
func highS(report []byte) {
	r, s := signature(report)
	mint.PutSignature(report, r, s.Sub(mint.LeafKey("Milan", "vcek").Params().N, s))
}

// signature reads the two numbers of a report.
func signature(report []byte) (r, s *big.Int) {
	number := func(at int) *big.Int {
		b := bytes.Clone(report[at:][:72])
		slices.Reverse(b)
		return new(big.Int).SetBytes(b)
	}
	return number(0x2A0), number(0x2E8)
}
