package proxy

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/transport"
)

// strict is a policy that nothing of the test kit meets.
func strict(t *testing.T) policy.Policy {
	t.Helper()
	p, err := policy.New(policy.Rules{MinGuestSVN: 1 << 31})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestReloadHandover: a request that waits for a connection when the trust is replaced is
// judged by the new trust and sent in its name, whole, or refused. What the old trust would
// have found makes no difference.
// Rules: PRX-54, PRX-57.
func TestReloadHandover(t *testing.T) {
	for _, refused := range []bool{false, true} {
		e := kitEnclave(t)
		begun := make(chan bool, 8)
		server, err := e.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			begun <- true
			io.WriteString(w, r.Header.Get("Authorization")+" ")
			io.Copy(w, r.Body)
		}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Close)
		dialled, hold := make(chan bool, 8), make(chan bool)
		c := kitConfig(e, server.BundleURL)
		c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			dialled <- true
			<-hold
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		d := openDoor(t, server.URL, c, func(f *Config) { f.Authorization = "Bearer old" })
		answer := make(chan reply)
		r := d.request("POST", "/x", "the body")
		r.Header.Set("Authorization", "Bearer own")
		go func() { answer <- d.do(r) }()
		<-dialled
		fresh := Trust{Transport: kitConfig(e, server.BundleURL), Authorization: "Bearer new"}
		if refused {
			fresh.Transport.Demands.Policy = strict(t)
		}
		if err := d.watch.install(fresh); err != nil {
			t.Fatal(err)
		}
		got := <-answer // while the old trust still waits for its connection
		close(hold)
		if refused {
			d.refusal(got, http.StatusBadGateway, "PolicyViolationError")
		} else if got.status != http.StatusOK || got.body != "Bearer new the body" {
			t.Errorf("%+v", got)
		}
		d.stop()
		if (len(begun) == 0) != refused {
			t.Errorf("%d requests began", len(begun))
		}
	}
}

// TestReloadRunning: a request that runs when the trust is replaced ends as it began, and
// the next one is of the new trust.
// Rules: PRX-54, PRX-57.
func TestReloadRunning(t *testing.T) {
	e := kitEnclave(t)
	names, finish := make(chan string, 2), make(chan bool)
	server, err := e.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).Flush()
		names <- r.Header.Get("Authorization")
		<-finish
		io.WriteString(w, "whole")
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	d := openDoor(t, server.URL, kitConfig(e, server.BundleURL), func(f *Config) { f.Authorization = "Bearer old" })
	answers := make(chan reply, 2)
	old := d.watch.serving
	for _, name := range []string{"Bearer old", "Bearer new"} {
		go func() { answers <- d.get("/") }()
		if got := <-names; got != name {
			t.Errorf("%q, want %q", got, name)
		}
		if name == "Bearer old" {
			if err := d.watch.install(Trust{Transport: kitConfig(e, server.BundleURL), Authorization: "Bearer new"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(finish)
	for range 2 {
		if got := <-answers; got.status != http.StatusOK || got.body != "whole" {
			t.Errorf("%+v", got)
		}
	}
	if !soon(func() bool { _, err := old.transport.Attest(t.Context()); return err == transport.ErrClosed }) {
		t.Error("the old transport is still there")
	}
}
