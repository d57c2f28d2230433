package main

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/verdict"
)

// TestProxyNamesThatNeverMatch: a name that no request can have is a mistake of
// the command line.
// Rules: PRX-02.
func TestProxyNamesThatNeverMatch(t *testing.T) {
	t.Parallel()
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
			if o := tool(args...); o.code != verdict.ExitUsage || !strings.Contains(o.stderr, flag+": ") || !strings.Contains(o.stderr, flagHint(flag)) || strings.Contains(o.stderr, "listening") {
				t.Errorf("%s %s: %+v", flag, value, o)
			}
			if v := tool(append(args, "--json-log")...); v.code != verdict.ExitUsage {
				t.Errorf("%s %s: %+v", flag, value, v)
			}
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if o := tool(append(start, "--listen", taken.Addr().String())...); o.code != verdict.ExitUsage || !strings.Contains(o.stderr, "another address or port by --listen") {
		t.Errorf("%+v", o)
	}
}
