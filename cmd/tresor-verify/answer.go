package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/advice"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/inspect"
	"github.com/tresorhq/attest/verdict"
	"github.com/tresorhq/attest/web"
)

// outputFlags say how a verdict is printed.
type outputFlags struct {
	explain, brief bool
	html           string // of the commands that have htmlRow
}

func (f *outputFlags) rows() []cli.Flag {
	return []cli.Flag{
		cli.Heading("How the verdict is printed"),
		cli.JSON("as one JSON object"),
		cli.Row("explain", "", "with every demand and every step", cli.Switch(&f.explain)),
		cli.Row("brief", "", "as one line with tabs in it", cli.Switch(&f.brief)),
	}
}

func (f *outputFlags) htmlRow() cli.Flag {
	return cli.Row("html", "FILE", "write the verdict as a page for paper or a browser", cli.Text(&f.html))
}

// check refuses more than one form.
func (f *outputFlags) check(r *reading) {
	r.refuse(f.brief && (f.explain || r.AsJSON), "CLI-06", "--brief goes with neither --json nor --explain")
}

// adviceFor is for the errors of a command, or of none.
func adviceFor(c *cli.Call) advice.For {
	f := advice.For{Program: c.Program.Name}
	if c.Command != nil {
		f.Name, f.Flags, f.AtGiven = c.Command.Name, c.Command.Dashed(), c.Given("at")
	}
	return f
}

// subject is what a command is about, as far as it was read.
func subject(c *cli.Call) *verdict.Subject {
	s := verdict.Subject{Origin: c.Subject.Origin, ClaimedOrigin: c.Subject.ClaimedOrigin}
	if s.Origin == "" && len(c.Subject.Files) == 0 {
		return nil
	}
	for _, f := range c.Subject.Files {
		s.Files = append(s.Files, verdict.File(f))
	}
	return &s
}

// complete adds what the command knows: what the verdict is about, and what to try
// next.
func complete(c *cli.Call, d *verdict.Document) {
	d.Subject = subject(c)
	adviceFor(c).Complete(d.Error)
	if d.Error == nil {
		return
	}
	if hint := misplaced(c, d.Error); hint != "" {
		d.Error.Hint = hint
	}
}

// answer writes the page of --html, prints the verdict, and returns its exit code. With an
// error nothing is said. The report and the certificates are those that it is about.
func (f outputFlags) answer(r *reading, d *verdict.Document, report []byte, certificates [][]byte) (code int) {
	complete(r.Call, d)
	if f.html != "" && r.err == nil {
		r.fail(r.WriteFile("--html", f.html, web.NewView(d, report, certificates).Printable()))
	}
	if r.err == nil {
		f.print(r.Call, d)
	}
	return d.ExitCode
}

// print prints a verdict that is complete.
func (f outputFlags) print(c *cli.Call, d *verdict.Document) {
	switch {
	case c.AsJSON:
		c.Object(d)
	case f.brief:
		c.WriteString(d.Brief())
	default:
		c.WriteString(d.Text(f.explain))
	}
}

// fail prints an error that came before there was a verdict.
func fail(c *cli.Call, err error) int {
	d := verdict.Failed(err, verdict.Frame{Tool: c.Program.Tool()})
	complete(c, d)
	if c.AsJSON || d.ExitCode != verdict.ExitUsage {
		outputFlags{brief: c.Given("brief") || c.Given("watch") && !c.Given("explain")}.print(c, d)
	} else {
		c.Note("%s", err)
		c.Note("%s", d.Error.Hint)
	}
	return d.ExitCode
}

// kinds are what the files of a flag hold, in words of package inspect; the first is also
// for people. Reports and the certificates beside them are left to package carrier.
var kinds = map[string][]string{
	"envelope": {"attestation envelope"}, "bundle": {"trust bundle", "JWS"}, "crl": {"CRL"}, "evidence": {"evidence"}, "receipt": {"receipt", "JWS"},
	"policy": {"policy"}, "pin": {"pin"}, "release-root": {"public key"}, "amd-root": {"certificate"},
	"cert": {"TLS certificate", "certificate"}, "ca-file": {"web root", "certificate"}, "jwks": {"key set"},
}

// misplaced names the file that is empty, or of a known kind which its flag does not take.
func misplaced(c *cli.Call, e *verdict.Error) string {
	for _, f := range c.Subject.Read {
		due, ok := kinds[f.Flag]
		if ok && len(f.Data) == 0 {
			return f.Name + ": the file is empty"
		}
		foreign := f.Flag == "certs" && e.Type == "CertChainInvalidError"
		if !ok && !foreign {
			continue
		}
		file, err := inspect.Detect(f.Data)
		if foreign && errors.Is(err, inspect.ErrForeign) {
			return f.Name + ": " + err.Error()
		}
		if ok && err == nil && !slices.ContainsFunc(due, func(kind string) bool { return strings.HasPrefix(file.Kind, kind) }) {
			return fmt.Sprintf("%s holds no %s: \"tresor-verify show\" calls it %q", f.Name, due[0], file.Kind)
		}
	}
	return ""
}
