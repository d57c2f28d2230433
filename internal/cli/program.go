// Package cli is a command line: commands and flags as rows of tables, from which
// parsing, help, man page and completion are made, and the only way on which a
// command reads files and prints. It knows nothing of attestation.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tresorhq/attest/internal/printable"
)

// Exit codes that every program has. A program gives the others their meaning.
const (
	ExitOK       = 0
	ExitUsage    = 2
	ExitInternal = 5
)

// A Program carries out one command line: the flags of its commands are read into
// variables that belong to it.
type Program struct {
	Name      string
	Tagline   string // what it does, behind the name
	Version   string
	Commands  []Command         // in the order in which help lists them
	ExitCodes []string          // what each code means
	Others    map[string]string // commands of other programs, and what they are here
	Notes     []Note            // for help and man page

	// Fail prints an error that a command returned, and returns the exit code for it.
	Fail func(c *Call, err error) (code int)
}

// A Note is a text for the man page, below a heading of its own. One without a
// heading stands below the exit codes, in help too.
type Note struct{ Heading, Text string }

// A Command is one verb of a program.
type Command struct {
	Name     string
	Usage    string // what follows the name in the usage line
	Operand  string // what an argument that is no flag may be, in the form of Flag.Arg; "": there is none
	Most     int    // how many operands there may be; 0 with an Operand: one
	Summary  string // one line, lower case
	About    string
	Words    [][2]string // what others call it, and what it is here; the first row has the headings
	Flags    []Flag
	Examples []string // without the program's name
	Run      func(ctx context.Context, c *Call) (code int, err error)
}

// Env is what a command touches besides files and the network.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Now            func() time.Time
}

// A Call is one run of a command.
type Call struct {
	Env
	*Printer
	Program *Program
	Command *Command // nil until it is known
	Args    []string // the operands
	AsJSON  bool     // --json is given, even where the rest of the command line is wrong
	Subject Subject  // what the command is about, as far as it is known
	given   map[string]bool
	replace bool            // outputs may take the place of files of their kind
	written map[string]bool // outputs that this call wrote
}

// A Subject is what a command is about: an endpoint, or files that were read.
type Subject struct {
	Origin        string // of an endpoint that is asked; then there are no files
	ClaimedOrigin string // of an endpoint, by the files
	Files         []File
	Read          []Content // and all that was read beside them
}

// Content is what was read of a file.
type Content struct {
	Flag, Name string
	Data       []byte
}

// A File is one that was read.
type File struct {
	Flag, Name string
	SHA256     string // of all its bytes, lower-case hex
	Carrier    string // in which form it came, where there are several
}

// Given reports whether a flag stands on the command line.
func (c *Call) Given(flag string) bool { return c.given[flag] }

// Find returns the command of this name, or nil.
func (p *Program) Find(name string) *Command {
	for i := range p.Commands {
		if p.Commands[i].Name == name {
			return &p.Commands[i]
		}
	}
	return nil
}

func (p *Program) commandNames() (names []string) {
	for _, c := range p.Commands {
		names = append(names, c.Name)
	}
	return names
}

// Tool is name and version.
func (p *Program) Tool() string { return p.Name + " " + p.Version }

// Run carries out a command line and returns the exit code.
func (p *Program) Run(ctx context.Context, args []string, env Env) (code int) {
	c := &Call{Env: env, Printer: NewPrinter(p.Name, env.Stderr), Program: p, AsJSON: wantsJSON(args)}
	defer func() {
		if failure := recover(); failure != nil {
			c.Reset()
			code = p.Fail(c, fmt.Errorf("internal error: %v", failure))
			fmt.Fprintf(env.Stderr, "%s\n", debug.Stack())
		}
		if err := c.Flush(env.Stdout); err != nil {
			code = c.Lost(err)
		}
	}()
	if len(args) == 0 {
		fmt.Fprint(env.Stderr, p.help())
		return ExitUsage
	}
	code, err := p.run(ctx, c, args)
	switch {
	case errors.Is(err, errHelp):
		return c.document(document{Schema: "tresor.help/v1", Help: p.helpOf(c.Command)})
	case err != nil:
		return p.Fail(c, err)
	}
	return code
}

func (p *Program) run(ctx context.Context, c *Call, args []string) (code int, err error) {
	name := args[0]
	switch name {
	case "-h", "--help":
		name = "help"
	case "--version":
		name = "version"
	}
	command := p.Find(name)
	if command == nil {
		return 0, p.unknown(name)
	}
	c.Command = command
	if c.Args, c.given, err = command.parse(args[1:]); err != nil {
		return 0, err
	}
	c.AsJSON = c.AsJSON && c.given["json"] // it may have been the value of another flag
	return command.Run(ctx, c)
}

// unknown is the error of a name that no command has.
func (p *Program) unknown(name string) error {
	if meant := p.Others[name]; meant != "" {
		return Usagef("no such command %q: %s", name, meant)
	}
	return Usagef("no such command %q%s", printable.Short(name), suggestion(name, p.commandNames(), ""))
}

// wantsJSON looks for --json by itself: it counts even when the rest of the
// command line is wrong.
func wantsJSON(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return slices.ContainsFunc(args, func(arg string) bool {
		name, value, given := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		yes, err := strconv.ParseBool(value)
		return strings.HasPrefix(arg, "-") && name == "json" && (!given || err == nil && yes)
	})
}

// A document is a text that was asked for: of help, or of a script.
type document struct {
	Schema string `json:"schema"`
	Tool   string `json:"tool"`
	Help   string `json:"help,omitempty"`
	Script string `json:"script,omitempty"`
}

func (c *Call) document(d document) int {
	if d.Tool = c.Program.Tool(); c.AsJSON {
		c.Object(d)
	} else {
		c.WriteString(d.Help + d.Script)
	}
	return ExitOK
}

// Lost reports an answer that could not be written.
func (c *Call) Lost(err error) (code int) {
	c.Note("the answer could not be written: %v", err)
	return ExitInternal
}
