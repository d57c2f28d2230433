package transport

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/tresorhq/attest/rule"

	"github.com/tresorhq/attest/internal/fetch"
)

// An origin is the only place that a Transport talks to.
type origin struct {
	fetch.Authority
	usual string // as most requests spell it
}

// parseOrigin reads "https://HOST[:PORT][/]".
func parseOrigin(s string) (origin, error) {
	bad := func(field, expected, actual string) (origin, error) {
		return origin{}, rule.Config(&rule.Error{Rule: "TRN-10", Message: "not an origin", Where: field, Offset: rule.NoOffset, Expected: expected, Actual: fetch.Quote(actual)})
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
	o, ok := fetch.ParseAuthority(u.Host)
	if !ok {
		return bad("host", "a name in ASCII or an IP address, and a port from 1 to 65535", u.Host)
	}
	found := origin{Authority: o}
	found.usual = strings.TrimPrefix(found.String(), "https://")
	return found, nil
}

// is reports whether the authority of an https URL, or a Host, is this origin.
func (o origin) is(authority string) bool {
	if authority == o.usual {
		return true
	}
	to, ok := fetch.ParseAuthority(authority)
	return ok && to == o.Authority
}

func (o origin) address() string { return net.JoinHostPort(o.Host, o.Port) }

// String returns the URL, with a port only where it is not 443.
func (o origin) String() string {
	s := "https://" + o.address()
	if o.Port == "443" {
		s = strings.TrimSuffix(s, ":443")
	}
	return s
}

// checkTarget refuses a request to anywhere else. A request that follows a redirect
// carries what the caller meant for this origin.
func (o origin) checkTarget(r *http.Request) error {
	refuse := func(id, where, expected, actual string) error {
		return elsewhere(id, where, expected, fetch.Quote(actual))
	}
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
