package statefile

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/tresorhq/attest/internal/strictjson"
)

// An Error says why it is not known what was accepted, or why nothing could be
// recorded.
type Error struct {
	Rule     string // rule of SPEC.md
	Path     string // of the state file
	Member   string // of the file, e.g. "workloads.router.version"; may be empty
	Offset   int    // in the file, in bytes; -1 when it is not about a place in it
	Expected string
	Actual   string
	Err      error // of the operating system, or nil
}

func (e *Error) Error() string {
	s := "statefile: " + strconv.QuoteToASCII(e.Path) + ": "
	if e.Member != "" {
		s += e.Member + ": "
	}
	if e.Offset >= 0 {
		s += fmt.Sprintf("at offset %d: ", e.Offset)
	}
	s += "expected " + e.Expected
	if e.Actual != "" {
		s += ", got " + e.Actual
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Requirement returns the rule of SPEC.md that was broken.
func (e *Error) Requirement() string { return e.Rule }

// Unwrap returns Err, for errors.Is(err, fs.ErrPermission) and the like.
func (e *Error) Unwrap() error { return e.Err }

func (f *File) refuse(rule, expected, actual string) error {
	return &Error{Rule: rule, Path: f.path, Offset: -1, Expected: expected, Actual: actual}
}

func (f *File) failed(rule, expected string, err error) error {
	return &Error{Rule: rule, Path: f.path, Offset: -1, Expected: expected, Err: err}
}

// damaged makes the error of the JSON reader one of this package.
func (f *File) damaged(err error) error {
	var e *strictjson.Error
	if !errors.As(err, &e) {
		return err
	}
	return &Error{Rule: e.Rule, Path: f.path, Member: e.Path, Offset: e.Offset, Expected: e.Expected, Actual: e.Actual}
}
