package strictjson_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tresorhq/attest/internal/strictjson"
)

// A tree that is written in any of the ways that JSON has is read as it is.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := drawObject(t, 1)
		text := write(t, tree)
		got, err := strictjson.Tree([]byte(text), len(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(any(tree), got); diff != "" {
			t.Fatalf("%s: %s", text, diff)
		}
	})
}

// A text that loses or gains a byte is refused, or differs only in what a string,
// a number or white space may hold.
func TestMutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(write(t, drawObject(t, 1)))
		i := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		text[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		got, err := strictjson.Tree(text, len(text))
		if err != nil {
			return
		}
		var want any
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.UseNumber()
		if err := d.Decode(&want); err != nil || !cmp.Equal(want, got) {
			t.Fatalf("%q: %v, encoding/json: %v, %v", text, got, want, err)
		}
	})
}

func drawObject(t *rapid.T, depth int) map[string]any {
	object := map[string]any{}
	for _, name := range rapid.SliceOfN(rapid.String(), 0, 12).Draw(t, "names") {
		object[name] = drawValue(t, depth)
	}
	return object
}

func drawValue(t *rapid.T, depth int) any {
	kinds := 6
	if depth == 8 {
		kinds = 4
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return json.Number(rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "number"))
	case 3:
		return rapid.String().Draw(t, "string")
	case 4:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "len") {
			list = append(list, drawValue(t, depth+1))
		}
		return list
	}
	return drawObject(t, depth+1)
}

// write draws one of the texts of a tree.
func write(t *rapid.T, tree any) string {
	space := func() string { return rapid.SampledFrom([]string{"", "", "", " ", "\n", "\t\r"}).Draw(t, "space") }
	join := func(open string, parts []string, closing string) string {
		return space() + open + space() + strings.Join(parts, ",") + space() + closing + space()
	}
	switch v := tree.(type) {
	case nil:
		return space() + "null" + space()
	case bool, json.Number:
		return space() + fmt.Sprint(v) + space()
	case string:
		return space() + writeString(t, v) + space()
	case []any:
		var parts []string
		for _, e := range v {
			parts = append(parts, write(t, e))
		}
		return join("[", parts, "]")
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, space()+writeString(t, name)+space()+":"+write(t, v[name]))
		}
		return join("{", parts, "}")
	}
	panic("no such kind")
}

func writeString(t *rapid.T, s string) string {
	short := map[rune]string{'"': `\"`, '\\': `\\`, '/': `\/`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}
	var b strings.Builder
	for _, r := range s {
		how := rapid.IntRange(0, 2).Draw(t, "escape")
		if e, ok := short[r]; ok && how == 1 {
			b.WriteString(e)
		} else if how == 2 || r < 0x20 || r == '"' || r == '\\' {
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, rapid.SampledFrom([]string{`\u%04x`, `\u%04X`}).Draw(t, "case"), unit)
			}
		} else {
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}
