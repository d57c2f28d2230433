package fuzz

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
)

// pieces are all bytes of an endpoint's evidence, taken apart down to the DER,
// so that a change gets past the encodings around it.
const (
	pieceReport = iota
	pieceLeaf
	pieceIntermediate
	pieceARK
	pieceManifest
	pieceSPKI // as the envelope has it
	pieceTag
	pieceWorkload
	pieceBundle // the whole JWS
	pieceCRL
	pieceLive
	numPieces
)

type pieces [numPieces][]byte

func (f *fixture) pieces() (p pieces) {
	text := func(name string) []byte { return []byte(f.envelope[name].(string)) }
	chain := must(certchain.SplitPEM(text("vcek_chain_pem")))
	return pieces{
		must(base64.StdEncoding.DecodeString(string(text("snp_report_b64")))), bytes.Clone(chain[0]), bytes.Clone(chain[1]), bytes.Clone(chain[2]),
		text("workload_identity_manifest_jws"), text("tls_spki_sha256"), text("workload_identity_tag"), text("workload"),
		bytes.Clone(f.evidence.Bundle), bytes.Clone(f.evidence.CRLs[0]), bytes.Clone(f.evidence.LiveSPKI[:]),
	}
}

// evidence puts the pieces together.
func (f *fixture) assemble(p pieces) attest.Evidence {
	m := maps.Clone(f.envelope)
	m["snp_report_b64"] = base64.StdEncoding.EncodeToString(p[pieceReport])
	m["vcek_chain_pem"] = string(mint.PEM(p[pieceLeaf], p[pieceIntermediate], p[pieceARK]))
	m["workload_identity_manifest_jws"] = string(p[pieceManifest])
	m["tls_spki_sha256"], m["workload_identity_tag"], m["workload"] = string(p[pieceSPKI]), string(p[pieceTag]), string(p[pieceWorkload])
	e := attest.Evidence{Envelope: must(json.Marshal(m)), Bundle: p[pieceBundle], CRLs: [][]byte{p[pieceCRL]}}
	copy(e.LiveSPKI[:], p[pieceLive])
	return e
}

// A change is six bytes: the piece, what to do, where (of 65536), and two bytes
// that say more.
const changeSize = 6

const maxPiece = 64 << 10

// change carries out one change. whole is the evidence of another endpoint.
func (p *pieces) change(c []byte, other *pieces) {
	piece := int(c[0]) % numPieces
	b := p[piece]
	at := (int(c[2])<<8 | int(c[3])) * len(b) >> 16
	n := min(int(c[5])+1, len(b)-at)
	switch c[1] % 9 {
	case 0: // flip bits
		if len(b) > 0 {
			b[at] ^= c[4]
		}
	case 1: // another byte
		if len(b) > 0 {
			b[at] = c[4]
		}
	case 2: // cut out
		b = append(b[:at:at], b[at+n:]...)
	case 3: // cut off
		b = b[:at]
	case 4: // twice
		b = bytes.Join([][]byte{b[:at+n], b[at:]}, nil)
	case 5: // a word of the dictionary put between
		b = bytes.Join([][]byte{b[:at], word(c[4:]), b[at:]}, nil)
	case 6: // a word of the dictionary put over
		copy(b[at:], word(c[4:]))
	case 7: // the same piece of the other endpoint
		b = bytes.Clone(other[piece])
	case 8: // a part of that
		copy(b[at:at+n], other[piece][min(at, len(other[piece])):])
	}
	p[piece] = b[:min(len(b), maxPiece)]
}

func word(c []byte) []byte { return dictionary()[(int(c[0])<<8|int(c[1]))%len(dictionary())] }

// FuzzEvidence changes whole evidence, in any piece, inside of its encodings.
// It is never accepted unless the signed content is what it was.
func FuzzEvidence(f *testing.F) {
	s := &seeded{F: f}
	for which := range fixtures() {
		s.add(byte(which), []byte{})
		for piece := range byte(numPieces) {
			for what := range byte(9) {
				s.add(byte(which), []byte{piece, what, 0x80, 0x00, 0x01, piece * what})
			}
		}
		s.add(byte(which), []byte{pieceReport, 7, 0, 0, 0, 0, pieceLeaf, 7, 0, 0, 0, 0, pieceIntermediate, 7, 0, 0, 0, 0, pieceARK, 7, 0, 0, 0, 0})
	}
	s.enough(250)
	f.Fuzz(func(t *testing.T, which byte, changes []byte) {
		all := fixtures()
		x, other := all[int(which)%len(all)], all[(int(which)+1)%len(all)]
		p, q := x.pieces(), other.pieces()
		for n := 0; len(changes) >= changeSize && n < 16; n++ {
			p.change(changes, &q)
			changes = changes[changeSize:]
		}
		result, err := x.verify(t, x.assemble(p))
		if err == nil {
			x.same(t, result)
		}
	})
}

// TestSame: the oracle of these targets tells endpoints apart.
func TestSame(t *testing.T) {
	for i, x := range fixtures() {
		result, err := x.verify(t, x.assemble(x.pieces()))
		if err != nil {
			t.Fatal(err)
		}
		x.same(t, result)
		raw, other := result.Report.Raw(), fixtures()[(i+1)%3].result.Report.Raw()
		if bytes.Equal(raw[:mint.SignedSize], other[:mint.SignedSize]) {
			t.Error("two endpoints have one report")
		}
	}
}
