package proxy

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/internal/dev/locked"
	"github.com/tresorhq/attest/verdict"
)

func withOps(f *Config) { f.Ops = "127.0.0.1:0" }

// atOps asks the operations listener.
func (d *door) atOps(method, path string) reply {
	d.t.Helper()
	r := d.request(method, path, "")
	r.URL.Host = strings.TrimPrefix(d.ops, "http://")
	return d.do(r)
}

// TestProxyOps: what the operations listener shows, for an endpoint that is proven and
// for one that is not. Nothing is forwarded from there.
// Rules: PRX-50.
func TestProxyOps(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Errorf("%s is forwarded", r.URL.Path) })
	for _, fault := range []attesttest.Fault{"", attesttest.Measurement} {
		var faults []attesttest.Fault
		status, ready := http.StatusOK, "tresor_proxy_ready 1\n"
		if fault != "" {
			faults, status, ready = append(faults, fault), http.StatusServiceUnavailable, "tresor_proxy_ready 0\n"
		}
		d, _ := kitDoor(t, app, withOps, faults...)
		if r := d.atOps("GET", livePath); r.status != http.StatusOK || r.body != "alive\n" {
			t.Errorf("%+v", r)
		}
		if r := d.atOps("GET", readyPath); r.status != status {
			t.Errorf("%+v", r)
		}
		var v verdict.Document
		if r := d.atOps("GET", opsVerdictPath); r.status != status || json.Unmarshal([]byte(r.body), &v) != nil || (v.Verdict == "pass") != (fault == "") {
			t.Errorf("%+v", r)
		}
		if r := d.atOps("GET", metricsPath); r.status != http.StatusOK || !strings.Contains(r.body, ready) || strings.Contains(r.body, "bundle_version 17\n") != (fault == "") {
			t.Errorf("%+v", r)
		}
		if e := d.refusal(d.atOps("GET", "/v1"), http.StatusNotFound, "UsageError"); e.Requirement != "PRX-50" {
			t.Errorf("%+v", e)
		}
		for _, path := range []string{livePath, readyPath, opsVerdictPath, metricsPath} {
			if e := d.refusal(d.atOps("POST", path), http.StatusMethodNotAllowed, "UsageError"); e.Requirement != "PRX-40" {
				t.Errorf("%s: %+v", path, e)
			}
		}
	}
}

// TestProxyOpsPaths: on the traffic port the paths of the operations listener are not
// there, unless the operator lets the endpoint have them.
// Rules: PRX-51.
func TestProxyOpsPaths(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "app") })
	for _, forward := range []bool{false, true} {
		d, _ := kitDoor(t, app, func(f *Config) { f.ForwardOps = forward })
		for _, path := range []string{livePath, readyPath, metricsPath, "/%6divez"} {
			r := d.get(path)
			if forward || path == "/%6divez" {
				if r.status != http.StatusOK || r.body != "app" {
					t.Errorf("%s: %+v", path, r)
				}
			} else if e := d.refusal(r, http.StatusNotFound, "UsageError"); e.Requirement != "PRX-51" {
				t.Errorf("%s: %+v", path, e)
			}
		}
		if r := d.get(opsVerdictPath); r.body != "app" { // which is the endpoint's here
			t.Errorf("%+v", r)
		}
		if r := d.get(healthPath); r.status != http.StatusOK || r.body == "app" {
			t.Errorf("%+v", r)
		}
	}
}

// TestMetricsFormat: promtool takes the metrics, and each has moved.
// Rules: PRX-50.
func TestMetricsFormat(t *testing.T) {
	d, _ := kitDoor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone" {
			panic(http.ErrAbortHandler)
		}
	}), withOps)
	d.get("/")
	d.get("/gone")
	d.get(livePath)
	var text string
	if !soon(func() bool {
		text = d.atOps("GET", metricsPath).body
		return strings.Contains(text, `tresor_proxy_requests_total{code="4xx"} 1`)
	}) {
		t.Error("not counted")
	}
	for _, want := range []string{
		`tresor_proxy_requests_total{code="2xx"} 1`, `tresor_proxy_requests_total{code="5xx"} 1`, `tresor_proxy_refusals_total{type="UpstreamError"} 1`, `tresor_proxy_refusals_total{type="UsageError"} 1`,
		`tresor_proxy_attestations_total{verdict="pass"} `, `tresor_proxy_request_duration_seconds_count 3`, `tresor_proxy_connections `, `tresor_proxy_bundle_end_timestamp_seconds `, `tresor_proxy_verdict_age_seconds `,
		`tresor_proxy_reloads_total{result="kept"} 0`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("no promtool here (Debian: prometheus)")
	}
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}

// TestAlerts: docs/running.md alerts on metrics, and on values of labels, that are there.
// Rules: PRX-50.
func TestAlerts(t *testing.T) {
	page, err := os.ReadFile("../../docs/running.md")
	if err != nil {
		t.Fatal(err)
	}
	d, _ := kitDoor(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), withOps)
	d.get("/")
	d.get(livePath) // which is refused
	text := d.atOps("GET", metricsPath).body
	names := regexp.MustCompile(`tresor_proxy_\w+(\{\w+!?="\w+"\})?`).FindAllString(string(page), -1)
	if len(names) < 8 {
		t.Errorf("%q", names)
	}
	for _, name := range names {
		name = strings.ReplaceAll(name, "!=", "=")
		if !strings.HasSuffix(name, "}") { // a metric or one of its series
			name += "["
		}
		if !regexp.MustCompile(`(?m)^` + strings.NewReplacer("[", `[ {]`, "{", `\{`, "}", `\}`).Replace(name)).MatchString(text) {
			t.Errorf("no %s in %s", name, text)
		}
	}
}

// TestMetricsBuckets: a duration counts in every bucket that it is not above.
func TestMetricsBuckets(t *testing.T) {
	m := &kitProxy("https://api.example", io.Discard).watcher().metrics
	for _, d := range []time.Duration{0, 5 * time.Millisecond, 6 * time.Millisecond, time.Hour} {
		m.request(http.StatusOK, d)
	}
	var text strings.Builder
	m.expose(&text, nil)
	for _, want := range []string{`{le="0.005"} 2`, `{le="0.01"} 3`, `{le="300"} 3`, `{le="+Inf"} 4`, "_sum 3600.011", "_count 4"} {
		if !strings.Contains(text.String(), "tresor_proxy_request_duration_seconds"+want) && !strings.Contains(text.String(), "_bucket"+want) {
			t.Errorf("no %s in %s", want, &text)
		}
	}
}

// TestAccessLog: a line for each request, that answered by the endpoint with the id of
// its connection's verdict, and nothing of what is secret in it.
// Rules: PRX-52.
func TestAccessLog(t *testing.T) {
	const secret = "hunter2"
	d, _ := kitDoor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", secret)
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, secret)
	}), func(f *Config) { f.AccessLog, f.JSONLog = true, true })
	r := d.request("POST", "/v1/%41?key="+secret, secret)
	r.Header.Set("Authorization", secret)
	d.do(r)
	d.raw("GET /" + healthPath[1:] + "?" + secret + " HTTP/1.1\r\nHost: HOST\r\nOrigin: https://" + secret + "\r\n\r\n")
	var lines []Access
	var id string
	if !soon(func() bool {
		lines = nil
		for line := range strings.Lines(d.log.String()) {
			var a Access
			var v verdictLine
			if err := json.Unmarshal([]byte(line), &a); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if json.Unmarshal([]byte(line), &v) == nil && v.Verdict == "pass" {
				id = v.VerdictID
			}
			if a.Schema == "tresor.access/v1" {
				lines = append(lines, a)
			}
		}
		return len(lines) == 2
	}) {
		t.Fatal(d.log)
	}
	// A line is written when its request has ended, which may be in another order.
	slices.SortFunc(lines, func(a, b Access) int { return strings.Compare(a.Time, b.Time) })
	if a := lines[0]; a.Method != "POST" || a.Path != "/v1/%41" || a.Status != http.StatusTeapot || a.Bytes != int64(len(secret)) || len(a.VerdictID) != 16 || a.VerdictID != id || a.Seconds <= 0 {
		t.Errorf("%+v, verdict %q", a, id)
	}
	if a := lines[1]; a.Path != healthPath || a.Status != http.StatusForbidden || a.VerdictID != "" {
		t.Errorf("%+v", a)
	}
	if strings.Contains(d.log.String(), secret) {
		t.Error(d.log)
	}
}

// TestLogLevels: a level leaves out what is below, and names what is written.
// Rules: PRX-53.
func TestLogLevels(t *testing.T) {
	for level, want := range map[string]int{"DEBUG": 4, "INFO": 3, "WARN": 2, "ERROR": 1} {
		log := new(locked.Buffer)
		c := kitProxy("https://api.example", log)
		if err := c.LogLevel.UnmarshalText([]byte(level)); err != nil {
			t.Fatal(err)
		}
		l := c.watcher().log.With("unknown", 1).WithGroup("g")
		l.Debug("DEBUG")
		l.Info("INFO")
		l.Warn("WARN")
		l.Error("ERROR evil\x1b[31m")
		if text := log.String(); strings.Count(text, "\n") != want || !strings.Contains(text, " ERROR ERROR evil") || strings.Contains(text, "\x1b") {
			t.Errorf("%s: %q", level, text)
		}
	}
}

// TestUpgradeH2C: an offer of HTTP/2 is ignored, and not passed on.
// Rules: PRX-13.
func TestUpgradeH2C(t *testing.T) {
	d, _ := kitDoor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header["Upgrade"] != nil || r.Header["Connection"] != nil || r.Header["Http2-Settings"] != nil {
			t.Errorf("%v", r.Header)
		}
		io.WriteString(w, "app")
	}), nil)
	for _, offer := range []string{"h2c", " H2C "} {
		if r := d.raw("GET / HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: " + offer + "\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"); r.status != http.StatusOK || r.body != "app" || r.header["Upgrade"] != nil {
			t.Errorf("%+v", r)
		}
	}
}

// TestProxySocket: a socket of this user alone; one that is left over is replaced, and
// nothing else is. Host is not judged there, Origin is.
// Rules: PRX-10, PRX-11, PRX-56.
func TestProxySocket(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes of sockets here")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "p")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := listenAt("unix:"+path, false); err == nil || !strings.Contains(err.Error(), "another process listens") {
		t.Errorf("a socket in use: %v", err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	d, _ := kitDoor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "app") }), func(f *Config) { f.Listen = "unix:" + path })
	if info, err := os.Lstat(path); err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Fatalf("%v %v", info, err)
	}
	for head, status := range map[string]int{"Host: anything.example": 200, "Host: x\r\nOrigin: https://evil.example": 403} {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "GET / HTTP/1.1\r\n"+head+"\r\n\r\n")
		res, err := http.ReadResponse(bufferedReader(c), nil)
		if err != nil || res.StatusCode != status {
			t.Errorf("%s: %+v %v", head, res, err)
		}
		c.Close()
	}
	d.stop()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left over: %v %v", entries, err)
	}
	for _, make := range []func() error{
		func() error { return os.WriteFile(path, []byte("mine"), 0o600) },
		func() error { return os.Mkdir(path, 0o700) },
		func() error { return os.Symlink("nowhere", path) },
	} {
		if err := make(); err != nil {
			t.Fatal(err)
		}
		if l, err := listenAt("unix:"+path, false); err == nil {
			l.Close()
			t.Error("a file is replaced")
		}
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
	if _, err := listenAt("unix:", false); err == nil {
		t.Error("no path")
	}
}

// TestConnectionLimit: a connection beyond the limit is served when one has ended.
// Rules: PRX-15.
func TestConnectionLimit(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limit := limited(l, 1)
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := limit.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	for range 2 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first := <-accepted
	select {
	case <-accepted:
		t.Error("two at once")
	default:
	}
	if len(limit.(*limitedListener).places) != 1 {
		t.Error("more places than one")
	}
	first.Close()
	first.Close() // which frees no second place
	second := <-accepted
	limit.Close()
	if _, more := <-accepted; more {
		t.Error("accepted after the end")
	}
	second.Close()
}

// TestIdleBody: a body that pauses for too long is answered and the connection ended.
// Rules: PRX-15.
func TestIdleBody(t *testing.T) {
	d, _ := kitDoor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }), nil)
	d.proxy.idleBody = time.Nanosecond
	if e := d.refusal(d.raw("POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\n\r\nab"), http.StatusRequestTimeout, "UsageError"); e.Requirement != "PRX-15" {
		t.Errorf("%+v", e)
	}
}

// A readClock is a response whose read deadline can be seen.
type readClock struct {
	http.ResponseWriter
	deadlines []time.Time
}

func (c *readClock) SetReadDeadline(t time.Time) error {
	c.deadlines = append(c.deadlines, t)
	return nil
}

// TestIdleBodyDeadlines: each read has a deadline of its own. A wait for the answer, when the
// body has ended, is no pause.
// Rules: PRX-15.
func TestIdleBodyDeadlines(t *testing.T) {
	c := new(readClock)
	b := &endedBody{ReadCloser: io.NopCloser(iotest.OneByteReader(strings.NewReader("ab"))), control: http.NewResponseController(c), idle: time.Hour}
	before := time.Now()
	if text, err := io.ReadAll(b); err != nil || string(text) != "ab" || len(c.deadlines) != 4 {
		t.Fatalf("%q %v %v", text, err, c.deadlines)
	}
	for i, at := range c.deadlines {
		if i == 3 && !at.IsZero() || i < 3 && at.Before(before.Add(b.idle)) {
			t.Errorf("deadline %d is %v", i, at)
		}
	}
}
