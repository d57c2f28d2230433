package kds_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tresorhq/attest/kds"
)

// failing answers with these statuses in turn, the last for ever; 0 breaks the
// connection, 200 has a body.
func failing(t *testing.T, retryAfter string, statuses ...int) (*httptest.Server, *int) {
	asked := new(int)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		status := statuses[min(*asked, len(statuses)-1)]
		*asked++
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
		if status == 200 {
			fmt.Fprint(w, "bytes")
		}
	}), asked
}

type pause struct {
	D      time.Duration
	Reason string
}

// KDS-26, KDS-27: which failures are repeated, after which pauses, and that each
// pause is announced.
func TestRetries(t *testing.T) {
	const s = time.Second
	in := func(d time.Duration) string { return start.Add(d).Format(http.TimeFormat) }
	for _, tt := range []struct {
		name       string
		retryAfter string
		statuses   []int
		want       []pause
		ok         bool
	}{
		{"at once", "", []int{200}, nil, true},
		{"429, then well", "", []int{429, 200}, []pause{{s, "status 429"}}, true},
		{"seconds", "7", []int{429, 503, 200}, []pause{{7 * s, "status 429"}, {7 * s, "status 503"}}, true},
		{"seconds, padded", "007", []int{429, 200}, []pause{{7 * s, "status 429"}}, true},
		{"all that MaxWait allows", "30", []int{429, 200}, []pause{{30 * s, "status 429"}}, true},
		{"date", in(9 * s), []int{503, 200}, []pause{{9 * s, "status 503"}}, true},
		{"past date", in(-9 * s), []int{503, 200}, []pause{{s, "status 503"}}, true},
		{"now", "0", []int{429, 429, 200}, []pause{{s, "status 429"}, {2 * s, "status 429"}}, true},
		{"garbage", "soon", []int{429, 200}, []pause{{s, "status 429"}}, true},
		{"negative", "-7", []int{429, 200}, []pause{{s, "status 429"}}, true},
		{"fraction", "7.5", []int{429, 200}, []pause{{s, "status 429"}}, true},
		{"longer than MaxWait", "31", []int{429, 200}, nil, false},
		{"huge", "99999999999999999999999999", []int{429, 200}, nil, false},
		{"2^64 + 1", "18446744073709551617", []int{429, 200}, nil, false},
		{"far date", "Fri, 31 Dec 9999 23:59:59 GMT", []int{503, 200}, nil, false},
		{"not with other statuses", "7", []int{500, 200}, []pause{{s, "status 500"}}, true},
		{"nor longer then", "31", []int{502, 200}, []pause{{s, "status 502"}}, true},
		{"other 5xx", "", []int{500, 504, 599, 200}, []pause{{s, "status 500"}, {2 * s, "status 504"}, {4 * s, "status 599"}}, true},
		{"never well", "", []int{500}, []pause{{s, "status 500"}, {2 * s, "status 500"}, {4 * s, "status 500"}}, false},
		{"429 for ever", "1", []int{429}, []pause{{s, "status 429"}, {s, "status 429"}, {s, "status 429"}}, false},
		{"broken connection", "", []int{0, 200}, []pause{{s, "no answer (http)"}}, true},
		{"404 after 500", "", []int{500, 404, 200}, []pause{{s, "status 500"}}, false},
	} {
		server, asked := failing(t, tt.retryAfter, tt.statuses...)
		var told []pause
		config := to(server)
		config.Timeout = time.Hour
		config.Wait = func(d time.Duration, reason string) { told = append(told, pause{d, reason}) }
		c, slept := client(t, config)
		body, err := c.Fetch(t.Context(), chain)
		if (err == nil) != tt.ok || (body != nil) != tt.ok {
			t.Errorf("%s: %q, error %v", tt.name, body, err)
		}
		if diff := cmp.Diff(tt.want, told); diff != "" {
			t.Errorf("%s: announced\n%s", tt.name, diff)
		}
		if len(*slept) != len(told) || *asked != len(told)+1 {
			t.Errorf("%s: asked %d times, %d pauses, %d announced", tt.name, *asked, len(*slept), len(told))
		}
		for i, d := range *slept {
			if d != told[i].D {
				t.Errorf("%s: slept %v, announced %v", tt.name, d, told[i].D)
			}
		}
	}
}

func TestRetryErrors(t *testing.T) {
	server, _ := failing(t, "3600", 429)
	c, _ := client(t, to(server))
	body, err := c.Fetch(t.Context(), chain)
	wantFetchError(t, "longer than MaxWait", body, err, "KDS-26", "http", 429)

	server, _ = failing(t, "", 503)
	c, _ = client(t, to(server))
	body, err = c.Fetch(t.Context(), chain)
	wantFetchError(t, "attempts used up", body, err, "KDS-23", "http", 503)
}

// KDS-27: attempts, pauses and their growth are bounded.
func TestBackoffBounds(t *testing.T) {
	server, asked := failing(t, "", 500)
	config := to(server)
	config.Attempts, config.MaxWait, config.Timeout = 70, 10*time.Second, 24*time.Hour
	c, slept := client(t, config)
	if _, err := c.Fetch(t.Context(), chain); err == nil || *asked != 70 {
		t.Errorf("asked %d times, error %v", *asked, err)
	}
	for i, d := range *slept {
		if want := []time.Duration{1, 2, 4, 8, 10}[min(i, 4)] * time.Second; d != want {
			t.Errorf("pause %d is %v, want %v", i, d, want)
		}
	}

	// The least that chance allows is half of it.
	server, _ = failing(t, "", 500)
	c, slept = client(t, to(server))
	c.SetClock(time.Now, func(_ context.Context, d time.Duration) error { *slept = append(*slept, d); return nil }, func(int64) int64 { return 0 })
	c.Fetch(t.Context(), chain)
	if diff := cmp.Diff([]time.Duration{time.Second / 2, time.Second, 2 * time.Second}, *slept); diff != "" {
		t.Error(diff)
	}
}

// KDS-28: the end of the context ends everything, wherever Fetch is.
func TestContextEnds(t *testing.T) {
	hung := func(answer func(http.ResponseWriter)) (*httptest.Server, chan struct{}) {
		began := make(chan struct{})
		return serve(t, func(w http.ResponseWriter, r *http.Request) {
			answer(w)
			close(began)
			<-r.Context().Done()
		}), began
	}
	for name, answer := range map[string]func(http.ResponseWriter){
		"before the answer": func(http.ResponseWriter) {},
		"within the body":   func(w http.ResponseWriter) { w.Write([]byte("x")); w.(http.Flusher).Flush() },
	} {
		server, began := hung(answer)
		c, slept := client(t, to(server))
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-began; cancel() }()
		body, err := c.Fetch(ctx, chain)
		e := wantFetchError(t, name, body, err, "KDS-28", "http", 0)
		if !errors.Is(e, context.Canceled) || len(*slept) != 0 {
			t.Errorf("%s: %v after %d pauses", name, e, len(*slept))
		}

		// Config.Timeout does the same for a caller without a deadline.
		server, _ = hung(answer)
		config := to(server)
		config.Timeout = time.Nanosecond
		c, _ = client(t, config)
		_, err = c.Fetch(t.Context(), chain)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}

	// A server that accepts and then says nothing at all.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := silent.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.Read(make([]byte, 1)) // the handshake has begun
		cancel()
		conn.Read(make([]byte, 1<<16))
	}()
	c, _ := client(t, kds.Config{Base: "https://" + silent.Addr().String(), Proxy: direct})
	body, err := c.Fetch(ctx, chain)
	wantFetchError(t, "silent server", body, err, "KDS-28", "tls", 0)
}

func TestContextEndsWaiting(t *testing.T) {
	// While it waits.
	server, asked := failing(t, "", 500)
	ctx, cancel := context.WithCancel(t.Context())
	config := to(server)
	config.Wait = func(time.Duration, string) { cancel() }
	c, _ := client(t, config)
	body, err := c.Fetch(ctx, chain)
	e := wantFetchError(t, "while it waits", body, err, "KDS-28", "http", 500)
	if !errors.Is(e, context.Canceled) || *asked != 1 {
		t.Errorf("%v after %d requests", e, *asked)
	}

	// Too soon for the wait: no point in waiting.
	server, _ = failing(t, "20", 429)
	ctx, cancel = context.WithTimeout(t.Context(), 19*time.Second)
	defer cancel()
	c, slept := client(t, to(server))
	body, err = c.Fetch(ctx, chain)
	e = wantFetchError(t, "no time left", body, err, "KDS-28", "http", 429)
	if !errors.Is(e, context.DeadlineExceeded) || len(*slept) != 0 {
		t.Errorf("%v after %d pauses", e, len(*slept))
	}

	// Before it begins; the cache makes no difference.
	config = to(server)
	config.CacheDir = t.TempDir()
	c, _ = client(t, config)
	c.Keep(chain, []byte("kept"))
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	body, err = c.Fetch(ctx, chain)
	wantFetchError(t, "over before it begins", body, err, "KDS-28", "http", 0)
}

// The sleep that tests replace.
func TestSleep(t *testing.T) {
	if err := kds.Sleep(t.Context(), time.Nanosecond); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := kds.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "0", "7", "007", "999999999", "1000000000", "-1", "1.5", "x", "Wed, 01 Apr 2026 12:00:09 GMT",
		"Wednesday, 01-Apr-26 12:00:09 GMT", "Wed Apr  1 12:00:09 2026", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := kds.RetryAfter(s, start)
		if d < 0 {
			t.Fatalf("%q: %v", s, d)
		}
		if d == 0 || d == math.MaxInt64 {
			return
		}
		// The same number or instant, written anew, is read the same.
		if d%time.Second != 0 {
			t.Fatalf("%q: %v is no number of seconds", s, d)
		}
		if again := kds.RetryAfter(fmt.Sprint(int64(d/time.Second)), start); again != d && d < 1e9*time.Second {
			t.Fatalf("%q: %v, then %v", s, d, again)
		}
		if again := kds.RetryAfter(start.Add(d).Format(http.TimeFormat), start); again != d {
			t.Fatalf("%q: %v, as a date %v", s, d, again)
		}
	})
}
