package difftest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestOpenAIProgram: the program of docs/openai.md compiles with the real module.
func TestOpenAIProgram(t *testing.T) {
	page, err := os.ReadFile("../docs/openai.md")
	if err != nil {
		t.Fatal(err)
	}
	program := regexp.MustCompile("(?ms)^```go openai\n(.*?)^```$").FindSubmatch(page)
	if program == nil {
		t.Fatal("docs/openai.md has no program")
	}
	dir, err := filepath.Abs("zz_openai") // of the overlay only
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, program[1], 0o644); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(dir, "main.go"): file}})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(name, overlay, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-overlay", name, "-o", os.DevNull, "./zz_openai").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestExamplesAreYAML: the files for GitHub Actions and GitLab parse, and run the script
// that stands beside them.
func TestExamplesAreYAML(t *testing.T) {
	files, err := filepath.Glob("../examples/ci/*.y*ml")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v %v", files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var document map[string]any
		if err := yaml.Unmarshal(b, &document); err != nil || len(document) == 0 {
			t.Errorf("%s: %v %v", name, document, err)
		}
		if !regexp.MustCompile(`(?m)^ +(- |run: )sh check-endpoint\.sh$`).Match(b) {
			t.Errorf("%s does not run check-endpoint.sh", name)
		}
	}
}
