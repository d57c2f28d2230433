package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/rule"
)

// The layers at which fetching fails, as they stand in messages.
const (
	DNS    = "dns"
	TCP    = "tcp"
	TLS    = "tls"
	HTTP   = "http"
	Bundle = "bundle"
)

// Unavailable says that evidence could not be had: there is no verdict.
func Unavailable(id, layer, what string, cause error) error {
	if e, ok := errors.AsType[*attest.EvidenceUnavailableError](cause); ok {
		return e
	}
	if e, ok := errors.AsType[*url.Error](cause); ok {
		cause = e.Err // the rest repeats the URL
	}
	message := layer + ": " + what
	if cause != nil {
		message += ": " + Excerpt(cause.Error())
	}
	if h := hint(cause); h != "" {
		message += " (" + h + ")"
	}
	return &attest.EvidenceUnavailableError{Failure: attest.Failure{Rule: id, Message: message, Offset: rule.NoOffset, Cause: cause}}
}

// Answered says that an answer came which is none: there is no verdict.
func Answered(id, layer, what, expected, actual string) error {
	return &attest.EvidenceUnavailableError{Failure: attest.Failure{
		Rule: id, Message: layer + ": " + what, Offset: rule.NoOffset, Expected: expected, Actual: actual,
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

// Excerpt makes the text of a cause fit for a message: the standard library
// quotes what a server sent, at any length.
func Excerpt(s string) string {
	s = strconv.QuoteToASCII(s[:min(len(s), 128)])
	return s[1 : len(s)-1]
}

// Quote shows at most 64 bytes of untrusted input.
func Quote(s string) string {
	if len(s) > 64 {
		return fmt.Sprintf("%q and %d more bytes", s[:64], len(s)-64)
	}
	return strconv.Quote(s)
}

// Because prefers the reason why a context ended to what that broke.
func Because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// A Layer is how far connecting has come. It is set on goroutines of the standard
// library.
type Layer struct{ current atomic.Pointer[string] }

func (l *Layer) set(name string) { l.current.Store(&name) }

// Name returns the layer.
func (l *Layer) Name() string {
	if name := l.current.Load(); name != nil {
		return *name
	}
	return TCP
}

// Trace follows connecting.
func (l *Layer) Trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:          func(httptrace.DNSStartInfo) { l.set(DNS) },
		ConnectStart:      func(string, string) { l.set(TCP) },
		TLSHandshakeStart: func() { l.set(TLS) },
		GotConn:           func(httptrace.GotConnInfo) { l.set(HTTP) },
	}
}
