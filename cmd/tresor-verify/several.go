package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/verdict"
)

const (
	maxOperands  = 1 << 20 // reports on a command line: the system has a lower limit
	maxReports   = 10000   // in --dir
	maxDepth     = 3       // of --dir: levels of names
	reportsANote = 1000    // after so many reports there is a note of progress
)

// reports returns the files to verify: those that the command line names, or those of
// --dir.
// Rules: CLI-06, CLI-21.
func (f *reportFlags) reports(c *cli.Call) ([]string, error) {
	sources := 0
	for _, given := range []bool{f.report != "", f.dir != "", len(c.Args) > 0} {
		if given {
			sources++
		}
	}
	switch {
	case sources == 0:
		return nil, cli.Usagef("the report is missing: FILE, --report FILE or --dir DIR")
	case sources > 1:
		return nil, cli.Misuse("CLI-06", "FILE, --report and --dir are sources for one thing: give one of them")
	case f.report != "":
		return []string{f.report}, nil
	case f.dir == "":
		return c.Args, nil
	}
	found, err := findReports(f.dir)
	if err != nil {
		return nil, verdict.Unavailable("--dir", err)
	}
	return found, nil
}

// findReports returns the reports below a folder, in the order of their bytes. Links are
// not followed.
func findReports(dir string) (found []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		switch depth := strings.Count(filepath.ToSlash(below), "/") + 1; {
		case d.IsDir() && below != "." && depth >= maxDepth:
			return fs.SkipDir
		case d.Type().IsRegular() && isReportName(d.Name()):
			found = append(found, path)
		}
		if len(found) > maxReports {
			return fmt.Errorf("%s holds more than %d reports", dir, maxReports)
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s holds no report: no file named report, report.*, *.report or hcl_report.*", dir)
	}
	slices.Sort(found)
	return found, err
}

// isReportName reports whether a file is a report by its name. NAME.vek.der is a
// certificate beside a report.
func isReportName(name string) bool {
	return name == "report" || strings.HasSuffix(name, ".report") || strings.HasPrefix(name, "hcl_report.") ||
		strings.HasPrefix(name, "report.") && !strings.HasSuffix(name, ".vek.der")
}

// several verifies reports on all processors, and writes the verdicts in the order of the
// reports: a line each, and a summary. A report that cannot be read never ends the run.
// Rules: CLI-21.
func (r *reporter) several(ctx context.Context, reports []string) (int, error) {
	c := r.call
	warnOf(c, r.config.Policy)
	c.Lines, r.brief = true, true
	r.config.Cache, r.client.Once = certchain.NewCache(1024), true
	jobs := make(chan job)
	ordered := make(chan job, 2*runtime.GOMAXPROCS(0)) // which bounds what is under way
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for j := range jobs {
				j.done <- r.safely(ctx, j.name)
			}
		}()
	}
	go func() {
		defer close(ordered)
		defer close(jobs)
		for _, name := range reports {
			if ctx.Err() != nil {
				return
			}
			j := job{name, make(chan *verdict.Document, 1)}
			ordered <- j
			jobs <- j
		}
	}()
	var sum verdict.Summary
	var lost error
	n := 0
	for j := range ordered {
		d := <-j.done
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
	if r.uncertified.Load() {
		r.client.Forget()
	}
	if lost != nil {
		return c.Lost(lost), nil
	}
	if c.AsJSON {
		c.Object(sum)
	} else {
		c.Line("%s", sum.String())
	}
	return sum.ExitCode, nil
}

// A job is one report, and where its verdict goes.
type job struct {
	name string
	done chan *verdict.Document
}

// safely verifies one report of several. Whatever happens, it has a verdict.
func (r *reporter) safely(ctx context.Context, name string) (d *verdict.Document) {
	c := *r.call
	c.Subject = cli.Subject{}
	defer func() {
		if failure := recover(); failure != nil {
			c.Note("%s: %v: %s", name, failure, debug.Stack())
			d = verdict.Failed(fmt.Errorf("internal error: %v", failure), r.frame)
		}
		if complete(&c, d); d.Subject == nil { // it could not be read
			d.Subject = &verdict.Subject{Files: []verdict.File{{Flag: "report", Name: name}}}
		}
	}()
	d, err := r.report(ctx, &c, name)
	if err != nil {
		if verdict.ExitCode(err) == verdict.ExitUsage { // of the file, which is one of many
			err = verdict.Unavailable("--report", errors.New(err.Error()))
		}
		d = verdict.Failed(err, r.frame)
	}
	return d
}
