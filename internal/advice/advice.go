// Package advice knows what to try next after an error of a command, and what the two
// values were read from that an error shows.
package advice

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/verdict"
)

// For is the command that advice is for.
type For struct {
	Program string
	Name    string   // "": no command is known
	Flags   []string // that it has, with dashes
	AtGiven bool     // the caller gave the time of verification
}

// An about is an error that its command knows more about.
type about struct {
	error
	what  string // before the message; may be empty
	where Table  // before all others
}

func (e *about) Unwrap() error { return e.error }

// About returns err with what it is about, which stands before the message and may
// be empty, and a table that comes before all others.
func About(err error, what string, where Table) error { return &about{err, what, where} }

const bodies = "--request or --response"

// Complete fills in Hint, where there is none, ExpectedFrom and ActualFrom of e. A nil e stays.
func (f For) Complete(e *verdict.Error) {
	if e == nil {
		return
	}
	if known, ok := errors.AsType[*about](e.Cause()); ok && known.what != "" {
		e.Message = known.what + ": " + e.Message
	}
	a := f.advise(e)
	for _, body := range []string{"request", "response"} { // a receipt is about one of them
		if strings.HasSuffix(e.Message, body) {
			a.expected, a.actual = strings.ReplaceAll(a.expected, bodies, "--"+body), strings.ReplaceAll(a.actual, bodies, "--"+body)
		}
	}
	e.Hint = cmp.Or(e.Hint, a.next)
	if e.Expected != "" {
		e.ExpectedFrom = a.expected
	}
	if e.Actual != "" {
		e.ActualFrom = a.actual
	}
}

// advise finds what fits an error of a command best: its rule, its layer, its type.
// Rules: CLI-12.
func (f For) advise(e *verdict.Error) advice {
	err, kind, list := e.Cause(), e.Type, verdict.Rules(e.Cause())
	a := f.general(kind, list)
	known, _ := errors.AsType[*about](err)
	if known != nil {
		a = a.lookUp(known.where, kind, list)
	}
	if len(e.Violations) > 0 && strings.HasPrefix(e.Violations[0].Expected, "a floor") {
		a.next = "the floors lack a component, a product or a die that this report has; name it too"
	}
	if layer := byLayer[Layer(err)]; layer != "" && a.next == byType["EvidenceUnavailableError"].next {
		a.next = layer
	}
	if known != nil {
		a = a.override(known.where[Layer(err)])
	}
	if kind == "UsageError" {
		a = a.override(f.usage(e.Message, a.next))
	}
	if because := diagnose(err); because != "" && kind == "EvidenceUnavailableError" {
		a.next = because
	}
	if known == nil {
		a = a.override(advice{next: f.time(e)}).override(advice{next: another(e)})
	}
	var own interface{ Hint() string }
	if errors.As(err, &own) && own.Hint() != "" {
		a.next = own.Hint()
	}
	return f.fit(a)
}

// usage says what a flag must be, or names the help of the command, once it is
// known.
func (f For) usage(message, next string) advice {
	first, _, _ := strings.Cut(message, " ")
	if hint := byFlag[strings.TrimSuffix(first, ":")]; hint != "" {
		return advice{next: hint}
	}
	if f.Name == "" || next != byType["UsageError"].next {
		return advice{}
	}
	return advice{next: fmt.Sprintf("\"%s help %s\" has flags and examples", f.Program, f.Name)}
}

// general is what there is to say of a type and of the rules that an error names,
// outermost first. What a table says of a rule is closer to it than what another
// says of its type.
func (f For) general(kind string, list []string) advice {
	own := byCommand[f.Name]
	return byType[kind].override(own[kind]).lookUp(byRule, "", list).lookUp(own, "", list)
}

// lookUp replaces what a table says of a type and, before that, of rules: the
// outermost counts, but for one of the state file, which alone knows what is wrong
// with it.
func (a advice) lookUp(table Table, kind string, list []string) advice {
	a = a.override(table[kind])
	for _, rule := range slices.Backward(list) {
		a = a.override(table[rule])
	}
	for _, rule := range list {
		if strings.HasPrefix(rule, "STA-") {
			a = a.override(table[rule])
		}
	}
	return a
}

var (
	optional = regexp.MustCompile(`\{[^{}]*\}`)
	flagName = regexp.MustCompile(`--[a-z][a-z-]*`)
)

// fit leaves out each part in braces that names a flag which the command does not
// have.
func (f For) fit(a advice) advice {
	for _, text := range []*string{&a.next, &a.expected, &a.actual} {
		*text = optional.ReplaceAllStringFunc(*text, func(part string) string {
			for _, name := range flagName.FindAllString(part, -1) {
				if f.Name != "" && !slices.Contains(f.Flags, name) {
					return ""
				}
			}
			return part[1 : len(part)-1]
		})
	}
	return a
}

// override replaces what b says.
func (a advice) override(b advice) advice {
	return advice{cmp.Or(b.next, a.next), cmp.Or(b.expected, a.expected), cmp.Or(b.actual, a.actual)}
}

// Layer returns where reading or fetching failed: it stands first in the
// message.
func Layer(err error) string {
	if fetch, ok := errors.AsType[*kds.FetchError](err); ok {
		return fetch.Layer
	}
	u, ok := errors.AsType[*attest.EvidenceUnavailableError](err)
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(u.Message, " ")
	return strings.TrimSuffix(first, ":")
}
