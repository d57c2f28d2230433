package transport_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/tresorhq/attest/transport"
)

// TestCurrent: the newest verdict, as long as it is in date.
func TestCurrent(t *testing.T) {
	p := newPod(t, "h2", shared(), nil)
	tr := newTransport(t, p, nil)
	var skew offset
	tr.SetClock(skew.get)
	if r, ok := tr.Current(); r != nil || ok {
		t.Error("a verdict without an attestation")
	}
	want, err := tr.Attest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := tr.Current(); r != want || !ok {
		t.Error("not the verdict of the attestation")
	}
	skew.add(5*time.Minute, 0)
	if r, ok := tr.Current(); r != nil || ok {
		t.Error("a verdict that has run out")
	}
}

// TestCurrentBundle: a newer trust bundle ends the verdict too.
func TestCurrentBundle(t *testing.T) {
	m := newMarket(t, nil)
	if _, err := m.tr.Attest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := m.tr.Current(); !ok {
		t.Fatal("no verdict")
	}
	m.shop.set(m.pub.bundle(t, 18, 90*24*time.Hour))
	m.tr.Refresh()
	if _, ok := m.tr.Current(); ok {
		t.Error("a verdict under the bundle before")
	}
}

// TestDisableCompression: what the endpoint encoded comes as it is, and it is not
// asked for more than the caller did.
func TestDisableCompression(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		asked := make(chan string, 1)
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			asked <- r.Header.Get("Accept-Encoding")
			w.Header().Set("Content-Encoding", "gzip")
			w.Write([]byte("as it is"))
		})
		tr := newTransport(t, p, func(c *transport.Config) { c.DisableCompression = true })
		res, err := (&http.Client{Transport: tr}).Get("https://" + p.address + "/")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(res.Body); err != nil || b.String() != "as it is" || res.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%q %v", b.String(), err)
		}
		if a := <-asked; a != "" {
			t.Errorf("asked for %q", a)
		}
	})
}
