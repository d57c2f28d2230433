package text

import (
	"strings"
	"testing"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/difftest"
)

func TestDifferences(t *testing.T) {
	for _, err := range []error{
		Differences.Check(Compare), MemberDifferences.Check(CompareMembers), ScalarDifferences.Check(CompareScalar),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}

func explain(t *testing.T, b []byte) {
	t.Helper()
	if _, err := Differences.Explain(b, Compare(b)); err != nil {
		t.Fatal(err)
	}
	if _, err := MemberDifferences.Explain(b, CompareMembers(b)); err != nil {
		t.Fatal(err)
	}
}

// documents are some that both accept, among them an attestation envelope.
func documents(t testing.TB) [][]byte {
	e, err := attesttest.New(attesttest.Config{Seed: "difftest", Now: difftest.At})
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{
		e.Evidence().Envelope,
		[]byte(`{}`), []byte(` {"a" : [ -1 , 0, 1.5e+10, {"b":"\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t"}, null, true, [] ] } `),
		[]byte(`{"schema":"attest/v1","number":7,"flag":true,"list":["a","b"],"more":{"number":[1,2]}}`),
		[]byte(`{"schema":"a","number":9007199254740991}`), []byte(`{"":"` + strings.Repeat("é", 300) + `"}`),
	}
}

// TestMutations changes every byte of documents, and cuts them short.
func TestMutations(t *testing.T) {
	for _, b := range documents(t) {
		if o := Compare(b); o.Ours != difftest.Accepts || !o.Agree() {
			t.Fatalf("%+v", o)
		}
		step := 1 + len(b)/200
		for i := 0; i < len(b); i += step {
			explain(t, b[:i])
			for _, c := range []byte("\x00\x1f \"\\{}[],:0-1eEt\x7f\x80\xc3\xff") {
				changed := append([]byte(nil), b...)
				changed[i] = c
				explain(t, changed)
			}
		}
	}
}

// FuzzDocument: whatever the text, both say the same or the table says why not.
func FuzzDocument(f *testing.F) {
	for _, b := range documents(f) {
		f.Add(b)
	}
	for _, d := range append(Differences, MemberDifferences...) {
		f.Add(d.Example())
	}
	f.Fuzz(explain)
}

// FuzzScalar: the same of hex, base64 and times.
func FuzzScalar(f *testing.F) {
	for _, s := range []string{
		strings.Repeat("0a", 32), "QUI=", "QUI", "_-8", "2026-04-01T12:00:00Z", "2024-02-29T23:59:59.123456789+23:59", "0001-01-01T00:00:00Z",
		"2026-04-01T12:00:60Z", "2026-04-01t12:00:00z", "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00Z",
	} {
		f.Add(s)
	}
	for _, d := range ScalarDifferences {
		f.Add(d.Example().Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range ScalarDifferences {
			s := Scalar{d.Ours, text}
			if _, err := ScalarDifferences.Explain(s, CompareScalar(s)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
