package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// TestScripts runs the files of testdata/script, each in a folder of its own. A line is a
// command with its words; '…' is one word, # begins a comment. Files follow in the form
// of txtar: a line "-- NAME --", then the text. @NAME is the name of a file in the
// folder. $REPORT and $ATTEST are the arguments that accept what evidence and endpoint
// wrote, $SAVED those of attest with a certificate in place of a key, $TRUST the roots
// alone.
//
//	evidence PRODUCT VERSION KIND   writes report.bin, leaf.der, chain.pem, ark.pem, crl.der
//	endpoint VERSION                writes envelope.json, bundle.jws of that version, release.pem, ark.pem
//	exec CODE WORDS                 runs the command
//	pass WORDS                      runs it as text and with --json: exit code 0
//	refused TYPE WORDS              so: the error is of that type, has a hint, and no fact is shown
//	undecided WORDS                 so: EvidenceUnavailableError
//	usage WORDS                     so: nothing on standard output, the message on standard error
//	stdin NAME                      what the next command reads
//	stdout REGEXP, stderr REGEXP    of the last command; with ! in front: not
//	exists NAME                     a file is there; with ! in front: not
//	cmp NAME NAME                   two files are the same
//	cp NAME NAME
//	edit NAME OLD NEW               replaces a text that is there
//
// Rules: BND-40, BND-42, CLI-02, CLI-03, CLI-05, CLI-06, CLI-18, CLI-19, CLI-23, PIN-01, PIN-02, PIN-03, PIN-04.
func TestScripts(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			t.Parallel()
			s := &script{folder: newFolder(t), words: map[string][]string{}}
			text, files, _ := strings.Cut(string(mustRead(t, name)), "\n-- ")
			for _, file := range strings.Split(files, "\n-- ") {
				if base, data, ok := strings.Cut(file, " --\n"); ok {
					s.write(base, []byte(data+"\n"))
				}
			}
			for i, line := range strings.Split(text, "\n") {
				if words := s.split(line); len(words) > 0 && !s.do(words) {
					t.Errorf("%s:%d: %s\n%s%s", name, i+1, line, s.last.stdout, s.last.stderr)
				}
			}
		})
	}
}

type script struct {
	folder
	words map[string][]string // by $NAME
	input []byte
	last  outcome
}

// split gives the words of a line.
func (s *script) split(line string) (words []string) {
	for _, m := range regexp.MustCompile(`'([^']*)'|#.*|\S+`).FindAllStringSubmatch(line, -1) {
		switch word := m[0]; word[0] {
		case '#':
			return words
		case '\'':
			words = append(words, m[1])
		case '@':
			words = append(words, s.path(word[1:]))
		case '$':
			words = append(words, s.words[word]...)
		default:
			words = append(words, word)
		}
	}
	return words
}

func (s *script) exec(words ...string) outcome {
	s.last = toolWith(bytes.NewReader(s.input), words...)
	return s.last
}

// judged runs a command as text and with --json, and returns the document.
func (s *script) judged(words []string) verdict.Document {
	v := s.exec(append(slices.Clip(words), "--json")...).verdict(s.t)
	if code := v.ExitCode; s.exec(words...).code != code {
		s.t.Errorf("exit code %d as text, %d with --json", s.last.code, code)
	}
	if v.Error == nil {
		v.Error = new(verdict.Error)
	}
	return v
}

// do carries out one line and reports whether it is true.
func (s *script) do(words []string) bool {
	s.t.Helper()
	command, args := words[0], words[1:]
	want := command != "!"
	if !want {
		command, args = args[0], args[1:]
	}
	switch command {
	case "evidence":
		version, _ := strconv.Atoi(args[1])
		s.writeEvidence(mint.Evidence(args[0], uint32(version), args[2]))
		s.words["$REPORT"] = s.report()
	case "endpoint":
		version, _ := strconv.Atoi(args[0])
		s.words["$ATTEST"] = endpoint(s.t, s.folder, version)
		s.words["$SAVED"] = withCert(s.folder, s.words["$ATTEST"])
		s.words["$TRUST"] = []string{"--release-root", s.path("release.pem"), "--amd-root", s.path("ark.pem")}
	case "exec":
		return strconv.Itoa(s.exec(args[1:]...).code) == args[0]
	case "pass":
		v := s.judged(args)
		return v.ExitCode == 0 && v.Verdict == "pass"
	case "refused":
		v := s.judged(args[1:])
		return v.ExitCode == 1 && v.Verdict == "fail" && v.Error.Type == args[0] && v.Error.Requirement != "" && v.Error.Hint != "" &&
			strings.HasPrefix(s.last.stdout, "FAIL: "+args[0]+"\n") && v.SPKI == "" && v.Measurement == "" && v.Report == nil && v.Bundle == nil && v.Tag == ""
	case "undecided":
		v := s.judged(args)
		return v.ExitCode == 3 && v.Verdict == "error" && v.Error.Type == "EvidenceUnavailableError" && strings.HasPrefix(s.last.stdout, "UNDECIDED: EvidenceUnavailableError\n")
	case "usage":
		v := s.judged(args)
		return v.ExitCode == 2 && v.Verdict == "error" && v.Error.Type == "UsageError" && v.Error.Message != "" && s.last.stdout == "" && strings.HasPrefix(s.last.stderr, "tresor-verify: ")
	case "stdin":
		s.input = mustRead(s.t, args[0])
	case "stdout", "stderr":
		text := map[string]string{"stdout": s.last.stdout, "stderr": s.last.stderr}[command]
		return regexp.MustCompile(`(?m)`+args[0]).MatchString(text) == want
	case "exists":
		_, err := os.Stat(args[0])
		return (err == nil) == want
	case "cmp":
		return bytes.Equal(mustRead(s.t, args[0]), mustRead(s.t, args[1]))
	case "cp":
		return os.WriteFile(args[1], mustRead(s.t, args[0]), 0o600) == nil
	case "edit":
		before := mustRead(s.t, args[0])
		after := bytes.Replace(before, []byte(args[1]), []byte(args[2]), 1)
		return !bytes.Equal(before, after) && os.WriteFile(args[0], after, 0o600) == nil
	default:
		s.t.Fatalf("no command %q", command)
	}
	return true
}
