package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A usageError is a mistake in the command line, or in a file that it names as
// part of the trust configuration. Its cause may name the rule that the file
// breaks.
type usageError struct {
	error
	command string
}

func (e *usageError) Unwrap() error { return errors.Unwrap(e.error) }

// Hint says what a flag must be, or names the help of the command, once it is
// known.
func (e *usageError) Hint() string {
	first, _, _ := strings.Cut(e.Error(), " ")
	if hint := byFlag[strings.TrimSuffix(first, ":")]; hint != "" {
		return hint
	}
	if e.command == "" {
		return ""
	}
	return fmt.Sprintf("\"%s help %s\" has flags and examples", program, e.command)
}

func usagef(format string, args ...any) error {
	return &usageError{error: fmt.Errorf(format, args...)}
}

// A ruleError is a mistake that breaks a rule of SPEC.md by itself. CLI-02 is
// that of all others.
type ruleError struct{ rule, text string }

func (e *ruleError) Error() string       { return e.text }
func (e *ruleError) Requirement() string { return e.rule }

func breaks(rule, format string, args ...any) error {
	return &ruleError{rule, fmt.Sprintf(format, args...)}
}

// misuse is a usage error that breaks a rule.
func misuse(rule, format string, args ...any) error {
	return usagef("%w", breaks(rule, format, args...))
}

// flagSet is a flag.FlagSet of the flags that the table of commands lists. A flag
// may stand once, unless the table says that it is repeatable, and flags may
// follow arguments.
type flagSet struct {
	set     *flag.FlagSet
	command command
	given   map[string]bool
}

func newFlagSet(name string) *flagSet {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	c, _ := findCommand(name)
	return &flagSet{set, c, map[string]bool{}}
}

// declare panics, as package flag does with a flag that is declared twice, when
// the table has no such flag.
func (f *flagSet) declare(name string, v *value) {
	for _, d := range f.command.flags {
		if d.name == name && (d.arg == "") == v.boolean && d.repeatable() == v.repeatable {
			f.set.Var(v, name, d.help)
			return
		}
	}
	panic(fmt.Sprintf("the table of commands has no flag --%s of this kind for %q", name, f.command.name))
}

// value is a flag.Value that may be set once, unless it is repeatable.
type value struct {
	set                        func(string) error
	boolean, repeatable, given bool
}

func (v *value) String() string   { return "" }
func (v *value) IsBoolFlag() bool { return v.boolean }
func (v *value) Set(s string) error {
	if v.given && !v.repeatable {
		return errors.New("given twice")
	}
	v.given = true
	if s == "" {
		return errors.New("empty value")
	}
	return v.set(s)
}

// text declares a flag with a value that is not empty.
func (f *flagSet) text(p *string, name string) {
	f.custom(name, func(s string) error { *p = s; return nil })
}

// texts declares a repeatable flag.
func (f *flagSet) texts(p *[]string, name string) {
	f.declare(name, &value{repeatable: true, set: func(s string) error { *p = append(*p, s); return nil }})
}

// yes declares a flag without a value.
func (f *flagSet) yes(p *bool, name string) {
	f.declare(name, &value{boolean: true, set: func(s string) (err error) {
		*p, err = strconv.ParseBool(s)
		return err
	}})
}

// custom declares a flag whose value, which is not empty, is parsed by set.
func (f *flagSet) custom(name string, set func(string) error) {
	f.declare(name, &value{set: set})
}

// flagText puts what package flag says into the words and dashes of this program.
var flagText = strings.NewReplacer("flag provided but not defined: -", "no such flag: --", "flag needs an argument: -", "a value is missing: --",
	"for flag -", "for --", "invalid boolean flag ", "--", " for -", " for --")

// parse reads args and returns what is no flag. At most most of them are
// allowed.
func (f *flagSet) parse(args []string, most int) (rest []string, err error) {
	for {
		if err := f.set.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, flag.ErrHelp
		} else if err != nil {
			return nil, usagef("%s", flagText.Replace(err.Error()))
		}
		args = f.set.Args()
		if len(args) == 0 {
			break
		}
		rest, args = append(rest, args[0]), args[1:]
	}
	f.set.Visit(func(fl *flag.Flag) { f.given[fl.Name] = true })
	if len(rest) > most {
		return nil, usagef("unexpected argument %q", short(rest[most]))
	}
	return rest, nil
}
