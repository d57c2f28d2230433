package jws

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tresorhq/attest/internal/strictjson"
)

// An Error says what is wrong with a message, a key or a key set.
type Error struct {
	Rule     string // rule of SPEC.md
	Field    string // e.g. "header.alg"
	Expected string
	Actual   string
	Cause    error // of the JSON reader, or nil
}

func (e *Error) Error() string {
	return fmt.Sprintf("jws: %s: expected %s, got %s", e.Field, e.Expected, e.Actual)
}

// Requirement returns the rule of SPEC.md that was broken.
func (e *Error) Requirement() string { return e.Rule }

// Unwrap returns Cause.
func (e *Error) Unwrap() error { return e.Cause }

// A keyError is about a key of the caller's: it has text and rule of an Error, but
// neither its method Requirement nor a way to it.
type keyError struct{ bad *Error }

func (e keyError) Error() string { return e.bad.Error() }
func (e keyError) Rule() string  { return e.bad.Rule }

func sizeError(rule, field string, actual int, expected string) *Error {
	return &Error{Rule: rule, Field: field, Expected: expected + " bytes", Actual: fmt.Sprintf("%d bytes", actual)}
}

// fromJSON turns an error of the JSON reader, or nil, into one of this package.
// What broke a rule of the reader breaks rule, and is kept as the cause; rules
// of this package have passed through the reader, for the order and the path.
func fromJSON(rule, field string, err error) error {
	var j *strictjson.Error
	if !errors.As(err, &j) {
		return err
	}
	if j.Path != "" {
		field += "." + j.Path
	}
	e := &Error{Rule: rule, Field: field, Expected: j.Expected, Actual: j.Actual, Cause: j}
	if !strings.HasPrefix(j.Rule, "JSN-") {
		e.Rule, e.Cause = j.Rule, nil
	}
	return e
}
