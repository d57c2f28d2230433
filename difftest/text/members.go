package text

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/strictjson"
)

// document has a member of each type that our documents have.
type document struct {
	Schema string   `json:"schema"`
	Number int64    `json:"number"`
	Flag   bool     `json:"flag"`
	List   []string `json:"list"`
}

// CompareMembers reads the members of a document by name with both.
func CompareMembers(b []byte) difftest.Outcome {
	var ours, theirs document
	err := strictjson.Decode(b, maxSize, []string{"schema", "number", "flag", "list"}, func(o *strictjson.Object) {
		ours.Schema = o.Required("schema").NonEmpty()
		if v, ok := o.Optional("number"); ok {
			ours.Number = v.Int(0, 1<<53-1)
		}
		if v, ok := o.Optional("flag"); ok {
			ours.Flag = v.Bool()
		}
		if v, ok := o.Optional("list"); ok {
			for _, e := range v.Set(1, 4) {
				ours.List = append(ours.List, e.Text())
			}
		}
		for range o.Unknown() { // ignored, as encoding/json does
		}
	})
	o := difftest.Outcome{Ours: difftest.Requirement(err)}
	var theirErr error
	o.Theirs, theirErr = difftest.Call(func() error { return json.Unmarshal(b, &theirs) })
	o.Detail = fmt.Sprintf("ours: %v\ntheirs: %v\ndocument: %q", err, theirErr, b)
	if o.Ours != difftest.Accepts || o.Theirs != difftest.Accepts {
		return o
	}
	if ours.Schema != theirs.Schema || ours.Number != theirs.Number || ours.Flag != theirs.Flag || !slices.Equal(ours.List, theirs.List) {
		o.Fields = []string{"member"}
	}
	return o
}

// MemberDifferences are those of members that are read by name.
var MemberDifferences = append(difftest.Table[[]byte]{
	row("a name that differs from a known one by case", "JSN-10", "it takes any case, and the last of several: so a member can be read that other readers ignore", `{"schema":"a","Number":1}`),
	row("a required member is absent, null or empty", "JSN-12", "it leaves the zero value, which then says something that nobody wrote", `{"schema":"a","number":null}`),
	row("an integer out of the range of its member", "JSN-15", "it knows no range but that of the type", `{"schema":"a","number":-1}`),
	row("a list with too many or too few entries", "JSN-16", "it has no limit", `{"schema":"a","list":[]}`),
	row("an entry of a list twice", "JSN-17", "it does not look", `{"schema":"a","list":["a","a"]}`),
	{
		Input: "-0", Ours: "JSN-14", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "an integer has one spelling",
		Example: func() []byte { return []byte(`{"schema":"a","number":-0}`) },
	},
}, slices.DeleteFunc(slices.Clone(Differences), func(d difftest.Difference[[]byte]) bool {
	return d.Ours == "JSN-04" // it refuses those here
})...)
