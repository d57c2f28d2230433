package fuzz

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
)

// everyBit runs the long form of tests that are otherwise sampled.
func everyBit() bool { return os.Getenv("ATTEST_EVERY_BIT") != "" }

// A part is a piece of evidence, and what puts a changed one in its place.
type part struct {
	name  string
	bytes []byte
	put   func(changed []byte) attest.Evidence
	// may returns the bits that may be flipped, by the index of the byte, and why.
	may map[int]exception
}

// An exception is bits of one byte that change nothing that is judged.
type exception struct {
	bits   byte
	reason string
}

// parts takes the evidence of an endpoint apart.
func (m *minted) parts() []part {
	good := m.evidence()
	changed := func(change func(e *attest.Evidence)) attest.Evidence {
		e := good
		change(&e)
		return e
	}
	member := func(name, value string) attest.Evidence {
		return changed(func(e *attest.Evidence) { e.Envelope = with(m.Envelope, name, value) })
	}
	chain := func(i int) func([]byte) attest.Evidence {
		return func(der []byte) attest.Evidence {
			ders := m.Chain()
			ders[i] = der
			return member("vcek_chain_pem", string(mint.PEM(ders...)))
		}
	}
	return []part{
		{"report", m.Report, func(b []byte) attest.Evidence {
			return member("snp_report_b64", base64.StdEncoding.EncodeToString(b))
		}, nil},
		{"leaf", m.Leaf, chain(0), nil},
		{"intermediate", m.Intermediate, chain(1), nil},
		{"ARK", m.ARK, chain(2), nil},
		{"CRL", good.CRLs[0], func(b []byte) attest.Evidence {
			return changed(func(e *attest.Evidence) { e.CRLs = [][]byte{b} })
		}, nil},
		{"bundle", good.Bundle, func(b []byte) attest.Evidence { return changed(func(e *attest.Evidence) { e.Bundle = b }) }, nil},
		{"manifest", m.ManifestJWS, func(b []byte) attest.Evidence {
			if !json7bit(b) {
				b = []byte("a character that no JSON string has in one byte")
			}
			return member("workload_identity_manifest_jws", string(b))
		}, nil},
		{"envelope", good.Envelope, func(b []byte) attest.Evidence { return changed(func(e *attest.Evidence) { e.Envelope = b }) }, unsigned(good.Envelope)},
		{"live key", good.LiveSPKI[:], func(b []byte) attest.Evidence {
			return changed(func(e *attest.Evidence) { e.LiveSPKI = [32]byte(b) })
		}, nil},
	}
}

// json7bit reports whether the JSON encoder writes every byte as it is.
func json7bit(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return r > 0x7e })
}

// unsigned lists the bits of an envelope that nothing vouches for: whoever serves
// it may choose them within what is accepted.
func unsigned(envelope []byte) map[int]exception {
	may := map[int]exception{}
	for _, x := range []struct {
		before string // what the bytes stand behind
		text   string
		bits   []byte // of each byte
		reason string
	}{
		{`"issued_at": "2026-04-01T11:5`, `9:00Z`, []byte{0x01, 0, 0x07, 0x0f, 0}, "another time that is recent enough: issued_at is signed by nobody"},
		{`"max_age_seconds": `, `300`, []byte{0x07, 0x0f, 0x1f}, "another age that the envelope is below: max_age_seconds is signed by nobody"},
		{`"`, `workload_identity_manifest_jws":`, manifestName, "a member with another name is ignored, and the manifest is optional: the tag stands for it"},
	} {
		at := bytes.Index(envelope, []byte(x.before+x.text))
		for i, bits := range x.bits {
			if bits != 0 {
				may[at+len(x.before)+i] = exception{bits, x.reason}
			}
		}
	}
	return may
}

// manifestName: every bit but the one that makes it no UTF-8, the one that only
// changes the case of a letter, and one of each underscore, which makes it a
// control character.
var manifestName = func() (bits []byte) {
	for _, c := range []byte("workload_identity_manifest_jws") {
		if c == '_' {
			bits = append(bits, 0x3f)
		} else {
			bits = append(bits, 0x5f)
		}
	}
	return bits
}()

// TestEveryBitOfEvidence: whichever bit of an endpoint's evidence is flipped, it
// is refused, by a typed error; save for those that unsigned lists, one by one.
// Without ATTEST_EVERY_BIT a sample of the bits is flipped.
func TestEveryBitOfEvidence(t *testing.T) {
	for _, product := range mint.Products {
		t.Run(product, func(t *testing.T) {
			t.Parallel()
			m := newMinted(product, 5)
			c := m.config()
			c.Cache = certchain.NewCache(8)
			v := verifier(c)
			for _, part := range m.parts() {
				flips, accepted := flip(t, v, part)
				want := map[string]int{}
				for _, x := range part.may {
					want[x.reason] += bitsOf(x.bits)
				}
				t.Logf("%s: %d bits of %d flipped, %d accepted", part.name, flips, 8*len(part.bytes), total(accepted))
				for _, reason := range slices.Sorted(maps.Keys(accepted)) {
					t.Logf("  %d accepted: %s", accepted[reason], reason)
				}
				if !maps.Equal(want, accepted) {
					t.Errorf("%s: the exceptions are %v, accepted were %v", part.name, want, accepted)
				}
			}
		})
	}
}

// flip flips bits of a part, all of them or a sample with all exceptions, and
// returns how many, and how many exceptions were accepted by their reason.
func flip(t *testing.T, v *attest.Verifier, p part) (flips int, accepted map[string]int) {
	if _, err := v.Verify(p.put(p.bytes), now); err != nil {
		t.Fatalf("%s: refused as it is: %v", p.name, err)
	}
	accepted = map[string]int{}
	step := 1
	if !everyBit() {
		step = 8*len(p.bytes)/32 | 1
	}
	changed := bytes.Clone(p.bytes)
	for n := range 8 * len(p.bytes) {
		i, bit := n/8, byte(1)<<(n%8)
		x := p.may[i]
		if n%step != 0 && x.bits&bit == 0 {
			continue
		}
		changed[i] ^= bit
		result, err := v.Verify(p.put(changed), now)
		changed[i] ^= bit
		flips++
		var refusal attest.AttestationError
		switch {
		case err == nil && x.bits&bit != 0:
			accepted[x.reason]++
		case err == nil:
			t.Errorf("%s: accepted with bit %d of byte %d (%q) flipped", p.name, n%8, i, around(p.bytes, i))
		case result != nil || !errors.As(err, &refusal) || attest.ErrorType(refusal) == "":
			t.Errorf("%s: bit %d of byte %d: result %v, error %v", p.name, n%8, i, result, err)
		}
	}
	return flips, accepted
}

func around(b []byte, i int) []byte { return b[max(0, i-20):min(len(b), i+20)] }

func bitsOf(b byte) int { return strings.Count(fmt.Sprintf("%b", b), "1") }

func total(m map[string]int) (n int) {
	for _, k := range m {
		n += k
	}
	return n
}
