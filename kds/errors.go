package kds

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/tresorhq/attest/rule"
)

// refuse says why something cannot be asked for: the report does not name a
// certificate that the key server has, or an address is none of its addresses.
func refuse(id, where, expected, actual string) *rule.Error {
	return &rule.Error{Rule: id, Where: where, Offset: rule.NoOffset, Expected: expected, Actual: actual}
}

// failure is rule.Error under a name that leaves its method Error to a struct that
// embeds it.
type failure = rule.Error

// A FetchError says why an answer could not be had. It never says anything about
// the evidence: there is no verdict. Beside the members below it has those of a
// rule.Error: Rule; Expected and Actual, when an answer was refused; Cause, when
// there was none.
type FetchError struct {
	failure
	Layer  string // where it failed: "dns", "tcp", "tls", "http", "size" or "cache"
	URL    string // what was asked for
	Status int    // HTTP status of the last answer; 0: there was none
	Hint   string // what it may mean, in words; may be empty
}

func unfetched(id, layer, u string, cause error) *FetchError {
	return &FetchError{failure: failure{Rule: id, Offset: rule.NoOffset, Cause: cause}, Layer: layer, URL: u}
}

func (e *FetchError) Error() string {
	f := e.Details()
	return f.Error()
}

// Details returns what e says as a rule.Error.
func (e *FetchError) Details() rule.Error {
	e = cmp.Or(e, new(FetchError))
	f := e.failure
	f.Message = e.Layer + ": " + e.URL
	if e.Cause != nil {
		f.Message += ": " + excerpt(e.Cause.Error())
	}
	if e.Hint != "" {
		f.Message += " (" + e.Hint + ")"
	}
	return f
}

// excerpt makes the text of a cause fit for a message: net/http and crypto/x509
// quote what the server sent, at any length.
func excerpt(s string) string {
	s = strconv.QuoteToASCII(s[:min(len(s), 200)])
	return s[1 : len(s)-1]
}

// quote shows at most 64 bytes of untrusted input.
func quote(s string) string {
	if len(s) > 64 {
		return fmt.Sprintf("%q and %d more bytes", s[:64], len(s)-64)
	}
	return strconv.Quote(s)
}
