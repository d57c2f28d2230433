package advice

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/textproto"
	"strings"
	"syscall"

	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/verdict"
)

// A cause is a reason why something could not be fetched, and what to do about it.
type cause struct {
	is   func(error) bool
	next string
}

// causes are asked in this order: the first that fits is the diagnosis. An answer of
// the key server comes before everything else, since it is nearest to what is wrong,
// and a deadline comes last, since it hides what came before.
var causes = []cause{
	{is(func(err error) bool { return errors.Is(err, context.Canceled) }), "it was stopped by a signal before anything was judged"},
	{status(404), "AMD has no certificate for this chip at this firmware level: the report was altered, its CHIP_ID is masked, or it is of another product"},
	{status(429), "the key server limits how often it may be asked: wait as long as it says{; --cache keeps what was fetched}{; --certs takes a certificate that you have}"},
	{statusClass(5), "the key server has a fault of its own: try again later{; --certs takes a certificate that you have}"},
	{fetched(func(f *kds.FetchError) bool { return f.Layer == "http" && f.Status >= 400 }), "the server refuses to answer: check that it is AMD's key server{, or a mirror of it (--kds-url)}"},
	{redirected, "another server answered, such as the sign-in page of a network: check the connection{, or --kds-url}"},
	{empty, "the server sent an empty answer: a proxy or a mirror is broken"},
	{fetched(func(f *kds.FetchError) bool { return f.Layer == "size" }), "the server sent more than such an answer ever has: check the address"},
	{is[x509.UnknownAuthorityError](nil), "the server's certificate is by a CA that this machine does not know: check that you reach the right server{; --ca-file adds a CA of your own}"},
	{is[x509.HostnameError](nil), "the server's certificate is for another name: check the address"},
	{is(func(e x509.CertificateInvalidError) bool { return e.Reason == x509.Expired }), "the server's certificate is not valid at this time: check this computer's clock, or tell the operator"},
	{noTLS, "the server does not speak TLS there: check the port"},
	{is[tls.AlertError](nil), "the server refused the TLS handshake: it must offer TLS 1.3"},
	{is(func(e *net.DNSError) bool { return e.IsNotFound }), "the name does not exist: check its spelling, and the resolver"},
	{errno(syscall.EISDIR), "this is a folder, and a file is due{; --dir takes a folder of reports}"},
	{is[*net.DNSError](nil), "the resolver gave no answer: check the connection, and try again"},
	{is(func(e *net.OpError) bool { return e.Op == "proxyconnect" }), "the proxy of HTTPS_PROXY refused or is broken: check it, or name the host in NO_PROXY"},
	{errno(syscall.ECONNREFUSED), "nothing answers at this address and port: check both"},
	{malformed, "what answered is not HTTP as a server of this kind sends it: check the address{, or --kds-url}"},
	{brokenOff, "the server broke the connection off: check the address and port, and try again"},
	{timedOut, "no answer came in time: a firewall or proxy may drop the connection{; --timeout gives more time}"},
}

// diagnose names the cause of an error of the network, or returns "".
func diagnose(err error) string {
	for _, c := range causes {
		if c.is(err) {
			return c.next
		}
	}
	return ""
}

// is returns whether an error of type E stands in the chain, for which holds, unless
// it is nil, is true.
func is[E error](holds func(E) bool) func(error) bool {
	return func(err error) bool {
		e, ok := errors.AsType[E](err)
		return ok && (holds == nil || holds(e))
	}
}

func errno(number syscall.Errno) func(error) bool {
	return func(err error) bool { return errors.Is(err, number) }
}

func fetched(holds func(*kds.FetchError) bool) func(error) bool { return is(holds) }

func status(code int) func(error) bool {
	return fetched(func(f *kds.FetchError) bool { return f.Status == code })
}

func statusClass(hundreds int) func(error) bool {
	return fetched(func(f *kds.FetchError) bool { return f.Status/100 == hundreds })
}

var (
	noTLS = func(err error) bool {
		return strings.Contains(err.Error(), "HTTP response to HTTPS client") || is[tls.RecordHeaderError](nil)(err)
	}
	malformed = func(err error) bool {
		return is[textproto.ProtocolError](nil)(err) || strings.Contains(err.Error(), "malformed HTTP ")
	}
	timedOut = func(err error) bool {
		return errors.Is(err, context.DeadlineExceeded) || is(net.Error.Timeout)(err)
	}
	brokenOff = func(err error) bool {
		return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	}
	redirected = fetched(func(f *kds.FetchError) bool { return f.Status/100 == 3 || f.Rule == "KDS-22" })
	empty      = fetched(func(f *kds.FetchError) bool { return f.Layer == "size" && f.Actual == "none" })
)

// dated are the rules that compare a time of the evidence with the time of
// verification.
var dated = map[string]string{
	"CHN-47": "the certificate", "CRL-20": "the CRL", "BND-30": "the trust bundle", "ENV-20": "the envelope", "ENV-21": "the envelope", "RCP-31": "the receipt",
}

// time says what to do about evidence that is out of date: a time that the caller
// gave is no matter of a clock, and old evidence is judged for its own time.
func (f For) time(e *verdict.Error) string {
	what, ok := dated[e.Requirement]
	if !ok {
		return ""
	}
	lifetime := ""
	if strings.Contains(e.Message, "VLEK") {
		lifetime = "; a VLEK lives for one year"
	}
	if f.AtGiven {
		return what + " is not valid at the time that --at gives" + lifetime
	}
	if e.Requirement == "CHN-47" || e.Requirement == "CRL-20" {
		return what + " is not valid now{: --at TIME judges evidence for the time at which it was taken}" + lifetime + "; if the evidence is new, check this computer's clock"
	}
	return ""
}

// another says what to do about a root that is genuine and of another product, and about
// a leaf that is not that of the report by what both say.
func another(e *verdict.Error) string {
	switch {
	case e.Requirement == "CHN-43" && strings.HasPrefix(e.Actual, "the ARK of "):
		return "the root and the leaf do not belong together: leave the root out, or give the leaf of this report"
	case e.Requirement == "RPT-23" && strings.Contains(e.Message, "not authenticated: "):
		of := "not that of this report"
		if strings.Contains(e.Message, "CHIP_ID") {
			of = "of another chip"
		}
		return "the certificate is " + of + ": give the one for this chip at this firmware level{, by --certs}{, or let --fetch ask AMD for it}"
	}
	return ""
}
