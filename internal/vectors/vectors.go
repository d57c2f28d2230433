// Package vectors reads conformance vectors, makes command lines of them, and holds
// answers against them; testdata/vectors/README.md describes them. It does not run them,
// and imports nothing of what they judge.
package vectors

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Schema is that of the cases that this package understands.
const Schema = "tresor.vector/v1"

const (
	indexSchema = "tresor.vectors/v1"
	maxFile     = 4 << 20 // bytes
)

// A Case is one vector.
type Case struct {
	Schema  string             `json:"schema"`
	ID      string             `json:"id"`
	Rules   []string           `json:"rules"` // of SPEC.md; the first is the broken one
	Comment string             `json:"comment"`
	Command string             `json:"command"`
	Options map[string]any     `json:"options"` // strings, or true
	Inputs  map[string][]Input `json:"inputs"`
	Expect  Expect             `json:"expect"`

	Section string `json:"-"` // the folder that the case stands in

	// Files are the contents of Inputs; nil when Schema is another one.
	Files map[string][][]byte `json:"-"`
}

// Input is the content of one file: exactly one member is set.
type Input struct {
	Text   *string `json:"text"`
	Base64 *string `json:"base64"`
	Shared *string `json:"shared"`
}

// Expect is what a verifier must answer.
type Expect struct {
	Verdict     string         `json:"verdict"`
	ExitCode    int            `json:"exit_code"`
	Error       string         `json:"error"`       // type; "" when it is accepted
	Requirement string         `json:"requirement"` // rule of SPEC.md
	Result      map[string]any `json:"result"`      // members that the answer must have; numbers are json.Number
}

// Read returns the cases that the index of a folder lists, in its order. It is an
// error when the index lists none, or not all that are there.
func Read(dir fs.FS) ([]*Case, error) {
	var index struct {
		Schema string
		Count  int
		Cases  []struct{ ID, File string }
	}
	if err := readJSON(dir, "index.json", &index); err != nil {
		return nil, err
	}
	if index.Schema != indexSchema || index.Count != len(index.Cases) || index.Count == 0 {
		return nil, fmt.Errorf("index.json is not a complete index: schema %q, %d of %d cases", index.Schema, len(index.Cases), index.Count)
	}
	listed := map[string]bool{}
	var cases []*Case
	for _, entry := range index.Cases {
		c := new(Case)
		if err := readJSON(dir, entry.File, c); err != nil {
			return nil, err
		}
		if c.ID != entry.ID || listed[entry.File] {
			return nil, fmt.Errorf("%s: not the case that the index lists, or listed twice", entry.File)
		}
		listed[entry.File] = true
		c.Section = path.Base(path.Dir(entry.File))
		if err := c.decode(dir); err != nil {
			return nil, fmt.Errorf("%s: %w", entry.File, err)
		}
		cases = append(cases, c)
	}
	return cases, fs.WalkDir(dir, "cases", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Ext(name) == ".json" && !listed[name] {
			err = fmt.Errorf("%s is not in the index", name)
		}
		return err
	})
}

func (c *Case) decode(dir fs.FS) error {
	if c.Schema != Schema {
		return nil
	}
	c.Files = map[string][][]byte{}
	for name, inputs := range c.Inputs {
		for _, in := range inputs {
			data, err := in.bytes(dir)
			if err != nil {
				return fmt.Errorf("input %s: %w", name, err)
			}
			c.Files[name] = append(c.Files[name], data)
		}
	}
	return nil
}

func (in Input) bytes(dir fs.FS) ([]byte, error) {
	switch {
	case in.Text != nil && in.Base64 == nil && in.Shared == nil:
		return []byte(*in.Text), nil
	case in.Text == nil && in.Base64 != nil && in.Shared == nil:
		return base64.StdEncoding.DecodeString(*in.Base64)
	case in.Text == nil && in.Base64 == nil && in.Shared != nil:
		return readFile(dir, path.Join("shared", *in.Shared))
	}
	return nil, errors.New("not exactly one of text, base64 and shared")
}

// Lacks reports whether the case uses a feature that is declared missing: the command, an
// option, an input, or the section that the case stands in. A name with a * at its end is
// that of all sections that begin so.
func (c *Case) Lacks(missing []string) bool {
	return slices.ContainsFunc(missing, func(name string) bool {
		_, option := c.Options[name]
		_, input := c.Inputs[name]
		begin, several := strings.CutSuffix(name, "*")
		return option || input || name == c.Command || name == c.Section || several && begin != "" && strings.HasPrefix(c.Section, begin)
	})
}

func readJSON(dir fs.FS, name string, v any) error {
	b, err := readFile(dir, name)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func readFile(dir fs.FS, name string) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s is longer than %d bytes", name, maxFile)
	}
	return b, err
}
