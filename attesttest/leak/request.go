package leak

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// marker is in every part of every request of a scenario, and must be in no
// request for an attestation.
const marker = "witness-secret"

// patience is how long a request may take for which the scenario says nothing
// else.
const patience = 40 * time.Second

// A call is one request to the application.
type call struct {
	method  string // GET, or POST when there is a body
	path    string // "/echo" by default
	url     string // instead of the origin
	host    string // Host, when it is not that of the URL
	body    int    // bytes
	replay  bool   // the body can be had again (GetBody)
	header  map[string]string
	within  time.Duration   // the caller's deadline, when it belongs to the scenario
	context context.Context // the caller's, when it belongs to the scenario
}

// An outcome is what became of it.
type outcome struct {
	err     error
	status  int
	pod     string // that answered
	body    []byte
	header  http.Header
	trailer http.Header
	id      string
}

// reason says why an outcome is not what it should be.
func (o outcome) reason() error {
	if o.err != nil {
		return o.err
	}
	return fmt.Errorf("pod %q, status %d, %d bytes", o.pod, o.status, len(o.body))
}

// do sends a request with the marker in it, and reads all of the response.
func (sr *scenarioRun) do(c call) outcome {
	sr.mu.Lock()
	sr.report.Requests++
	id := strconv.Itoa(sr.report.Requests)
	sr.mu.Unlock()
	started := time.Now()
	o := sr.exchange(c, id)
	o.id = id
	patient := c.within == 0 && c.context == nil
	if patient && isDeadline(o.err) {
		sr.problem("request %s stalled", c.path)
	}
	sr.mu.Lock()
	defer sr.mu.Unlock()
	if patient {
		sr.slowest = max(sr.slowest, time.Since(started))
	}
	if o.err == nil && o.status == http.StatusOK {
		sr.report.Served++
	}
	return o
}

func (sr *scenarioRun) exchange(c call, id string) outcome {
	ctx := c.context
	if ctx == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(sr.ctx, cmp.Or(c.within, patience))
		defer cancel()
	}
	r, body, err := sr.request(ctx, c, id)
	if err != nil {
		return outcome{err: err}
	}
	if body != nil {
		defer func() {
			if !sr.soon(func() bool { return body.closed.Load() }) {
				sr.problem("the body of a request was not closed")
			}
		}()
	}
	response, err := sr.client.Do(r)
	if err != nil {
		return outcome{err: err}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	o := outcome{err: err, status: response.StatusCode, pod: response.Header.Get(podHeader), body: answer, header: response.Header, trailer: response.Trailer}
	if err == nil && response.StatusCode == http.StatusOK && r.URL.Path == "/echo" && r.Method != http.MethodHead && string(answer) != echo(content(c.body)) {
		sr.problem("the body of a request did not arrive whole")
	}
	return o
}

func (sr *scenarioRun) request(ctx context.Context, c call, id string) (*http.Request, *watchedBody, error) {
	method := http.MethodGet
	if c.body > 0 {
		method = http.MethodPost
	}
	url := cmp.Or(c.url, sr.witness.URL+cmp.Or(c.path, "/echo"))
	r, err := http.NewRequestWithContext(ctx, cmp.Or(c.method, method), url+"?id="+id+"&"+marker, nil)
	if err != nil {
		return nil, nil, err
	}
	r.Header = http.Header{"Authorization": {"Bearer " + marker}, "Cookie": {"session=" + marker}, "User-Agent": {marker}, "X-Api-Key": {marker}}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	if c.host != "" {
		r.Host = c.host
	}
	if c.body == 0 {
		return r, nil, nil
	}
	body := sr.watched(c.body)
	r.Body, r.ContentLength = body, int64(c.body)
	if c.replay {
		r.GetBody = func() (io.ReadCloser, error) { return sr.watched(c.body), nil }
	}
	return r, body, nil
}

// watchedBody is the body of a request. Nobody has a reason to read it before
// there is an attested connection to send it on.
type watchedBody struct {
	io.Reader
	play   *scenarioRun
	read   atomic.Bool
	closed atomic.Bool
}

func (sr *scenarioRun) watched(n int) *watchedBody {
	return &watchedBody{Reader: bytes.NewReader(content(n)), play: sr}
}

func (b *watchedBody) Read(to []byte) (int, error) {
	if !b.read.Swap(true) && !b.play.witness.honest() {
		b.play.mu.Lock()
		b.play.leaks = append(b.play.leaks, Leak{Text: "a request's body was read before any honest attestation"})
		b.play.mu.Unlock()
	}
	return b.Reader.Read(to)
}

func (b *watchedBody) Close() error {
	b.closed.Store(true)
	return nil
}

// content is a body of n bytes.
func content(n int) []byte { return []byte(strings.Repeat(marker+" ", n/len(marker)+1))[:n] }

// echo is what the application says to a body.
func echo(body []byte) string { return fmt.Sprintf("%x", sha256.Sum256(body)) }
