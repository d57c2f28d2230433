package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/held"
	"github.com/tresorhq/attest/verdict"
)

const (
	maxOperands  = 1 << 20 // reports on a command line: the system has a lower limit
	reportsANote = 1000    // after so many reports there is a note of progress
)

// reports returns the files to verify: those that the command line names, or those of
// --dir.
// Rules: CLI-06, CLI-21.
func (f *reportFlags) reports(r *reading) []string {
	n := given(f.report != "", f.dir != "", len(r.Args) > 0)
	r.refuse(n == 0, "CLI-02", "the report is missing: FILE, --report FILE or --dir DIR")
	r.refuse(n > 1, "CLI-06", "FILE, --report and --dir are sources for one thing: give one of them")
	switch {
	case f.report != "":
		return []string{f.report}
	case f.dir == "" || r.err != nil:
		return r.Args
	}
	found, err := held.Reports(f.dir)
	r.unavailable("--dir", err)
	return found
}

// several verifies reports on all processors, and writes the verdicts in the order of the
// reports: a line each, and a summary. A report that cannot be read never ends the run.
// Rules: CLI-21.
func (v *reporter) several(ctx context.Context, reports []string) (code int) {
	c := v.call
	warnOf(c, v.config.Policy)
	c.Lines, v.brief = true, true
	v.client.Once = true
	ordered := make(chan chan *verdict.Document, 2*runtime.GOMAXPROCS(0)) // which bounds what waits for an earlier one
	running := make(chan struct{}, runtime.GOMAXPROCS(0))
	go func() {
		defer close(ordered)
		for _, name := range reports {
			if ctx.Err() != nil {
				return
			}
			done := make(chan *verdict.Document, 1)
			ordered <- done
			running <- struct{}{}
			go func() {
				done <- v.safely(ctx, name)
				<-running
			}()
		}
	}()
	var sum verdict.Summary
	var lost error
	n := 0
	for done := range ordered {
		d := <-done
		sum.Add(d.ExitCode)
		if c.AsJSON {
			c.Object(d)
		} else {
			c.WriteString(d.Brief())
		}
		if err := c.Flush(c.Stdout); lost == nil {
			lost = err
		}
		if n++; n%reportsANote == 0 && n < len(reports) {
			c.Note("%d of %d reports", n, len(reports))
		}
	}
	if n < len(reports) {
		c.Note("stopped after %d of %d reports", n, len(reports))
		sum.Add(verdict.ExitUndecided)
		sum.Undecided += len(reports) - n - 1
	}
	if v.uncertified.Load() {
		v.client.Forget()
	}
	if lost != nil {
		return c.Lost(lost)
	}
	if c.AsJSON {
		c.Object(sum)
	} else {
		c.Line("%s", sum.String())
	}
	return sum.ExitCode
}

// safely verifies one report of several. Whatever happens, it has a verdict.
func (v *reporter) safely(ctx context.Context, name string) (d *verdict.Document) {
	c := *v.call
	c.Subject = cli.Subject{}
	defer func() {
		if failure := recover(); failure != nil {
			c.Note("%s: %v: %s", name, failure, debug.Stack())
			d = verdict.Failed(fmt.Errorf("internal error: %v", failure), v.frame)
		}
		if complete(&c, d); d.Subject == nil { // it could not be read
			d.Subject = &verdict.Subject{Files: []verdict.File{{Flag: "report", Name: name}}}
		}
	}()
	r := &reading{Call: &c, ctx: ctx}
	d, _ = v.report(r, name)
	if r.err == nil {
		return d
	}
	if verdict.ExitCode(r.err) == verdict.ExitUsage { // of the file, which is one of many
		r.err = verdict.Unavailable("--report", errors.New(r.err.Error()))
	}
	return verdict.Failed(r.err, v.frame)
}
