// Package rule is the one error of this module: which rule of SPEC.md an input
// breaks, where, what was expected there and what came.
//
// The parsers return an *Error. Package attest makes the typed error of a step from
// it, which embeds it. An error of a configuration is made by Config: it says the
// same, but is no verdict on evidence, and so is not an attest.AttestationError.
package rule

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// NoOffset is the Offset of an Error whose place in the input is not known.
const NoOffset = -1

// An Error says which rule an input breaks, where and how. Every member but Rule
// may be empty.
type Error struct {
	Rule     string // of SPEC.md, e.g. "RPT-02"
	Message  string // the fault, as a sentence without capital letter and final period
	Where    string // the field, e.g. "VERSION", "header.alg", "certificate 2 (ASK): serialNumber"
	Offset   int    // where the field starts in the input, in bytes, or NoOffset
	Expected string
	Actual   string
	Cause    error // the error that this one rests on, or nil
}

// Broken returns an Error without message and cause.
func Broken(id, where string, offset int, expected, actual string) *Error {
	return &Error{Rule: id, Where: where, Offset: offset, Expected: expected, Actual: actual}
}

// The methods of an Error answer for a nil one as for the zero Error. Those that a
// struct has of an Error that it embeds cannot: Go looks into the struct first.

// Error returns message, place, what was expected, what came and, in brackets, the
// rule: "the signature algorithm is unknown: SIGNATURE_ALGO at offset 0x34: expected
// 1, got 2 [RPT-07]".
func (e *Error) Error() string {
	e = cmp.Or(e, new(Error))
	text, values := e.Problem(), []string(nil)
	if e.Expected != "" {
		values = append(values, "expected "+e.Expected)
	}
	if e.Actual != "" {
		values = append(values, "got "+e.Actual)
	}
	if text != "" && values != nil {
		text += ": "
	}
	text += strings.Join(values, ", ")
	if e.Rule != "" {
		text += " [" + e.Rule + "]"
	}
	return text
}

// Problem returns message and place, without the values and the rule.
func (e *Error) Problem() string {
	e = cmp.Or(e, new(Error))
	if place := e.Place(); e.Message != "" && place != "" {
		return e.Message + ": " + place
	}
	return e.Message + e.Place()
}

// Place returns Where and, when it is known, the offset: "VERSION at offset 0x0".
func (e *Error) Place() string {
	e = cmp.Or(e, new(Error))
	if e.Where == "" || e.Offset < 0 {
		return e.Where
	}
	return fmt.Sprintf("%s at offset %#x", e.Where, e.Offset)
}

// Requirement returns the rule of SPEC.md that was broken.
func (e *Error) Requirement() string { return e.Details().Rule }

// Details returns a copy of e. The typed errors that embed an Error have it too.
func (e *Error) Details() Error { return *cmp.Or(e, new(Error)) }

// Within says in the message which part of an input the error is about, e.g. which
// of the documents that another one embeds.
func (e *Error) Within(part string) {
	e = cmp.Or(e, new(Error))
	e.Message = part + ": " + e.Message
}

// Unwrap returns Cause.
func (e *Error) Unwrap() error { return e.Details().Cause }

// A Detailed error has the details of an Error. Every attest.AttestationError is one.
type Detailed interface {
	error
	Details() Error
}

// From makes an Error of err, the error of a package below: with
// the details of the first Detailed in its chain, with message and rule id where
// that has none, and with err as its Cause. Without an error it has these two alone.
func From(err error, id, message string) Error {
	e := Error{Rule: id, Message: message, Offset: NoOffset, Cause: err}
	var d Detailed
	if err == nil {
		return e
	}
	if !errors.As(err, &d) {
		e.Message = message + ": " + err.Error()
		return e
	}
	e = d.Details()
	e.Rule, e.Message, e.Cause = cmp.Or(e.Rule, id), cmp.Or(e.Message, message), err
	return e
}

// A ConfigError is a fault of a configuration: of a policy, of a root, of a key, of
// an address that the caller chose. It has the text of the error that it was made
// from, but neither its method Requirement nor a way to it by errors.As, so that no
// caller takes it for a verdict on evidence.
type ConfigError struct {
	text  string
	fault Error
}

// Config returns err as a ConfigError when there is an error with details in its
// chain, and err itself otherwise; nil for nil.
func Config(err error) error {
	var d Detailed
	if !errors.As(err, &d) {
		return err
	}
	return &ConfigError{err.Error(), d.Details()}
}

func (e *ConfigError) Error() string { return cmp.Or(e, new(ConfigError)).text }

// Rule returns the rule of SPEC.md that the configuration breaks.
func (e *ConfigError) Rule() string { return e.Fault().Rule }

// Fault returns the fault, without its Cause.
func (e *ConfigError) Fault() Error {
	f := cmp.Or(e, new(ConfigError)).fault
	f.Cause = nil
	return f
}
