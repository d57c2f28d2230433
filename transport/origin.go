package transport

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/rule"
)

// An origin is the only place that a Transport talks to.
type origin struct {
	host string // lower case; IPv6 without brackets
	port string // never empty
}

// parseOrigin reads "https://HOST[:PORT][/]".
func parseOrigin(s string) (origin, error) {
	bad := func(field, expected, actual string) (origin, error) {
		return origin{}, rule.Config(elsewhere("TRN-10", field, expected, quote(actual)))
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Opaque != "":
		return bad("origin", "https://HOST[:PORT]", s)
	case u.Scheme != "https":
		return bad("scheme", "https", u.Scheme)
	case u.User != nil:
		return bad("user name", "none", "one") // may be followed by a password
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#"):
		return bad("origin", "nothing behind host and port", s)
	}
	o, ok := hostPort(u.Host)
	if !ok {
		return bad("host", "a name in ASCII or an IP address, and a port from 1 to 65535", u.Host)
	}
	return o, nil
}

// hostPort reads the authority of an https URL. Names that need IDNA, a zone, a
// dot at the end and spellings that only some resolvers understand are refused.
func hostPort(authority string) (origin, bool) {
	host, port := authority, "443"
	// The colons of an IPv6 address stand in brackets.
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
			return origin{}, false
		}
	}
	host = strings.ToLower(host)
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		ip, err := netip.ParseAddr(inner)
		return origin{ip.String(), port}, ok && err == nil && ip.Is6() && ip.Zone() == ""
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return origin{host, port}, ip.Is4()
	}
	return origin{host, port}, validName(host)
}

// validName reports whether host is a DNS name in lower-case ASCII. A last label
// of digits only is the old spelling of an IPv4 address (inet_aton).
func validName(host string) bool {
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if len(label) == 0 || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
		last = label
	}
	return len(host) <= 253 && strings.Trim(last, "0123456789") != "" && !strings.HasPrefix(last, "0x")
}

// is reports whether the authority of an https URL, or a Host, is this origin.
func (o origin) is(authority string) bool {
	to, ok := hostPort(authority)
	return ok && to == o
}

func (o origin) address() string { return net.JoinHostPort(o.host, o.port) }

// String returns the URL, with a port only where it is not 443.
func (o origin) String() string {
	s := "https://" + o.address()
	if o.port == "443" {
		s = strings.TrimSuffix(s, ":443")
	}
	return s
}

// check refuses a request to anywhere else. A request that follows a redirect
// carries what the caller meant for this origin.
func (o origin) check(r *http.Request) error {
	refuse := func(id, where, expected, actual string) error { return elsewhere(id, where, expected, quote(actual)) }
	u := r.URL
	switch {
	case u.Scheme != "https":
		return refuse("TRN-11", "scheme", "https", u.Scheme)
	case u.Opaque != "":
		return refuse("TRN-11", "URL", o.String(), u.Opaque)
	case u.User != nil:
		return refuse("TRN-11", "user name", "none", "one")
	}
	if !o.is(u.Host) {
		return refuse("TRN-11", "host", o.address(), u.Host)
	}
	if r.Host != "" && !o.is(r.Host) {
		return refuse("TRN-12", "Host", o.address(), r.Host)
	}
	// Over HTTP/1.1 net/http takes r.Host, leaves out a field "Host", and writes one in
	// another spelling, and a trailer, besides its own.
	for _, v := range r.Header["Host"] {
		if !o.is(v) {
			return refuse("TRN-12", "Host", o.address(), v)
		}
	}
	for name := range r.Header {
		if name != "Host" && strings.EqualFold(name, "Host") {
			return refuse("TRN-12", "Host", "that name", name)
		}
	}
	for name := range r.Trailer {
		if strings.EqualFold(name, "Host") {
			return refuse("TRN-12", "Host", "no such trailer", name)
		}
	}
	return nil
}
