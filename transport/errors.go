package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/rule"
)

// ErrClosed is the error of requests to a Transport that was closed, a *RequestError.
// Rules: TRN-17.
var ErrClosed error = &RequestError{attest.Failure{Rule: "TRN-17", Message: "the transport is closed", Offset: rule.NoOffset}}

// errUnmade is the error of a Transport that is nil or zero.
var errUnmade error = &RequestError{attest.Failure{Rule: "TRN-17", Message: "the transport was not made by New", Offset: rule.NoOffset}}

// ErrProtocolChanged is the error of a request that the server answered with 101
// (Switching Protocols), which nothing had asked for. The request was sent. What
// follows could not be attested again, so the connection is closed. It is an
// attest.AttestationError.
// Rules: TRN-15.
var ErrProtocolChanged error = &rule.Error{Rule: "TRN-15", Message: "the server changed the protocol of the connection, unasked", Offset: rule.NoOffset}

// A VerdictEndedError is the error of a request that was cut off since the verdict on
// its connection had ended: by time, or because a newer trust bundle is there. It was
// allowed to begin, and what the endpoint has read of it is not known.
type VerdictEndedError struct {
	attest.Failure
	Result  *attest.Result // what had been attested; shared, and must not be changed
	EndedAt time.Time      // when the verdict ended
}

// An OriginError refuses to send a request to another scheme, host or port than
// the attested one, or with another Host.
type OriginError struct{ attest.Failure }

func elsewhere(id, where, expected, actual string) *OriginError {
	return &OriginError{attest.Failure{Rule: id, Message: "not the attested origin", Where: where, Offset: rule.NoOffset, Expected: expected, Actual: actual}}
}

// A RequestError refuses a request that can not be sent over an attested
// connection, wherever it goes.
type RequestError struct{ attest.Failure }

func unfit(id, where, reason string) *RequestError {
	return &RequestError{attest.Failure{Rule: id, Message: "the request can not be sent over an attested connection: " + reason, Where: where, Offset: rule.NoOffset}}
}

// The layers at which fetching fails, as they stand in messages.
const (
	layerDNS    = "dns"
	layerTCP    = "tcp"
	layerTLS    = "tls"
	layerHTTP   = "http"
	layerBundle = "bundle"
)

// unavailable says that evidence could not be had: there is no verdict.
func unavailable(rule, layer, what string, cause error) error {
	if e, ok := errors.AsType[*attest.EvidenceUnavailableError](cause); ok {
		return e
	}
	if e, ok := errors.AsType[*url.Error](cause); ok {
		cause = e.Err // the rest repeats the URL
	}
	message := layer + ": " + what
	if cause != nil {
		message += ": " + excerpt(cause.Error())
	}
	if h := hint(cause); h != "" {
		message += " (" + h + ")"
	}
	return &attest.EvidenceUnavailableError{Failure: attest.Failure{Rule: rule, Message: message, Cause: cause}}
}

// answered says that an answer came which is none: there is no verdict.
func answered(rule, layer, what, expected, actual string) error {
	return &attest.EvidenceUnavailableError{Failure: attest.Failure{
		Rule: rule, Message: layer + ": " + what, Expected: expected, Actual: actual,
	}}
}

// hint says what a failure of the network may mean.
func hint(err error) string {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	op, isOp := errors.AsType[*net.OpError](err)
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case isDNS && dns.IsNotFound:
		return "the name does not exist; is it spelled right?"
	case authority:
		return "a CA of your own must be configured as a web root"
	case name:
		return "the certificate is for another name"
	case record:
		return "the server does not speak TLS there"
	case isOp && op.Op == "proxyconnect":
		return "the proxy was asked, not the endpoint"
	case isNet && timeout.Timeout():
		return "no answer in time"
	}
	return ""
}

// excerpt makes the text of a cause fit for a message: the standard library
// quotes what a server sent, at any length.
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
