package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// A runLog writes down what becomes of mutants, a line of JSON for each, and
// knows what an earlier one says. What a test killed is killed again while the
// sources of the package and of those below it are the same, whatever tests there
// are by now; what the vectors did they do again while everything is the same.
// When sources have changed, what killed a mutant is what is tried first.
type runLog struct {
	mu       sync.Mutex
	file     *os.File
	killed   map[string]string // by key
	expected map[string]string // likewise: what killed it, of whatever sources
	vectors  map[string]string // likewise, "" for none
	cpu      map[string]float64
	known    map[string]bool // keys of lines
	lines    [][]byte        // of the earlier ones, that still hold
}

// logHead is the first line.
type logHead struct {
	Sources map[string]string `json:"sources"` // directory to digest of what was mutated
	Vectors string            `json:"vectors"` // digest of vectors and sources; "" when they were not run
}

func openLog(o options, packages []*pkg, root string) (*runLog, error) {
	l := &runLog{killed: map[string]string{}, expected: map[string]string{}, vectors: map[string]string{}, cpu: map[string]float64{}, known: map[string]bool{}}
	head := logHead{Sources: map[string]string{}}
	for _, p := range packages {
		below := slices.DeleteFunc(slices.Clone(packages), func(q *pkg) bool { return !p.reaches(q.path) })
		rel, err := filepath.Rel(root, p.dir)
		if err != nil {
			return nil, err
		}
		head.Sources[filepath.ToSlash(rel)] = digest(below)
	}
	if o.vectors {
		h := sha256.New()
		fmt.Fprintln(h, digest(packages))
		err := fs.WalkDir(os.DirFS(root), vectorsDir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(filepath.Join(root, name))
			fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
			return err
		})
		if err != nil {
			return nil, err
		}
		head.Vectors = fmt.Sprintf("%x", h.Sum(nil))
	}
	for name := range strings.SplitSeq(o.from, ",") {
		if name == "" {
			continue
		}
		if err := l.read(name, head); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if o.out == "" {
		return l, nil
	}
	if err := l.read(o.out, head); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", o.out, err)
	}
	return l, l.create(o.out, head)
}

// create begins the file with what is known already, so that a run that ends
// early loses nothing.
func (l *runLog) create(name string, head logHead) error {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name))
	if err != nil {
		return err
	}
	l.file = file
	enc := json.NewEncoder(file)
	if err := enc.Encode(head); err != nil {
		return err
	}
	for _, line := range l.lines {
		if _, err := file.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return os.Rename(file.Name(), name)
}

// reaches reports whether p is the package of a path or imports it, by others too.
func (p *pkg) reaches(other string) bool {
	var visit func(t *types.Package) bool
	visit = func(t *types.Package) bool { return t.Path() == other || slices.ContainsFunc(t.Imports(), visit) }
	return visit(p.types)
}

// digest hashes all sources, comments and white space excepted.
func digest(packages []*pkg) string {
	h := sha256.New()
	for _, p := range packages {
		for i, name := range p.names {
			fmt.Fprintf(h, "%s/%s\n", p.path, name)
			var s scanner.Scanner
			file := token.NewFileSet().AddFile(name, -1, len(p.source[i]))
			s.Init(file, p.source[i], nil, 0)
			for {
				_, tok, text := s.Scan()
				if tok == token.EOF {
					break
				}
				fmt.Fprintf(h, "%v %s\n", tok, text)
			}
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func (l *runLog) read(name string, head logHead) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	var found logHead
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &found) != nil {
		return errors.New("not written by -out")
	}
	for lines.Scan() {
		f := fate{mutant: new(mutant)}
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			return err
		}
		dir := path.Dir(f.File)
		kills, counts := f.Killed != "" && found.Sources[dir] == head.Sources[dir], f.Counts && found.Vectors == head.Vectors
		if f.Killed != "" {
			l.expected[f.key()] = f.Killed
		}
		if kills {
			l.killed[f.key()], l.cpu[f.key()] = f.Killed, f.CPU
		}
		if counts {
			l.vectors[f.key()] = f.Vectors
		}
		if kills && (counts || !f.Counts) {
			l.lines = append(l.lines, bytes.Clone(lines.Bytes()))
			l.known[f.key()] = true
		}
	}
	return lines.Err()
}

// add writes down a fate.
func (l *runLog) add(f *fate) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil || l.known[f.key()] {
		return nil
	}
	return json.NewEncoder(l.file).Encode(f)
}

func (l *runLog) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
