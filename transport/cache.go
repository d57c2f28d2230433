package transport

import (
	"context"
	"sync"
	"time"
)

// maxCached bounds what is remembered of sources that endpoints name.
const maxCached = 8

// A document is something that was fetched. It is as untrusted as before.
type document struct {
	body    []byte
	fetched instant
}

// A cache remembers documents by their address. One that many need is fetched
// once, under a context of its own: who waits for it may leave.
type cache struct {
	now   clock
	spawn func(func(context.Context)) bool // false: closed

	mu      sync.Mutex
	known   map[string]document
	flights map[string]*flight
}

type flight struct {
	done chan struct{}
	doc  document
	err  error
}

func newCache(now clock, spawn func(func(context.Context)) bool) *cache {
	return &cache{now: now, spawn: spawn, known: map[string]document{}, flights: map[string]*flight{}}
}

// get returns the document if it is younger than maxAge, and fetches it
// otherwise.
func (c *cache) get(ctx context.Context, key string, maxAge time.Duration, fetch func(context.Context) ([]byte, error)) (document, error) {
	c.mu.Lock()
	if d, ok := c.known[key]; ok && c.now().since(d.fetched) < maxAge {
		c.mu.Unlock()
		return d, nil
	}
	f := c.flights[key]
	if f == nil {
		f = &flight{done: make(chan struct{})}
		if !c.spawn(func(ctx context.Context) { c.land(ctx, key, f, fetch) }) {
			c.mu.Unlock()
			return document{}, ErrClosed
		}
		c.flights[key] = f
	}
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.doc, f.err
	case <-ctx.Done():
		return document{}, context.Cause(ctx)
	}
}

func (c *cache) land(ctx context.Context, key string, f *flight, fetch func(context.Context) ([]byte, error)) {
	at := c.now() // the age counts from before it was asked for
	b, err := fetch(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.err = err; err == nil {
		f.doc = document{b, at}
		c.putLocked(key, f.doc)
	}
	delete(c.flights, key)
	close(f.done)
}

func (c *cache) put(key string, d document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.putLocked(key, d)
}

func (c *cache) putLocked(key string, d document) {
	if _, ok := c.known[key]; !ok && len(c.known) >= maxCached {
		clear(c.known) // rare: only endpoints that name many sources come here
	}
	c.known[key] = d
}

// drop forgets a document that turned out to be no good.
func (c *cache) drop(key string, d document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.known[key]; ok && k.fetched == d.fetched {
		delete(c.known, key)
	}
}

// age returns the age of the oldest document.
func (c *cache) age(now instant) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	var oldest time.Duration
	for _, d := range c.known {
		oldest = max(oldest, now.since(d.fetched))
	}
	return oldest
}
