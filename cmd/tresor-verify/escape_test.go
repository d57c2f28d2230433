package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// evil moves the cursor, begins a line, sets a window's title and turns the
// direction of writing.
const evil = "\x1b]0;x\x07\x1b[2J\r\nPASS\u202e\u2066\u009b31m\x7f\u200b"

// harmless fails when a terminal could act upon a text, or when it has more lines
// with PASS than its one first line.
func harmless(t *testing.T, name string, o outcome) {
	t.Helper()
	for _, text := range []string{o.stdout, o.stderr} {
		for _, r := range text {
			if r != '\n' && !strconv.IsPrint(r) {
				t.Errorf("%s: %q in %q", name, r, text)
				break
			}
		}
	}
	passes := strings.Count("\n"+o.stdout+o.stderr, "\nPASS")
	if o.code == 0 && strings.HasPrefix(o.stdout, "PASS\n") {
		passes--
	}
	if passes != 0 {
		t.Errorf("%s: a line of its own: %q", name, o.stdout+o.stderr)
	}
}

// TestEscapedEverywhere: what a server, a file or an argument says reaches the
// terminal escaped, on every path of output.
func TestEscapedEverywhere(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	said := func(document, member string, value any) func(string, map[string]any) {
		return func(d string, m map[string]any) {
			if d == document {
				m[member] = value
			}
		}
	}
	everywhere := func(d string, m map[string]any) {
		m["workload"] = evil
		switch d {
		case "manifest":
			m["version"], m["image_digest"], m["binary_digest"] = evil, evil, evil
		case "bundle":
			m[evil], m["note"] = 1, evil
		case "envelope":
			m[evil] = evil
		}
	}
	check := func(name string, code int, args []string) {
		t.Helper()
		for _, more := range [][]string{nil, {"--explain"}, {"--json"}} {
			if len(more) > 0 && more[0] == "--explain" && (args[0] == "show" || args[0] == "bundle") {
				continue // they have no steps
			}
			o := tool(slices.Concat(args, more)...)
			harmless(t, name, o)
			if o.code != code {
				t.Errorf("%s: %+v", name, o)
			}
			if len(more) > 0 && more[0] == "--json" && !json.Valid([]byte(o.stdout)) {
				t.Errorf("%s: %s", name, o.stdout)
			}
		}
	}

	args := withCert(f, endpoint(t, f, 17, everywhere))
	check("pass", 0, append(slices.Clip(args), "--record", f.path("pin.json"), "--save", f.path("evidence.json"), "--replace"))
	if o := tool(args...); !strings.Contains(o.stdout, `\x1b]0;x`) {
		t.Errorf("the strings are not shown at all: %+v", o)
	}
	check("workload", verdict.ExitRefused, append(slices.Clip(args), "--workload", "router"))
	for _, name := range []string{"envelope.json", "bundle.jws", "evidence.json"} {
		check("show "+name, 0, []string{"show", f.path(name)})
	}
	bundle := []string{"bundle", "verify", "--release-root", f.path("release.pem"), f.path("bundle.jws")}
	check("bundle verify", 0, bundle)
	mine := mustRead(t, f.path("bundle.jws"))
	for code, older := range map[int][]func(string, map[string]any){0: {everywhere}, verdict.ExitRefused: nil} { // the latter is of another workload
		endpoint(t, f, 16, older...)
		check("bundle diff", code, []string{"bundle", "diff", "--release-root", f.path("release.pem"), f.path("bundle.jws"), f.write("evil.jws", mine)})
	}
	f.write("bundle.jws", mine)
	pin := strings.Replace(string(mustRead(t, f.path("pin.json"))), `"origin": ""`, `"origin": `+quoteJSON(evil), 1)
	check("show pin", 0, []string{"show", f.write("pin.json", []byte(pin))})
	check("replay", 0, []string{"attest", "--evidence", f.path("evidence.json"), "--release-root", f.path("release.pem"), "--amd-root", f.path("ark.pem")})
	check("show policy", 0, []string{"show", f.write("policy.json", []byte(`{"schema": "attest.policy/v1", "csp_ids": [`+quoteJSON("CN="+evil)+`]}`))})
	check("schema", verdict.ExitUndecided, []string{"show", f.write("schema.json", []byte(`{"schema": `+quoteJSON(evil)+`}`))})

	for name, tt := range map[string]struct {
		document, member string
		value            any
	}{
		"schema of the envelope": {"envelope", "schema", evil}, "issued_at": {"envelope", "issued_at", evil}, "tag": {"envelope", "workload_identity_tag", evil},
		"chain": {"envelope", "vcek_chain_pem", evil}, "schema of the bundle": {"bundle", "schema", evil}, "measurement": {"bundle", "allowed_hw_measurements", []string{evil}},
		"product": {"bundle", "allowed_products", []string{evil}}, "floor": {"bundle", "min_tcb", map[string]int{evil: 1}}, "workload of the bundle": {"bundle", "workload", evil},
		"schema of the manifest": {"manifest", "schema", evil}, "root": {"bundle", "amd_root_ca_pem", evil},
	} {
		check(name, verdict.ExitRefused, endpoint(t, f, 17, said(tt.document, tt.member, tt.value)))
	}

	signReceipt(t, f, evil, map[string]any{"jti": evil, "requested_route": evil, "routed_model": evil, "router_attestation": evil, evil: evil})
	receipt := []string{"receipt", "--jwks", f.path("jwks.json"), f.path("receipt.jws")}
	check("receipt", 0, receipt)
	check("show receipt", 0, []string{"show", f.path("receipt.jws")})
	signReceipt(t, f, "k", map[string]any{"request_digest": evil})
	check("receipt, refused", verdict.ExitRefused, receipt)

	check("file name", verdict.ExitUndecided, []string{"report", "--report", evil})
	check("argument", verdict.ExitUndecided, []string{"report", evil})
	check("flag", verdict.ExitUsage, []string{"report", "--" + evil})
	check("value", verdict.ExitUsage, []string{"report", "--report", "x", "--at", evil})
	check("url", verdict.ExitUsage, []string{"attest", "--url", evil, "--release-root", f.path("release.pem")})
}

func quoteJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// evilAnswers are those of a server that speaks no proper HTTP.
func evilAnswers() map[string]string {
	line := strings.NewReplacer("\r", "", "\n", "").Replace(evil)
	return map[string]string{
		"status":   "HTTP/1.1 503 " + line + "\r\nContent-Length: 0\r\n\r\n",
		"protocol": line + "\r\n\r\n",
		"type":     "HTTP/1.1 200 OK\r\nContent-Type: text/" + line + "\r\nContent-Length: 2\r\n\r\n{}",
		"encoding": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: " + line + "\r\nContent-Length: 2\r\n\r\n{}",
		"redirect": "HTTP/1.1 302 Found\r\nLocation: https://x.example/" + line + "\r\nContent-Length: 0\r\n\r\n",
		"body":     fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(evil), evil),
	}
}

// TestEscapedFromTheWire: status lines, headers and redirects of a server that
// speaks no proper HTTP.
func TestEscapedFromTheWire(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args, server, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	for name, answer := range evilAnswers() {
		listener, err := tls.Listen("tcp", "127.0.0.1:0", server.TLS)
		if err != nil {
			t.Fatal(err)
		}
		go serveRaw(listener, answer)
		for _, more := range [][]string{nil, {"--json"}} {
			o := tool(slices.Concat(replaceFlag(args, []string{"--url", "https://" + listener.Addr().String()}), more)...)
			harmless(t, name, o)
			if o.code != verdict.ExitUndecided && o.code != verdict.ExitRefused {
				t.Errorf("%s: %+v", name, o)
			}
		}
		listener.Close()
	}
}

// serveRaw answers every request with the same bytes.
func serveRaw(listener net.Listener, answer string) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			buffer := make([]byte, http.DefaultMaxHeaderBytes)
			if _, err := conn.Read(buffer); err == nil {
				fmt.Fprint(conn, answer)
			}
		}()
	}
}
