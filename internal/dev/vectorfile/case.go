package vectorfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"
)

const (
	caseSchema  = "tresor.vector/v1"
	indexSchema = "tresor.vectors/v1"
)

// A Case is one file of the vectors; README.md there describes it. Encode sets Schema and
// Inputs.
type Case struct {
	Schema  string               `json:"schema"`
	ID      string               `json:"id"`
	Rules   []string             `json:"rules"`
	Comment string               `json:"comment"`
	Command string               `json:"command"`
	Options map[string]any       `json:"options"`
	Inputs  map[string][]content `json:"inputs"`
	Expect  Expect               `json:"expect"`

	Section string              `json:"-"` // its folder
	Files   map[string][][]byte `json:"-"` // of Inputs
}

// An Expect is what a verifier must answer.
type Expect struct {
	Verdict     string `json:"verdict"`
	ExitCode    int    `json:"exit_code"`
	Error       string `json:"error,omitempty"`
	Requirement string `json:"requirement,omitempty"`
	Result      any    `json:"result,omitempty"`
}

// content is what a file holds; one of the three is set.
type content struct {
	Text   *string `json:"text,omitempty"`
	Base64 *string `json:"base64,omitempty"`
	Shared string  `json:"shared,omitempty"`
}

// A Library holds what several cases share, each under one name.
type Library struct {
	names map[string]string // by content
	uses  map[string]int    // of a content
	used  map[string][]byte // content by name
}

// Name gives bytes a name of their own.
func (l *Library) Name(name string, data []byte) {
	if l.names[string(data)] == "" {
		l.names[string(data)] = name
	}
}

// count counts a use. What has no name and is large gets one when it is used
// often.
func (l *Library) count(data []byte) {
	const large, often = 1024, 3
	if l.uses[string(data)]++; l.uses[string(data)] == often && len(data) >= large {
		sum := sha256.Sum256(data)
		l.Name(fmt.Sprintf("sha256-%x", sum[:8]), data)
	}
}

func (l *Library) content(data []byte) content {
	switch name := l.names[string(data)]; {
	case name != "":
		l.used[name] = data
		return content{Shared: name}
	case isText(data):
		return content{Text: new(string(data))}
	default:
		return content{Base64: new(base64.StdEncoding.EncodeToString(data))}
	}
}

// isText reports whether people can read it: the rest is written in base64.
func isText(data []byte) bool {
	return utf8.Valid(data) && !slices.ContainsFunc(data, func(b byte) bool { return b < ' ' && b != '\n' && b != '\r' && b != '\t' || b == 0x7F })
}

// Encode gives all files but README and runner, by their names below the folder. names
// gives names to what more than a few cases hold.
func Encode(cases []Case, names func(l *Library)) map[string][]byte {
	shared := &Library{map[string]string{}, map[string]int{}, map[string][]byte{}}
	names(shared)
	for _, c := range cases {
		for _, files := range c.Files {
			for _, data := range files {
				shared.count(data)
			}
		}
	}
	files, ids := map[string][]byte{}, map[string]bool{}
	type entry struct {
		ID    string   `json:"id"`
		File  string   `json:"file"`
		Rules []string `json:"rules"`
		Error string   `json:"error,omitempty"`
	}
	index := struct {
		Schema string  `json:"schema"`
		Count  int     `json:"count"`
		Cases  []entry `json:"cases"`
	}{Schema: indexSchema}
	for _, c := range cases {
		if ids[c.ID] {
			panic("vectorfile: two cases named " + c.ID)
		}
		ids[c.ID] = true
		c.Schema, c.Inputs = caseSchema, map[string][]content{}
		for name, files := range c.Files {
			for _, data := range files {
				c.Inputs[name] = append(c.Inputs[name], shared.content(data))
			}
		}
		file := "cases/" + c.Section + "/" + c.ID + ".json"
		files[file] = Indented(c)
		index.Cases = append(index.Cases, entry{c.ID, file, c.Rules, c.Expect.Error})
	}
	index.Count = len(index.Cases)
	files["index.json"] = Indented(index)
	for name, data := range shared.used {
		files["shared/"+name] = data
	}
	return files
}

// Indented gives JSON as the files have it.
func Indented(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprint("vectorfile: ", err))
	}
	return b.Bytes()
}

// Write replaces cases, shared files and index below dir; README and runner stay.
func Write(dir string, files map[string][]byte) error {
	for _, made := range []string{"cases", "shared"} {
		if err := os.RemoveAll(filepath.Join(dir, made)); err != nil {
			return err
		}
	}
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
