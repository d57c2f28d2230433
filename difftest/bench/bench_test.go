package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// names are the rows, in their order.
var names = []string{"parse report", "parse certificate", "verify cold", "verify warm", "whole Verify, warm", "JWS verify, EdDSA", "measure 4 MiB firmware", "verify Azure quote, cold", "attested request"}

// TestRows: every contender does its work. What it takes is not judged here.
func TestRows(t *testing.T) {
	rows, done, err := allRows()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	results, err := measure(rows, 1, time.Microsecond)
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, render(results, 1))
	if n := results[0].allocs[0]; n != 0 {
		t.Errorf("parse report: %v allocations", n)
	}
}

// TestREADME: the table stands in docs/tested.md as the command writes it.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile("../../docs/tested.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _, err := cut(text)
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, table)
	if again, err := replace(text, table); err != nil || !bytes.Equal(again, text) {
		t.Errorf("replacing the table with itself changes the file: %v", err)
	}
}

// wellFormed checks heading, rows and the line below.
func wellFormed(t *testing.T, table []byte) {
	t.Helper()
	lines := strings.Split(string(table), "\n")
	if !strings.HasPrefix(string(table), header) || len(lines) != 2+len(names)+3 {
		t.Fatalf("not the table:\n%s", table)
	}
	time, ratio := `\d+(\.\d)? (ns|µs|ms)`, `\d+\.\d\d×`
	line := regexp.MustCompile(`^\| [^|]+ \| ` + time + ` \| \d+ \| ([a-z0-9/-]+ \| ` + time + ` \| \d+ \| ` + ratio + `|– \| – \| – \| –) \| (` + time + ` \| ` + ratio + `|– \| –) \|$`)
	for i, name := range names {
		if got := lines[2+i]; !strings.HasPrefix(got, "| "+name+" |") || !line.MatchString(got) {
			t.Errorf("row %d is no row of %q: %s", i, name, got)
		}
	}
	if below := lines[2+len(names)+1]; !strings.Contains(below, "rounds") || !strings.Contains(below, "go1.") {
		t.Errorf("where it was measured: %q", below)
	}
}

func TestReplace(t *testing.T) {
	text := []byte("a\n" + beginMark + "old\n" + endMark + "b\n")
	got, err := replace(text, []byte("new\n"))
	if err != nil || string(got) != "a\n"+beginMark+"new\n"+endMark+"b\n" {
		t.Errorf("%q %v", got, err)
	}
	for _, bad := range []string{"", beginMark, endMark + beginMark, beginMark + endMark + beginMark} {
		if _, err := replace([]byte(bad), nil); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
