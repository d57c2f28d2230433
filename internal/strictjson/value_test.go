package strictjson_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
)

// read is a getter applied to the member "m" of a text.
type read func(o *strictjson.Object) any

func required(get func(strictjson.Value) any) read {
	return func(o *strictjson.Object) any { return get(o.Required("m")) }
}

func decode(text string, r read) (got any, err error) {
	err = strictjson.Decode([]byte(text), big, []string{"m", "key", "schema"}, func(o *strictjson.Object) { got = r(o) })
	return got, err
}

var (
	asText     = required(func(v strictjson.Value) any { return v.Text() })
	asNonEmpty = required(func(v strictjson.Value) any { return v.NonEmpty() })
	asBool     = required(func(v strictjson.Value) any { return v.Bool() })
	asOneOf    = required(func(v strictjson.Value) any { return v.OneOf("red", "blue") })
	asVersion  = required(func(v strictjson.Value) any { return v.Int(1, 1<<53-1) })
	asAny      = required(func(v strictjson.Value) any { return v.Int(math.MinInt64, math.MaxInt64) })
	asAge      = required(func(v strictjson.Value) any { return v.IntUpTo(1, 86400) })
	asHex      = required(func(v strictjson.Value) any { return strictjson.Hex[[16]byte](v) })
	asHexSet   = required(func(v strictjson.Value) any { return strictjson.HexSet[[16]byte](v, 1, 2) })
	asBase64   = required(func(v strictjson.Value) any { return string(v.Base64()) })
	asBase64U  = required(func(v strictjson.Value) any { return string(v.Base64URL()) })
	asTime     = required(func(v strictjson.Value) any { return v.Time().Unix() })
	asCount    = required(func(v strictjson.Value) any { return len(v.Array(1, 2)) })
	asSet      = required(func(v strictjson.Value) any {
		var list []string
		for _, e := range v.Set(1, 20) {
			list = append(list, e.Text())
		}
		return strings.Join(list, " ")
	})
	asStrict = required(func(v strictjson.Value) any {
		o := v.Object("key")
		o.RefuseUnknown()
		return o.Has("key")
	})
	asFolded = required(func(v strictjson.Value) any { return len(v.Object("key", "schema").Unknown()) })
	asNames  = required(func(v strictjson.Value) any {
		var names []string
		for m := range v.Members() {
			names = append(names, m.Name)
		}
		return strings.Join(names, " ")
	})
	asNothing  read = func(o *strictjson.Object) any { return nil }
	asOptional read = func(o *strictjson.Object) any {
		v, ok := o.Optional("m")
		return fmt.Sprint(ok, v.Text())
	}
	zeros = strings.Repeat("0", 32)
)

func TestValues(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		read       read
		want       any // an error's "rule path" when it starts with JSN
	}{
		{"text", `{"m":"a\u0062"}`, asText, "ab"},
		{"empty text", `{"m":""}`, asText, ""},
		{"text absent", `{}`, asText, "JSN-12 m"},
		{"text null", `{"m":null}`, asText, "JSN-12 m"},
		{"text number", `{"m":1}`, asText, "JSN-13 m"},
		{"text bool", `{"m":true}`, asText, "JSN-13 m"},
		{"text list", `{"m":["a"]}`, asText, "JSN-13 m"},
		{"text object", `{"m":{}}`, asText, "JSN-13 m"},
		{"non-empty", `{"m":" "}`, asNonEmpty, " "},
		{"non-empty empty", `{"m":""}`, asNonEmpty, "JSN-12 m"},
		{"one of", `{"m":"blue"}`, asOneOf, "blue"},
		{"one of, case", `{"m":"Blue"}`, asOneOf, "JSN-18 m"},
		{"one of, empty", `{"m":""}`, asOneOf, "JSN-12 m"},
		{"one of, prefix", `{"m":"blu"}`, asOneOf, "JSN-18 m"},
		{"optional", `{"m":"x"}`, asOptional, "truex"},
		{"optional absent", `{}`, asOptional, "false"},
		{"optional null", `{"m":null}`, asOptional, "JSN-12 m"},
		{"true", `{"m":true}`, asBool, true},
		{"false", `{"m":false}`, asBool, false},
		{"bool null", `{"m":null}`, asBool, "JSN-12 m"},
		{"bool text", `{"m":"true"}`, asBool, "JSN-13 m"},
		{"bool number", `{"m":1}`, asBool, "JSN-13 m"},

		{"version", `{"m":17}`, asVersion, int64(17)},
		{"version 1", `{"m":1}`, asVersion, int64(1)},
		{"version 2^53-1", `{"m":9007199254740991}`, asVersion, int64(1<<53 - 1)},
		{"version 0", `{"m":0}`, asVersion, "JSN-15 m"},
		{"version -1", `{"m":-1}`, asVersion, "JSN-15 m"},
		{"version 2^53", `{"m":9007199254740992}`, asVersion, "JSN-15 m"},
		{"version 2^63", `{"m":9223372036854775808}`, asVersion, "JSN-15 m"},
		{"version 2^64", `{"m":18446744073709551616}`, asVersion, "JSN-15 m"},
		{"version 2^64+1", `{"m":18446744073709551617}`, asVersion, "JSN-15 m"},
		{"version of 400 digits", `{"m":` + strings.Repeat("1", 400) + `}`, asVersion, "JSN-15 m"},
		{"version -0", `{"m":-0}`, asVersion, "JSN-14 m"},
		{"version 1.0", `{"m":1.0}`, asVersion, "JSN-14 m"},
		{"version 1e2", `{"m":1e2}`, asVersion, "JSN-14 m"},
		{"version 1E0", `{"m":1E0}`, asVersion, "JSN-14 m"},
		{"version text", `{"m":"17"}`, asVersion, "JSN-13 m"},
		{"version null", `{"m":null}`, asVersion, "JSN-12 m"},
		{"version bool", `{"m":true}`, asVersion, "JSN-13 m"},
		{"zero", `{"m":0}`, asAny, int64(0)},
		{"exact above 2^53", `{"m":8286623314361712643}`, asAny, int64(0x7300000000000003)},
		{"lowest", `{"m":-9223372036854775808}`, asAny, int64(math.MinInt64)},
		{"below the lowest", `{"m":-9223372036854775809}`, asAny, "JSN-15 m"},

		{"age", `{"m":86399}`, asAge, int64(86399)},
		{"age 1", `{"m":1}`, asAge, int64(1)},
		{"age 0", `{"m":0}`, asAge, "JSN-15 m"},
		{"age -1", `{"m":-1}`, asAge, "JSN-15 m"},
		{"age above", `{"m":86401}`, asAge, int64(86400)},
		{"age 2^63", `{"m":9223372036854775808}`, asAge, int64(86400)},
		{"age of 400 digits", `{"m":` + strings.Repeat("9", 400) + `}`, asAge, int64(86400)},
		{"age of -400 digits", `{"m":-` + strings.Repeat("9", 400) + `}`, asAge, "JSN-15 m"},
		{"age 1.5", `{"m":1.5}`, asAge, "JSN-14 m"},
		{"age 1e9", `{"m":1e9}`, asAge, "JSN-14 m"},
		{"age text", `{"m":"1"}`, asAge, "JSN-13 m"},
		{"age null", `{"m":null}`, asAge, "JSN-12 m"},

		{"hex", `{"m":"` + zeros + `"}`, asHex, [16]byte{}},
		{"hex short", `{"m":"` + zeros[2:] + `"}`, asHex, "JSN-19 m"},
		{"hex empty", `{"m":""}`, asHex, "JSN-12 m"},
		{"hex number", `{"m":0}`, asHex, "JSN-13 m"},
		{"hex set", `{"m":["` + zeros + `"]}`, asHexSet, [][16]byte{{}}},
		{"hex set element", `{"m":["` + zeros + `","x"]}`, asHexSet, "JSN-19 m[1]"},
		{"hex set empty", `{"m":[]}`, asHexSet, "JSN-16 m"},
		{"hex set duplicate", `{"m":["` + zeros + `","` + zeros + `"]}`, asHexSet, "JSN-17 m[1]"},
		{"base64", `{"m":"aGk="}`, asBase64, "hi"},
		{"base64 escaped line feed", `{"m":"aGk=\n"}`, asBase64, "JSN-20 m"},
		{"base64 empty", `{"m":""}`, asBase64, "JSN-12 m"},
		{"base64url", `{"m":"aGk"}`, asBase64U, "hi"},
		{"base64url padded", `{"m":"aGk="}`, asBase64U, "JSN-21 m"},
		{"time", `{"m":"1970-01-01T00:00:01Z"}`, asTime, int64(1)},
		{"time bad", `{"m":"1970-01-01"}`, asTime, "JSN-22 m"},
		{"time number", `{"m":1}`, asTime, "JSN-13 m"},
		{"time empty", `{"m":""}`, asTime, "JSN-12 m"},

		{"array", `{"m":[1,[2,3]]}`, asCount, 2},
		{"array empty", `{"m":[]}`, asCount, "JSN-16 m"},
		{"array long", `{"m":[1,2,3]}`, asCount, "JSN-16 m"},
		{"array text", `{"m":"a"}`, asCount, "JSN-13 m"},
		{"array null", `{"m":null}`, asCount, "JSN-12 m"},
		{"array object", `{"m":{"a":1}}`, asCount, "JSN-13 m"},
		{"set", `{"m":["a","b","A"]}`, asSet, "a b A"},
		{"set duplicate", `{"m":["a","b","\u0061"]}`, asSet, "JSN-17 m[2]"},
		{"set duplicate of many", `{"m":["a","b","c","d","e","f","g","h","i","j","j"]}`, asSet, "JSN-17 m[10]"},
		{"set number", `{"m":["a",1]}`, asSet, "JSN-13 m[1]"},
		{"set null", `{"m":["a",null]}`, asSet, "JSN-12 m[1]"},
		{"set empty text", `{"m":["a",""]}`, asSet, "JSN-12 m[1]"},

		{"object", `{"m":{"key":1}}`, asStrict, true},
		{"object without", `{"m":{}}`, asStrict, false},
		{"object unknown", `{"m":{"key":1,"x":1,"y":1}}`, asStrict, "JSN-11 m.x"},
		{"object list", `{"m":[]}`, asStrict, "JSN-13 m"},
		{"object null", `{"m":null}`, asStrict, "JSN-12 m"},
		{"names", `{"m":{"b":1,"a":{"c":2},"\u0062b":3}}`, asNames, "b a bb"},
		{"names of list", `{"m":[]}`, asNames, "JSN-13 m"},

		// JSN-10.
		{"unfolded", `{"m":{"keys":1,"ke":1,"key ":1}}`, asFolded, 3},
		{"upper case", `{"m":{"KEY":1}}`, asFolded, "JSN-10 m.KEY"},
		{"one upper case", `{"m":{"keY":1}}`, asFolded, "JSN-10 m.keY"},
		{"Kelvin sign", "{\"m\":{\"\u212aey\":1}}", asFolded, "JSN-10 m.\"\\u212aey\""},
		{"long s", "{\"m\":{\"\u017fchema\":1}}", asFolded, "JSN-10 m.\"\\u017fchema\""},
		{"escaped", `{"m":{"\u004bey":1}}`, asFolded, "JSN-10 m.Key"},
		{"beside the known one", `{"m":{"key":1,"Key":2}}`, asFolded, "JSN-10 m.Key"},
		{"at the top", `{"M":1}`, asNothing, "JSN-10 M"},

		// What is not read may hold any number and null, and is strict otherwise.
		{"unread", `{"x":[1.5,-0,1e400,null,{"KEY":1,"key":2}]}`, asNothing, nil},
		{"unread duplicate", `{"x":{"a":1,"a":1}}`, asNothing, "JSN-09 text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decode(tt.text, tt.read)
			want, fails := tt.want.(string)
			if fails = fails && strings.HasPrefix(want, "JSN-"); !fails {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
				return
			}
			ruleOf(t, err)
			var e *rule.Error
			if errors.As(err, &e); e.Rule+" "+e.Where != want {
				t.Errorf("got %s %s, want %s: %v", e.Rule, e.Where, want, err)
			}
		})
	}
}

// The first error in the order of reading wins, and readers go on harmlessly.
func TestFirstErrorWins(t *testing.T) {
	err := strictjson.Decode([]byte(`{"a":1,"b":2}`), big, []string{"a", "b", "c"}, func(o *strictjson.Object) {
		o.Required("b").Text()
		o.Required("a").Text()
		o.Required("c").Object("x").Required("y").Object().Required("z").Set(1, 2)
		o.Fail("X-01", "e", "a")
	})
	if rule, offset := ruleOf(t, err); rule != "JSN-13" || offset != 11 {
		t.Errorf("got %v", err)
	}
}

func TestCallersRules(t *testing.T) {
	for name, read := range map[string]func(o *strictjson.Object){
		"object":       func(o *strictjson.Object) { o.Required("m").Object("n").Fail("X-01", "e", "a") },
		"value":        func(o *strictjson.Object) { o.Required("m").Fail("X-01", "e", "a") },
		"value behind": func(o *strictjson.Object) { v := o.Required("m"); v.Object("n"); v.Fail("X-01", "e", "a") },
	} {
		err := strictjson.Decode([]byte(`{ "m": {"n":1}}`), big, []string{"m"}, read)
		want := &rule.Error{Rule: "X-01", Where: "m", Offset: 7, Expected: "e", Actual: "a"}
		if diff := cmp.Diff(error(want), err); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	const message = "m at offset 0x7: expected e, got a [X-01]"
	if err := (&rule.Error{Rule: "X-01", Where: "m", Offset: 7, Expected: "e", Actual: "a"}); err.Error() != message {
		t.Errorf("got %q", err.Error())
	}
}

// Zero values read as zero and do not panic.
func TestZeroValues(t *testing.T) {
	var v strictjson.Value
	if v.Text()+v.NonEmpty()+v.OneOf("a") != "" || v.Bool() || v.Int(0, 9) != 0 || v.Array(0, 9) != nil || v.Set(0, 9) != nil ||
		slices.Collect(v.Members()) != nil || !v.Time().IsZero() || len(v.Base64())+len(v.Base64URL()) != 0 || strictjson.Hex[[16]byte](v) != [16]byte{} {
		t.Error("the zero Value is not zero")
	}
	v.Fail("X-01", "e", "a")
	var o strictjson.Object
	o.RefuseUnknown()
	o.Fail("X-01", "e", "a")
	if _, ok := o.Optional("a"); ok || o.Has("a") || o.Unknown() != nil || o.Required("a") != v {
		t.Error("the zero Object is not empty")
	}
}

// A member that the reader did not name is not there for it, so that no name is
// read whose folds were not refused.
func TestUndeclared(t *testing.T) {
	err := strictjson.Decode([]byte(`{"a":1}`), big, nil, func(o *strictjson.Object) {
		if o.Has("a") {
			t.Error("an undeclared member is there")
		}
		o.Required("a")
	})
	if rule, _ := ruleOf(t, err); rule != "JSN-12" {
		t.Error(err)
	}
}

// Never more than 64 bytes of the input, and nothing but ASCII.
func TestMessages(t *testing.T) {
	long := strings.Repeat("é\x01", 40000)
	for name, text := range map[string]string{
		"name":   `{"m":1,"` + strings.Repeat("é", 40000) + `":1}`,
		"number": `{"m":` + strings.Repeat("9", 40000) + `}`,
		"float":  `{"m":1.` + strings.Repeat("9", 40000) + `}`,
		"text":   `{"m":"` + strings.Repeat("é", 40000) + `"}`,
		"double": `{"` + strings.Repeat("é", 40000) + `":1,"` + strings.Repeat("é", 40000) + `":1}`,
	} {
		err := strictjson.Decode([]byte(text), big, []string{"m"}, func(o *strictjson.Object) {
			o.RefuseUnknown()
			o.Required("m").Int(0, 1)
		})
		if err == nil || len(err.Error()) > 800 || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if q := strictjson.Quote(long); len(q) > 64*6+10 || !strings.HasSuffix(q, "...") {
		t.Errorf("got %q", q)
	}
	if q := strictjson.Quote("a\"b\n"); q != `"a\"b\n"` {
		t.Errorf("got %s", q)
	}
}

// What is there instead is said in words, escapes or not.
func TestWords(t *testing.T) {
	for text, want := range map[string][2]string{
		`{"n":"\u0041"}`: {"a number", "a string"},
		`{"n":"A"}`:      {"a number", "a string"},
		`{"n":/}`:        {"a value", `"/"`},
		`{"n"::}`:        {"a value", `":"`},
		`{"n":!}`:        {"a value", `"!"`},
	} {
		err := strictjson.Decode([]byte(text), 100, []string{"n"}, func(o *strictjson.Object) { o.Required("n").Int(0, 1) })
		if e, ok := errors.AsType[*rule.Error](err); !ok || e.Expected != want[0] || e.Actual != want[1] {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// JSN-20, JSN-21: a line break is refused at the very start too.
func TestBase64StartsWithLineBreak(t *testing.T) {
	for _, text := range []string{"\rAAAA", "\nAAAA", "AAAA\r", "AAAA\n"} {
		if _, ok := strictjson.ParseBase64(text); ok {
			t.Errorf("%q", text)
		}
		if _, ok := strictjson.ParseBase64URL([]byte(text)); ok {
			t.Errorf("%q", text)
		}
	}
}

// TestStopAtMember: a caller need not look at all members.
func TestStopAtMember(t *testing.T) {
	seen := 0
	err := strictjson.Decode([]byte(`{"a": 1, "b": 2, "c": 3}`), 100, nil, func(o *strictjson.Object) {
		for range o.Value().Members() {
			if seen++; seen == 2 {
				break
			}
		}
	})
	if err != nil || seen != 2 {
		t.Errorf("%d members, %v", seen, err)
	}
}
