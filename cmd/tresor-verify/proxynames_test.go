package main

import (
	"net"
	"slices"
	"strings"
	"testing"
)

// TestProxyNamesThatNeverMatch: a name that no request can have is a mistake of
// the command line.
// Rules: PRX-02.
func TestProxyNamesThatNeverMatch(t *testing.T) {
	f := newFolder(t)
	start := []string{"proxy", "--url", "https://127.0.0.1:1", "--release-root", f.write("release.hex", []byte(releaseHex()))}
	for flag, values := range map[string][]string{
		"--allow-host": {
			"http://foo/", "foo/", "*", "*.example", "user@foo", "foo:", "foo:0", "foo:080", "foo:65536", "foo:http", "foo bar", "föö.example", ":80", "[foo]:80", "[192.0.2.1]:80", "[foo]", "[::1", "::1::2", "fe80::1%eth0", "::1]",
		},
		"--allow-origin": {
			"*", "https://x/", "https://x/app", "https://x?", "https://x#", "https://X.example", "HTTPS://x", "https://user@x", "x.example", "https://", "https://x:443", "http://x:80", "https://x:", "//x", "https:x", "https://*.example", "null/",
		},
	} {
		for _, value := range values {
			args := append(slices.Clone(start), flag, value)
			if o := tool(args...); o.code != exitUsage || !strings.Contains(o.stderr, flag+": ") || !strings.Contains(o.stderr, byFlag[flag]) || strings.Contains(o.stderr, "listening") {
				t.Errorf("%s %s: %+v", flag, value, o)
			}
			if v := tool(append(args, "--json-log")...); v.code != exitUsage {
				t.Errorf("%s %s: %+v", flag, value, v)
			}
		}
	}
	good := proxyFlags{
		hosts:   []string{"foo", "FOO.example", "foo_bar:8080", "192.0.2.1", "192.0.2.1:80", "::1", "[::1]", "[::1]:80"},
		origins: []string{"https://x", "http://localhost:3000", "https://x.example:80", "https://[::1]:8443", "tauri://localhost", "safari-web-extension://8F3C", "null"},
	}
	if err := good.checkNames(); err != nil {
		t.Error(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if o := tool(append(start, "--listen", taken.Addr().String())...); o.code != exitUsage || !strings.Contains(o.stderr, "another address or port by --listen") {
		t.Errorf("%+v", o)
	}
}

// TestProxyNames: what Host may be, for the address that is listened on.
// Rules: PRX-10.
func TestProxyNames(t *testing.T) {
	f := proxyFlags{listen: "127.0.0.1:80", hosts: []string{"foo", "bar:81", "[2001:db8::1]", "2001:db8::2"}}
	for at, want := range map[int][]string{
		80:   {"127.0.0.1:80", "127.0.0.1", "[::1]:80", "[::1]", "localhost:80", "localhost", "foo:80", "foo", "bar:81", "[2001:db8::1]:80", "[2001:db8::1]", "[2001:db8::2]:80", "[2001:db8::2]"},
		8787: {"127.0.0.1:8787", "[::1]:8787", "localhost:8787", "foo:8787", "foo", "bar:81", "[2001:db8::1]:8787", "[2001:db8::1]", "[2001:db8::2]:8787", "[2001:db8::2]"},
	} {
		names := f.names(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: at})
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
