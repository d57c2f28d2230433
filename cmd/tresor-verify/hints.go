package main

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/kds"
)

// An advised error is one that its command knows more about.
type advised struct {
	error
	about string            // what it is about, before the message; may be empty
	where map[string]advice // by type, rule or layer, before all others
}

func (e *advised) Unwrap() error { return e.error }

// advise finds what fits an error of a command best: its rule, its layer, its type.
// Rules: CLI-12.
func (c command) advise(err error) advice {
	kind, list := errorType(err), rules(err)
	a := c.general(kind, list)
	var known *advised
	if errors.As(err, &known) {
		a = a.from(known.where, kind, list)
	}
	if v := violations(err); len(v) > 0 && strings.HasPrefix(v[0].Expected, "a floor") {
		a.next = "the floors lack a component, a product or a die that this report has; name it too"
	}
	if layer := byLayer[layerOf(err)]; layer != "" && a.next == byType["EvidenceUnavailableError"].next {
		a.next = layer
	}
	if known != nil {
		a = a.with(known.where[layerOf(err)])
	}
	var own interface{ Hint() string }
	if errors.As(err, &own) && own.Hint() != "" {
		a.next = own.Hint()
	}
	return c.fit(a)
}

// general is what there is to say of a type and of the rules that an error names,
// outermost first. What a table says of a rule is closer to it than what another
// says of its type.
func (c command) general(kind string, list []string) advice {
	own := byCommand[c.name]
	return byType[kind].with(own[kind]).from(byRule, "", list).from(own, "", list)
}

// from replaces what a table says of a type and, before that, of rules: the
// outermost counts, but for one of the state file, which alone knows what is wrong
// with it.
func (a advice) from(table map[string]advice, kind string, list []string) advice {
	a = a.with(table[kind])
	for _, rule := range slices.Backward(list) {
		a = a.with(table[rule])
	}
	for _, rule := range list {
		if strings.HasPrefix(rule, "STA-") {
			a = a.with(table[rule])
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
func (c command) fit(a advice) advice {
	for _, text := range []*string{&a.next, &a.expected, &a.actual} {
		*text = optional.ReplaceAllStringFunc(*text, func(part string) string {
			for _, name := range flagName.FindAllString(part, -1) {
				if c.name != "" && !slices.Contains(c.dashed(), name) {
					return ""
				}
			}
			return part[1 : len(part)-1]
		})
	}
	return a
}

// with replaces what b says.
func (a advice) with(b advice) advice {
	for _, field := range []struct {
		p *string
		s string
	}{{&a.next, b.next}, {&a.expected, b.expected}, {&a.actual, b.actual}} {
		if field.s != "" {
			*field.p = field.s
		}
	}
	return a
}

// layerOf returns where reading or fetching failed: it stands first in the
// message.
func layerOf(err error) string {
	var fetch *kds.FetchError
	if errors.As(err, &fetch) {
		return fetch.Layer
	}
	var u *attest.EvidenceUnavailableError
	if !errors.As(err, &u) {
		return ""
	}
	first, _, _ := strings.Cut(u.Message, " ")
	return strings.TrimSuffix(first, ":")
}

// rules returns the rules that an error and its causes name, outermost first.
func rules(err error) []string {
	var list []string
	for ; err != nil; err = errors.Unwrap(err) {
		if rule := ruleOf(err); rule != "" {
			list = append(list, rule)
		}
	}
	return list
}

// ruleOf returns the rule that an error itself names, or "". What is wrong with a
// configuration names one too, but is no attest.AttestationError.
func ruleOf(err error) string {
	switch e := err.(type) {
	case interface{ Requirement() string }:
		return e.Requirement()
	case interface{ Rule() string }:
		return e.Rule()
	}
	return ""
}
