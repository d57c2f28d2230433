package proxy

import (
	"net"
	"slices"
	"testing"
)

// TestNamesThatMatch: hosts and origins that a request can have.
// Rules: PRX-02.
func TestNamesThatMatch(t *testing.T) {
	good := Config{
		Hosts:   []string{"foo", "FOO.example", "foo_bar:8080", "192.0.2.1", "192.0.2.1:80", "::1", "[::1]", "[::1]:80"},
		Origins: []string{"https://x", "http://localhost:3000", "https://x.example:80", "https://[::1]:8443", "tauri://localhost", "safari-web-extension://8F3C", "null"},
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

// TestProxyNames: what Host may be, for the address that is listened on.
// Rules: PRX-10.
func TestProxyNames(t *testing.T) {
	more := []string{"foo", "bar:81", "[2001:db8::1]", "2001:db8::2"}
	for at, want := range map[int][]string{
		80:   {"127.0.0.1:80", "127.0.0.1", "[::1]:80", "[::1]", "localhost:80", "localhost", "foo:80", "foo", "bar:81", "[2001:db8::1]:80", "[2001:db8::1]", "[2001:db8::2]:80", "[2001:db8::2]"},
		8787: {"127.0.0.1:8787", "[::1]:8787", "localhost:8787", "foo:8787", "foo", "bar:81", "[2001:db8::1]:8787", "[2001:db8::1]", "[2001:db8::2]:8787", "[2001:db8::2]"},
	} {
		names := names("127.0.0.1:80", more, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: at})
		for _, name := range want {
			if !slices.Contains(names, name) {
				t.Errorf("port %d: no %q in %q", at, name, names)
			}
		}
		for _, name := range names {
			if !slices.Contains(want, name) {
				t.Errorf("port %d: %q", at, name)
			}
		}
	}
}
