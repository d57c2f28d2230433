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
// part of the trust configuration.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// flagSet is a flag.FlagSet in which a flag may stand once, unless it is
// declared as repeatable, and in which flags may follow arguments.
type flagSet struct {
	*flag.FlagSet
	given map[string]bool
}

func newFlagSet(name string) *flagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	return &flagSet{fs, map[string]bool{}}
}

// once is a flag.Value that refuses a second occurrence.
type once struct {
	set     func(string) error
	boolean bool
	given   bool
}

func (o *once) String() string   { return "" }
func (o *once) IsBoolFlag() bool { return o.boolean }
func (o *once) Set(s string) error {
	if o.given {
		return errors.New("given twice")
	}
	o.given = true
	return o.set(s)
}

// text declares a flag with a value that is not empty.
func (f *flagSet) text(p *string, name string) {
	f.Var(&once{set: func(s string) error {
		if s == "" {
			return errors.New("empty value")
		}
		*p = s
		return nil
	}}, name, "")
}

// texts declares a repeatable flag.
func (f *flagSet) texts(p *[]string, name string) {
	f.Func(name, "", func(s string) error {
		if s == "" {
			return errors.New("empty value")
		}
		*p = append(*p, s)
		return nil
	})
}

// yes declares a flag without a value.
func (f *flagSet) yes(p *bool, name string) {
	f.Var(&once{boolean: true, set: func(s string) (err error) {
		*p, err = strconv.ParseBool(s)
		return err
	}}, name, "")
}

// custom declares a flag whose value is parsed by set.
func (f *flagSet) custom(name string, set func(string) error) {
	f.Var(&once{set: set}, name, "")
}

// parse reads args and returns what is no flag. At most most of them are
// allowed.
func (f *flagSet) parse(args []string, most int) (rest []string, err error) {
	for {
		if err := f.FlagSet.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, flag.ErrHelp
		} else if err != nil {
			return nil, usagef("%s", strings.ReplaceAll(err.Error(), "flag provided but not defined", "no such flag"))
		}
		args = f.Args()
		if len(args) == 0 {
			break
		}
		rest, args = append(rest, args[0]), args[1:]
	}
	f.Visit(func(fl *flag.Flag) { f.given[fl.Name] = true })
	if len(rest) > most {
		return nil, usagef("unexpected argument %q", short(rest[most]))
	}
	return rest, nil
}
