package form_test

import (
	"bytes"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport/form"
)

// TestCollectMany: more certificates than a chain has are refused for their number
// or for the first of them, and not compared with each other, however many there are
// and however large.
// Rules: GEN-04, CHN-02, CHN-09.
func TestCollectMany(t *testing.T) {
	list := func(n, size int, same bool) (all [][]byte) {
		for i := range n {
			der := make([]byte, size)
			copy(der, []byte{0x30, 0x84})
			if !same {
				binary.BigEndian.PutUint32(der[size-4:], uint32(i))
			}
			all = append(all, der)
		}
		return all
	}
	s := mint.Evidence("Milan", 3, "vcek")
	long := make([]form.TableEntry, 2000)
	for i := range long {
		long[i] = form.TableEntry{Kind: form.TableVCEK, Data: s.Leaf}
	}
	for _, tt := range []struct {
		name  string
		table []form.TableEntry
		certs [][]byte
		rule  string
		want  int
	}{
		{"40,000", nil, list(40000, 8, false), "CHN-02", 4},
		{"40,000 of one", nil, list(40000, 8, true), "CHN-10", 1},
		{"300 of 1 MiB", nil, list(300, 1<<20, false), "CHN-02", 4},
		{"300 of one of 1 MiB", nil, list(300, 1<<20, true), "CHN-02", 4},
		{"one of 8193 bytes", nil, list(1, 8193, true), "CHN-09", 1},
		{"three and two more", nil, [][]byte{s.Leaf, s.Intermediate, s.ARK, s.Leaf, mint.CACert("ARK-Genoa"), mint.CACert("ARK-Turin")}, "CHN-02", 4},
		{"a long table", long, list(300, 1<<20, false), "CHN-02", 2000},
	} {
		certs, err := form.Collect(tt.table, tt.certs)
		if err != nil || len(certs) != tt.want {
			t.Errorf("%s: %d are collected, %v", tt.name, len(certs), err)
		}
		var e *rule.Error
		if _, err := form.Verify(certchain.NewCache(4), tt.table, tt.certs, certchain.Builtin(), mint.NotAfterLeaf); !errors.As(err, &e) || e.Rule != tt.rule {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.rule)
		}
	}
}

// pemOf writes certificates as PEM.
func pemOf(ders ...[]byte) (text []byte) {
	for _, der := range ders {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return text
}

// TestSplitCertificates: the first bytes decide what a blob is read as, and it is not
// read as anything else.
// Rules: CAR-20, CAR-22.
func TestSplitCertificates(t *testing.T) {
	const unknown, zeroFirst = "00000000-e664-4564-adc5-f4b93be8accd", "00da758d-e664-4564-adc5-f4b93be8accd"
	a, b := []byte{0x30, 0x80, 1}, []byte{0x30, 0x80, 2}
	whole := table(entry{guid: vcek, data: []byte("a")}, entry{guid: vlek, data: []byte("b")}, entry{guid: ask, data: []byte("c")},
		entry{guid: ark, data: []byte("d")}, entry{guid: crl, data: []byte("e")}, entry{guid: private, data: []byte("f")})
	for name, c := range map[string]struct {
		blob []byte
		want [][]byte
		rule string
	}{
		"nothing":                    {nil, nil, ""},
		"one byte":                   {[]byte{0x30}, nil, "CAR-11"},
		"two bytes of DER":           {[]byte{0x30, 0x80}, [][]byte{{0x30, 0x80}}, ""},
		"DER":                        {a, [][]byte{a}, ""},
		"another tag":                {[]byte{0x31, 0x80, 1}, nil, "CAR-11"},
		"a short length":             {[]byte{0x30, 0x01, 1}, nil, "CAR-11"},
		"PEM":                        {pemOf(a, b), [][]byte{a, b}, ""},
		"PEM of another kind":        {bytes.ReplaceAll(pemOf(a), []byte("CERTIFICATE"), []byte("CERTIFICATF")), nil, "CHN-05"},
		"text":                       {[]byte("these are 24 bytes and no table"), nil, "CAR-11"},
		"a table of all kinds":       {whole, [][]byte{[]byte("a"), []byte("b"), []byte("c"), []byte("d")}, ""},
		"PEM in a table, beside DER": {table(entry{guid: vcek, data: pemOf(a)}, entry{guid: ark, data: b}), [][]byte{a, b}, ""},
		"two in one entry":           {table(entry{guid: ask, data: pemOf(a, b)}), [][]byte{a, b}, ""},
		"a table that begins with a zero, and PEM": {table(entry{guid: zeroFirst, data: []byte("x")}, entry{guid: vcek, data: pemOf(a)}), [][]byte{a}, ""},
		"PEM in a table, its first line cut":       {table(entry{guid: vcek, data: pemOf(a)[:20]}), nil, "CHN-05"},
		"PEM that is cut, in a table":              {table(entry{guid: vcek, data: pemOf(a)[:40]}), nil, "CHN-06"},
		"an unknown kind, and a broken table":      {table(entry{guid: unknown, data: a, offset: u32(1)}), nil, "CAR-14"},
	} {
		got, err := form.SplitCertificates(c.blob)
		var e *rule.Error
		if errors.As(err, &e); (err != nil) != (c.rule != "") || c.rule != "" && e.Rule != c.rule {
			t.Errorf("%s: %v, want %q", name, err, c.rule)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestCollect: a certificate counts once if it is in two sources, however large it may
// be, and two that differ in one byte are two.
// Rules: CAR-21.
func TestCollect(t *testing.T) {
	der := func(size int, first, last byte) []byte {
		b := make([]byte, size)
		b[0], b[1], b[2], b[size-1] = 0x30, 0x80, first, last
		return b
	}
	same := der(100, 1, 1)
	for name, c := range map[string]struct {
		table []form.TableEntry
		blobs [][]byte
		want  int
		rule  string
	}{
		"twice":                    {nil, [][]byte{same, same}, 1, ""},
		"in a table and behind it": {[]form.TableEntry{{Kind: form.TableVCEK, Data: same}}, [][]byte{same}, 1, ""},
		"twice in one text":        {nil, [][]byte{pemOf(same, same)}, 2, ""},
		"two in one text":          {nil, [][]byte{pemOf(same, der(100, 2, 1))}, 2, ""},
		"another end":              {nil, [][]byte{same, der(100, 1, 2)}, 2, ""},
		"another beginning":        {nil, [][]byte{pemOf(same), pemOf(append([]byte{0x31}, same[1:]...))}, 2, ""},
		"a longer one":             {nil, [][]byte{same, append(slices.Clone(same), 1)}, 2, ""},
		"the largest, twice":       {nil, [][]byte{der(8192, 1, 1), der(8192, 1, 1)}, 1, ""},
		"a larger one, twice":      {nil, [][]byte{der(8193, 1, 1), der(8193, 1, 1)}, 2, ""},
		"a table that is broken":   {[]form.TableEntry{{Kind: form.TableVCEK, Data: pemOf(same)[:40]}}, [][]byte{same}, 0, "CHN-06"},
		"a text that is broken":    {nil, [][]byte{same, pemOf(same)[:40]}, 0, "CHN-06"},
	} {
		got, err := form.Collect(c.table, c.blobs)
		var e *rule.Error
		if errors.As(err, &e); (err != nil) != (c.rule != "") || c.rule != "" && e.Rule != c.rule || len(got) != c.want {
			t.Errorf("%s: %d, %v, want %d %q", name, len(got), err, c.want, c.rule)
		}
	}
}

// TestVerify: the table and all blobs count, and what cannot be read is refused as that.
func TestVerify(t *testing.T) {
	s := mint.Evidence("Milan", 3, "vcek")
	roots, err := certchain.NewRoots(s.ARK)
	if err != nil {
		t.Fatal(err)
	}
	leaf := []form.TableEntry{{Kind: form.TableVCEK, Data: s.Leaf}}
	for name, c := range map[string]struct {
		table []form.TableEntry
		blobs [][]byte
		rule  string
	}{
		"one text":                 {nil, [][]byte{pemOf(s.Leaf, s.Intermediate)}, ""},
		"two texts":                {nil, [][]byte{pemOf(s.Leaf), pemOf(s.Intermediate)}, ""},
		"a table and a text":       {leaf, [][]byte{pemOf(s.Intermediate)}, ""},
		"DER":                      {nil, [][]byte{s.Leaf, s.Intermediate}, ""},
		"nothing":                  {nil, nil, "CHN-02"},
		"a table that is none":     {nil, [][]byte{[]byte("no table")}, "CAR-11"},
		"a text without the first": {nil, [][]byte{pemOf(s.Intermediate)}, "CHN-40"},
	} {
		_, err := form.Verify(certchain.NewCache(4), c.table, c.blobs, roots, mint.NotBefore)
		var e *rule.Error
		if errors.As(err, &e); (err != nil) != (c.rule != "") || c.rule != "" && e.Rule != c.rule {
			t.Errorf("%s: %v, want %q", name, err, c.rule)
		}
	}
}

// TestRememberedTextIsNotDecoded: of one PEM text alone, a chain that is remembered is
// found by the text.
func TestRememberedTextIsNotDecoded(t *testing.T) {
	s := mint.Evidence("Milan", 3, "vcek")
	roots, err := certchain.NewRoots(s.ARK)
	if err != nil {
		t.Fatal(err)
	}
	text, c := pemOf(s.Leaf, s.Intermediate), certchain.NewCache(4)
	verified := func(verify func() (*certchain.Chain, error)) float64 {
		return testing.AllocsPerRun(10, func() {
			if _, err := verify(); err != nil {
				t.Fatal(err)
			}
		})
	}
	byText := verified(func() (*certchain.Chain, error) { return c.VerifyPEM(text, roots, mint.NotBefore) })
	byBlob := verified(func() (*certchain.Chain, error) {
		return form.Verify(c, nil, [][]byte{text}, roots, mint.NotBefore)
	})
	if byBlob > byText {
		t.Errorf("%v allocations, and %v by the text", byBlob, byText)
	}
}
