package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/proxy"
	"github.com/tresorhq/attest/verdict"
)

type proxyFlags struct {
	endpointFlags
	proxy.Config
}

func proxyCommand() cli.Command {
	f := new(proxyFlags)
	f.Listen, f.MaxBody, f.Grace = "127.0.0.1:8787", 64<<20, 10*time.Second
	network := f.kdsFlags.rows()
	for i := range network {
		if network[i].Name == "timeout" {
			network[i].Help = "bounds each attestation (default 30s)"
		}
	}
	return cli.Command{
		Name: "proxy", Usage: "--url ORIGIN --release-root FILE [flags]", Run: f.run,
		Summary: "a local address for one attested endpoint, for clients in any language",
		About: `Programs that talk to http://127.0.0.1:8787 instead of the endpoint send it
nothing before it is proven, and get status 502 with the error as JSON when it is
not. The verdict is at /.well-known/tresor-verify/verdict and at /healthz. The way
from the program to the proxy is not encrypted, so the proxy answers on loopback
only. SIGINT and SIGTERM end it when what runs has finished, with the exit code of
the newest verdict.`,
		Flags: slices.Concat([]cli.Flag{
			cli.Heading("Where it stands"),
			cli.Row("url", "ORIGIN", "the endpoint: https://HOST[:PORT]", cli.Text(&f.url)),
			cli.Row("listen", "ADDR", "HOST:PORT to answer at (default "+f.Listen+"); port 0: any", cli.Text(&f.Listen)),
			cli.Row("allow-remote", "", "let --listen be an address that others reach", cli.Switch(&f.AllowRemote)),
			cli.Row("allow-host", "HOST...", "a further name, with or without port, that clients may call it by", cli.Texts(&f.Hosts)),
			cli.Row("allow-origin", "ORIGIN...", "web pages of this origin may use it; by default none may", cli.Texts(&f.Origins)),
			cli.Row("max-body", "BYTES", "refuse longer request bodies (default 67108864)", func(s string) (err error) {
				if f.MaxBody, err = strconv.ParseInt(s, 10, 64); err == nil && f.MaxBody < 1 {
					err = errors.New("not above zero")
				}
				return err
			}),
			cli.Row("grace", "DURATION", "how long requests may go on after a signal (default 10s)", cli.Duration(&f.Grace)),
			cli.Row("json-log", "", "one JSON object per line on standard error", cli.Switch(&f.JSONLog)),
			cli.Heading("What is trusted and demanded"),
		}, f.demandRows(), f.bundleRows(), []cli.Flag{f.stateRow()}, f.trustFlags.rows(), network),
		Examples: []string{
			"proxy --url https://api.tresor.co --release-root release.pem",
			"proxy --url https://api.tresor.co --listen 127.0.0.1:9000 --release-root release.pem --state state.json --json-log",
		},
	}
}

func (f *proxyFlags) run(ctx context.Context, c *cli.Call) (int, error) {
	switch {
	case f.url == "":
		return 0, cli.Usagef("--url is missing")
	case f.bundle != "" && f.bundleURL != "":
		return 0, cli.Misuse("CLI-06", "--bundle and --bundle-url are two sources for one thing")
	}
	if err := f.Check(); err != nil {
		return 0, err
	}
	if err := cli.OnceStdin(f.files()...); err != nil {
		return 0, err
	}
	c.Subject.Origin = f.url
	f.Origin, f.Tool, f.Advice, f.Log, f.Now = f.url, c.Program.Tool(), adviceFor(c), c.Printer, c.Now
	f.EventLog()
	if err := f.reach(ctx, c); err != nil {
		return 0, err
	}
	warnOf(c, f.Transport.Demands.Policy)
	return verdict.ExitVerified, proxy.Run(ctx, f.Config)
}

// reach says how to reach the endpoint, and whom to trust about it. The transport
// remembers trust bundles also without --state.
func (f *proxyFlags) reach(ctx context.Context, c *cli.Call) error {
	roots, demands, err := f.demands(ctx, c)
	if err != nil {
		return err
	}
	if f.Transport, err = f.connection(ctx, c); err != nil {
		return err
	}
	f.Transport.ReleaseRoots, f.Transport.Demands, f.Relaxed = roots, demands, f.relaxed(demands.Policy)
	f.Enforced = f.enforced(demands.Policy, true)
	f.Transport.DisableCompression = true // what the two sides agree on is theirs
	return nil
}
