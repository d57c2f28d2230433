package mint_test

import (
	"bytes"
	"crypto/x509"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
)

// otherKeys is testkeys.txt with the keys of two products exchanged.
func otherKeys(t *testing.T) string {
	t.Helper()
	file, err := os.ReadFile("testkeys.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("-Milan ", "-Genoa ", "-Genoa ", "-Milan ").Replace(string(file))
}

// TestForge: all of a Forge's evidence is made with its own keys.
func TestForge(t *testing.T) {
	f := mint.NewForge(otherKeys(t))
	for _, kind := range []string{"vcek", "vlek"} {
		e := f.Evidence("Milan", 3, kind)
		e.Reissue()
		for i, c := range e.Chain()[:2] {
			if err := parse(t, c).CheckSignatureFrom(parse(t, e.Chain()[i+1])); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
		own := mint.Evidence("Milan", 3, kind)
		if bytes.Equal(e.Leaf, own.Leaf) || bytes.Equal(e.Intermediate, own.Intermediate) || bytes.Equal(e.ARK, own.ARK) {
			t.Errorf("%s: made with the keys of this package", kind)
		}
		if !e.LeafSigner().Public().Equal(f.CAKey(e.LeafSigner().Name).Public()) {
			t.Errorf("%s: another signer", kind)
		}
	}
	if ark := f.CAKey("ARK-Milan").Public(); !ark.Equal(mint.CAKey("ARK-Genoa").Public()) {
		t.Error("not the key of the file")
	}
	crl, err := x509.ParseRevocationList(f.CRL("Milan").Encode(f.CAKey("ARK-Milan")))
	if err != nil {
		t.Fatal(err)
	}
	ark := parse(t, f.CACert("ARK-Milan"))
	if err := crl.CheckSignatureFrom(ark); err != nil || !bytes.Equal(crl.AuthorityKeyId, ark.SubjectKeyId) {
		t.Errorf("CRL: not of this ARK: %v", err)
	}
}

// TestForgeFile: the first key of a name counts, and names are whole words.
func TestForgeFile(t *testing.T) {
	file := otherKeys(t)
	key := func(name string) string {
		_, rest, _ := strings.Cut(file, "\n"+name+" ")
		primes, _, _ := strings.Cut(rest, "\n")
		return " " + primes + "\n"
	}
	f := mint.NewForge("ARK-Milanese" + key("ARK-Turin") + "ARK-Milan" + key(mint.OtherCA) + file)
	if !f.CAKey("ARK-Milan").Public().Equal(mint.CAKey(mint.OtherCA).Public()) {
		t.Error("not the first key of that name")
	}
	for want, misuse := range map[string]func(){
		"mint: no test key named ARK-Milan":        func() { mint.NewForge("").CAKey("ARK-Milan") },
		"mint: malformed test key ARK-Milan":       func() { mint.NewForge("ARK-Milan x 1").CAKey("ARK-Milan") },
		"mint: malformed test key ARK-Turin":       func() { mint.NewForge("ARK-Turin 1 x").CAKey("ARK-Turin") },
		"mint: no product named Venice":            func() { f.CACert("SEV-VLEK-Venice") },
		"mint: no authority named " + mint.OtherCA: func() { f.CACert(mint.OtherCA) },
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic: %v", got)
				}
			}()
			misuse()
		})
	}
}

// TestForgeConcurrently is for the race detector.
func TestForgeConcurrently(t *testing.T) {
	f := mint.NewForge(otherKeys(t))
	var wg sync.WaitGroup
	certs := make([][]byte, 4)
	for i := range certs {
		wg.Go(func() { certs[i] = f.Evidence("Turin", 5, "vcek").PEM() })
	}
	wg.Wait()
	for _, c := range certs {
		if !bytes.Equal(c, certs[0]) {
			t.Error("two chains")
		}
	}
}

// TestRemembered: a key does not remember without end, and hands out copies.
func TestRemembered(t *testing.T) {
	key, calls := mint.NewForge(otherKeys(t)).CAKey("ARK-Milan"), 0
	sign := func(message []byte) []byte { calls++; return bytes.Clone(message) }
	for range 2 {
		for i := range mint.MaxRemembered + 10 {
			message := []byte{byte(i), byte(i >> 8)}
			if got := key.Remembered(message, sign); !bytes.Equal(got, message) {
				t.Fatalf("%x: got %x", message, got)
			} else {
				got[0] ^= 1
			}
		}
	}
	if want := mint.MaxRemembered + 2*10; calls != want {
		t.Errorf("signed %d times, want %d", calls, want)
	}
}
