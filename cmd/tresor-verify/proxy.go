package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/transport"
)

const (
	defaultListen  = "127.0.0.1:8787"
	defaultMaxBody = 64 << 20
	defaultGrace   = 10 * time.Second
	maxProxyHeader = 64 << 10 // bytes of a request's line and header
)

func proxyCommand() command {
	network := kdsDocs()
	for i := range network {
		if network[i].name == "timeout" {
			network[i].help = "bounds each attestation (default 30s)"
		}
	}
	return command{
		name: "proxy", usage: "--url ORIGIN --release-root FILE [flags]", run: runProxy,
		summary: "a local address for one attested endpoint, for clients in any language",
		about: `Programs that talk to http://127.0.0.1:8787 instead of the endpoint send it nothing
before it is proven, and get status 502 with the error as JSON when it is not. The
verdict is at /.well-known/tresor-verify/verdict and at /healthz. The way from the
program to the proxy is not encrypted, so the proxy answers on loopback only.
SIGINT and SIGTERM end it when what runs has finished, with the exit code of the
newest verdict.`,
		flags: slices.Concat([]flagDoc{
			{help: "Where it stands"},
			{"url", "ORIGIN", "the endpoint: https://HOST[:PORT]"},
			{"listen", "ADDR", "HOST:PORT to answer at (default " + defaultListen + "); port 0: any"},
			{"allow-remote", "", "let --listen be an address that others reach"},
			{"allow-host", "HOST...", "a further name, with or without port, that clients may call it by"},
			{"allow-origin", "ORIGIN...", "web pages of this origin may use it; by default none may"},
			{"max-body", "BYTES", "refuse longer request bodies (default 67108864)"},
			{"grace", "DURATION", "how long requests may go on after a signal (default 10s)"},
			{"json-log", "", "one JSON object per line on standard error"},
			{help: "What is trusted and demanded"},
			{"release-root", "FILE...", "who may sign the bundle: PEM PUBLIC KEY, JWK, or 32 bytes in hex or base64"},
			{"bundle", "FILE|-", "the trust bundle, a compact JWS"},
			{"bundle-url", "URL", "or where it is; without both, where the endpoint says"},
			{"workload", "NAME", "the workload that must run there"},
			{"state", "FILE", "remember the newest bundle, so that older ones are refused"},
		}, hardwareDocs(""), network),
		examples: []string{
			"proxy --url https://api.tresor.co --release-root release.pem",
			"proxy --url https://api.tresor.co --listen 127.0.0.1:9000 --release-root release.pem --state state.json --json-log",
		},
	}
}

type proxyFlags struct {
	attestFlags // of these: those of proxyCommand
	listen      string
	allowRemote bool
	hosts       []string
	origins     []string
	maxBody     int64
	grace       time.Duration
	jsonLog     bool
}

func (f *proxyFlags) declare(fs *flagSet) {
	f.listen, f.maxBody, f.grace = defaultListen, defaultMaxBody, defaultGrace
	f.hardwareFlags.declareDemands(fs)
	f.kdsFlags.declare(fs)
	for name, p := range map[string]*string{
		"url": &f.url, "listen": &f.listen, "bundle": &f.bundle, "bundle-url": &f.bundleURL, "workload": &f.workload, "state": &f.state,
	} {
		fs.text(p, name)
	}
	fs.texts(&f.releaseRoots, "release-root")
	fs.texts(&f.hosts, "allow-host")
	fs.texts(&f.origins, "allow-origin")
	fs.yes(&f.allowRemote, "allow-remote")
	fs.yes(&f.jsonLog, "json-log")
	fs.custom("grace", duration(&f.grace))
	fs.custom("max-body", func(s string) (err error) {
		if f.maxBody, err = strconv.ParseInt(s, 10, 64); err == nil && f.maxBody < 1 {
			err = fmt.Errorf("not above zero")
		}
		return err
	})
}

func runProxy(ctx context.Context, w world, u *ui, args []string) (int, error) {
	var f proxyFlags
	fs := newFlagSet("proxy")
	f.declare(fs)
	if _, err := fs.parse(args, 0); err != nil {
		return 0, err
	}
	switch {
	case f.url == "":
		return 0, usagef("--url is missing")
	case f.bundle != "" && f.bundleURL != "":
		return 0, usagef("--bundle and --bundle-url are two sources for one thing")
	}
	if err := f.checkNames(); err != nil {
		return 0, err
	}
	if err := onceStdin([]string{f.bundle, f.policyFile}); err != nil {
		return 0, err
	}
	watch := &watcher{world: w, ui: u, json: f.jsonLog, origin: f.url, again: 2 * time.Second}
	if f.jsonLog {
		u.event = watch.note
	}
	config, pol, err := f.config(w, u)
	if err != nil {
		return 0, err
	}
	watch.relaxed, config.OnAudit, config.OnRefresh = pol.Relaxed(), watch.observe, watch.missed
	t, err := transport.New(f.url, config)
	if err != nil {
		return 0, usagef("%v", err)
	}
	watch.transport = t
	defer watch.close()
	listener, err := f.open()
	if err != nil {
		return 0, usagef("--listen: %v", err)
	}
	p := newProxy(t, watch, f.names(listener.Addr()), f.origins, f.maxBody)
	watch.say("listening", listener.Addr().String())
	watch.known() // before anybody asks, for the log
	return exitVerified, f.serve(ctx, listener, p)
}

// config says how to reach the endpoint, and whom to trust about it. The
// transport remembers trust bundles also without --state.
func (f *proxyFlags) config(w world, u *ui) (transport.Config, policy.Policy, error) {
	roots, verify, err := f.demands(w)
	if err != nil {
		return transport.Config{}, policy.Policy{}, err
	}
	c, err := f.connection(w, u)
	if err != nil {
		return c, verify.Policy, err
	}
	c.ReleaseRoots, c.Demands = roots, verify
	c.DisableCompression = true // what the two sides agree on is theirs
	return c, verify.Policy, nil
}

// open listens. Whoever can connect can use the endpoint in the name of the
// program that was meant, so by default that is nobody from elsewhere.
// Rules: PRX-01.
func (f *proxyFlags) open() (net.Listener, error) {
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); !f.allowRemote && !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%q is no loopback address: others could reach it; --allow-remote lets them", short(f.listen))
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return nil, err
	}
	if to, ok := listener.Addr().(*net.TCPAddr); !f.allowRemote && (!ok || !to.IP.IsLoopback()) { // "localhost" can be anything
		listener.Close()
		return nil, fmt.Errorf("%q is no loopback address: %v", short(f.listen), listener.Addr())
	}
	return listener, nil
}

// serve answers until the context ends, and then lets requests finish. It returns
// why what stood at that moment is no PASS.
// Rules: PRX-15, PRX-42.
func (f *proxyFlags) serve(ctx context.Context, listener net.Listener, p *proxy) error {
	server := &http.Server{
		Handler:           p,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxProxyHeader,
		Protocols:         new(http.Protocols),
		ConnContext:       func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
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
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.grace)
	defer cancel()
	if server.Shutdown(grace) != nil {
		server.Close()
	}
	<-done
	return standing
}
