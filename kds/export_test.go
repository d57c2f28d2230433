package kds

import (
	"context"
	"net/http"
	"time"
)

// Limits in bytes, by what is fetched.
var (
	LimitVCEK  = limits[vcek]
	LimitChain = limits[certChain]
	LimitCRL   = limits[crl]
)

var (
	RetryAfter  = retryAfter
	EncodeEntry = encodeEntry
	DecodeEntry = decodeEntry
	EntryName   = entryName
	Excerpt     = excerpt
)

// SetClock replaces what a Client knows of time and chance.
func (c *Client) SetClock(now func() time.Time, sleep func(context.Context, time.Duration) error, jitter func(int64) int64) {
	c.now, c.sleep, c.jitter = now, sleep, jitter
}

// Kept and Keep are the cache without the server.
func (c *Client) Kept(r Request) []byte    { return c.cached(r, r.URL(c.base)) }
func (c *Client) Keep(r Request, b []byte) { c.keep(r, r.URL(c.base), b) }

var CheckRedirect = checkRedirect

var Sleep = sleep

// Transport is what a Client asks through.
func (c *Client) Transport() *http.Transport { return c.http.Transport.(*http.Transport) }
