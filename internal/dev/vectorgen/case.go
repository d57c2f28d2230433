package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

const (
	caseSchema  = "tresor.vector/v1"
	indexSchema = "tresor.vectors/v1"
)

// A testCase is one file of the vectors; README.md there describes it.
type testCase struct {
	Schema  string               `json:"schema"`
	ID      string               `json:"id"`
	Rules   []string             `json:"rules"`
	Comment string               `json:"comment"`
	Command string               `json:"command"`
	Options map[string]any       `json:"options"`
	Inputs  map[string][]content `json:"inputs"`
	Expect  expect               `json:"expect"`

	section string
	files   map[string][][]byte // of Inputs
}

type expect struct {
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

// A library holds what several cases share, each under one name.
type library struct {
	names map[string]string // by content
	uses  map[string]int    // of a content
	used  map[string][]byte // content by name
}

func newLibrary() *library {
	l := &library{map[string]string{}, map[string]int{}, map[string][]byte{}}
	nameShared(l)
	return l
}

// name gives bytes a name of their own.
func (l *library) name(name string, data []byte) {
	if l.names[string(data)] == "" {
		l.names[string(data)] = name
	}
}

// count counts a use. What has no name and is large gets one when it is used
// often.
func (l *library) count(data []byte) {
	const large, often = 1024, 3
	if l.uses[string(data)]++; l.uses[string(data)] == often && len(data) >= large {
		sum := sha256.Sum256(data)
		l.name(fmt.Sprintf("sha256-%x", sum[:8]), data)
	}
}

func (l *library) content(data []byte) content {
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

// allCases gives the cases in the order of the index.
func allCases() []testCase {
	var cases []testCase
	for _, s := range sections() {
		cases = append(cases, s.cases()...)
	}
	return cases
}

// encode gives all files but README and runner, by their names below the folder.
func encode(cases []testCase) map[string][]byte {
	shared := newLibrary()
	for _, c := range cases {
		for _, files := range c.files {
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
			panic("vectorgen: two cases named " + c.ID)
		}
		ids[c.ID] = true
		c.Inputs = map[string][]content{}
		for name, files := range c.files {
			for _, data := range files {
				c.Inputs[name] = append(c.Inputs[name], shared.content(data))
			}
		}
		file := "cases/" + c.section + "/" + c.ID + ".json"
		files[file] = indented(c)
		index.Cases = append(index.Cases, entry{c.ID, file, c.Rules, c.Expect.Error})
	}
	index.Count = len(index.Cases)
	files["index.json"] = indented(index)
	for name, data := range shared.used {
		files["shared/"+name] = data
	}
	return files
}

func indented(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprint("vectorgen: ", err))
	}
	return b.Bytes()
}
