package strictjson_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
)

const big = 1 << 20

// ruleOf returns the rule of a *rule.Error and its offset.
func ruleOf(t *testing.T, err error) (id string, offset int) {
	t.Helper()
	var e *rule.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %T (%v), want *rule.Error", err, err)
	}
	if e.Requirement() != e.Rule || e.Expected == "" || e.Actual == "" || len(e.Error()) > 1024 {
		t.Errorf("poor error: %#v: %v", e, e)
	}
	return e.Rule, e.Offset
}

func nested(depth int) string {
	return `{"a":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + "}"
}

func TestScanRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		rule       string
		offset     int
	}{
		{"invalid byte", "{\"a\":\"\xff\"}", "JSN-02", 6},
		{"invalid byte after U+FFFD", "{\"\uFFFD\":\"\xff\"}", "JSN-02", 8},
		{"overlong", "{\"a\":\"\xc0\xaf\"}", "JSN-02", 6},
		{"encoded surrogate", "{\"a\":\"\xed\xa0\x80\"}", "JSN-02", 6},
		{"above U+10FFFF", "{\"a\":\"\xf4\x90\x80\x80\"}", "JSN-02", 6},
		{"UTF-16", "{\x00}\x00", "JSN-06", 1},
		{"UTF-16 with mark", "\xff\xfe{\x00}\x00", "JSN-02", 0},
		{"byte order mark", "\uFEFF{}", "JSN-03", 0},
		{"empty", "", "JSN-04", 0},
		{"white space", " \t\r\n", "JSN-04", 4},
		{"null", "null", "JSN-04", 0},
		{"array", "[]", "JSN-04", 0},
		{"string", `"{}"`, "JSN-04", 0},
		{"number", "1", "JSN-04", 0},
		{"no-break space first", "\u00a0{}", "JSN-04", 0},
		{"form feed first", "\f{}", "JSN-04", 0},
		{"second object", "{} {}", "JSN-05", 3},
		{"NUL behind", "{}\x00", "JSN-05", 2},
		{"text behind", "{}x", "JSN-05", 2},
		{"comment behind", "{}//", "JSN-05", 2},
		{"mark behind", "{}\uFEFF", "JSN-05", 2},
		{"open object", "{", "JSN-06", 1},
		{"open member", `{"a"`, "JSN-06", 4},
		{"open value", `{"a":`, "JSN-06", 5},
		{"open behind value", `{"a":1`, "JSN-06", 6},
		{"open array", `{"a":[1`, "JSN-06", 7},
		{"open string", `{"a`, "JSN-06", 3},
		{"NUL in string", "{\"a\":\"\x00\"}", "JSN-06", 6},
		{"line feed in string", "{\"a\":\"\n\"}", "JSN-06", 6},
		{"unit separator in string", "{\"a\":\"\x1f\"}", "JSN-06", 6},
		{"name without quotes", `{a:1}`, "JSN-06", 1},
		{"number as name", `{1:1}`, "JSN-06", 1},
		{"single quotes", `{'a':1}`, "JSN-06", 1},
		{"no colon", `{"a" 1}`, "JSN-06", 5},
		{"equals sign", `{"a"=1}`, "JSN-06", 4},
		{"no value", `{"a":}`, "JSN-06", 5},
		{"no comma", `{"a":1 "b":2}`, "JSN-06", 7},
		{"comma last", `{"a":1,}`, "JSN-06", 7},
		{"comma first", `{,"a":1}`, "JSN-06", 1},
		{"two commas", `{"a":1,,"b":2}`, "JSN-06", 7},
		{"comma only", `{,}`, "JSN-06", 1},
		{"array comma last", `{"a":[1,]}`, "JSN-06", 8},
		{"array comma first", `{"a":[,1]}`, "JSN-06", 6},
		{"array no comma", `{"a":[1 2]}`, "JSN-06", 8},
		{"array with colon", `{"a":[1:2]}`, "JSN-06", 7},
		{"wrong bracket", `{"a":[1}`, "JSN-06", 7},
		{"wrong brace", `{"a":1]`, "JSN-06", 6},
		{"comment", `{/**/"a":1}`, "JSN-06", 1},
		{"True", `{"a":True}`, "JSN-06", 5},
		{"truth", `{"a":truth}`, "JSN-06", 5},
		{"trueish", `{"a":truex}`, "JSN-06", 9},
		{"nul", `{"a":nul}`, "JSN-06", 5},
		{"NaN", `{"a":NaN}`, "JSN-06", 5},
		{"Infinity", `{"a":Infinity}`, "JSN-06", 5},
		{"-Infinity", `{"a":-Infinity}`, "JSN-06", 6},
		{"hex number", `{"a":0x1}`, "JSN-06", 6},
		{"leading zero", `{"a":01}`, "JSN-06", 6},
		{"negative leading zero", `{"a":-01}`, "JSN-06", 7},
		{"plus sign", `{"a":+1}`, "JSN-06", 5},
		{"minus alone", `{"a":-}`, "JSN-06", 6},
		{"dot first", `{"a":.5}`, "JSN-06", 5},
		{"dot last", `{"a":5.}`, "JSN-06", 7},
		{"exponent empty", `{"a":5e}`, "JSN-06", 7},
		{"exponent sign alone", `{"a":5e+}`, "JSN-06", 8},
		{"underscore", `{"a":1_0}`, "JSN-06", 6},
		{"full-width digit", `{"a":１}`, "JSN-06", 5},
		{"escape x", `{"a":"\x41"}`, "JSN-06", 6},
		{"escape quote", `{"a":"\'"}`, "JSN-06", 6},
		{"escape upper", `{"a":"\N"}`, "JSN-06", 6},
		{"escape U", `{"a":"\U00000041"}`, "JSN-06", 6},
		{"escape end", `{"a":"\`, "JSN-06", 6},
		{"escape, then the end", `{"a":"\n`, "JSN-06", 8},
		{"escape u short", `{"a":"\u004"}`, "JSN-06", 6},
		{"escape u no hex", `{"a":"\u00g1"}`, "JSN-06", 6},
		{"escape u sign", `{"a":"\u+041"}`, "JSN-06", 6},
		{"high surrogate alone", `{"a":"\ud83d"}`, "JSN-07", 6},
		{"high surrogate and letter", `{"a":"\uD83Dx"}`, "JSN-07", 6},
		{"high surrogate and escape", `{"a":"\ud83d\n"}`, "JSN-07", 6},
		{"high surrogate and no backslash", `{"a":"\ud83dxude00"}`, "JSN-07", 6},
		{"high surrogate and no u", `{"a":"\ud83d\nde00"}`, "JSN-07", 6},
		{"high surrogate twice", `{"a":"\ud83d\ud83d"}`, "JSN-07", 6},
		{"high surrogate and other", `{"a":"\ud83d\u0041"}`, "JSN-07", 6},
		{"low surrogate alone", `{"a":"\ude00"}`, "JSN-07", 6},
		{"low before high", `{"a":"\ude00\ud83d"}`, "JSN-07", 6},
		{"low surrogate behind pair", `{"a":"\ud83d\ude00\ude00"}`, "JSN-07", 18},
		{"lone surrogate in name", `{"\ud800":1}`, "JSN-07", 2},
		{"depth 9", nested(9), "JSN-08", 12},
		{"depth 9 of objects", strings.Repeat(`{"a":`, 9) + "1" + strings.Repeat("}", 9), "JSN-08", 40},
		{"depth 8, closed by another bracket", strings.Repeat(`{"a":`, 8) + "}", "JSN-06", 40},
		{"depth 100000", nested(100000), "JSN-08", 12},
		{"duplicate", `{"a":1,"a":1}`, "JSN-09", 7},
		{"duplicate escaped", `{"a":1,"\u0061":1}`, "JSN-09", 7},
		{"duplicate both escaped", `{"\u0061":1,"\u0061":1}`, "JSN-09", 12},
		{"duplicate solidus", `{"/":1,"\/":1}`, "JSN-09", 7},
		{"duplicate pair", `{"😀":1,"\ud83d\ude00":1}`, "JSN-09", 10},
		{"duplicate empty", `{"":1,"":1}`, "JSN-09", 6},
		{"duplicate deep", `{"x":[{"y":{"a":1,"b":2,"a":1}}]}`, "JSN-09", 24},
		{"duplicate of the first of many", manyNames(1000, `"n0":1`), "JSN-09", 10880},
		{"duplicate of the last of many", manyNames(1000, `"n999":1`), "JSN-09", 10880},
		{"duplicate of the eighth", manyNames(8, `"n7":1`), "JSN-09", 57},
		{"duplicate of the ninth", manyNames(9, `"n8":1`), "JSN-09", 64},
		// The first error wins.
		{"duplicate before grammar", `{"a":1,"a":}`, "JSN-09", 7},
		{"grammar before duplicate", `{"a":,"a":1}`, "JSN-06", 5},
		{"UTF-8 before grammar", "{x\xff", "JSN-02", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree, err := strictjson.Tree([]byte(tt.text), big)
			if rule, offset := ruleOf(t, err); rule != tt.rule || offset != tt.offset {
				t.Errorf("got %s at %d, want %s at %d: %v", rule, offset, tt.rule, tt.offset, err)
			}
			if tree != nil {
				t.Errorf("got a result with the error: %v", tree)
			}
		})
	}
}

// manyNames returns an object of n members and one more.
func manyNames(n int, more string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"n%d":0,`, i)
	}
	if n == 1000 { // so that the offset above is easy to check: 10 × 7 + 90 × 8 + 900 × 9 + 1
		b.WriteString(strings.Repeat(" ", 10880-1-b.Len()))
	}
	return "{" + b.String() + more + "}"
}

func TestScanAccepts(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       any
	}{
		{"empty", "{}", map[string]any{}},
		{"white space", " \t\r\n{ \t\r\n} \t\r\n", map[string]any{}},
		{"white space inside", "{ \"a\" : [ 1 , 2 ] , \"b\" : { } }", nil},
		{"every escape", `{"\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00":""}`, map[string]any{"\"\\/\b\f\n\r\tAé€😀": ""}},
		{"escaped control", `{"a":"\u0000\u001f"}`, map[string]any{"a": "\x00\x1f"}},
		{"delete and separators", "{\"a\":\"\x7f\u2028\uFEFF\uFFFD\"}", map[string]any{"a": "\x7f\u2028\uFEFF\uFFFD"}},
		{"upper-case hex", `{"a":"\u00E9\uD83D\uDE00"}`, map[string]any{"a": "é😀"}},
		{"numbers", `{"a":[0,-0,1,-1,10,1.5,0.50,1e5,1E+5,1.0e-5,1e400,123456789012345678901234567890]}`, nil},
		{"words", `{"a":[true,false,null]}`, map[string]any{"a": []any{true, false, nil}}},
		{"depth 8", nested(8), nil},
		{"depth is not a sum", `{"a":[[[[[[]]]]]],"b":[[[[[[]]]]]]}`, nil},
		// Names are bytes, and only those of one object count.
		{"NFC and NFD", "{\"\u00e9\":1,\"e\u0301\":2}", nil},
		{"same name elsewhere", `{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}`, nil},
		{"many names", manyNames(1000, `"x":1`), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := strictjson.Tree([]byte(tt.text), len(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if want == nil {
				want = viaStandardLibrary(t, []byte(tt.text))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An error shows the character that is wrong, or that there is none.
func TestActual(t *testing.T) {
	for text, want := range map[string]string{`{`: "the end", `{"a`: "the end", `{a`: `"a"`, `{é`: `"\u00e9"`, "{\x00": `"\x00"`, `{} x`: `"x"`} {
		_, err := strictjson.Tree([]byte(text), big)
		var e *rule.Error
		if !errors.As(err, &e) || e.Actual != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// JSN-01.
func TestSize(t *testing.T) {
	const text = `{"a":1}`
	if _, err := strictjson.Tree([]byte(text), len(text)); err != nil {
		t.Error(err)
	}
	for _, limit := range []int{len(text) - 1, 0, -1} {
		_, err := strictjson.Tree([]byte(text), limit)
		if rule, _ := ruleOf(t, err); rule != "JSN-01" {
			t.Errorf("limit %d: got %s", limit, rule)
		}
	}
	// The size counts before anything is looked at.
	_, err := strictjson.Tree([]byte("\xff\xff"), 1)
	if rule, _ := ruleOf(t, err); rule != "JSN-01" {
		t.Errorf("got %s", rule)
	}
}

func TestPaths(t *testing.T) {
	got, err := strictjson.Paths([]byte(`{"a":{"b":[1,{"c d":2}],"":3},"e":[[],[4]]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"", "a", "a", "a.b", "a.b", "a.b[0]", "a.b[1]", `a.b[1]."c d"`, `a.b[1]."c d"`, `a.""`, `a.""`,
		"e", "e", "e[0]", "e[1]", "e[1][0]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A name stands in a path as it is only when it can not be mistaken for syntax.
func TestPathNames(t *testing.T) {
	long := strings.Repeat("x", 64)
	for name, want := range map[string]string{
		"azAZ09_-": "azAZ09_-", long: long, long + "x": `"` + long + `"...`, "": `""`,
		"a.b": `"a.b"`, "a[0]": `"a[0]"`, "a/": `"a/"`, "a:": `"a:"`, "a@": `"a@"`, "a`": "\"a`\"", "a{": `"a{"`, "é": `"\u00e9"`,
	} {
		paths, err := strictjson.Paths([]byte(`{"` + name + `":1}`))
		if err != nil || paths[1] != want {
			t.Errorf("%q: got %s, %v; want %s", name, paths, err, want)
		}
	}
	if q := strictjson.Quote(long); q != `"`+long+`"` {
		t.Errorf("got %s", q)
	}
	// No character is cut in half.
	if q := strictjson.Quote(long[1:] + "éé"); q != `"`+long[1:]+`"...` {
		t.Errorf("got %s", q)
	}
}

// hostile are texts that make as much work as they can.
func hostile() map[string][]byte {
	const n = 1 << 18
	fill := func(head, unit, tail string) []byte {
		return []byte(head + strings.Repeat(unit, (n-len(head)-len(tail))/len(unit)) + tail)
	}
	var names, escaped strings.Builder
	for i := 0; names.Len() < n-20; i++ {
		fmt.Fprintf(&names, `"%x":0,`, i)
	}
	for i := 0; escaped.Len() < n-20; i++ {
		fmt.Fprintf(&escaped, `"\u0061%x":0,`, i)
	}
	return map[string][]byte{
		"elements":     fill(`{"a":[`, "1,", "1]}"),
		"empty arrays": fill(`{"a":[`, "[],", "1]}"),
		"objects":      fill(`{"a":[`, `{"":1},`, "1]}"),
		"pairs":        fill(`{"a":[`, `{"":1,"a":1},`, "1]}"),
		"nine":         fill(`{"a":[`, `{"":1,"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1},`, "1]}"),
		"names":        []byte("{" + names.String() + `"x":0}`),
		"escapes":      []byte("{" + escaped.String() + `"x":0}`),
		"string":       fill(`{"a":"`, "x", `"}`),
		"escape":       fill(`{"a":"`, `\n`, `"}`),
		"deep":         fill(`{"a":[`, "[[[[[]]]]],", "1]}"),
	}
}

// What is allocated is at most a small multiple of the text.
func TestMemory(t *testing.T) {
	for name, text := range hostile() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := strictjson.Decode(text, big, []string{"a", "x"}, func(*strictjson.Object) {})
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if factor := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(text)); factor > 64 {
			t.Errorf("%s: allocated %.0f times the text", name, factor)
		} else {
			t.Logf("%s: allocated %.1f times the text", name, factor)
		}
	}
}

// A reader that goes on after the first of many errors costs no more for it.
func TestManyErrors(t *testing.T) {
	name := strings.Repeat("x", 64)
	text := []byte(`{"` + name + `":[` + strings.Repeat("1,", 20000) + "1]}")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := strictjson.Decode(text, big, []string{name}, func(o *strictjson.Object) { o.Required(name).Set(0, big) })
	runtime.ReadMemStats(&after)
	if rule, offset := ruleOf(t, err); rule != "JSN-13" || offset != 69 {
		t.Error(err)
	}
	if factor := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(text)); factor > 64 {
		t.Errorf("allocated %.0f times the text", factor)
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, text := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if err := strictjson.Decode(text, big, []string{"a", "x"}, func(*strictjson.Object) {}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
