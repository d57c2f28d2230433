package kds_test

import (
	"errors"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

const (
	milanURL = kds.DefaultBase + "/vcek/v1/Milan/" + longID + "?blSPL=4&teeSPL=1&snpSPL=24&ucodeSPL=219"
	turinURL = kds.DefaultBase + "/vcek/v1/Turin/" + shortID + "?fmcSPL=2&blSPL=4&teeSPL=1&snpSPL=7&ucodeSPL=81"
	crlURL   = kds.DefaultBase + "/vcek/v1/Milan/crl"
)

func TestParseURLAccepts(t *testing.T) {
	for u, want := range map[string]kds.Request{
		milanURL: vcekOf(t, snpreport.Milan),
		turinURL: vcekOf(t, snpreport.Turin),
		kds.DefaultBase + "/vcek/v1/Milan/" + longID + "?ucodeSPL=219&snpSPL=24&teeSPL=01&blSPL=04":            vcekOf(t, snpreport.Milan),
		"https://h/" + strings.Repeat("a", 2048-len("https://h/"+"/vcek/v1/Milan/crl")) + "/vcek/v1/Milan/crl": kds.CRL(snpreport.Milan, snpreport.VCEK),
		"https://mirror.example/vcek/v1/Milan/crl":                                                             kds.CRL(snpreport.Milan, snpreport.VCEK),
		"https://mirror.example:8443/a/b/vlek/v1/Turin/cert_chain":                                             kds.CertChain(snpreport.Turin, snpreport.VLEK),
		"https://127.0.0.1:1/vcek/v1/Milan/crl":                                                                kds.CRL(snpreport.Milan, snpreport.VCEK),
		"https://[::1]:65535/vcek/v1/Milan/crl":                                                                kds.CRL(snpreport.Milan, snpreport.VCEK),
		"https://h/vcek/v1/x/vcek/v1/Milan/crl":                                                                kds.CRL(snpreport.Milan, snpreport.VCEK),
		"https://h/vlek/v1/x/vcek/v1/Milan/crl":                                                                kds.CRL(snpreport.Milan, snpreport.VCEK),
		"https://h/vcek/v1/x/vlek/v1/Milan/crl":                                                                kds.CRL(snpreport.Milan, snpreport.VLEK),
	} {
		got, base, err := kds.ParseURL(u)
		if err != nil || got != want || !strings.HasPrefix(u, base+want.Path()[:9]) {
			t.Errorf("%s: got %q behind %q, error %v", u, got.Path(), base, err)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	milan := func(old, new string) string { return strings.Replace(milanURL, old, new, 1) }
	turin := func(old, new string) string { return strings.Replace(turinURL, old, new, 1) }
	for _, tt := range []struct{ name, u, rule string }{
		{"2049 bytes", "https://h/" + strings.Repeat("a", 2049-len("https://h/"+"/vcek/v1/Milan/crl")) + "/vcek/v1/Milan/crl", "KDS-12"},
		{"no base before VCEK", "/vcek/v1/Milan/crl", "KDS-11"},
		{"no base before VLEK", "/vlek/v1/Milan/crl", "KDS-11"},
		{"VLEK, and more behind cert", kds.DefaultBase + "/vlek/v1/Milan/certs", "KDS-07"},
		{"VLEK, and more before cert", kds.DefaultBase + "/vlek/v1/Milan/xcert", "KDS-07"},
		{"VCEK and cert", kds.DefaultBase + "/vcek/v1/Milan/cert", "KDS-07"},
		{"too long", "https://h/" + strings.Repeat("a", 2048) + "/vcek/v1/Milan/crl", "KDS-12"},
		{"empty", "", "KDS-07"},
		{"only a base", kds.DefaultBase, "KDS-07"},
		{"other version", kds.DefaultBase + "/vcek/v2/Milan/crl", "KDS-07"},
		{"no product", kds.DefaultBase + "/vcek/v1/", "KDS-01"},
		{"Unknown", kds.DefaultBase + "/vcek/v1/Unknown/crl", "KDS-01"},
		{"other case", kds.DefaultBase + "/vcek/v1/milan/crl", "KDS-01"},
		{"part, not product", kds.DefaultBase + "/vcek/v1/Siena/crl", "KDS-01"},
		{"Venice", kds.DefaultBase + "/vcek/v1/Venice/crl", "KDS-01"},
		{"product only", kds.DefaultBase + "/vcek/v1/Milan", "KDS-07"},
		{"CRL with a slash", crlURL + "/", "KDS-07"},
		{"CRL with a query", crlURL + "?", "KDS-10"},
		{"CRL with a fragment", crlURL + "#", "KDS-07"},
		{"VLEK certificate", kds.DefaultBase + "/vlek/v1/Milan/cert?blSPL=4&teeSPL=1&snpSPL=24&ucodeSPL=219", "KDS-02"},
		{"VLEK certificate without levels", kds.DefaultBase + "/vlek/v1/Milan/cert", "KDS-02"},
		{"VLEK by chip id", milan("vcek", "vlek"), "KDS-07"},
		{"no levels", milan("?", ""), "KDS-07"},
		{"empty query", milanURL[:strings.Index(milanURL, "?")+1], "KDS-08"},

		{"upper-case id", milan("a0a1", "A0a1"), "KDS-10"},
		{"upper-case id at the end", milan(longID, longID[:127]+"A"), "KDS-10"},
		{"no hex", milan("a0a1", "g0a1"), "KDS-10"},
		{"escaped id", milan("a0a1", "%61"), "KDS-10"},
		{"odd id", milan("a0a1", "a0a"), "KDS-10"},
		{"short id", milan(longID, shortID), "KDS-10"},
		{"long id", milan(longID, longID+"00"), "KDS-10"},
		{"Turin with 64 bytes of id", turin(shortID, longID), "KDS-10"},
		{"masked id", milan(longID, strings.Repeat("00", 64)), "KDS-04"},
		{"masked Turin id", turin(shortID, strings.Repeat("00", 8)), "KDS-04"},

		{"Turin without fmcSPL", turin("fmcSPL=2&", ""), "KDS-08"},
		{"Milan with fmcSPL", milan("?", "?fmcSPL=2&"), "KDS-08"},
		{"level missing", milan("&ucodeSPL=219", ""), "KDS-08"},
		{"level twice", milan("blSPL=4&", "blSPL=4&blSPL=4&"), "KDS-08"},
		{"unknown parameter", milan("?", "?x=1&"), "KDS-08"},
		{"misprint in one revision", turin("ucodeSPL", "ucodSPL"), "KDS-08"},
		{"other case of a parameter", milan("blSPL", "blspl"), "KDS-08"},
		{"a parameter with more behind", milan("blSPL", "blSPLx"), "KDS-08"},
		{"a parameter with more before", milan("blSPL", "xblSPL"), "KDS-08"},
		{"& at the end", milanURL + "&", "KDS-08"},
		{"semicolon", milan("&", ";"), "KDS-09"},
		{"fragment", milanURL + "#", "KDS-09"},

		{"1000", milan("blSPL=4", "blSPL=1000"), "KDS-09"},
		{"no value", milan("blSPL=4", "blSPL="), "KDS-09"},
		{"no =", milan("blSPL=4", "blSPL"), "KDS-09"},
		{"three digits padded", milan("blSPL=4", "blSPL=004"), "KDS-09"},
		{"padded to three", milan("blSPL=4", "blSPL=044"), "KDS-09"},
		{"four digits", milan("blSPL=4", "blSPL=0255"), "KDS-09"},
		{"256", milan("blSPL=4", "blSPL=256"), "KDS-09"},
		{"260 = 4 mod 256", milan("blSPL=4", "blSPL=260"), "KDS-09"},
		{"sign", milan("blSPL=4", "blSPL=+4"), "KDS-09"},
		{"minus", milan("blSPL=4", "blSPL=-4"), "KDS-09"},
		{"hex", milan("blSPL=4", "blSPL=a"), "KDS-09"},
		{"the character before 0", milan("blSPL=4", "blSPL=/"), "KDS-09"},
		{"the character behind 9", milan("blSPL=4", "blSPL=:"), "KDS-09"},
		{"space", milan("blSPL=4", "blSPL= 4"), "KDS-09"},
		{"twenty digits", milan("blSPL=4", "blSPL=18446744073709551620"), "KDS-09"},
	} {
		r, base, err := kds.ParseURL(tt.u)
		wantRequestError(t, tt.name, err, tt.rule)
		if r != (kds.Request{}) || base != "" {
			t.Errorf("%s: %q behind %q escaped", tt.name, r.Path(), base)
		}
	}
}

// badBases are refused by ParseURL and NewClient alike, KDS-11.
var badBases = map[string]string{
	"empty":            "",
	"http":             "http://h",
	"no scheme":        "h",
	"upper-case":       "HTTPS://h",
	"file":             "file:///h",
	"no host":          "https://",
	"port only":        "https://:443",
	"user":             "https://user@h",
	"user, password":   "https://user:secret@h",
	"query":            "https://h?q",
	"query on path":    "https://h/a?q",
	"fragment":         "https://h#f",
	"fragment on path": "https://h/a#f",
	"backslash":        `https://h\a`,
	"upper-case host":  "https://KDSintf.amd.com",
	"dot at the end":   "https://h.",
	"empty label":      "https://a..b",
	"long label":       "https://" + strings.Repeat("a", 64),
	"long name":        "https://" + strings.Repeat("a.", 127) + "a",
	"not ASCII":        "https://kdsıntf.amd.com",
	"escaped host":     "https://%68",
	"tab":              "https://h\t",
	"newline":          "https://h\n",
	"empty port":       "https://h:",
	"port 0":           "https://h:0",
	"port 65536":       "https://h:65536",
	"port with zero":   "https://h:0443",
	"port with sign":   "https://h:+443",
	"two ports":        "https://h:1:2",
	"IPv6, bare":       "https://::1",
	"IPv6, zone":       "https://[fe80::1%25eth0]",
	"IPv6, raw zone":   "https://[fe80::1%eth0]",
	"IPv6, long form":  "https://[0:0::1]",
	"IPv6, open":       "https://[::1",
	"IPv6, open, port": "https://[::1:5",
	"IPv4 in brackets": "https://[127.0.0.1]",
	"two slashes":      "https://h//a",
	"dot segment":      "https://h/./a",
	"dots segment":     "https://h/../a",
	"escaped path":     "https://h/%61",
	"semicolon path":   "https://h/a;b",
}

func TestBases(t *testing.T) {
	for name, base := range badBases {
		client, err := kds.NewClient(kds.Config{Base: base})
		wantConfigError(t, "NewClient: "+name, err, "KDS-11")
		if client != nil {
			t.Errorf("%s: a Client escaped", name)
		}
		_, _, err = kds.ParseURL(base + "/vcek/v1/Milan/crl")
		wantRequestError(t, "ParseURL: "+name, err, "KDS-11")
	}
	if _, err := kds.NewClient(kds.Config{Base: "https://h/a/"}); err == nil {
		t.Error("NewClient accepts a slash at the end")
	}
	for _, base := range []string{
		kds.DefaultBase, "https://h", "https://a-b_c.d9", "https://h:1", "https://h:65535", "https://127.0.0.1:443", "https://[::1]",
		"https://[2001:db8::1]:8443/amd", "https://h/a/B/0-._~", "https://" + strings.Repeat("a", 63), "https://" + strings.Repeat("a.", 126) + "a",
	} {
		if _, err := kds.NewClient(kds.Config{Base: base}); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
}

// What ParseURL accepts has one canonical form, which net/url reads as the same
// address.
func FuzzParseURL(f *testing.F) {
	for _, u := range []string{milanURL, turinURL, crlURL, "https://[::1]:8443/a/vlek/v1/Genoa/cert_chain",
		kds.DefaultBase + "/vcek/v1/Milan/" + longID + "?ucodeSPL=09&snpSPL=24&teeSPL=00&blSPL=04"} {
		f.Add(u)
	}
	for _, base := range badBases {
		f.Add(base + "/vcek/v1/Milan/crl")
	}
	f.Fuzz(func(t *testing.T, u string) {
		r, base, err := kds.ParseURL(u)
		if err != nil {
			var e *rule.Error
			if !errors.As(err, &e) || r != (kds.Request{}) || base != "" {
				t.Fatalf("%q: %q behind %q with error %v", u, r.Path(), base, err)
			}
			return
		}
		canonical := r.URL(base)
		if again, base2, err := kds.ParseURL(canonical); err != nil || again != r || base2 != base {
			t.Fatalf("%q gives %q, which gives %q behind %q, error %v", u, canonical, again.Path(), base2, err)
		}
		if _, err := kds.NewClient(kds.Config{Base: base}); err != nil {
			t.Fatalf("%q: %v", u, err)
		}
		was, is := reference(t, u), reference(t, canonical)
		if diff := cmp.Diff(was, is); diff != "" {
			t.Fatalf("%q became %q:\n%s", u, canonical, diff)
		}
	})
}

// reference reads an address with net/url, levels as numbers.
func reference(t *testing.T, s string) map[string]string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Fragment != "" || u.Host == "" {
		t.Fatalf("net/url does not take %q for such a URL: %v", s, err)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	fields := map[string]string{"host": u.Host, "path": u.EscapedPath(), "parameters": strconv.Itoa(len(query))}
	for name, values := range maps.All(query) {
		n, err := strconv.ParseUint(values[0], 10, 8)
		if err != nil || len(values) != 1 {
			t.Fatalf("%q: parameter %s is %q", s, name, values)
		}
		fields[name] = strconv.FormatUint(n, 10)
	}
	return fields
}

func BenchmarkParseURL(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := kds.ParseURL(turinURL); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkURL(b *testing.B) {
	r := vcekOf(b, snpreport.Turin)
	b.ReportAllocs()
	for b.Loop() {
		if r.URL(kds.DefaultBase) != turinURL {
			b.Fatal("another URL")
		}
	}
}

func orZero(digits string) string {
	if digits == "" {
		return "0"
	}
	return digits
}

// TestLevelsUpToTheirBounds: a level is any number of one byte.
// Rules: KDS-09.
func TestLevelsUpToTheirBounds(t *testing.T) {
	for _, n := range []string{"0", "00", "1", "9", "10", "99", "100", "255"} {
		r, _, err := kds.ParseURL(strings.Replace(milanURL, "blSPL=4", "blSPL="+n, 1))
		if plain := strings.TrimPrefix(n, "0"); err != nil || !strings.Contains(r.Path()+"&", "blSPL="+orZero(plain)+"&") {
			t.Errorf("%s: %s, %v", n, r.Path(), err)
		}
	}
}
