package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/internal/proxy"
	"github.com/tresorhq/attest/verdict"
)

// healthFlags say which proxy is asked, and what.
type healthFlags struct {
	ops     string
	live    bool
	timeout time.Duration
}

func healthcheckCommand() cli.Command {
	f := &healthFlags{timeout: 5 * time.Second}
	return cli.Command{
		Name: "healthcheck", Usage: "[--ops ADDRESS] [flags]", Run: f.run,
		Summary: "ask a proxy on this machine how it is, for exec probes",
		About: `Asks for /readyz at the address of proxy --ops; without --ops, for /healthz of a
proxy at ` + defaultListen + `. The exit code is 0 for status 200, and 3 for everything else.
Nothing is verified here: it is the proxy that says so.`,
		Flags: []cli.Flag{
			cli.Row("ops", "ADDRESS", "HOST:PORT or unix:PATH, as of proxy --ops", cli.Text(&f.ops)),
			cli.Row("live", "", "ask for /livez: whether the process is there at all", cli.Switch(&f.live)),
			cli.Row("timeout", "DURATION", "bounds the whole run (default 5s)", cli.Duration(&f.timeout)),
		},
		Examples: []string{"healthcheck --ops unix:/run/tresor/ops.sock", "healthcheck --ops 127.0.0.1:9091 --live"},
	}
}

// run asks and prints the first line of the answer.
// Rules: PRX-58.
func (f *healthFlags) run(ctx context.Context, c *cli.Call) (int, error) {
	network, address, path := "tcp", f.ops, "/readyz"
	socket, isSocket := proxy.SocketPath(f.ops)
	switch {
	case f.live && f.ops == "":
		return 0, cli.Misuse("CLI-06", "--live goes with --ops")
	case f.ops == "":
		address, path = defaultListen, "/healthz"
	case isSocket:
		network, address = "unix", socket
	default:
		if _, _, err := net.SplitHostPort(f.ops); err != nil {
			return 0, cli.Usagef("--ops: %v", err)
		}
	}
	if f.live {
		path = "/livez"
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	client := http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	host := address
	if isSocket {
		host = "localhost"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+path, nil)
	if err != nil {
		return 0, cli.Usagef("--ops: %v", err)
	}
	res, err := client.Do(r)
	if err != nil {
		return 0, verdict.Unavailable("healthcheck", err)
	}
	defer res.Body.Close()
	line, _ := bufio.NewReader(io.LimitReader(res.Body, 1<<10)).ReadString('\n')
	line = printable.Short(string(cli.TrimLine([]byte(line))))
	if res.StatusCode != http.StatusOK {
		return 0, verdict.Unavailable("healthcheck", fmt.Errorf("status %d: %s", res.StatusCode, line))
	}
	c.Line("%s", line)
	return verdict.ExitVerified, nil
}
