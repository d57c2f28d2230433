// Package text compares strictjson with encoding/json, and its scalars with
// encoding/base64, encoding/hex and time.
package text

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/strictjson"
)

const maxSize = 1 << 16

// Compare reads a document with both: every name and every value that has one
// meaning, at every depth. Numbers are compared where they are integers.
func Compare(b []byte) difftest.Outcome {
	var o difftest.Outcome
	var theirs any
	var theirErr error
	o.Theirs, theirErr = difftest.Call(func() (err error) {
		theirs, err = decode(b)
		return err
	})
	same := true
	err := strictjson.Decode(b, maxSize, nil, func(object *strictjson.Object) {
		if o.Theirs == difftest.Accepts {
			same = sameMembers(object.Unknown(), theirs)
		}
	})
	o.Ours = difftest.Requirement(err)
	o.Detail = fmt.Sprintf("ours: %v\ntheirs: %v\ndocument: %q", err, theirErr, b)
	if o.Ours == difftest.Accepts && !same {
		o.Fields = []string{"value"}
	}
	return o
}

// decode reads one value, and nothing behind it.
func decode(b []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

func sameMembers(ours []strictjson.Member, theirs any) bool {
	object, ok := theirs.(map[string]any)
	if !ok || len(object) != len(ours) {
		return false
	}
	for _, m := range ours {
		v, ok := object[m.Name]
		if !ok || !sameValue(m.Value, v) {
			return false
		}
	}
	return true
}

func sameValue(ours strictjson.Value, theirs any) bool {
	switch theirs := theirs.(type) {
	case string:
		return ours.Text() == theirs
	case bool:
		return ours.Bool() == theirs
	case json.Number:
		n, err := strconv.ParseInt(theirs.String(), 10, 64)
		if err != nil || theirs == "-0" {
			return true // not read by us, or out of range
		}
		return ours.Int(-1<<63, 1<<63-1) == n
	case []any:
		list := ours.Array(0, maxSize)
		if len(list) != len(theirs) {
			return false
		}
		for i := range list {
			if !sameValue(list[i], theirs[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		return sameMembers(slices.Collect(ours.Members()), theirs)
	}
	return theirs == nil
}

// Differences are all from encoding/json of the Go that compiles this.
var Differences = difftest.Table[[]byte]{
	row("a text above the limit of its kind", "JSN-01", "it has no limit", `{"a":"`+strings.Repeat("x", maxSize)+`"}`),
	row("a text that is not UTF-8", "JSN-02", "RFC 8259 section 8.1; it puts U+FFFD in its place, so that two documents become one", "{\"a\":\"\xff\"}"),
	row("a value that is no object", "JSN-04", "every document here is one", `[1]`),
	row("half of a surrogate pair", "JSN-07", "it is no character; it puts U+FFFD in its place", `{"a":"\ud800"}`),
	row("more than 8 levels of nesting", "JSN-08", "its limit is 10000", `{"a":[[[[[[[[]]]]]]]]}`),
	row("two members of one name", "JSN-09", "it takes the last one, others the first", `{"a":1,"a":2}`),
}

func row(input, rule, reason, example string) difftest.Difference[[]byte] {
	return difftest.Difference[[]byte]{
		Input: input, Ours: rule, Theirs: difftest.Accepts, Reason: reason, Right: difftest.Ours,
		Example: func() []byte { return []byte(example) },
	}
}
