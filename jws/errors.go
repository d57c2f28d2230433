package jws

import "fmt"

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
