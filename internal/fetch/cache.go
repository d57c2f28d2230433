package fetch

import (
	"context"
	"sync"
	"time"
)

// maxCached bounds what is remembered of sources that endpoints name.
const maxCached = 8

// A Document is something that was fetched. It is as untrusted as before.
type Document struct {
	Body    []byte
	Fetched Instant
}

// A Cache remembers documents by their address. One that many need is fetched
// once, under a context of its own: a caller that waits for it may leave.
type Cache struct {
	now    Clock
	spawn  func(func(context.Context)) bool // false: closed
	closed error

	mu      sync.Mutex
	known   map[string]Document
	flights map[string]*flight
}

type flight struct {
	done chan struct{}
	doc  Document
	err  error
}

// NewCache makes a cache. When spawn returns false, the cache is closed, and says so
// by the error given.
func NewCache(now Clock, spawn func(func(context.Context)) bool, closed error) *Cache {
	return &Cache{now: now, spawn: spawn, closed: closed, known: map[string]Document{}, flights: map[string]*flight{}}
}

// Get returns the document if it is younger than maxAge, and fetches it
// otherwise.
func (c *Cache) Get(ctx context.Context, key string, maxAge time.Duration, fetch func(context.Context) ([]byte, error)) (Document, error) {
	c.mu.Lock()
	if d, ok := c.known[key]; ok && c.now().Since(d.Fetched) < maxAge {
		c.mu.Unlock()
		return d, nil
	}
	f := c.flights[key]
	if f == nil {
		f = &flight{done: make(chan struct{})}
		if !c.spawn(func(ctx context.Context) { c.land(ctx, key, f, fetch) }) {
			c.mu.Unlock()
			return Document{}, c.closed
		}
		c.flights[key] = f
	}
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.doc, f.err
	case <-ctx.Done():
		return Document{}, context.Cause(ctx)
	}
}

func (c *Cache) land(ctx context.Context, key string, f *flight, fetch func(context.Context) ([]byte, error)) {
	at := c.now() // the age counts from before it was asked for
	b, err := fetch(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.err = err; err == nil {
		f.doc = Document{b, at}
		c.putLocked(key, f.doc)
	}
	delete(c.flights, key)
	close(f.done)
}

// Put remembers a document.
func (c *Cache) Put(key string, d Document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.putLocked(key, d)
}

func (c *Cache) putLocked(key string, d Document) {
	if _, ok := c.known[key]; !ok && len(c.known) >= maxCached {
		clear(c.known) // rare: only endpoints that name many sources come here
	}
	c.known[key] = d
}

// Drop forgets a document that turned out to be no good.
func (c *Cache) Drop(key string, d Document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.known[key]; ok && k.Fetched == d.Fetched {
		delete(c.known, key)
	}
}

// Age returns the age of the oldest document.
func (c *Cache) Age(now Instant) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	var oldest time.Duration
	for _, d := range c.known {
		oldest = max(oldest, now.Since(d.Fetched))
	}
	return oldest
}
