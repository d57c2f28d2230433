package carrier_test

import (
	"bytes"
	"errors"
	"testing"

	reportform "github.com/tresorhq/attest/snpreport/form"

	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
	"pgregory.net/rapid"
)

// TestEncodeThenRead: what any form carries is read as the same bytes, and has the verdict
// that the raw bytes have.
func TestEncodeThenRead(t *testing.T) {
	good := evidence()
	rapid.Check(t, func(t *rapid.T) {
		report := bytes.Clone(good.Report)
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			report[rapid.IntRange(4, len(report)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "to")
		}
		f := rapid.SampledFrom(forms()).Draw(t, "form")
		e, err := carrier.Open(f.encode(report))
		if err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		if !bytes.Equal(e.Report, report) || e.Form != f.want {
			t.Fatalf("%s: other bytes, as %s", f.name, e.Form)
		}
		if carried, raw := verdict(t, e.Report, good.Chain()), verdict(t, report, good.Chain()); carried != raw {
			t.Fatalf("%s: %q, but raw %q", f.name, carried, raw)
		}
	})
}

// checkOpen is what holds for every input.
func checkOpen(t *testing.T, b []byte) {
	input := bytes.Clone(b)
	e, err := carrier.Open(b)
	if !bytes.Equal(b, input) {
		t.Fatal("Open writes to its input")
	}
	if (e == nil) == (err == nil) {
		t.Fatalf("%v beside %v", e, err)
	}
	strict, strictErr := reportform.Open(b)
	if err != nil {
		var d rule.Detailed
		if !errors.As(err, &d) || d.Details().Rule == "" || len(err.Error()) > 600 {
			t.Fatalf("poor error: %v", err)
		}
		if r, parseErr := snpreport.Parse(strict.Report); strictErr == nil && parseErr == nil && strict.Certs == nil {
			t.Fatalf("a good report of version %d is refused: %v", r.Version, err)
		}
		return
	}
	if e.Form == "" || e.HCL == nil && len(e.Report) != snpreport.Size || len(e.Certificates) > 40 {
		t.Fatalf("%s: %d bytes, %d certificates", e.Form, len(e.Report), len(e.Certificates))
	}
	if e.HCL != nil && e.Report != nil && !bytes.Equal(e.Report, e.HCL[0x20:0x20+snpreport.Size]) {
		t.Fatal("the report is no part of HCL")
	}
	if strictErr == nil && parses(strict.Report) && !bytes.Equal(strict.Report, e.Report) { // "HCLA" is no VERSION
		t.Fatalf("%s: another report than SPEC.md section 4 has", e.Form)
	}
	again, err := carrier.Open(e.Report)
	if snpErr := parses(e.Report); snpErr && (err != nil || !bytes.Equal(again.Report, e.Report)) {
		t.Fatalf("the report that was carried is not one by itself: %v", err)
	}
}

func parses(b []byte) bool { _, err := snpreport.Parse(b); return err == nil }

// FuzzOpen: what is read is a report of the right length, the one that the strict reader
// sees where it sees one, and it can be read again by itself.
func FuzzOpen(f *testing.F) {
	report := evidence().Report
	for _, form := range forms() {
		f.Add(form.encode(report))
	}
	for _, r := range reportRefusals() {
		if len(r.input) < 1<<16 {
			f.Add(r.input)
		}
	}
	f.Fuzz(checkOpen)
}

// FuzzOpenCertificates: a bag has certificates or CRLs, and none that is a private key.
func FuzzOpenCertificates(f *testing.F) {
	e := evidence()
	for _, b := range [][]byte{e.Leaf, e.PEM(), e.Table().Encode(), thim(e), []byte(b64(thim(e))), []byte(b64(e.Leaf))} {
		f.Add(b)
	}
	for _, key := range privateKeys() {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := carrier.OpenCertificates(b)
		if (g == nil) == (err == nil) {
			t.Fatalf("%v beside %v", g, err)
		}
		if err != nil {
			return
		}
		if len(g.Certificates)+len(g.CRLs) == 0 || len(g.Certificates) > carrier.MaxCertificates || g.Form == "" {
			t.Fatalf("%s: %d certificates, %d CRLs", g.Form, len(g.Certificates), len(g.CRLs))
		}
	})
}
