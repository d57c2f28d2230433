// Package proxy is a local address for one attested endpoint: it passes requests on
// to the endpoint once that is proven, and tells the verdict.
package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/tresorhq/attest/internal/advice"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
)

// Config says where the proxy stands, whom it lets in, and how it logs.
type Config struct {
	Origin      string        // of the endpoint, https://HOST[:PORT]
	Listen      string        // HOST:PORT or unix:PATH; port 0: any
	AllowRemote bool          // let Listen be an address that others reach
	Hosts       []string      // further names that clients may call it by
	Origins     []string      // of web pages that may use it
	MaxBody     int64         // of a request, in bytes
	MaxConns    int           // of clients, at a time
	IdleBody    time.Duration // how long the body of a request may pause
	DrainDelay  time.Duration // between a signal and the end of listening
	Grace       time.Duration // how long requests may go on after that

	Ops        string // HOST:PORT or unix:PATH of the operations listener; "": there is none
	ForwardOps bool   // forward requests for its paths that come to Listen
	AccessLog  bool
	JSONLog    bool
	LogLevel   slog.Level // the least one that is written

	Trust
	Reload  func(context.Context) (Trust, error) // reads the trust anew
	Hangups <-chan os.Signal                     // each asks for that; nil: there are none

	Tool   string // name and version of the program
	Advice advice.For
	Log    *cli.Printer
	Now    func() time.Time
}

const (
	maxHeader = 64 << 10 // bytes of a request's line and header
	opsConns  = 64       // connections of the operations listener, at a time
)

// Check refuses hosts and origins that no client can name.
func (c Config) Check() error { return checkNames(c.Hosts, c.Origins) }

// KeepLog makes the notes of others lines of the log, at this level.
func (c Config) KeepLog(level slog.Level) {
	log := c.logger()
	c.Log.Noted = func(text string) { log.Log(context.Background(), level, text) }
}

func (c Config) logger() *slog.Logger {
	return slog.New(&logHandler{out: c.Log, json: c.JSONLog, level: c.LogLevel, tool: c.Tool, origin: c.Origin, now: c.Now})
}

func (c Config) watcher() *watcher {
	return &watcher{
		out: c.Log, log: c.logger(), advice: c.Advice, now: c.Now, origin: c.Origin, tool: c.Tool, again: 2 * time.Second,
		older: map[*generation]bool{}, metrics: metrics{counts: map[sample]uint64{}, open: map[net.Conn]bool{}},
	}
}

// Run listens and passes requests on until ctx ends, and then lets running requests
// finish. It returns why what stood at that moment is no PASS.
func Run(ctx context.Context, c Config) error {
	watch := c.watcher()
	if err := watch.install(c.Trust); err != nil {
		return cli.Usagef("--url: %v", err)
	}
	defer watch.close()
	listener, err := listenAt(c.Listen, c.AllowRemote)
	if err != nil {
		return cli.Usagef("--listen: %v", err)
	}
	defer listener.Close()
	var operations net.Listener
	if c.Ops != "" {
		if operations, err = listenAt(c.Ops, true); err != nil {
			return cli.Usagef("--ops: %v", err)
		}
		defer operations.Close()
	}
	watch.event("listening", "on "+c.at(listener)+" for "+c.Origin, shown(c.Listen, listener.Addr()))
	watch.known() // before a client asks, for the log
	return c.serve(ctx, listener, operations, c.handler(watch, listener.Addr()))
}

// at is where a client finds the proxy.
func (c Config) at(l net.Listener) string {
	if address := shown(c.Listen, l.Addr()); !strings.HasPrefix(address, "unix:") {
		return "http://" + address
	}
	return c.Listen
}

// handler returns what answers at a listener.
func (c Config) handler(watch *watcher, at net.Addr) *proxy {
	g := guard{origins: c.Origins, maxBody: c.MaxBody}
	if _, g.anyHost = SocketPath(c.Listen); !g.anyHost {
		g.hosts = names(c.Listen, c.Hosts, at)
	}
	p := newProxy(watch, g)
	p.forwardOps, p.idleBody = c.ForwardOps, c.IdleBody
	if c.AccessLog {
		p.access = func(a Access) { c.Log.Log(printable.JSONLine(a)) }
	}
	return p
}

// server returns a server of HTTP/1.1 with the limits that every listener has.
// Rules: PRX-15.
func server(handler http.Handler) *http.Server {
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		Protocols:         new(http.Protocols),
		// OPTIONS * is refused like all that is no request to a base URL.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // what clients do wrong
	}
	s.Protocols.SetHTTP1(true)
	return s
}

// serve answers until the context ends, and then lets requests finish. It returns
// why what stood at that moment is no PASS.
// Rules: PRX-42, PRX-55.
func (c Config) serve(ctx context.Context, listener, operations net.Listener, p *proxy) error {
	watch, address := p.watch, shown(c.Listen, listener.Addr())
	done := make(chan error, 2)
	if operations != nil {
		s := server(ops{watch})
		s.ReadTimeout, s.WriteTimeout = 10*time.Second, time.Minute
		go func() { done <- s.Serve(limited(operations, opsConns)) }()
		defer s.Close() // last of all: it tells how the end goes
		watch.event("operations", "at "+shown(c.Ops, operations.Addr()), shown(c.Ops, operations.Addr()))
	}
	traffic := server(p)
	traffic.ConnState = watch.metrics.connection
	traffic.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, conn)
	}
	go func() { done <- traffic.Serve(limited(listener, c.MaxConns)) }()
	for running := true; running; {
		select {
		case err := <-done:
			traffic.Close()
			return fmt.Errorf("proxy: %w", err)
		case <-c.Hangups:
			c.reload(ctx, watch)
		case <-ctx.Done():
			running = false
		}
	}
	standing := watch.standing()
	if c.DrainDelay > 0 {
		watch.draining.Store(true)
		watch.event("draining", fmt.Sprintf("for %v", c.DrainDelay), address)
		time.Sleep(c.DrainDelay)
	}
	watch.event("stopping", "on "+c.at(listener)+" for "+c.Origin, address)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Grace)
	defer cancel()
	if traffic.Shutdown(grace) != nil {
		traffic.Close()
	}
	return standing
}

// reload takes over the trust as it is now, whole or not at all.
// Rules: PRX-54.
func (c Config) reload(ctx context.Context, watch *watcher) {
	trust, err := c.Reload(ctx)
	if err == nil {
		err = watch.install(trust)
	}
	if err != nil {
		watch.metrics.count(reloadsTotal, "kept")
		watch.log.Error("nothing is reloaded, what was in force stays: "+err.Error(), eventKey, "kept")
		return
	}
	watch.metrics.count(reloadsTotal, "done")
	watch.log.Info("release roots, policy, bundle, CA, launch and authorization files are reloaded", eventKey, "reloaded")
}
