package kds

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// Config says which key server to ask and how. Base is required; what else is
// zero has the default that its comment names. Negative numbers are refused.
type Config struct {
	// Base is DefaultBase or the address of a mirror: https, lower-case host,
	// optional port and path without slash at the end, no user name, query or
	// fragment.
	Base string

	// WebRoots are the web roots that may vouch for the server's name; nil: those
	// of the system. They have no part in verifying what it sends.
	WebRoots *x509.CertPool

	// Proxy chooses a proxy as http.Transport.Proxy does; nil:
	// http.ProxyFromEnvironment. The request goes through it by CONNECT, inside
	// TLS.
	Proxy func(*http.Request) (*url.URL, error)

	// CacheDir holds certificates and chains between runs; empty: no cache. It
	// is made, with mode 0700, when there is something to keep.
	CacheDir string

	// Wait is told of every pause before it begins: how long, and why. May be
	// nil. It runs on the goroutine that called Fetch, as Warn does.
	Wait func(d time.Duration, reason string)

	// Warn is told what is wrong with the cache, a *FetchError. Fetch goes on
	// without the cache then. May be nil.
	Warn func(error)

	Attempts int           // how often one thing is asked for; 0: 4
	MaxWait  time.Duration // longest pause between two attempts; 0: 30 s
	Timeout  time.Duration // bounds one Fetch with all its pauses; 0: 60 s
}

// Client fetches from one key server. It keeps no connections and may be used
// by several goroutines at once.
type Client struct {
	base     string
	http     *http.Client
	cache    cache
	onWait   func(time.Duration, string)
	warn     func(error)
	attempts int
	maxWait  time.Duration
	timeout  time.Duration

	// Replaced in tests.
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	jitter func(n int64) int64 // 0 <= jitter(n) < n
}

// NewClient makes a Client. It is an error when Base is no base, and when a number
// is negative; its method Rule() string returns the rule of SPEC.md. Nothing is
// asked or written yet.
func NewClient(c Config) (*Client, error) {
	if err := checkBase(c.Base); err != nil {
		return nil, rule.Config(err)
	}
	for _, n := range []struct {
		field string
		value int64
	}{{"Attempts", int64(c.Attempts)}, {"MaxWait", int64(c.MaxWait)}, {"Timeout", int64(c.Timeout)}} {
		if n.value < 0 {
			return nil, rule.Config(refuse("KDS-20", n.field, "no negative number", fmt.Sprint(n.value)))
		}
	}
	client := &Client{
		base:     c.Base,
		cache:    cache{c.CacheDir},
		onWait:   c.Wait,
		warn:     c.Warn,
		attempts: orDefault(c.Attempts, 4),
		maxWait:  orDefault(c.MaxWait, 30*time.Second),
		timeout:  orDefault(c.Timeout, time.Minute),
		now:      time.Now,
		sleep:    sleep,
		jitter:   rand.Int64N,
	}
	if client.onWait == nil {
		client.onWait = func(time.Duration, string) {}
	}
	if client.warn == nil {
		client.warn = func(error) {}
	}
	proxy := c.Proxy
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	roots := c.WebRoots
	if roots != nil {
		roots = roots.Clone() // later changes are not ours
	}
	client.http = &http.Client{
		CheckRedirect: checkRedirect,
		// Not a copy of http.DefaultTransport, which another package may have changed.
		Transport: &http.Transport{
			Proxy:           proxy,
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			// A few requests per run: idle connections, and the goroutines that
			// serve them, would only outlive their use.
			DisableKeepAlives: true,
			// Caps count the bytes that came, not what they unpack to.
			DisableCompression:     true,
			MaxResponseHeaderBytes: 32 << 10,
		},
	}
	return client, nil
}

func orDefault[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

// Fetch returns the bytes that r names, as they were sent: the DER of a
// certificate or CRL, the PEM of a chain. They are not verified in any way.
// Certificates and chains come from the cache when it has them; CRLs expire and
// are always asked for.
//
// Status 429 and 503, other 5xx and broken connections are tried again, after
// the pause that the server asks for or an exponential one, until Attempts are
// used up. All else is final. A context that ends, ends Fetch.
//
// The error is a *rule.Error for the zero Request and a *FetchError for the
// rest; the bytes are nil then.
func (c *Client) Fetch(ctx context.Context, r Request) ([]byte, error) {
	if c == nil || c.base == "" {
		return nil, badBase("a Client from NewClient", "")
	}
	if r.kind == 0 {
		return nil, refuse("KDS-01", "request", "a VCEK, a chain or a CRL", "the zero Request")
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	u := r.URL(c.base)
	if err := ctx.Err(); err != nil {
		return nil, unfetched("KDS-28", layerHTTP, u, err)
	}
	if body := c.cached(r, u); body != nil {
		return body, nil
	}
	for attempt := 1; ; attempt++ {
		body, next, failed := c.get(ctx, r, u)
		if failed == nil {
			c.keep(r, u, body)
			return body, nil
		}
		if !next.allowed || attempt >= c.attempts {
			return nil, failed
		}
		if gaveUp := c.pause(ctx, attempt, next, failed); gaveUp != nil {
			return nil, gaveUp
		}
	}
}

// Leaf returns the certificate, in DER, of the key that signed r: what VCEKFor
// names, by Fetch. p is the product of the chip; zero is the one that the report
// names, which a report of version 2 does not do. The errors are theirs.
func (c *Client) Leaf(ctx context.Context, r *snpreport.Report, p snpreport.Product) ([]byte, error) {
	if r != nil && p == 0 {
		if die, ok := r.Die(); ok {
			p, _ = die.Product() // an unknown die leaves no product, which VCEKFor refuses
		}
	}
	request, err := VCEKFor(r, p)
	if err != nil {
		return nil, err
	}
	return c.Fetch(ctx, request)
}

// CRL returns what the function of this name names, by Fetch. It is what
// transport.Config.Revocation wants.
func (c *Client) CRL(ctx context.Context, p snpreport.Product, key snpreport.SigningKey) ([]byte, error) {
	return c.Fetch(ctx, CRL(p, key))
}

// Forget removes what the cache has for r. Call it when the bytes that Fetch
// returned do not verify, so that the next Fetch asks the server. The error is a
// *FetchError, or a *rule.Error for a Client that NewClient did not make.
func (c *Client) Forget(r Request) error {
	if c == nil || c.base == "" {
		return badBase("a Client from NewClient", "")
	}
	u := r.URL(c.base)
	if err := c.cache.remove(u); err != nil {
		return cacheError(u, err)
	}
	return nil
}

// cached returns nil when the server must be asked.
func (c *Client) cached(r Request, u string) []byte {
	if r.kind == crl {
		return nil
	}
	body, err := c.cache.get(u, limits[r.kind])
	if err != nil {
		c.warn(cacheError(u, err))
		return nil
	}
	return body
}

// keep stores an answer. When that fails the bytes are as good as before, so it
// is worth a warning and not an error.
// Rules: KDS-33.
func (c *Client) keep(r Request, u string, body []byte) {
	if r.kind == crl {
		return
	}
	if err := c.cache.put(u, body); err != nil {
		c.warn(cacheError(u, err))
	}
}

func cacheError(u string, err error) error {
	if e, ok := errors.AsType[*FetchError](err); ok {
		return e
	}
	return unfetched("KDS-31", layerCache, u, err)
}
