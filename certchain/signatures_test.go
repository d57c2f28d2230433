package certchain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/snpreport"
)

func parsedReport(t testing.TB, b []byte) *snpreport.Report {
	t.Helper()
	report, err := snpreport.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func parsedCRL(t testing.TB, s mint.CRLSpec, signer mint.Signer) *certchain.CRL {
	t.Helper()
	crl, err := certchain.ParseCRL(s.Encode(signer))
	if err != nil {
		t.Fatal(err)
	}
	return crl
}

// TestCacheSignatures warms a cache with a report and a CRL. What differs from those in
// anything is refused as without a cache, as often as it is asked, and not remembered.
// Rules: CHN-70, CHN-71.
func TestCacheSignatures(t *testing.T) {
	cache, milan := certchain.NewCache(16), rootsOf(t, "Milan")
	chainOf := func(e *mint.Set, roots *certchain.Roots) *certchain.Chain {
		chain, err := cache.VerifyPEM(e.PEM(), roots, now)
		if err != nil {
			t.Fatal(err)
		}
		return chain
	}
	e := mint.Evidence("Milan", 3, "vcek")
	ark := mint.CAKey("ARK-Milan")
	list := mint.CRL("Milan")
	chain, report, crl := chainOf(e, milan), parsedReport(t, e.Report), parsedCRL(t, list, ark)
	for range 3 { // miss, hit, hit through the chain that a hit returned
		wantRule(t, "", chain.VerifyReport(report))
		wantRule(t, "", crl.Check(chain, milan, now))
		if n := cache.Signatures(); n != 2 {
			t.Fatalf("%d signatures remembered, want those of the report and the CRL", n)
		}
		chain = chainOf(e, milan)
	}

	vlek := chainOf(mint.Evidence("Milan", 3, "vlek"), milan)
	otherTCB := mint.Evidence("Milan", 3, "vcek")
	otherTCB.LeafSpec.SetValidity(mint.NotBefore, now.Add(time.Hour)) // another leaf of the same key
	otherTCB.Reissue()

	// The same names, and the key of another product's ARK.
	other, ask, otherKey := mint.ARK("Milan"), mint.ASK("Milan"), mint.CAKey("ARK-Genoa")
	other.SPKI = mint.SPKI(otherKey.Public())
	otherRoots, err := certchain.NewRoots(other.Encode(otherKey))
	if err != nil {
		t.Fatal(err)
	}
	underOther, err := cache.Verify([][]byte{e.Leaf, ask.Encode(otherKey)}, otherRoots, now)
	if err != nil {
		t.Fatal(err)
	}

	revoking := mint.CRL("Milan")
	revoking.Revoke(ask.Serial...)
	revokes := parsedCRL(t, revoking, ark)
	for range 2 {
		wantRule(t, "", chainOf(otherTCB, milan).VerifyReport(report)) // the key is what counts
		wantRule(t, "RPT-23", vlek.VerifyReport(report))
		wantRule(t, "RPT-20", new(certchain.Chain).VerifyReport(report))
		wantRule(t, "RPT-21", chain.VerifyReport(nil))
		for _, at := range []int{0x04, 0x50, 0x2a0, 0x2cf, 0x2e8, 0x317} { // signed, and r, and s
			changed := slices.Clone(e.Report)
			changed[at] ^= 1
			wantRule(t, "RPT-23", chain.VerifyReport(parsedReport(t, changed)))
		}
		overwritten := *report
		if err := overwritten.UnmarshalBinary(mint.Evidence("Milan", 3, "vlek").Report); err != nil {
			t.Fatal(err)
		}
		wantRule(t, "RPT-23", chain.VerifyReport(&overwritten))

		wantRule(t, "", crl.Check(vlek, milan, now)) // of the same anchor
		wantRule(t, "CRL-18", crl.Check(underOther, otherRoots, now))
		wantRule(t, "CRL-18", parsedCRL(t, list, unsigned{}).Check(chain, milan, now))
		wantRule(t, "CRL-18", parsedCRL(t, revoking, unsigned{}).Check(chain, milan, now))
		wantRule(t, "CRL-16", crl.Check(chain, otherRoots, now))
		wantRule(t, "CRL-15", crl.Check(chain, milan, time.Time{}))
		wantRule(t, "CRL-20", crl.Check(chain, milan, mint.NotBefore.Add(-1)))
		wantRule(t, "CRL-20", crl.Check(chain, milan, mint.NotAfterLeaf.Add(1)))
		wantRule(t, "CRL-21", revokes.Check(chain, milan, now))
		if n := cache.Signatures(); n != 3 {
			t.Errorf("%d signatures remembered: a refusal was", n)
		}
	}
}

// TestCacheSignaturesBounded: the oldest makes room, and signatures take none from
// chains. Without a cache nothing is remembered.
// Rules: CHN-70.
func TestCacheSignaturesBounded(t *testing.T) {
	e, milan := mint.Evidence("Milan", 3, "vcek"), rootsOf(t, "Milan")
	for _, size := range []int{0, 1, 3} {
		cache := certchain.NewCache(size)
		for i := range 5 {
			chain, err := cache.Verify(e.Chain(), milan, now)
			if err != nil {
				t.Fatal(err)
			}
			e.Spec.GuestSVN = uint32(i)
			e.Resign()
			wantRule(t, "", chain.VerifyReport(parsedReport(t, e.Report)))
			if chains, signatures := cache.Len(), cache.Signatures(); chains != min(size, 1) || signatures != min(size, i+1) {
				t.Errorf("size %d: %d chains, %d signatures after %d reports", size, chains, signatures, i+1)
			}
		}
	}
	plain, err := certchain.Verify(e.Chain(), milan, now)
	if err != nil {
		t.Fatal(err)
	}
	wantRule(t, "", plain.VerifyReport(parsedReport(t, e.Report)))
}

// A signature that is remembered is not verified again: both algorithms allocate.
func TestCacheSkipsSignatures(t *testing.T) {
	e, milan := mint.Evidence("Milan", 3, "vcek"), rootsOf(t, "Milan")
	report, crl := parsedReport(t, e.Report), parsedCRL(t, mint.CRL("Milan"), mint.CAKey("ARK-Milan"))
	for _, size := range []int{0, 1} {
		chain, err := certchain.NewCache(size).Verify(e.Chain(), milan, now)
		if err != nil {
			t.Fatal(err)
		}
		for name, verify := range map[string]func() error{
			"report": func() error { return chain.VerifyReport(report) },
			"CRL":    func() error { return crl.Check(chain, milan, now) },
		} {
			wantRule(t, "", verify())
			if n := testing.AllocsPerRun(10, func() { verify() }); (n < 5) != (size > 0) {
				t.Errorf("size %d, %s: %v allocations", size, name, n)
			}
		}
	}
}
