package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// specParts gives SPEC.md and its parts in docs/spec.
func specParts(t *testing.T) []string {
	t.Helper()
	parts, err := filepath.Glob("../../docs/spec/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append(parts, "../../SPEC.md")
}

// TestSpecListsFlags: the tables of flags in SPEC.md section 16 and in docs/spec together
// have each flag of the commands that vectors use, in one row, with the commands that take
// it and whether it may be repeated; and no other.
func TestSpecListsFlags(t *testing.T) {
	t.Parallel()
	var table string
	for _, name := range specParts(t) {
		_, part, _ := strings.Cut(string(mustRead(t, name)), "\n| flag | command | value | repeated |")
		part, _, _ = strings.Cut(part, "\n\n")
		table += part + "\n"
	}
	type row struct{ commands, repeated []string }
	rows := map[string]row{}
	names := func(cell string) (list []string) {
		for i, part := range strings.Split(cell, "`") {
			if i%2 == 1 {
				list = append(list, part)
			}
		}
		return list
	}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, " | ")
		if len(cells) != 5 {
			continue
		}
		r := row{commands: names(cells[1])}
		switch cells[3] {
		case "yes":
			r.repeated = r.commands
		case "no":
		default:
			r.repeated = names(cells[3])
		}
		for _, flag := range names(cells[0]) {
			if _, twice := rows[flag]; twice {
				t.Errorf("%s has two rows", flag)
			}
			rows[flag] = r
		}
	}
	found := map[string]row{}
	for _, c := range newProgram().Commands {
		if !slices.Contains([]string{"attest", "report", "measure", "receipt"}, c.Name) {
			continue
		}
		for _, f := range c.Flags {
			if f.Name == "" {
				continue
			}
			r := found["--"+f.Name]
			r.commands = append(r.commands, c.Name)
			if f.Repeatable() {
				r.repeated = append(r.repeated, c.Name)
			}
			found["--"+f.Name] = r
		}
	}
	for flag, want := range found {
		got := rows[flag]
		slices.Sort(want.commands)
		slices.Sort(want.repeated)
		if commands, repeated := slices.Sorted(slices.Values(got.commands)), slices.Sorted(slices.Values(got.repeated)); !slices.Equal(commands, want.commands) || !slices.Equal(repeated, want.repeated) {
			t.Errorf("%s is of %q and repeated by %q; SPEC.md says %q and %q", flag, want.commands, want.repeated, commands, repeated)
		}
	}
	for flag := range rows {
		if _, ok := found[flag]; !ok {
			t.Errorf("SPEC.md lists %s, which no command takes", flag)
		}
	}
}
