package main

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// connectProxy answers CONNECT, whatever the name, with a tunnel to target.
func connectProxy(t *testing.T, l net.Listener, target string) *atomic.Int32 {
	t.Helper()
	tunnels := new(atomic.Int32)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				req, err := http.ReadRequest(r)
				if err != nil || req.Method != http.MethodConnect || req.Host != "attested.example:443" {
					return
				}
				to, err := net.Dial("tcp", target)
				if err != nil {
					return
				}
				defer to.Close()
				tunnels.Add(1)
				io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
				go func() {
					io.Copy(to, r)
					to.(*net.TCPConn).CloseWrite()
				}()
				io.Copy(c, to)
			})
		}
	})
	t.Cleanup(func() { l.Close(); running.Wait() })
	return tunnels
}

// TestProxyVariables: the program goes through the proxy of the environment, for
// the endpoint and for the bundle; where NO_PROXY says so it does not, and the
// name that only the proxy knows is not found.
func TestProxyVariables(t *testing.T) {
	program := built(t)
	f := newFolder(t)
	args, server, asked := liveEndpoint(t, f, mint.P256Key("tls"))
	endpointAt(t, f, 17, time.Now())
	args = replaceFlag(replaceFlag(args, []string{"--url", "https://attested.example"}), []string{"--bundle-url", "https://attested.example/bundle"})
	for _, scheme := range []string{"http", "https"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if scheme == "https" {
			l = tls.NewListener(l, &tls.Config{Certificates: server.TLS.Certificates})
		}
		tunnels := connectProxy(t, l, server.Listener.Addr().String())
		live := func(variables ...string) (int, string) {
			cmd := exec.Command(program, args...)
			cmd.Env = append(os.Environ(), append(variables, "HTTPS_PROXY="+scheme+"://"+l.Addr().String())...)
			out, err := cmd.Output()
			return exitCodeOf(t, err), string(out)
		}
		if code, out := live("NO_PROXY="); code != 0 || tunnels.Load() != 2 {
			t.Errorf("%s: exit code %d, %d tunnels\n%s", scheme, code, tunnels.Load(), out)
		}
		before := asked.Load()
		code, out := live("NO_PROXY=attested.example")
		if code != verdict.ExitUndecided || !strings.HasPrefix(out, "UNDECIDED: EvidenceUnavailableError\n") || !strings.Contains(out, "dns: ") || !strings.Contains(out, "hint:") || tunnels.Load() != 2 || asked.Load() != before {
			t.Errorf("%s: NO_PROXY: exit code %d, %d tunnels\n%s", scheme, code, tunnels.Load(), out)
		}
		l.Close() // nobody answers there now
		code, out = live("NO_PROXY=")
		if code != verdict.ExitUndecided || !strings.Contains(out, "tcp: ") || !strings.Contains(out, "through the proxy") || asked.Load() != before {
			t.Errorf("%s: no proxy there: exit code %d\n%s", scheme, code, out)
		}
	}
}
