package kds

import (
	"fmt"
	"strconv"
)

// A RequestError says why something can not be asked for: the report does not
// name a certificate that the key server has, or the URL is none of its addresses.
type RequestError struct {
	Rule     string // rule of SPEC.md
	Field    string // AMD's name of the field, or the part of the URL
	Expected string
	Actual   string
}

func (e *RequestError) Error() string {
	return fmt.Sprintf("kds: %s: expected %s, got %s", e.Field, e.Expected, e.Actual)
}

// Requirement returns the rule of SPEC.md that was broken.
func (e *RequestError) Requirement() string { return e.Rule }

// A configError is about a Config: it has text and rule of a RequestError, but
// neither its method Requirement nor a way to it.
type configError struct{ bad *RequestError }

func (e configError) Error() string { return e.bad.Error() }
func (e configError) Rule() string  { return e.bad.Rule }

// A FetchError says why an answer could not be had. It never says anything
// about the evidence: there is no verdict.
type FetchError struct {
	Rule     string // rule of SPEC.md
	Layer    string // where it failed: "dns", "tcp", "tls", "http", "size" or "cache"
	URL      string // what was asked for
	Status   int    // HTTP status of the last answer; 0: there was none
	Expected string // with Actual, when an answer was refused
	Actual   string
	Hint     string // what it may mean, in words; may be empty
	Err      error  // the cause; nil when an answer was refused
}

func (e *FetchError) Error() string {
	s := "kds: " + e.Layer + ": " + e.URL
	if e.Expected != "" {
		s += ": expected " + e.Expected + ", got " + e.Actual
	}
	if e.Err != nil {
		s += ": " + excerpt(e.Err.Error())
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Requirement returns the rule of SPEC.md that was broken.
func (e *FetchError) Requirement() string { return e.Rule }

// Unwrap returns the cause, for errors.Is(err, context.DeadlineExceeded) and
// the like.
func (e *FetchError) Unwrap() error { return e.Err }

// excerpt makes the text of a cause fit for a message: net/http and crypto/x509
// quote what the server sent, at any length.
func excerpt(s string) string {
	s = strconv.QuoteToASCII(s[:min(len(s), 128)])
	return s[1 : len(s)-1]
}

// quote shows at most 64 bytes of untrusted input.
func quote(s string) string {
	if len(s) > 64 {
		return fmt.Sprintf("%q and %d more bytes", s[:64], len(s)-64)
	}
	return strconv.Quote(s)
}
