package browser

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A vector is a case of testdata/vectors, as its README has it.
type vector struct {
	ID      string               `json:"id"`
	Command string               `json:"command"`
	Options map[string]any       `json:"options"`
	Inputs  map[string][]content `json:"inputs"`
	Expect  struct {
		Verdict     string `json:"verdict"`
		ExitCode    int    `json:"exit_code"`
		Error       string `json:"error"`
		Requirement string `json:"requirement"`
	} `json:"expect"`
}

type content struct {
	Text   *string `json:"text"`
	Base64 *string `json:"base64"`
	Shared *string `json:"shared"`
}

// What the page takes: the roles of its files, and its demands.
var (
	takenInputs  = []string{"report", "certs", "crl", "policy", "amd-root", "release-root", "envelope", "bundle", "evidence", "cert", "quote", "quote-signature", "pcrs"}
	takenOptions = []string{"at", "spki", "measurement", "report-data", "host-data", "chip-id", "qualifying-data", "user-data", "pcr", "workload", "vmpl", "allow-debug", "allow-migration", "allow-vlek", "strict"}
)

// taken reports whether the page has all that a vector uses.
func (v *vector) taken() bool {
	if v.Command != "report" && v.Command != "attest" {
		return false
	}
	for name := range v.Inputs {
		if !slices.Contains(takenInputs, name) {
			return false
		}
	}
	for name := range v.Options {
		if !slices.Contains(takenOptions, name) {
			return false
		}
	}
	return true
}

// demands are the options of a vector. Where it is in a form that people hold, the page
// is not asked to be strict.
func (v *vector) demands() map[string]any {
	demands := map[string]any{"strict": !strings.HasPrefix(v.ID, "held-") && !strings.HasPrefix(v.ID, "azure-")}
	for name, value := range v.Options {
		demands[name] = value
	}
	return demands
}

func readVectors(t *testing.T) []vector {
	t.Helper()
	dir := filepath.Join(module, "testdata", "vectors")
	var index struct {
		Cases []struct {
			File string `json:"file"`
		} `json:"cases"`
	}
	read(t, filepath.Join(dir, "index.json"), &index)
	list := make([]vector, len(index.Cases))
	for i, c := range index.Cases {
		read(t, filepath.Join(dir, c.File), &list[i])
	}
	return list
}

func read(t *testing.T, name string, to any) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, to); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// files are the inputs of a vector.
func (v *vector) files(t *testing.T) []file {
	t.Helper()
	var list []file
	for role, contents := range v.Inputs {
		for i, c := range contents {
			f := file{Name: fmt.Sprint(role, i), Role: role}
			switch {
			case c.Text != nil:
				f.Data = []byte(*c.Text)
			case c.Base64 != nil:
				b, err := base64.StdEncoding.DecodeString(*c.Base64)
				if err != nil {
					t.Fatal(err)
				}
				f.Data = b
			default:
				b, err := os.ReadFile(filepath.Join(module, "testdata", "vectors", "shared", *c.Shared))
				if err != nil {
					t.Fatal(err)
				}
				f.Data = b
			}
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b file) int { // map order is no order; that of one role is kept
		return slices.Index(takenInputs, a.Role) - slices.Index(takenInputs, b.Role)
	})
	return list
}

// TestVectors: the page says of every vector that it can take what the command must
// say: verdict, type and rule.
func TestVectors(t *testing.T) {
	b := open(t, 1200, 900)
	passed, skipped := 0, 0
	for _, v := range readVectors(t) {
		if !v.taken() {
			skipped++
			continue
		}
		got := b.judge(t, v.files(t), v.demands())
		if got.Verdict != v.Expect.Verdict || got.ExitCode != v.Expect.ExitCode || got.Error.Type != v.Expect.Error || v.Expect.Error != "" && got.Error.Requirement != v.Expect.Requirement {
			t.Errorf("%s: the page says %+v, expected %+v", v.ID, got, v.Expect)
			continue
		}
		passed++
	}
	t.Logf("%d vectors passed, %d need what the page does not take", passed, skipped)
	if passed < 1000 {
		t.Errorf("only %d vectors were judged", passed)
	}
	b.clean(t)
}

// TestSizes: nothing sticks out of the page at any width, and a screenshot of each is
// made where ATTEST_SHOTS names a folder.
func TestSizes(t *testing.T) {
	pass, fail := samples(t)
	for _, width := range []int64{360, 768, 1280, 3840} {
		b := open(t, width, 900)
		for name, v := range map[string]vector{"pass": pass, "fail": fail} {
			b.judge(t, v.files(t), v.demands())
			var overflow int64
			b.run(t, chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &overflow))
			if overflow > 0 {
				t.Errorf("%s at %d: %d pixels stick out", name, width, overflow)
			}
			shoot(t, b, fmt.Sprintf("%s-%d.png", name, width))
		}
		b.clean(t)
	}
}

// shoot makes a screenshot of the whole page, for people to look at.
func shoot(t *testing.T, b *tab, name string) {
	t.Helper()
	dir := os.Getenv("ATTEST_SHOTS")
	if dir == "" {
		return
	}
	var picture []byte
	b.run(t, chromedp.FullScreenshot(&picture, 100))
	if err := os.WriteFile(filepath.Join(dir, name), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}

// samples are an accepted and a refused vector of an endpoint.
func samples(t *testing.T) (pass, fail vector) {
	t.Helper()
	for _, v := range readVectors(t) {
		switch {
		case !v.taken() || v.Command != "attest":
		case pass.ID == "" && v.Expect.Verdict == "pass":
			pass = v
		case fail.ID == "" && v.Expect.Error == "MeasurementNotAllowedError":
			fail = v
		}
	}
	if pass.ID == "" || fail.ID == "" {
		t.Fatal("no samples among the vectors")
	}
	return pass, fail
}
