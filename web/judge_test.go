package web

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/dev/stress"
	"github.com/tresorhq/attest/internal/vectors"
)

// What the page takes: the roles of its files, and its demands.
var (
	takenInputs  = []string{"report", "certs", "crl", "policy", "amd-root", "release-root", "envelope", "bundle", "evidence", "cert", "quote", "quote-signature", "pcrs"}
	takenOptions = []string{"at", "spki", "measurement", "report-data", "host-data", "chip-id", "qualifying-data", "user-data", "pcr", "workload", "vmpl", "allow-debug", "allow-migration", "allow-vlek", "strict"}
)

// request is what the page would ask for a vector; ok is false when the page does not
// take all of it.
func request(c *vectors.Case) (text []byte, files [][]byte, ok bool) {
	type named struct {
		Name string `json:"name"`
		Role string `json:"role"`
	}
	asked := map[string]any{"now": "2026-06-01T00:00:00Z"}
	asked["strict"] = !strings.HasPrefix(c.ID, "held-") && !strings.HasPrefix(c.ID, "azure-") // those are in forms that people hold
	for name, value := range c.Options {
		if !slices.Contains(takenOptions, name) {
			return nil, nil, false
		}
		asked[name] = value
	}
	var list []named
	for role := range c.Inputs {
		if !slices.Contains(takenInputs, role) {
			return nil, nil, false
		}
	}
	for _, role := range takenInputs {
		for _, data := range c.Files[role] {
			list, files = append(list, named{role, role}), append(files, data)
		}
	}
	asked["files"] = list
	text, err := json.Marshal(asked)
	return text, files, err == nil && (c.Command == "report" || c.Command == "attest")
}

// TestVectors: the page says of every vector that it can take what the command must
// say: verdict, type and rule.
func TestVectors(t *testing.T) {
	cases, err := vectors.Read(os.DirFS("../testdata/vectors"))
	if err != nil {
		t.Fatal(err)
	}
	judged, step := 0, stress.Of(16, 1) // all of them as the test in a browser
	for i, c := range cases {
		if i%step != 0 {
			continue
		}
		text, files, ok := request(c)
		if !ok {
			continue
		}
		judged++
		a := Judge(text, files)
		var got struct {
			Verdict string `json:"verdict"`
			Code    int    `json:"exit_code"`
			Error   struct {
				Type        string `json:"type"`
				Requirement string `json:"requirement"`
			} `json:"error"`
		}
		if err := json.Unmarshal(a.JSON, &got); err != nil {
			t.Fatal(err)
		}
		if got.Verdict != c.Expect.Verdict || got.Code != c.Expect.ExitCode || got.Error.Type != c.Expect.Error || c.Expect.Error != "" && got.Error.Requirement != c.Expect.Requirement {
			t.Errorf("%s: the page says %+v, expected %+v", c.ID, got, c.Expect)
		}
		if !strings.Contains(a.HTML, map[string]string{"pass": "PASS", "fail": "FAIL: ", "error": ": "}[got.Verdict]) || strings.Contains(a.HTML, "<script") {
			t.Errorf("%s: %.300s", c.ID, a.HTML)
		}
	}
	if judged*step < 1000 {
		t.Errorf("only %d of %d vectors were judged", judged, len(cases))
	}
}

// TestJudgeNeverPanics: whatever the page asks for is answered.
func TestJudgeNeverPanics(t *testing.T) {
	for _, text := range []string{"", "{", "null", "{}", `{"files":[{"name":"x"}]}`, `{"files":[{"name":"x","role":"report"}],"now":"x"}`, `{"files":[],"now":"2026-06-01T00:00:00Z"}`} {
		for _, files := range [][][]byte{nil, {nil}, {[]byte("x")}} {
			a := Judge([]byte(text), files)
			if !json.Valid(a.JSON) || strings.Contains(string(a.JSON), `"pass"`) || a.HTML == "" {
				t.Errorf("%q %q: %s", text, files, a.JSON)
			}
		}
	}
}

// TestAzure: the page verifies genuine evidence of Azure VMs with their quotes, and
// shows what the TPM proves.
func TestAzure(t *testing.T) {
	dir := os.Getenv("ATTEST_REAL_VECTORS")
	if dir == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: no genuine evidence")
	}
	dir = filepath.Join(dir, "real", "genoa-v3-vcek-azure-hcl")
	type named struct {
		Name string `json:"name"`
		Role string `json:"role"`
	}
	var list []named
	var files [][]byte
	for _, f := range []named{{"hcl_report.bin", ""}, {"vek.der", ""}, {"vtpm_quote/message.bin", "quote"}, {"vtpm_quote/signature.bin", "quote-signature"}} {
		b, err := os.ReadFile(filepath.Join(dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		list, files = append(list, f), append(files, b)
	}
	report := files[0][0x20 : 0x20+1184]
	measurement := hex.EncodeToString(report[0x90 : 0x90+48])
	for demanded, want := range map[string]string{measurement: "pass", strings.Repeat("ab", 48): "fail"} {
		text, err := json.Marshal(map[string]any{"files": list, "now": "2026-06-01T00:00:00Z", "measurement": demanded})
		if err != nil {
			t.Fatal(err)
		}
		a := Judge(text, files)
		var got struct {
			Verdict string         `json:"verdict"`
			Azure   map[string]any `json:"azure"`
			Error   any            `json:"error"`
		}
		if err := json.Unmarshal(a.JSON, &got); err != nil || got.Verdict != want {
			t.Errorf("%v: %s, expected %s: %v", err, got.Verdict, want, got.Error)
		}
		if passed := want == "pass"; (got.Azure["quote"] != nil) != passed || strings.Contains(a.HTML, "The TPM of Azure") != true {
			t.Errorf("%s: %v", want, got.Azure)
		}
	}
}

// TestRefusedForm: evidence in a broken form fails the step that would have read it, also
// where a quote came with it; no other step is reached.
func TestRefusedForm(t *testing.T) {
	broken := []byte(`{"hcl_report": "AA", "format": "tinfoil-v2"}`)
	for _, roles := range [][]string{{"report"}, {"report", "quote", "quote-signature"}} {
		asked, files := map[string]any{"now": "2026-06-01T00:00:00Z"}, [][]byte{}
		var list []map[string]string
		for _, role := range roles {
			list, files = append(list, map[string]string{"name": role, "role": role}), append(files, broken)
		}
		asked["files"] = list
		text, err := json.Marshal(asked)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Verdict string `json:"verdict"`
			Checks  []struct{ ID, Status string }
		}
		if err := json.Unmarshal(Judge(text, files).JSON, &got); err != nil {
			t.Fatal(err)
		}
		failed := slices.IndexFunc(got.Checks, func(c struct{ ID, Status string }) bool { return c.Status == "fail" })
		if got.Verdict != "fail" || failed < 0 || got.Checks[failed].ID != "report" {
			t.Errorf("%v: %+v", roles, got)
		}
	}
}
