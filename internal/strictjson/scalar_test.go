package strictjson_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/strictjson"
)

// JSN-19.
func TestParseHex(t *testing.T) {
	good := strings.Repeat("0123456789abcdef", 4)
	a, ok := strictjson.ParseHex[[32]byte](good)
	if !ok || a[0] != 0x01 || a[7] != 0xef || a[31] != 0xef {
		t.Errorf("got %x, %v", a, ok)
	}
	for name, s := range map[string]string{
		"empty":           "",
		"upper case":      strings.ToUpper(good),
		"first upper":     "A" + good[1:],
		"last upper":      good[:63] + "F",
		"one upper case":  strings.Replace(good, "a", "A", 1),
		"62 digits":       good[2:],
		"63 digits":       good[1:],
		"65 digits":       good + "0",
		"66 digits":       good + "00",
		"0x":              "0x" + good,
		"0x for digits":   "0x" + good[2:],
		"sha256:":         "sha256:" + good,
		"space":           " " + good[1:],
		"space inside":    good[:32] + " " + good[33:],
		"line break":      good + "\n",
		"line break last": good[:63] + "\n",
		"full-width":      "０" + good[3:],
		"below 0":         "/" + good[1:],
		"above 9":         ":" + good[1:],
		"below a":         "`" + good[1:],
		"above f":         "g" + good[1:],
		"second digit":    good[:1] + "g" + good[2:],
		"last digit":      good[:63] + "g",
	} {
		if a, ok := strictjson.ParseHex[[32]byte](s); ok || a != [32]byte{} {
			t.Errorf("%s: %q accepted as %x", name, s, a)
		}
	}
}

// JSN-20, JSN-21.
func TestParseBase64(t *testing.T) {
	for _, tt := range []struct {
		text     string
		std, url string // what it stands for; "-" for refused
	}{
		{"", "", ""},
		{"aGk=", "hi", "-"},
		{"aGk", "-", "hi"},
		{"aGkh", "hi!", "hi!"},
		{"+/+/", "\xfb\xff\xbf", "-"},
		{"-_-_", "-", "\xfb\xff\xbf"},
		{"aGl=", "-", "-"}, // non-zero bits behind the last byte
		{"aGl", "-", "-"},
		{"aR==", "-", "-"},
		{"aQ==", "i", "-"},
		{"aQ=", "-", "-"},
		{"aQ", "-", "i"},
		{"a", "-", "-"},
		{"=", "-", "-"},
		{"====", "-", "-"},
		{"aGk==", "-", "-"},
		{"aGkh\n", "-", "-"}, // Go's decoder skips line breaks
		{"aG\nkh", "-", "-"},
		{"aG\rkh", "-", "-"},
		{"aG\r\nkh", "-", "-"},
		{" aGkh", "-", "-"},
		{"aGkh ", "-", "-"},
		{"aG kh", "-", "-"},
		{"aGk=aGk=", "-", "-"},
		{"aGkhé", "-", "-"},
	} {
		for _, d := range []struct {
			parse func(string) ([]byte, bool)
			want  string
		}{{strictjson.ParseBase64[string], tt.std}, {strictjson.ParseBase64URL[string], tt.url}} {
			got, ok := d.parse(tt.text)
			if ok != (d.want != "-") || ok && string(got) != d.want || !ok && got != nil {
				t.Errorf("%q: got %q, %v; want %q", tt.text, got, ok, d.want)
			}
		}
	}
}

// JSN-22. want is empty for what must be refused.
var times = []struct{ name, text, want string }{
	{"plain", "2026-04-01T12:34:56Z", "2026-04-01T12:34:56Z"},
	{"fraction of 1", "2026-04-01T12:34:56.5Z", "2026-04-01T12:34:56.5Z"},
	{"fraction of 9", "2026-04-01T12:34:56.123456789Z", "2026-04-01T12:34:56.123456789Z"},
	{"fraction with zeros", "2026-04-01T12:34:56.000000001Z", "2026-04-01T12:34:56.000000001Z"},
	{"fraction zero", "2026-04-01T12:34:56.0Z", "2026-04-01T12:34:56Z"},
	{"fraction and east", "2026-04-01T12:34:56.5+02:00", "2026-04-01T10:34:56.5Z"},
	{"fraction and west", "2026-04-01T12:34:56.25-02:00", "2026-04-01T14:34:56.25Z"},
	{"fraction of 9 and west", "2026-04-01T12:34:56.123456789-02:00", "2026-04-01T14:34:56.123456789Z"},
	{"east", "2026-04-01T12:34:56+02:00", "2026-04-01T10:34:56Z"},
	{"west", "2026-04-01T12:34:56-23:59", "2026-04-02T12:33:56Z"},
	{"unknown offset", "2026-04-01T12:34:56-00:00", "2026-04-01T12:34:56Z"},
	{"zero offset", "2026-04-01T12:34:56+00:00", "2026-04-01T12:34:56Z"},
	{"largest offset", "2026-04-01T23:59:59+23:59", "2026-04-01T00:00:59Z"},
	{"leap day", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
	{"leap day 2000", "2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"},
	{"first year", "0001-01-01T00:00:01Z", "0001-01-01T00:00:01Z"},
	{"last second", "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"},

	{"empty", "", ""},
	{"no zone", "2026-04-01T12:34:56", ""},
	{"lower-case t", "2026-04-01t12:34:56Z", ""},
	{"lower-case z", "2026-04-01T12:34:56z", ""},
	{"space", "2026-04-01 12:34:56Z", ""},
	{"date only", "2026-04-01", ""},
	{"no seconds", "2026-04-01T12:34Z", ""},
	{"short hour", "2026-04-01T0:00:00Z", ""},
	{"short month", "2026-4-01T12:34:56Z", ""},
	{"short day", "2026-04-1T12:34:56Z", ""},
	{"short minute", "2026-04-01T12:3:56Z", ""},
	{"short second", "2026-04-01T12:34:5Z", ""},
	{"comma", "2026-04-01T00:00:00,5Z", ""},
	{"fraction empty", "2026-04-01T12:34:56.Z", ""},
	{"fraction of 10", "2026-04-01T12:34:56.1234567890Z", ""},
	{"fraction sign", "2026-04-01T12:34:56.-5Z", ""},
	{"24:00", "2026-04-01T24:00:00Z", ""},
	{"minute 60", "2026-04-01T12:60:00Z", ""},
	{"leap second", "2016-12-31T23:59:60Z", ""},
	{"second 61", "2026-04-01T12:34:61Z", ""},
	{"offset +24:00", "2026-04-01T12:34:56+24:00", ""},
	{"offset +00:60", "2026-04-01T12:34:56+00:60", ""},
	{"offset without colon", "2026-04-01T12:34:56+0200", ""},
	{"offset of hours", "2026-04-01T12:34:56+02", ""},
	{"offset of one digit", "2026-04-01T12:34:56+2:00", ""},
	{"offset and Z", "2026-04-01T12:34:56+02:00Z", ""},
	{"offset with minus sign U+2212", "2026-04-01T12:34:56−02:00", ""},
	{"zone name", "2026-04-01T12:34:56 UTC", ""},
	{"year 0", "0000-01-01T00:00:00Z", ""},
	{"year 10000", "10000-01-01T00:00:00Z", ""},
	{"year of 3 digits", "999-01-01T00:00:00Z", ""},
	{"signed year", "+2026-01-01T00:00:00Z", ""},
	{"month 0", "2026-00-01T00:00:00Z", ""},
	{"month 13", "2026-13-01T00:00:00Z", ""},
	{"day 0", "2026-04-00T00:00:00Z", ""},
	{"day 32", "2026-01-32T00:00:00Z", ""},
	{"April 31", "2026-04-31T00:00:00Z", ""},
	{"February 29", "2026-02-29T00:00:00Z", ""},
	{"February 29, 1900", "1900-02-29T00:00:00Z", ""},
	{"unix", "1775046896", ""},
	{"trailing", "2026-04-01T12:34:56Z ", ""},
	{"trailing line break", "2026-04-01T12:34:56Z\n", ""},
	{"leading", " 2026-04-01T12:34:56Z", ""},
	{"full-width digit", "２026-04-01T12:34:56Z", ""},
	{"letters", "abcd-ef-ghTij:kl:mnZ", ""},
	{"slash for digit", "202/-04-01T12:34:56Z", ""},
	{"colon for digit", "202:-04-01T12:34:56Z", ""},
	{"wrong date separator", "2026/04-01T12:34:56Z", ""},
	{"wrong second date separator", "2026-04/01T12:34:56Z", ""},
	{"wrong time separator", "2026-04-01T12.34:56Z", ""},
	{"wrong second time separator", "2026-04-01T12:34.56Z", ""},
	{"NUL", "\x00", ""},
	{"NUL behind", "2026-04-01T12:34:56Z\x00", ""},
	{"the zero time", "0001-01-01T00:00:00Z", ""},
	{"the zero time elsewhere", "0001-01-01T01:00:00+01:00", ""},
	{"before year 1 in UTC", "0001-01-01T00:00:00+00:01", ""},
	{"after year 9999 in UTC", "9999-12-31T23:59:59-00:01", ""},
}

func TestParseTime(t *testing.T) {
	for _, tt := range times {
		got, ok := strictjson.ParseTime(tt.text)
		switch {
		case ok != (tt.want != ""):
			t.Errorf("%s: %q accepted: %v", tt.name, tt.text, ok)
		case ok && got.Format(time.RFC3339Nano) != tt.want:
			t.Errorf("%s: %q is %v, want %s", tt.name, tt.text, got, tt.want)
		case !ok && !got.IsZero():
			t.Errorf("%s: %v with the refusal", tt.name, got)
		}
	}
}

// JSN-07 and time: characters next to digits are none.
func TestNextToDigits(t *testing.T) {
	for _, text := range []string{`{"m":"\u@041"}`, `{"m":"\uG041"}`, `{"m":"\u004"}`, "{\"m\":\"\x1f\"}", `{"m":1/}`, `{"m":1.:}`} {
		err := strictjson.Decode([]byte(text), 100, []string{"m"}, func(o *strictjson.Object) { o.Required("m") })
		if err == nil {
			t.Errorf("%q", text)
		}
	}
	for _, text := range []string{"2026-04-01T12:00:00.1/Z", "2026-04-01T12:00:00.1:Z", "0000-04-01T12:00:00Z", "2026-04-00T12:00:00Z", "2026-04-32T12:00:00Z"} {
		if _, ok := strictjson.ParseTime(text); ok {
			t.Errorf("%s", text)
		}
	}
	if err := strictjson.Decode([]byte("{\"m\":\" \"}"), 100, []string{"m"}, func(o *strictjson.Object) { o.Required("m").NonEmpty() }); err != nil {
		t.Error(err)
	}
}

// Bytes is NonEmpty in another type.
func TestBytes(t *testing.T) {
	for text, want := range map[string]string{`{"m":"a"}`: "a", `{"m":"\u0041\n"}`: "A\n", `{"m":""}`: "", `{"m":1}`: "", `{}`: ""} {
		var got []byte
		err := strictjson.Decode([]byte(text), 100, []string{"m"}, func(o *strictjson.Object) { got = o.Required("m").Bytes() })
		if string(got) != want || (err == nil) != (want != "") || want == "" && got != nil {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	is := map[string]bool{}
	err := strictjson.Decode([]byte(`{"o":{},"s":""}`), 100, []string{"o", "s", "x"}, func(o *strictjson.Object) {
		for _, name := range []string{"o", "s", "x"} {
			v, _ := o.Optional(name)
			is[name] = v.IsObject()
		}
	})
	if err != nil || !is["o"] || is["s"] || is["x"] {
		t.Errorf("%v, %v", is, err)
	}
}
