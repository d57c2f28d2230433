package strictjson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
)

// IsString and IsObject tell what a member is, and fail for none.
func TestIs(t *testing.T) {
	for text, want := range map[string][2]bool{`"a"`: {true, false}, `""`: {true, false}, `{}`: {false, true}, `[]`: {}, `1`: {}, `null`: {}, `true`: {}} {
		err := strictjson.Decode([]byte(`{"m":`+text+`}`), big, []string{"m"}, func(o *strictjson.Object) {
			if v := o.Required("m"); v.IsString() != want[0] || v.IsObject() != want[1] {
				t.Errorf("%s: %v %v", text, v.IsString(), v.IsObject())
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
	if (strictjson.Value{}).IsString() || (strictjson.Value{}).IsObject() {
		t.Error("an absent value is one")
	}
}

// A part that another package parses has its place in the whole.
func TestParseObject(t *testing.T) {
	config := func(where string, offset int) error {
		return rule.Config(&rule.Error{Rule: "X-01", Where: where, Offset: offset, Expected: "e", Actual: "a"})
	}
	parse := func(text string, err error) (got string, _ *rule.Error) {
		all := strictjson.Decode([]byte(text), big, []string{"m"}, func(o *strictjson.Object) {
			o.Required("m").ParseObject(func(text []byte) error {
				got = string(text)
				return err
			})
		})
		e, _ := errors.AsType[*rule.Error](all)
		return got, e
	}
	const text = `{"a": 1, "m": {"b": [2, 3]} }`
	if got, err := parse(text, nil); got != `{"b": [2, 3]}` || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := parse(text, errors.New("other")); got == "" || err != nil {
		t.Errorf("an error without a rule became %v", err)
	}
	for _, tt := range []struct {
		err    error
		where  string
		offset int
	}{
		{config("b[1]", 10), "m.b[1]", 24},
		{config("b", 6), "m.b", 20},
		{config("b", 1), "m.b", 15}, // the name
		{config(strictjson.Text, 5), "m", 14},
		{config("texts", 6), "m.b", 20},
		{config("b.text", 6), "m.b", 20},
	} {
		want := &rule.Error{Rule: "X-01", Where: tt.where, Offset: tt.offset, Expected: "e", Actual: "a"}
		if _, err := parse(text, tt.err); !cmp.Equal(want, err) {
			t.Error(cmp.Diff(want, err))
		}
	}
	for _, text := range []string{`{"m": [1]}`, `{"m": null}`, `{}`} {
		if got, err := parse(text, nil); got != "" || err == nil {
			t.Errorf("%s: parsed %q, %v", text, got, err)
		}
	}
}

// Readers may stop early, and every element is looked at.
func TestElementsAndSets(t *testing.T) {
	err := strictjson.Decode([]byte(`{"m": [1, 2, 3]}`), big, []string{"m"}, func(o *strictjson.Object) {
		n := 0
		for range o.Required("m").Elements() {
			if n++; n == 2 {
				break
			}
		}
		if n != 2 {
			t.Errorf("%d elements", n)
		}
	})
	if err != nil {
		t.Error(err)
	}
	good := strings.Repeat("ab", 16)
	for _, list := range []string{`"x", "` + good + `"`, `"` + good + `", "x"`} {
		err := strictjson.Decode([]byte(`{"m": [`+list+`]}`), big, []string{"m"}, func(o *strictjson.Object) {
			strictjson.HexSet[[16]byte](o.Required("m"), 1, 2)
		})
		if e, ok := errors.AsType[*rule.Error](err); !ok || e.Rule != "JSN-19" {
			t.Errorf("%s: %v", list, err)
		}
	}
	err = strictjson.Decode([]byte(`{"m": "AQI"}`), big, []string{"m"}, func(o *strictjson.Object) {
		if b := o.Required("m").Base64URL(); string(b) != "\x01\x02" {
			t.Errorf("got %x", b)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// White space, brackets in strings and escapes of all digits lead no walk astray.
func TestWalk(t *testing.T) {
	for _, space := range []string{" ", "\t", "\r", "\n", "\t\r\n "} {
		text := strings.ReplaceAll(`{_"a"_:_[_"]}"_,_{_"b"_:_"[{,"_}_,_-1.5e3_,_true_]_,_"m"_:_"\u00AF\uFAFA\\\""_}`, "_", space)
		err := strictjson.Decode([]byte(text), big, []string{"m"}, func(o *strictjson.Object) {
			if got := o.Required("m").Text(); got != "\u00AF\uFAFA\\\"" || len(o.Unknown()) != 1 {
				t.Errorf("%q: got %q", text, got)
			}
		})
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, offset := range map[string]int{`{"a":"\u123`: 6, `{"a":"\u0041`: 12, `{"a":"\u004`: 6} {
		err := strictjson.Decode([]byte(text), big, nil, func(*strictjson.Object) {})
		if id, at := ruleOf(t, err); id != "JSN-06" || at != offset {
			t.Errorf("%s: %s at %d: %v", text, id, at, err)
		}
	}
	for _, text := range []string{"0000-12-31T23:00:00-02:00", "2026-04-01T12:00:00,10+01:00"} {
		if at, ok := strictjson.ParseTime(text); ok {
			t.Errorf("%s: %v", text, at)
		}
	}
	err := strictjson.Decode([]byte(`{"m":""}`), big, []string{"m"}, func(o *strictjson.Object) { o.Required("m").Base64URL() })
	if id, _ := ruleOf(t, err); id != "JSN-12" {
		t.Error(err)
	}
}
