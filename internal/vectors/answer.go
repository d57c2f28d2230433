package vectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// exitChanged is the exit code of evidence that is good, and another than before: what
// was verified is shown beside the error.
const exitChanged = 4

// facts are the members that an answer has only when the evidence was verified.
var facts = []string{
	"tls_spki_sha256", "snp_measurement", "measured_from", "workload_identity_tag", "workload", "manifest", "trust_bundle", "report", "receipt", "leaf", "roots", "revocation", "warnings", "notes", "not_checked", "limits",
}

// An Answer is what a verifier printed as JSON, and its exit code.
type Answer struct {
	Code   int
	Object map[string]any // nil: it was not one JSON object
}

// NewAnswer returns the answer of a verifier that ended with code.
func NewAnswer(code int, stdout []byte) Answer {
	a := Answer{Code: code}
	dec := json.NewDecoder(bytes.NewReader(stdout))
	dec.UseNumber()
	if err := dec.Decode(&a.Object); err != nil || dec.More() {
		a.Object = nil
	}
	return a
}

// Judge returns what is wrong with an answer, or "".
func (e Expect) Judge(a Answer) string {
	got := a.Object
	if got == nil {
		return "the answer is not one JSON object"
	}
	member := func(v any, name string) any { m, _ := v.(map[string]any); return m[name] }
	failure := got["error"]
	if failure == nil { // an accepted case has none
		failure = map[string]any{"type": "", "requirement": ""}
	}
	for _, c := range []struct {
		what      string
		want, got any
	}{
		{"exit code", fmt.Sprint(e.ExitCode), fmt.Sprint(a.Code)},
		{"exit_code", fmt.Sprint(e.ExitCode), fmt.Sprint(got["exit_code"])},
		{"verdict", e.Verdict, got["verdict"]},
		{"error type", e.Error, member(failure, "type")},
		{"requirement", e.Requirement, member(failure, "requirement")},
	} {
		if c.want != c.got {
			return fmt.Sprintf("%s: expected %v, got %v (%v)", c.what, c.want, c.got, member(failure, "message"))
		}
	}
	if e.Error != "" && e.ExitCode != exitChanged {
		for _, name := range facts {
			if _, there := got[name]; there {
				return "a refusal that shows " + name
			}
		}
	}
	if problem := judgeChecks(got["checks"], e); problem != "" {
		return problem
	}
	return contains("", e.Result, got)
}

// judgeChecks holds the list of steps against the verdict: the first that failed
// is the one that decided, and of an accepted case none failed.
func judgeChecks(checks any, e Expect) string {
	list, _ := checks.([]any)
	for _, c := range list {
		c, _ := c.(map[string]any)
		if c["status"] != "fail" {
			continue
		}
		if e.Error == "" || e.ExitCode == exitChanged || c["requirement"] != e.Requirement {
			return fmt.Sprintf("step %v failed by %v, which is not the verdict", c["id"], c["requirement"])
		}
		break
	}
	return ""
}

// contains returns where got lacks something of want, or "". Objects may have
// more members, arrays must be as long.
func contains(path string, want, got any) string {
	differ := fmt.Sprintf("result%s: expected %v, got %v", path, want, got)
	switch want := want.(type) {
	case map[string]any:
		m, ok := got.(map[string]any)
		if !ok && len(want) > 0 {
			return differ
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if problem := contains(path+"."+name, want[name], m[name]); problem != "" {
				return problem
			}
		}
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return differ
		}
		for i := range want {
			if problem := contains(fmt.Sprintf("%s[%d]", path, i), want[i], list[i]); problem != "" {
				return problem
			}
		}
	default:
		if want != got {
			return differ
		}
	}
	return ""
}
