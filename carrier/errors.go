package carrier

import "github.com/tresorhq/attest/rule"

// Failure is what every error says. A *Failure by itself: the input breaks the rules of its form.
type Failure = rule.Error

// An UnreadError says that an input is empty, or of no form that is read. Rules: FRM-02, FRM-03.
type UnreadError struct {
	Failure
	Convert string // a command that makes a form that is read, or advice; may be empty
}

// A PrivateKeyError says that an input holds a private key. Rules: FRM-04.
type PrivateKeyError struct{ Failure }

func malformed(id, where, expected, actual string) *Failure {
	return &Failure{Rule: id, Message: "the evidence is malformed", Where: where, Offset: rule.NoOffset, Expected: expected, Actual: actual}
}

func unread(what, convert string) *UnreadError {
	return &UnreadError{Failure{Rule: "FRM-03", Message: "this is " + what + ", which is not read", Offset: rule.NoOffset}, convert}
}

func unknown(message, expected, actual string) *UnreadError {
	return &UnreadError{Failure{Rule: "FRM-02", Message: message, Offset: rule.NoOffset, Expected: expected, Actual: actual}, ""}
}

func privateKey(where string) *PrivateKeyError {
	return &PrivateKeyError{Failure{Rule: "FRM-04", Message: "this is a private key, which belongs into no evidence", Where: where, Offset: rule.NoOffset}}
}

// whole returns v, and nothing beside an error.
func whole[T any](v *T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}
