package vectors_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/vectors"
)

// TestJudge: an answer is held against the whole expectation.
func TestJudge(t *testing.T) {
	t.Parallel()
	good := `{"exit_code": 0, "verdict": "pass", "a": {"b": [1, {"c": "x"}], "d": true}, "checks": [{"status": "pass"}]}`
	bad := `{"exit_code": 1, "verdict": "fail", "error": {"type": "E", "requirement": "R-1"}, "checks": [{"status": "pass"}, {"status": "fail", "requirement": "R-1"}, {"status": "fail", "requirement": "R-2"}]}`
	accepted, refused := vectors.Expect{Verdict: "pass"}, vectors.Expect{Verdict: "fail", ExitCode: 1, Error: "E", Requirement: "R-1"}
	with := func(result string) vectors.Expect {
		e := accepted
		dec := json.NewDecoder(strings.NewReader(result))
		dec.UseNumber()
		if err := dec.Decode(&e.Result); err != nil {
			t.Fatal(err)
		}
		return e
	}
	for _, tt := range []struct {
		name   string
		expect vectors.Expect
		code   int
		stdout string
		ok     bool
	}{
		{"accepted", accepted, 0, good, true},
		{"refused", refused, 1, bad, true},
		{"members", with(`{"a": {"b": [1, {}], "d": true}}`), 0, good, true},
		{"another number", with(`{"a": {"b": [2, {}]}}`), 0, good, false},
		{"a shorter list", with(`{"a": {"b": [1]}}`), 0, good, false},
		{"an absent member", with(`{"a": {"e": "x"}}`), 0, good, false},
		{"an absent object", with(`{"e": {"f": 1}}`), 0, good, false},
		{"nothing printed", accepted, 0, "", false},
		{"two objects", accepted, 0, good + good, false},
		{"another exit code", accepted, 1, good, false},
		{"a fact on refusal", refused, 1, strings.Replace(bad, `{`, `{"report": {},`, 1), false},
		{"a failed step although accepted", accepted, 0, strings.Replace(good, `"pass"}]`, `"fail"}]`, 1), false},
		{"another step failed first", refused, 1, strings.Replace(bad, `"requirement": "R-1"},`, `"requirement": "R-3"},`, 1), false},
	} {
		if problem := tt.expect.Judge(vectors.NewAnswer(tt.code, []byte(tt.stdout))); (problem == "") != tt.ok {
			t.Errorf("%s: %q", tt.name, problem)
		}
	}
}
