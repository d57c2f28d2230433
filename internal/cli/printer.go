package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tresorhq/attest/internal/printable"
)

// A Printer collects the answer of a command. Standard output carries the answer
// and nothing else; standard error carries usage, progress and warnings. Whatever
// it prints is escaped. Notes may come from several goroutines.
// Rules: CLI-01.
type Printer struct {
	Lines bool              // print each object on a line of its own
	Noted func(text string) // takes the notes of a program that keeps a log; nil: each is a line of text

	printable.Builder // of the answer
	program           string
	mu                sync.Mutex
	stderr            io.Writer
}

// NewPrinter returns a Printer that writes notes to stderr.
func NewPrinter(program string, stderr io.Writer) *Printer {
	return &Printer{program: program, stderr: stderr}
}

// Flush writes the answer so far, and forgets it.
func (p *Printer) Flush(stdout io.Writer) error {
	text := p.String()
	p.Reset()
	_, err := io.WriteString(stdout, text)
	return err
}

// Object adds an object to the answer, as JSON.
// Rules: CLI-05.
func (p *Printer) Object(v any) {
	if p.Lines {
		p.WriteString(printable.JSONLine(v))
	} else {
		p.WriteString(printable.JSON(v))
	}
}

// Note prints a line on standard error.
func (p *Printer) Note(format string, args ...any) {
	text := fmt.Sprintf(format, printable.EscapeAll(args)...)
	if p.Noted != nil {
		p.Noted(text)
		return
	}
	p.Say(text)
}

// Say prints a line of text on standard error, behind the program's name. The text must
// be escaped.
func (p *Printer) Say(text string) { p.Log(p.program + ": " + text + "\n") }

// Log prints a whole line on standard error as it is.
func (p *Printer) Log(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	io.WriteString(p.stderr, line)
}

// Slow prints a note when something takes longer than a second. The caller calls
// done when it is over; no note comes after that.
// Rules: CLI-15.
func (p *Printer) Slow(format string, args ...any) (done func()) {
	var mu sync.Mutex
	over := false
	timer := time.AfterFunc(time.Second, func() {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			p.Note(format, args...)
		}
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		over = true
	}
}
