// Package proxy is a local address for one attested endpoint: it passes requests on
// to the endpoint once that is proven, and tells the verdict.
package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/tresorhq/attest/internal/advice"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/transport"
	"github.com/tresorhq/attest/verdict"
)

// Config says where the proxy stands, whom it lets in, and how it logs.
type Config struct {
	Origin      string   // of the endpoint, https://HOST[:PORT]
	Listen      string   // HOST:PORT; port 0: any
	AllowRemote bool     // let Listen be an address that others reach
	Hosts       []string // further names that clients may call it by
	Origins     []string // of web pages that may use it
	MaxBody     int64    // of a request, in bytes
	Grace       time.Duration
	JSONLog     bool

	Transport transport.Config // how the endpoint is reached and judged; OnAudit and OnRefresh are the proxy's
	Relaxed   []string         // of the policy in Transport
	Enforced  []verdict.Demand
	Tool      string // name and version of the program
	Advice    advice.For
	Log       *cli.Printer
	Now       func() time.Time
}

const maxHeader = 64 << 10 // bytes of a request's line and header

// Check refuses hosts and origins that no client can name.
func (c Config) Check() error { return checkNames(c.Hosts, c.Origins) }

// EventLog makes the notes of the log JSON, when the configuration asks for it.
func (c Config) EventLog() {
	if c.JSONLog {
		c.Log.Event = c.watcher().note
	}
}

func (c Config) watcher() *watcher {
	return &watcher{log: c.Log, advice: c.Advice, now: c.Now, json: c.JSONLog, origin: c.Origin, tool: c.Tool, relaxed: c.Relaxed, enforced: c.Enforced, again: 2 * time.Second}
}

// Run listens and passes requests on until ctx ends, and then lets running requests
// finish. It returns why what stood at that moment is no PASS.
func Run(ctx context.Context, c Config) error {
	watch := c.watcher()
	c.Transport.OnAudit, c.Transport.OnRefresh = watch.observe, watch.missed
	t, err := transport.New(c.Origin, c.Transport)
	if err != nil {
		return cli.Usagef("%v", err)
	}
	watch.transport = t
	defer watch.close()
	listener, err := c.listen()
	if err != nil {
		return cli.Usagef("--listen: %v", err)
	}
	p := newProxy(t, watch, names(c.Listen, c.Hosts, listener.Addr()), c.Origins, c.MaxBody)
	watch.say("listening", listener.Addr().String())
	watch.known() // before a client asks, for the log
	return c.serve(ctx, listener, p)
}

// open listens. Whoever can connect can use the endpoint in the name of the
// program that was meant, so by default that is nobody from elsewhere.
// Rules: PRX-01.
func (c Config) listen() (net.Listener, error) {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); !c.AllowRemote && !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%q is no loopback address: others could reach it; --allow-remote lets them", printable.Short(c.Listen))
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, err
	}
	if to, ok := listener.Addr().(*net.TCPAddr); !c.AllowRemote && (!ok || !to.IP.IsLoopback()) { // "localhost" can be anything
		listener.Close()
		return nil, fmt.Errorf("%q is no loopback address: %v", printable.Short(c.Listen), listener.Addr())
	}
	return listener, nil
}

// serve answers until the context ends, and then lets requests finish. It returns
// why what stood at that moment is no PASS.
// Rules: PRX-15, PRX-42.
func (c Config) serve(ctx context.Context, listener net.Listener, p *proxy) error {
	server := &http.Server{
		Handler:           p,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		Protocols:         new(http.Protocols),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, conn)
		},
		// OPTIONS * is refused like all that is no request to a base URL.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // what clients do wrong
	}
	server.Protocols.SetHTTP1(true)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("proxy: %w", err)
	case <-ctx.Done():
	}
	standing := p.watch.standing()
	p.watch.say("stopping", listener.Addr().String())
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Grace)
	defer cancel()
	if server.Shutdown(grace) != nil {
		server.Close()
	}
	<-done
	return standing
}
