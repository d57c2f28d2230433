package advice

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"syscall"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/verdict"
)

// TestCauses: one diagnosis for each cause, whichever layer it came up at, with only
// flags that the command has.
func TestCauses(t *testing.T) {
	answer := func(status int) error { return &kds.FetchError{Layer: "http", Status: status} }
	size := func(actual string) error {
		f := &kds.FetchError{Layer: "size", Status: 200}
		f.Actual = actual
		return f
	}
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Err: fmt.Errorf("connect: %w", err)}
	}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"signal", context.Canceled, "stopped by a signal"},
		{"signal while dialling", dial(context.Canceled), "stopped by a signal"},
		{"404", answer(404), "no certificate for this chip"},
		{"429", answer(429), "limits how often"},
		{"500", answer(500), "fault of its own"},
		{"503 until the deadline", errors.Join(answer(503), context.DeadlineExceeded), "fault of its own"},
		{"302", answer(302), "sign-in page"},
		{"empty", size("none"), "an empty answer"},
		{"too long", size("more"), "more than such an answer"},
		{"unknown CA", x509.UnknownAuthorityError{}, "a CA that this machine does not know"},
		{"wrong name", x509.HostnameError{Certificate: new(x509.Certificate), Host: "x"}, "for another name"},
		{"expired", x509.CertificateInvalidError{Reason: x509.Expired}, "this computer's clock"},
		{"no TLS", tls.RecordHeaderError{Msg: "x"}, "does not speak TLS"},
		{"TLS 1.2", tls.AlertError(70), "must offer TLS 1.3"},
		{"no such name", &net.DNSError{IsNotFound: true}, "the name does not exist"},
		{"no resolver", &net.DNSError{IsTimeout: true}, "the resolver gave no answer"},
		{"proxy", &net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED}, "HTTPS_PROXY"},
		{"refused", dial(syscall.ECONNREFUSED), "nothing answers"},
		{"refused until the deadline", fmt.Errorf("%w; the last attempt: %w", context.DeadlineExceeded, dial(syscall.ECONNREFUSED)), "nothing answers"},
		{"reset", dial(syscall.ECONNRESET), "broke the connection off"},
		{"broken off", io.ErrUnexpectedEOF, "broke the connection off"},
		{"malformed header until the deadline", fmt.Errorf("%w; the last attempt: %w", context.DeadlineExceeded, textproto.ProtocolError("malformed MIME header line: x")), "is not HTTP"},
		{"deadline", context.DeadlineExceeded, "no answer came in time"},
	} {
		err := &attest.EvidenceUnavailableError{Failure: attest.Failure{Rule: "TRN-60", Message: "tls: connecting", Cause: fmt.Errorf("wrapped: %w", c.err)}}
		for _, flags := range [][]string{{"--ca-file", "--timeout", "--cache", "--certs", "--kds-url"}, {"--other"}} {
			e := verdict.Describe(err)
			For{Program: "p", Name: "c", Flags: flags}.Complete(e)
			if !strings.Contains(e.Hint, c.want) {
				t.Errorf("%s: %q", c.name, e.Hint)
			}
			if flags[0] == "--other" && flagName.MatchString(e.Hint) {
				t.Errorf("%s names a flag that the command lacks: %q", c.name, e.Hint)
			}
		}
	}
}

// TestTime: what is out of date is told from a clock that is wrong.
func TestTime(t *testing.T) {
	expired := func(rule, message string) error {
		return &attest.CertChainInvalidError{Failure: attest.Failure{Rule: rule, Message: message}}
	}
	for _, c := range []struct {
		name    string
		err     error
		given   bool
		want    string
		without string
	}{
		{"--at was given", expired("CHN-47", "VCEK: validity"), true, "at the time that --at gives", "clock"},
		{"old evidence", expired("CHN-47", "VCEK: validity"), false, "--at TIME judges evidence", "one year"},
		{"a VLEK", expired("CHN-47", "VLEK: validity"), false, "lives for one year", ""},
		{"a VLEK and --at", expired("CHN-47", "VLEK: validity"), true, "lives for one year", "clock"},
		{"a bundle and --at", expired("BND-30", "over"), true, "the trust bundle is not valid at the time that --at gives", "clock"},
		{"another rule", expired("CHN-45", "VCEK: issuer"), true, "", "--at"},
	} {
		e := verdict.Describe(c.err)
		For{Program: "p", Name: "c", Flags: []string{"--at"}, AtGiven: c.given}.Complete(e)
		if !strings.Contains(e.Hint, c.want) || c.without != "" && strings.Contains(e.Hint, c.without) {
			t.Errorf("%s: %q", c.name, e.Hint)
		}
	}
}
