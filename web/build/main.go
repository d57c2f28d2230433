// Command build writes the auditor's page as one self-contained file:
//
//	go run ./web/build [-o attest.html]
//
// It compiles ./web/wasm, takes wasm_exec.js from the toolchain that compiles, and
// puts both into app.html, with the hashes of script and style in the page's content
// security policy. The same commit and toolchain give the same bytes.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/tresorhq/attest/web"
)

func main() {
	out := flag.String("o", "attest.html", "the file to write")
	flag.Parse()
	if err := build(*out); err != nil {
		fmt.Fprintln(os.Stderr, "web/build:", err)
		os.Exit(1)
	}
}

func build(out string) error {
	wasm, err := compile()
	if err != nil {
		return err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	glue, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	page, err := assemble(web.Sources(), string(glue), wasm)
	if err != nil {
		return err
	}
	return os.WriteFile(out, page, 0o644)
}

// compile builds the verifier for the browser and packs it.
func compile() ([]byte, error) {
	dir, err := os.MkdirTemp("", "attest-wasm")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "attest.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", binary, "github.com/tresorhq/attest/web/wasm")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOWASM=")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go build ./web/wasm: %w", err)
	}
	plain, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression) // no name and no time in its header
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// assemble fills app.html. A part that would end the element it stands in is
// refused.
func assemble(parts web.Parts, glue string, wasm []byte) ([]byte, error) {
	worker := glue + "\n" + parts.Worker
	for name, text := range map[string]string{"app.js": parts.Script, "worker.js and wasm_exec.js": worker} {
		if strings.Contains(strings.ToLower(text), "</script") || strings.Contains(text, "<!--") {
			return nil, fmt.Errorf("%s holds the end of its own element", name)
		}
	}
	if strings.Contains(strings.ToLower(parts.Style), "</style") {
		return nil, fmt.Errorf("style.css holds the end of its own element")
	}
	policy := fmt.Sprintf("default-src 'none'; script-src %s 'wasm-unsafe-eval'; style-src %s; worker-src blob:", hash(parts.Script), hash(parts.Style))
	filled := strings.NewReplacer(
		"{{csp}}", policy, "{{style}}", parts.Style, "{{script}}", parts.Script, "{{worker}}", worker,
		"{{wasm}}", base64.StdEncoding.EncodeToString(wasm), "{{tool}}", web.Tool,
	).Replace(parts.Page)
	return []byte(filled), nil
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
