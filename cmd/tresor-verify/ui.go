package main

// Every word that this program prints and every code it exits with passes
// through this file.
//
//   - stdout carries the answer and nothing else, written at the end, or after each round of --watch.
//   - stderr carries usage, progress and warnings.
//   - What came from outside is escaped: it can neither move the cursor nor
//     begin a line of its own.
//   - An answer that can not be written is an internal error, whatever it was.

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
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

// ui collects the answer of a command. Notes may come from several goroutines.
// Rules: CLI-01.
type ui struct {
	command command // whose answer it is; zero: of none
	out     strings.Builder
	lines   bool // each object on a line of its own
	mu      sync.Mutex
	stderr  io.Writer
	event   func(text string) any // what a note is where standard error is one JSON object per line; nil: a line of text
}

// flush writes the answer so far, and forgets it.
func (u *ui) flush(stdout io.Writer) error {
	text := u.out.String()
	u.out.Reset()
	_, err := io.WriteString(stdout, text)
	return err
}

// object adds an object to the answer.
// Rules: CLI-05.
func (u *ui) object(v any) {
	if u.lines {
		u.out.WriteString(marshalLine(v))
	} else {
		u.out.WriteString(marshal(v))
	}
}

// line adds a line to the answer. Arguments are escaped, the format is not.
func (u *ui) line(format string, args ...any) {
	fmt.Fprintf(&u.out, format+"\n", escapeAll(args)...)
}

// note prints a line on stderr.
func (u *ui) note(format string, args ...any) {
	text := fmt.Sprintf(format, escapeAll(args)...)
	if u.event != nil {
		u.log(marshalLine(u.event(text)))
		return
	}
	u.log("tresor-verify: " + text + "\n")
}

// log prints a whole line on stderr.
func (u *ui) log(line string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	io.WriteString(u.stderr, line)
}

// slow prints a note when something takes longer than a second. The caller calls
// done when it is over; no note comes after that.
// Rules: CLI-15.
func (u *ui) slow(format string, args ...any) (done func()) {
	var mu sync.Mutex
	over := false
	timer := time.AfterFunc(time.Second, func() {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			u.note(format, args...)
		}
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		over = true
	}
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
// Rules: CLI-04.
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
