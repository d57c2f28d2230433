package fuzz

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// dictionary returns the words of testdata/*.dict, which AFL and libFuzzer read
// too: name="value", where the value has \\, \" and \xNN.
var dictionary = sync.OnceValue(func() (words [][]byte) {
	files := must(filepath.Glob("testdata/*.dict"))
	if len(files) == 0 {
		panic("no dictionary in testdata")
	}
	for _, name := range files {
		before := len(words)
		for line := range strings.Lines(string(must(os.ReadFile(name)))) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			_, quoted, _ := strings.Cut(line, "=")
			word, err := strconv.Unquote(quoted)
			if err != nil || word == "" {
				panic(name + ": no word: " + line)
			}
			words = append(words, []byte(word))
		}
		if len(words) == before {
			panic(name + " has no word")
		}
	}
	return words
})

// seeded is a *testing.F that counts its seeds: a target that begins with none
// proves nothing.
type seeded struct {
	*testing.F
	n int
}

func (s *seeded) add(args ...any) {
	s.n++
	s.Add(args...)
}

func (s *seeded) enough(least int) {
	if s.n < least {
		s.Fatalf("%d seeds, want %d", s.n, least)
	}
}

// addSpliced adds a text with each word of the dictionary in it, at a place of
// its own.
func (s *seeded) addSpliced(text []byte, with func([]byte) []any) {
	words := dictionary()
	for i, word := range words {
		at := i * len(text) / len(words)
		s.add(with(bytes.Join([][]byte{text[:at], word, text[at:]}, nil))...)
	}
}

func TestDictionary(t *testing.T) {
	seen := map[string]bool{}
	for _, word := range dictionary() {
		if seen[string(word)] {
			t.Errorf("%q stands there twice", word)
		}
		seen[string(word)] = true
	}
	if !seen["\xff"] || !seen["crit"] || !seen["\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"] || !seen["allowed_hw_measurements"] {
		t.Error("a dictionary is missing, or not read as it is meant")
	}
}
