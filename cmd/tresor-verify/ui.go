package main

// Every word that this program prints and every code it exits with passes
// through this file.
//
//   - stdout carries the answer and nothing else, written once, at the end.
//   - stderr carries usage, progress and warnings.
//   - What came from outside is escaped: it can neither move the cursor nor
//     begin a line of its own.
//   - An answer that can not be written is an internal error, whatever it was.

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Exit codes.
const (
	exitVerified  = 0
	exitRefused   = 1 // the evidence was checked and fails
	exitUsage     = 2 // flags, or files of the trust configuration
	exitUndecided = 3 // evidence could not be read or fetched
	exitChanged   = 4 // verified, but it differs from the pin
	exitInternal  = 5
)

// ui collects the answer of a command.
type ui struct {
	out    strings.Builder
	stderr io.Writer
}

// line adds a line to the answer. Arguments are escaped, the format is not.
func (u *ui) line(format string, args ...any) {
	fmt.Fprintf(&u.out, format+"\n", escapeAll(args)...)
}

// note prints a line on stderr.
func (u *ui) note(format string, args ...any) {
	fmt.Fprintf(u.stderr, "tresor-verify: "+format+"\n", escapeAll(args)...)
}

func escapeAll(args []any) []any {
	escaped := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case int, uint8, uint16, uint32, uint64: // for %d and %*s
			escaped[i] = a
		default:
			escaped[i] = printable(fmt.Sprint(a))
		}
	}
	return escaped
}

// printable replaces everything that a terminal might act upon: control
// characters, invalid UTF-8, bidirectional and other invisible characters.
func printable(s string) string {
	clean := true
	for _, r := range s {
		clean = clean && strconv.IsPrint(r) && r != utf8.RuneError
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i, size := 0, 0; i < len(s); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// short cuts a text from outside that nobody wants to read whole.
func short(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
