package mint_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
)

// TestPinned fixes every byte. When a change is meant, all conformance vectors
// change with it.
func TestPinned(t *testing.T) {
	const want = "8d2c24e4e77ad8c4edb9832da79c1fd9c0ec2f33800d30a6ed73492267f062fd"
	h := sha256.New()
	write := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
		h.Write(b)
	}
	for _, product := range mint.Products {
		for version := uint32(2); version <= 5; version++ {
			for _, kind := range []string{"vcek", "vlek"} {
				e := mint.Evidence(product, version, kind)
				write(e.Report)
				write(e.PEM())
			}
		}
		write(mint.CRL(product).Encode(mint.CAKey("ARK-" + product)))
	}
	write(mint.Ed25519Key("pin"))
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("got %s", got)
	}
}

func TestSetsAreIndependent(t *testing.T) {
	fresh := func() *mint.Set { return mint.Evidence("Turin", 5, "vcek") }
	want, spoilt := fresh(), fresh()
	for _, b := range [][]byte{spoilt.Report, spoilt.Leaf, spoilt.Intermediate, spoilt.ARK, spoilt.LeafSpec.SPKI, spoilt.LeafSpec.Issuer, spoilt.LeafSpec.Ext(mint.OIDHWID).Value} {
		b[len(b)-1] ^= 0xFF
	}
	*spoilt.Key = *mint.P384Key("another")
	got := fresh()
	got.Reissue()
	if !bytes.Equal(got.Report, want.Report) || !bytes.Equal(got.PEM(), want.PEM()) {
		t.Error("spoiling one set spoilt the next")
	}
}

// TestSetHoldsTogether: the specs are what the bytes were made from, and report
// and leaf say the same.
func TestSetHoldsTogether(t *testing.T) {
	for _, product := range mint.Products {
		for _, kind := range []string{"vcek", "vlek"} {
			e := mint.Evidence(product, 4, kind)
			report, chain := bytes.Clone(e.Report), e.PEM()
			e.Resign()
			e.Reissue()
			if !bytes.Equal(e.Report, report) || !bytes.Equal(e.PEM(), chain) {
				t.Errorf("%s %s: made again, it differs", product, kind)
			}
			tcb := e.Spec.ReportedTCB
			for oid, level := range map[string]uint8{mint.OIDBlSPL: tcb.BootLoader, mint.OIDTeeSPL: tcb.TEE, mint.OIDSnpSPL: tcb.SNP, mint.OIDUcodeSPL: tcb.Microcode} {
				if got := e.LeafSpec.Ext(oid).Value; !bytes.Equal(got, mint.Integer(uint64(level))) {
					t.Errorf("%s %s: %s is %x, the report says %d", product, kind, oid, got, level)
				}
			}
			if kind == "vcek" && !bytes.HasPrefix(e.Spec.ChipID[:], e.LeafSpec.Ext(mint.OIDHWID).Value) {
				t.Errorf("%s: hwID is not CHIP_ID", product)
			}
			if kind == "vlek" && e.Spec.ChipID != [64]byte{} {
				t.Errorf("%s: CHIP_ID under a VLEK", product)
			}
			signing := binary.LittleEndian.Uint32(e.Report[0x48:]) >> 2 & 7
			if (signing == 1) != (kind == "vlek") {
				t.Errorf("%s %s: SIGNING_KEY is %d", product, kind, signing)
			}
		}
	}
}

// TestOpenSSL asks one more reader, who shares no code with the Go library.
func TestOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("no openssl on this machine")
	}
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	at := strconv.FormatInt(mint.NotBefore.Unix(), 10)
	for _, product := range mint.Products {
		for _, kind := range []string{"vcek", "vlek"} {
			e := mint.Evidence(product, 3, kind)
			root, between, leaf := write("root", mint.PEM(e.ARK)), write("between", mint.PEM(e.Intermediate)), write("leaf", mint.PEM(e.Leaf))
			out, err := exec.Command(openssl, "verify", "-attime", at, "-CAfile", root, "-untrusted", between, leaf).CombinedOutput()
			if err != nil {
				t.Errorf("%s %s: %v: %s", product, kind, err, out)
			}
		}
		root := write("root", mint.PEM(mint.CACert("ARK-"+product)))
		crl := write("crl", mint.CRL(product).Encode(mint.CAKey("ARK-"+product)))
		out, err := exec.Command(openssl, "crl", "-inform", "DER", "-in", crl, "-CAfile", root, "-noout", "-verify").CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("verify OK")) {
			t.Errorf("%s CRL: %v: %s", product, err, out)
		}
	}
}

func BenchmarkEvidence(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		mint.Evidence("Milan", 3, "vcek")
	}
}

func BenchmarkReissue(b *testing.B) {
	b.ReportAllocs()
	e := mint.Evidence("Milan", 3, "vcek")
	for b.Loop() {
		e.Reissue()
	}
}
