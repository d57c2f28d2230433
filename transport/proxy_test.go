package transport_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tresorhq/attest/transport"
)

// A connectProxy answers CONNECT and tunnels.
type connectProxy struct {
	url     *url.URL
	tunnels atomic.Int64
	auth    atomic.Pointer[string]
	refuse  atomic.Bool
}

func newProxy(t *testing.T, scheme string) *connectProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if scheme == "https" {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{twin().TLSCertificate()}})
	}
	p := &connectProxy{url: &url.URL{Scheme: scheme, Host: l.Addr().String(), User: url.UserPassword("me", "secret")}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); running.Wait() })
	return p
}

func (p *connectProxy) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	req, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	auth := req.Header.Get("Proxy-Authorization")
	p.auth.Store(&auth)
	if req.Method != http.MethodConnect || p.refuse.Load() {
		io.WriteString(c, "HTTP/1.1 403 Forbidden\r\n\r\n")
		return
	}
	to, err := net.Dial("tcp", req.Host)
	if err != nil {
		return
	}
	defer to.Close()
	p.tunnels.Add(1)
	io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		io.Copy(to, r)
		to.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(c, to)
}

// TestProxies is scenario 17: through CONNECT proxies the key is the target's.
// Rules: TRN-61.
func TestProxies(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			each(t, func(t *testing.T, protocol string) {
				p := newPod(t, protocol, shared(), nil)
				proxy := newProxy(t, scheme)
				var asked atomic.Pointer[http.Request]
				tr := newTransport(t, p, func(c *transport.Config) {
					c.WebRoots = webRoots()
					c.Proxy = func(r *http.Request) (*url.URL, error) {
						asked.Store(r)
						return proxy.url, nil
					}
				})
				for range 3 {
					req, _ := http.NewRequest(http.MethodPost, "https://"+p.address+"/x?secret", strings.NewReader("hello"))
					req.Header.Set("Authorization", "secret")
					res, err := (&http.Client{Transport: tr}).Do(req)
					if err != nil {
						t.Fatal(err)
					}
					if s := readAll(t, res); s != "POST /x 5" {
						t.Errorf("got %q", s)
					}
					if r, _ := transport.ResultOf(res); r.TLSSPKISHA256 != shared().Evidence().LiveSPKI {
						t.Error("another key")
					}
				}
				if proxy.tunnels.Load() != 1 || p.asked.Load() != 1 {
					t.Errorf("%d tunnels, asked %d times", proxy.tunnels.Load(), p.asked.Load())
				}
				if r := asked.Load(); r.URL.String() != "https://"+p.address+"/attestation" || len(r.Header) != 0 {
					t.Errorf("the proxy function saw %v %v", r.URL, r.Header)
				}
				if *proxy.auth.Load() != "Basic "+base64.StdEncoding.EncodeToString([]byte("me:secret")) {
					t.Error("no Proxy-Authorization")
				}
				none(t, p)
				tr.Close()

				proxy.refuse.Store(true)
				tr = newTransport(t, p, func(c *transport.Config) {
					c.WebRoots = webRoots()
					c.Proxy = http.ProxyURL(proxy.url)
				})
				_, err := get(tr, "https://"+p.address+"/")
				if kind, rule := ruleOf(err); kind != "EvidenceUnavailableError" || rule != "TRN-60" || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "proxy") {
					t.Errorf("%s %s: %v", kind, rule, err)
				}
			})
		})
	}
}

// TestProxyToBadPod: a proxy that leads elsewhere, to a server with a good web
// certificate.
func TestProxyToBadPod(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		liar := newPod(t, protocol, twin(), nil)
		liar.setLie(func(w http.ResponseWriter, _ *http.Request) { writeEnvelope(w, liar.envelopeOf(shared())) })
		proxy := newProxy(t, "http")
		f := newFleet(liar)
		tr := newFleetTransport(t, f, func(c *transport.Config) {
			c.DialContext = nil
			c.Proxy = http.ProxyURL(proxy.url)
		})
		_, err := post(tr, f.origin+"/", "secret")
		if kind, _ := ruleOf(err); kind != "SPKIMismatchError" || liar.requests.Load() != 0 || proxy.tunnels.Load() != 1 {
			t.Errorf("%v, %d requests, %d tunnels", err, liar.requests.Load(), proxy.tunnels.Load())
		}
	})
}

// TestNoProxy is scenario 17: a rule with a port or an IPv6 literal sees both as
// they are. IPv6 literals are dialled as such.
func TestNoProxy(t *testing.T) {
	p := newPod(t, "h2", shared(), nil)
	_, port, _ := net.SplitHostPort(p.address)
	for _, origin := range []string{"https://127.0.0.1:" + port, "https://[::1]:" + port} {
		c := config(shared())
		var dialled string
		c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			dialled = address
			return new(net.Dialer).DialContext(ctx, network, p.address)
		}
		c.Proxy = func(r *http.Request) (*url.URL, error) {
			if r.URL.Scheme+"://"+r.URL.Host == origin { // as NO_PROXY has it
				return nil, nil
			}
			return url.Parse("http://127.0.0.1:1")
		}
		tr, err := transport.New(origin, c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := get(tr, origin+"/"); err != nil {
			t.Error(err)
		}
		if "https://"+dialled != origin {
			t.Errorf("dialled %s", dialled)
		}
		tr.Close()
	}
	none(t, p)
}
