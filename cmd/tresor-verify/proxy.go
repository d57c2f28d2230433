package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/proxy"
	"github.com/tresorhq/attest/verdict"
)

// defaultListen is where a proxy stands when nothing else is said.
const defaultListen = "127.0.0.1:8787"

type proxyFlags struct {
	endpointFlags
	proxy.Config
	tokenFile string
}

func proxyCommand() cli.Command {
	f := new(proxyFlags)
	f.Listen, f.MaxBody, f.MaxConns, f.IdleBody, f.Grace = defaultListen, 64<<20, 4096, time.Minute, 10*time.Second
	network := f.kdsFlags.rows()
	for i := range network {
		if network[i].Name == "timeout" {
			network[i].Help = "bounds each attestation (default 30s)"
		}
	}
	return cli.Command{
		Name: "proxy", Usage: "--url ORIGIN --release-root FILE [flags]", Run: reads(f.run),
		Summary: "a local address for one attested endpoint, for clients in any language",
		About: `Programs that talk to http://127.0.0.1:8787 instead of the endpoint send it
nothing before it is proven, and get status 502 with the error as JSON when it is
not. The verdict is at /.well-known/tresor-verify/verdict and at /healthz. The way
from the program to the proxy is not encrypted, so the proxy answers on loopback
only. SIGINT and SIGTERM end it when what runs has finished, with the exit code of
the newest verdict. SIGHUP reads all files of the trust configuration again: all are
taken over, or none.`,
		Flags: slices.Concat([]cli.Flag{
			cli.Heading("Where it stands"),
			cli.Row("url", "ORIGIN", "the endpoint: https://HOST[:PORT]", cli.Text(&f.url)),
			cli.Row("listen", "ADDRESS", "HOST:PORT or unix:PATH to answer at (default "+f.Listen+")", cli.Text(&f.Listen)),
			cli.Row("allow-remote", "", "let --listen be an address that others reach", cli.Switch(&f.AllowRemote)),
			cli.Row("allow-host", "HOST...", "a further name, with or without port, that clients may call it by", cli.Texts(&f.Hosts)),
			cli.Row("allow-origin", "ORIGIN...", "web pages of this origin may use it; by default none may", cli.Texts(&f.Origins)),
			cli.Row("max-body", "BYTES", "refuse longer request bodies (default 67108864)", func(s string) (err error) {
				if f.MaxBody, err = strconv.ParseInt(s, 10, 64); err == nil && f.MaxBody < 1 {
					err = errors.New("not above zero")
				}
				return err
			}),
			cli.Row("max-connections", "NUMBER", "further clients wait (default 4096)", func(s string) (err error) {
				if f.MaxConns, err = strconv.Atoi(s); err == nil && (f.MaxConns < 1 || f.MaxConns > 1<<20) {
					err = errors.New("not 1 to 1048576")
				}
				return err
			}),
			cli.Row("idle-body", "DURATION", "how long the body of a request may pause (default 1m)", cli.Duration(&f.IdleBody)),
			cli.Row("drain-delay", "DURATION", "after a signal, how long it goes on while /readyz is 503", cli.Duration(&f.DrainDelay)),
			cli.Row("grace", "DURATION", "how long requests may go on after that (default 10s)", cli.Duration(&f.Grace)),
			cli.Row("authorization-file", "FILE", "send this bearer token instead of what programs send", cli.Text(&f.tokenFile)),
			cli.Heading("What it tells"),
			cli.Row("ops", "ADDRESS", "HOST:PORT or unix:PATH for /livez, /readyz, /verdict, /metrics", cli.Text(&f.Ops)),
			cli.Row("forward-ops-paths", "", "let the endpoint have /livez, /readyz and /metrics of --listen", cli.Switch(&f.ForwardOps)),
			cli.Row("access-log", "", "one JSON line a request on standard error", cli.Switch(&f.AccessLog)),
			cli.Row("json-log", "", "one JSON object per line on standard error", cli.Switch(&f.JSONLog)),
			cli.Row("log-level", "debug|info|warn|error", "the least level that is written (default info)", func(s string) error {
				if !slices.Contains([]string{"debug", "info", "warn", "error"}, s) {
					return errors.New("a level is debug, info, warn or error")
				}
				return f.LogLevel.UnmarshalText([]byte(s))
			}),
			cli.Heading("What is trusted and demanded"),
		}, f.demandRows(), f.bundleRows(), []cli.Flag{f.stateRow()}, f.trustFlags.rows(), network),
		Examples: []string{
			"proxy --url https://api.tresor.co --release-root release.pem",
			"proxy --url https://api.tresor.co --listen 127.0.0.1:9000 --release-root release.pem --state state.json --json-log",
		},
	}
}

func (f *proxyFlags) run(r *reading) (code int) {
	r.refuse(f.url == "", "CLI-02", "--url is missing")
	r.refuse(f.bundle != "" && f.bundleURL != "", "CLI-06", "--bundle and --bundle-url are two sources for one thing")
	r.fail(f.Check())
	if r.fail(cli.OnceStdin(append(f.files(), f.tokenFile)...)) {
		return 0
	}
	r.Subject.Origin = f.url
	f.Origin, f.Tool, f.Advice, f.Log, f.Now = f.url, r.Program.Tool(), adviceFor(r.Call), r.Printer, r.Now
	f.KeepLog(slog.LevelInfo)
	r.err = f.start(r.ctx, r.Call)
	if r.Noted = nil; f.JSONLog { // a mistake in the command line is a note too
		f.KeepLog(slog.LevelError)
	}
	return verdict.ExitVerified
}

// start reads what is trusted and runs the proxy, which reads it again when it is told to.
func (f *proxyFlags) start(ctx context.Context, c *cli.Call) (err error) {
	given := *f
	if f.Trust, err = f.trust(&reading{Call: c, ctx: ctx}); err != nil {
		return err
	}
	memory := f.Transport.Demands.Memory // which no reload may forget
	f.Reload = func(ctx context.Context) (proxy.Trust, error) {
		again := given
		t, err := again.trust(&reading{Call: c, ctx: ctx})
		t.Transport.Demands.Memory = memory
		return t, err
	}
	warnOf(c, f.Transport.Demands.Policy)
	hangups, stop := hangups()
	defer stop()
	f.Hangups = hangups
	return proxy.Run(ctx, f.Config)
}

// trust reads how to reach the endpoint, and whom to trust about it. The transport
// remembers trust bundles also without --state.
func (f *proxyFlags) trust(r *reading) (t proxy.Trust, err error) {
	roots, demands := f.demands(r)
	if demands.Memory == nil {
		demands.Memory = attest.NewBundleMemory()
	}
	t.Transport = f.connection(r)
	t.Transport.ReleaseRoots, t.Transport.Demands, t.Relaxed = roots, demands, f.relaxed(demands.Policy)
	t.Enforced = f.enforced(demands.Policy, true)
	t.Transport.DisableCompression = true // what the two sides agree on is theirs
	t.Authorization = f.authorization(r)
	return t, r.err
}

// maxToken is the most that a file with a token may have, in bytes.
const maxToken = 16 << 10

// authorization reads the token that is sent in place of what clients have.
// Rules: PRX-57.
func (f *proxyFlags) authorization(r *reading) string {
	if f.tokenFile == "" || r.err != nil {
		return ""
	}
	refuse := func(format string, args ...any) {
		r.fail(cli.Usagef("--authorization-file: %w", cli.Breaks("PRX-57", format, args...)))
	}
	if f.tokenFile != "-" {
		info, err := os.Stat(f.tokenFile)
		switch {
		case err != nil:
			r.fail(cli.Usagef("--authorization-file: %v", err))
		case runtime.GOOS == "windows": // has no such bits
		case info.Mode()&0o022 != 0:
			refuse("others may write to %s", f.tokenFile)
		case info.Mode()&0o044 != 0:
			r.Note("WARNING: others may read %s", f.tokenFile)
		}
	}
	if r.err != nil {
		return ""
	}
	b, err := r.ReadConfig(r.ctx, "authorization-file", f.tokenFile, maxToken)
	token := string(cli.TrimLine(b))
	switch {
	case err != nil:
		refuse("%v", err)
	case token == "" || strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }):
		refuse("%s is not one line with a token: no white space, no line break, no word Bearer", f.tokenFile)
	}
	return "Bearer " + token
}
