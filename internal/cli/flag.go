package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tresorhq/attest/internal/printable"
)

// A Flag is one flag of a command or, without a name, the heading of those that
// follow.
type Flag struct {
	Name string
	// Arg says what stands for the value, as alternatives with a bar between them:
	// capitals are a kind of value (FILE and DIR are completed), lower case is a word
	// that is written as it stands. "..." behind it marks a flag that may be repeated,
	// "" one that takes no value.
	Arg  string
	Help string
	Set  func(value string) error // takes a value, which is not empty
}

// Row returns a flag: name, Arg, Help and what takes its value.
func Row(name, arg, help string, set func(string) error) Flag { return Flag{name, arg, help, set} }

// Heading is the row above a group of flags.
func Heading(text string) Flag { return Flag{Help: text} }

// Repeatable reports whether a flag may be given more than once.
func (f Flag) Repeatable() bool { return strings.HasSuffix(f.Arg, repeated) }

const repeated = "..."

// Text stores a value.
func Text(p *string) func(string) error {
	return func(s string) error { *p = s; return nil }
}

// Texts appends a value.
func Texts(p *[]string) func(string) error {
	return func(s string) error { *p = append(*p, s); return nil }
}

// Switch stores true, or what stands behind "=".
func Switch(p *bool) func(string) error {
	return func(s string) (err error) {
		if *p, err = strconv.ParseBool(s); err != nil {
			err = errors.New("a switch is true or false")
		}
		return err
	}
}

// Duration stores a time span above zero.
func Duration(p *time.Duration) func(string) error {
	return func(s string) (err error) {
		if *p, err = time.ParseDuration(s); err != nil {
			return errors.New("a time span has a unit, such as 5s or 1m30s")
		}
		if *p <= 0 {
			err = errors.New("not above zero")
		}
		return err
	}
}

// A usageError is a mistake in the command line, or in a file that it names as part
// of the trust configuration. Its cause may name the rule that the file breaks.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return errors.Unwrap(e.error) }

// VerdictType is the word for such an error in JSON.
func (e *usageError) VerdictType() string { return "UsageError" }

// Usagef makes the error of a mistake in the command line.
func Usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// A ruleError is a mistake that breaks a rule of SPEC.md by itself. CLI-02 is that
// of all others.
type ruleError struct{ rule, text string }

func (e *ruleError) Error() string       { return e.text }
func (e *ruleError) Requirement() string { return e.rule }

// Breaks makes the error of a mistake that breaks a rule.
func Breaks(rule, format string, args ...any) error {
	return &ruleError{rule, fmt.Sprintf(format, args...)}
}

// Misuse makes a usage error that breaks a rule.
func Misuse(rule, format string, args ...any) error {
	return Usagef("%w", Breaks(rule, format, args...))
}

var errHelp = errors.New("help is asked for")

// parse reads flags and operands, in any order. Behind "--" all are operands.
// Rules: CLI-06.
func (c *Command) parse(args []string) (operands []string, given map[string]bool, err error) {
	given = map[string]bool{}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			operands, args = append(operands, args...), nil
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			operands = append(operands, arg)
			continue
		}
		name, value, inline := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		if name == "help" || name == "h" {
			return nil, nil, errHelp
		}
		i := slices.IndexFunc(c.Flags, func(f Flag) bool { return f.Name == name && name != "" })
		if i < 0 {
			return nil, nil, Usagef("no such flag: --%s%s", printable.Short(name), suggestion(name, c.flagNames(), "--"))
		}
		f := c.Flags[i]
		switch {
		case inline:
		case f.Arg == "":
			value = "true"
		case len(args) == 0:
			return nil, nil, Usagef("a value is missing: --%s", name)
		default:
			value, args = args[0], args[1:]
		}
		switch {
		case given[name] && !f.Repeatable():
			return nil, nil, Misuse("CLI-06", "--%s: given twice", name)
		case value == "":
			return nil, nil, Usagef("--%s: empty value", name)
		}
		given[name] = true
		if err := f.Set(value); err != nil {
			return nil, nil, Usagef("invalid value %q for --%s: %w", printable.Short(value), name, err)
		}
	}
	most := c.Most
	if most == 0 && c.Operand != "" {
		most = 1
	}
	if len(operands) > most {
		return nil, nil, Usagef("unexpected argument %q", printable.Short(operands[most]))
	}
	return operands, given, nil
}

func (c *Command) flagNames() (names []string) {
	for _, f := range c.Flags {
		if f.Name != "" {
			names = append(names, f.Name)
		}
	}
	return names
}

// Dashed are the flags of a command, as they are typed.
func (c *Command) Dashed() (names []string) {
	for _, name := range c.flagNames() {
		names = append(names, "--"+name)
	}
	return append(names, "--help")
}

// suggestion names what may have been meant: one edit or a transposition away.
func suggestion(name string, known []string, prefix string) string {
	for _, k := range known {
		if name != k && (near(name, k) || near(k, name)) {
			return fmt.Sprintf("; did you mean %s%s?", prefix, k)
		}
	}
	return ""
}

// near reports whether b is a with one byte more, another one, or two neighbours
// in the other order.
func near(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	switch rest, other := a[i:], b[i:]; {
	case len(b) == len(a)+1:
		return rest == other[1:]
	case len(b) != len(a) || rest == "":
		return false
	case rest[1:] == other[1:]:
		return len(a) > 3
	default:
		return len(rest) > 1 && rest[0] == other[1] && rest[1] == other[0] && rest[2:] == other[2:]
	}
}

// OnceStdin refuses to read standard input twice.
func OnceStdin(names ...string) error {
	if i := slices.Index(names, "-"); i >= 0 && slices.Contains(names[i+1:], "-") {
		return Usagef("standard input can only be one of the files")
	}
	return nil
}

// JSON is the flag --json, which Call.AsJSON tells of.
func JSON(help string) Flag { return Flag{"json", "", help, Switch(new(bool))} }
