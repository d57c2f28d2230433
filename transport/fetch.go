package transport

import (
	"cmp"
	"context"
	"crypto/tls"
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

// A fetcher gets documents that are verified by a signature, trust bundles above
// all, over connections of their own, with nothing of any caller.
type fetcher struct {
	client *http.Client
	what   string // for messages
	layer  string // for messages; "": the one of the network
}

// Fetch gets one document from an https URL, as a Transport gets trust bundles: no
// user name or fragment in the URL, no redirects, no content encoding, at most 512
// KiB, within c.AttestTimeout. what names the document in messages. Of c, what says how
// to connect counts. The document is as untrusted as before. The error is an
// *attest.EvidenceUnavailableError, or an ordinary one for a wrong URL or
// configuration; nothing was sent then.
func Fetch(ctx context.Context, what, address string, c Config) ([]byte, error) {
	if expected, ok := checkBundleURL(address, false); !ok {
		return nil, fmt.Errorf("transport: %s: expected %s, got %s", what, expected, shown(address))
	}
	c, err := c.connecting()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.AttestTimeout)
	defer cancel()
	f := newFetcher(c, c.DialContext, c.Proxy)
	f.what, f.layer = what, ""
	return f.fetch(ctx, address)
}

var errRedirect = errors.New("redirects are not followed")

// newFetcher makes a client that keeps no connections.
func newFetcher(c Config, dial func(ctx context.Context, network, address string) (net.Conn, error), proxy func(*http.Request) (*url.URL, error)) *fetcher {
	return &fetcher{what: "trust bundle", layer: layerBundle, client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
		Transport: &http.Transport{
			Proxy:                  proxy,
			DialContext:            dial,
			TLSClientConfig:        &tls.Config{RootCAs: c.WebRoots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    c.DialTimeout,
			DisableKeepAlives:      true,
			DisableCompression:     true, // the cap counts the bytes that came
			MaxResponseHeaderBytes: 64 << 10,
		},
	}}
}

// fetch gets one document, unverified.
func (f *fetcher) fetch(ctx context.Context, address string) ([]byte, error) {
	what := f.what + " " + shown(address)
	fail := func(rule, layer string, err error) ([]byte, error) {
		if f.layer == "" {
			return nil, unavailable(rule, layer, what, because(ctx, err))
		}
		return nil, unavailable(rule, f.layer, layer+": "+what, because(ctx, err))
	}
	var layer layer
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, layer.trace()), http.MethodGet, address, nil)
	if err != nil {
		return fail("TRN-40", layerHTTP, err)
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
			return fail("TRN-42", layerHTTP, err)
		}
		return fail("TRN-44", layer.name(), err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, answered("TRN-42", cmp.Or(f.layer, layerHTTP), what, "status 200", "status "+quote(res.Status))
	}
	if encoding, ok := res.Header["Content-Encoding"]; ok {
		return nil, answered("TRN-43", cmp.Or(f.layer, layerHTTP), what, "no content encoding", quote(encoding[0]))
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, maxBundle+1))
	if err != nil {
		return fail("TRN-44", layerHTTP, err)
	}
	if len(b) == 0 || len(b) > maxBundle {
		return nil, answered("TRN-43", cmp.Or(f.layer, layerHTTP), what, fmt.Sprintf("1 to %d bytes", maxBundle), "none or more")
	}
	return b, nil
}

// publicDialer connects to addresses of the public Internet only. The address is
// looked at when it is dialled, so that a name can not change its mind between a
// check and the use.
// Rules: TRN-46.
func publicDialer(timeout time.Duration, public func(netip.AddrPort) bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: timeout, Control: func(_, address string, _ syscall.RawConn) error {
		if to, err := netip.ParseAddrPort(address); err != nil || !public(to) {
			return fmt.Errorf("%s is no public address", quote(address))
		}
		return nil
	}}
	return d.DialContext
}

// notPublic lists what IANA's special-purpose registries reserve inside of the
// ranges that isPublic otherwise allows: all of IPv4 that is unicast, and
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

// isPublic refuses an IPv4 address in IPv6 clothes too: nobody needs one.
func isPublic(to netip.AddrPort) bool {
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
