package form_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/snpreport/form"
	"pgregory.net/rapid"
)

const size = snpreport.Size

// filled is a report of a version in which no field is zero that may be set.
func filled(version byte) []byte {
	spec := mint.NewReport("Milan", uint32(version), "vcek")
	b := spec.Encode()
	return b[:]
}

// parseErr is the error of Parse.
func parseErr(t testing.TB, b []byte) *rule.Error {
	t.Helper()
	_, err := snpreport.Parse(b)
	var e *rule.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v", err)
	}
	return e
}

// TestRealReports: genuine reports come out of every form as they went in.
func TestRealReports(t *testing.T) {
	dir := os.Getenv("ATTEST_REAL_VECTORS")
	if dir == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: no genuine reports")
	}
	names, err := filepath.Glob(filepath.Join(dir, "real", "*", "report.bin"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%v %v", names, err)
	}
	for _, name := range names {
		report, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for want, b := range map[form.Carrier][]byte{
			form.Raw: report, form.Hex: hexOf(report), form.Base64: base64Of(report),
			form.GuestResponse: response(report, 4000), form.Extended: append(bytes.Clone(report), table()...),
		} {
			if carried, err := form.Open(b); err != nil || carried.Form != want || !bytes.Equal(carried.Report, report) {
				t.Errorf("%s, %v: %v, %v", name, want, carried.Form, err)
			}
		}
		// The wrapper of Azure holds the report at 0x20, and is none of these forms.
		if wrapped, err := os.ReadFile(filepath.Join(filepath.Dir(name), "hcl_report.bin")); err == nil {
			openErr(t, wrapped)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	report := filled(5)
	for _, row := range []struct {
		name string
		in   []byte
	}{
		{"raw", report},
		{"hex", hexOf(report)},
		{"base64", base64Of(report)},
		{"guest response", response(report, 4000)},
		{"extended", append(filled(5), table(
			entry{guid: vcek, data: make([]byte, 1360)}, entry{guid: ask, data: make([]byte, 1600)}, entry{guid: ark, data: make([]byte, 1600)})...)},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := form.Open(row.in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func ExampleOpen() {
	// A report with an empty certificate table behind it, as a host without
	// certificates returns it.
	carried, err := form.Open(append(filled(3), make([]byte, 4096)...))
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := snpreport.Parse(carried.Report)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v, %d certificates, report version %d\n", carried.Form, len(carried.Certs), r.Version)
	// Output: extended report, 0 certificates, report version 3
}

// set returns a change of a report.
func set(at int, v ...byte) func([]byte) []byte {
	return func(b []byte) []byte {
		copy(b[at:], v)
		return b
	}
}

// reports draws a report whose fields are any bytes.
var reports = rapid.Custom(func(t *rapid.T) []byte {
	b := filled(rapid.ByteRange(2, 5).Draw(t, "version"))
	copy(b[0x50:0x188], rapid.SliceOfN(rapid.Byte(), 0x138, 0x138).Draw(t, "fields"))
	return b
})
