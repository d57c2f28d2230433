package fetch

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// maxBundle is the most bytes that a trust bundle can have: payload and header
// in base64, and the signature.
const maxBundle = 512 << 10

// A Fetcher gets documents that are verified by a signature, trust bundles above
// all, over connections of their own, with nothing of any caller.
type Fetcher struct {
	client *http.Client
	What   string // for messages
	Layer  string // for messages; "": the one of the network
}

var errRedirect = errors.New("redirects are not followed")

// New makes a client that keeps no connections.
func New(roots *x509.CertPool, handshake time.Duration, dial func(ctx context.Context, network, address string) (net.Conn, error), proxy func(*http.Request) (*url.URL, error)) *Fetcher {
	return &Fetcher{What: "trust bundle", Layer: Bundle, client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
		Transport: &http.Transport{
			Proxy:                  proxy,
			DialContext:            dial,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    handshake,
			DisableKeepAlives:      true,
			DisableCompression:     true, // the cap counts the bytes that came
			MaxResponseHeaderBytes: 64 << 10,
		},
	}}
}

// Get gets one document, unverified.
func (f *Fetcher) Get(ctx context.Context, address string) ([]byte, error) {
	what := f.What + " " + Shown(address)
	fail := func(id, layer string, err error) ([]byte, error) {
		if f.Layer == "" {
			return nil, Unavailable(id, layer, what, Because(ctx, err))
		}
		return nil, Unavailable(id, f.Layer, layer+": "+what, Because(ctx, err))
	}
	var layer Layer
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, layer.Trace()), http.MethodGet, address, nil)
	if err != nil {
		return fail("TRN-40", HTTP, err)
	}
	req.Header = http.Header{"Accept-Encoding": {"identity"}, "User-Agent": {"tresor-attest"}}
	res, err := f.client.Do(req)
	var sent *url.Error
	if errors.As(err, &sent) {
		err = sent.Err // its text has the whole address
	}
	if err != nil {
		if res != nil { // a redirect
			res.Body.Close()
			return fail("TRN-42", HTTP, err)
		}
		return fail("TRN-44", layer.Name(), err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, Answered("TRN-42", cmp.Or(f.Layer, HTTP), what, "status 200", "status "+Quote(res.Status))
	}
	if encoding, ok := res.Header["Content-Encoding"]; ok {
		return nil, Answered("TRN-43", cmp.Or(f.Layer, HTTP), what, "no content encoding", Quote(encoding[0]))
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, maxBundle+1))
	if err != nil {
		return fail("TRN-44", HTTP, err)
	}
	if len(b) == 0 || len(b) > maxBundle {
		return nil, Answered("TRN-43", cmp.Or(f.Layer, HTTP), what, fmt.Sprintf("1 to %d bytes", maxBundle), "none or more")
	}
	return b, nil
}

// PublicDialer connects to addresses of the public Internet only. The address is
// looked at when it is dialled, so that a name cannot change its mind between a
// check and the use.
// Rules: TRN-46.
func PublicDialer(timeout time.Duration, public func(netip.AddrPort) bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: timeout, Control: func(_, address string, _ syscall.RawConn) error {
		if to, err := netip.ParseAddrPort(address); err != nil || !public(to) {
			return fmt.Errorf("%s is no public address", Quote(address))
		}
		return nil
	}}
	return d.DialContext
}

// notPublic lists what IANA's special-purpose registries reserve inside of the
// ranges that IsPublic otherwise allows: all of IPv4 that is unicast, and
// 2000::/3.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"), // Teredo among them
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4: an IPv4 address inside
	netip.MustParsePrefix("3fff::/20"),
}

var global6 = netip.MustParsePrefix("2000::/3")

// IsPublic reports whether an address is one of the public Internet. IPv4-mapped IPv6
// addresses are refused.
func IsPublic(to netip.AddrPort) bool {
	a := to.Addr()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" || a.Is6() && !global6.Contains(a) {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
