package kds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"
)

// limits are the sizes in bytes above which an answer is refused. Real ones: a
// VCEK has about 1.4 KiB, a chain 4 KiB, a CRL 1 KiB. No larger CRL than this one
// is read by package certchain.
var limits = [...]int{vcek: 16 << 10, certChain: 32 << 10, crl: 128 << 10}

const maxRedirects = 3

// again says whether a failed attempt may be repeated, and after how long if
// the server said so.
type again struct {
	allowed bool
	after   time.Duration // 0: it did not say
}

// get asks once. The request carries nothing but its address.
// Rules: KDS-29.
func (c *Client) get(ctx context.Context, r Request, u string) ([]byte, again, *FetchError) {
	var layer layer
	ctx = httptrace.WithClientTrace(ctx, layer.trace())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return nil, again{}, unfetched("KDS-21", layerHTTP, u, err)
	}
	// Without this header any encoding would do, RFC 9110 section 12.5.3.
	req.Header.Set("Accept-Encoding", "identity")
	res, err := c.http.Do(req)
	if err != nil {
		return c.broken(ctx, u, layer.name(), err)
	}
	defer res.Body.Close()
	refused := unfetched("", layerHTTP, u, nil)
	refused.Status = res.StatusCode
	if res.StatusCode != http.StatusOK {
		refused.Rule, refused.Expected, refused.Actual = "KDS-23", "status 200", fmt.Sprint("status ", res.StatusCode)
		refused.Hint = hint(r, res.StatusCode)
		return nil, c.afterStatus(res), refused
	}
	if encoding, ok := res.Header["Content-Encoding"]; ok {
		refused.Rule, refused.Expected, refused.Actual = "KDS-24", "no Content-Encoding", quote(strings.Join(encoding, ", "))
		return nil, again{}, refused
	}
	// One byte more than allowed, or a longer answer would look like a whole one.
	limit := limits[r.kind]
	body, err := io.ReadAll(io.LimitReader(res.Body, int64(limit)+1))
	if err == nil {
		err = ctx.Err() // whose end can look like that of the body
	}
	if err != nil {
		return c.broken(ctx, u, layerHTTP, err)
	}
	if len(body) == 0 || len(body) > limit {
		refused.Rule, refused.Layer = "KDS-25", layerSize
		refused.Expected, refused.Actual = fmt.Sprintf("1 to %d bytes", limit), "none"
		if len(body) > limit {
			refused.Actual = "more"
		}
		return nil, again{}, refused
	}
	return body, again{}, nil
}

// broken judges an attempt that brought no whole answer.
func (c *Client) broken(ctx context.Context, u, layer string, err error) ([]byte, again, *FetchError) {
	if refused, ok := errors.AsType[*FetchError](err); ok { // from checkRedirect
		refused.URL = u
		return nil, again{}, refused
	}
	if done := ctx.Err(); done != nil {
		return nil, again{}, unfetched("KDS-28", layer, u, done)
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // the rest repeats the URL
	}
	failed := unfetched("KDS-21", layer, u, err)
	// A name that does not exist and a TLS server that is the wrong one stay so.
	dns, ok := errors.AsType[*net.DNSError](err)
	return nil, again{allowed: layer != layerTLS && !(ok && dns.IsNotFound)}, failed
}

// checkRedirect allows what a server does to tidy up its own addresses.
func checkRedirect(req *http.Request, via []*http.Request) error {
	refused := unfetched("KDS-22", layerHTTP, "", nil)
	refused.Status = req.Response.StatusCode
	if len(via) > maxRedirects {
		refused.Expected, refused.Actual = fmt.Sprintf("at most %d redirects", maxRedirects), "another one"
		return refused
	}
	if origin := via[0].URL; req.URL.Scheme != "https" || req.URL.User != nil || hostPort(req.URL) != hostPort(origin) {
		refused.Expected, refused.Actual = "no redirect to other places than https://"+origin.Host, quote(req.URL.Redacted())
		return refused
	}
	return nil
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

func hint(r Request, status int) string {
	switch {
	case status == http.StatusNotFound && r.kind == vcek:
		return "the key server does not know this chip, or not with this TCB"
	case status == http.StatusNotFound:
		return "the key server does not have this; is it a mirror with another layout?"
	case status == http.StatusTooManyRequests:
		return "the key server limits how often it may be asked; a cache helps"
	}
	return ""
}
