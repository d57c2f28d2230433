package proxy

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest/leak"
)

// What the proxy may cost, against a plain one: httputil.ReverseProxy over a bare
// http.Transport, in the same process and the same rounds.
const (
	leastRate   = 0.8                    // of the rate of the plain one
	mostLatency = 1.3                    // times its median latency
	mostDelay   = 300 * time.Microsecond // of a streamed chunk, against no proxy at all
)

// TestProxyOverhead measures in interleaved rounds, in an order that changes, prints the
// medians of the paired ratios, and holds them against the bars. A second plain proxy
// shows what the machine makes of equal things. It runs when ATTEST_BENCH_ROUNDS says how
// many rounds:
//
//	ATTEST_BENCH_ROUNDS=60 go test ./internal/proxy -run TestProxyOverhead -v
func TestProxyOverhead(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("ATTEST_BENCH_ROUNDS"))
	if err != nil || rounds < 10 {
		t.Skip("set ATTEST_BENCH_ROUNDS to 10 or more")
	}
	table := "\n| | callers | plain | rate: control / plain | rate: attested / plain | latency: control / plain | latency: attested / plain |\n|---|--:|--:|--:|--:|--:|--:|\n"
	chunks := "\n| | no proxy | plain adds | attested adds |\n|---|--:|--:|--:|\n"
	for _, protocol := range []string{leak.HTTP1, leak.HTTP2} {
		e := kitEnclave(t)
		witness := new(streamer)
		server, err := leak.NewWitness(e, protocol, witness)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Close)
		bare := func() *http.Transport {
			tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: e.WebRoots()}, Protocols: new(http.Protocols), MaxIdleConnsPerHost: 256, DisableCompression: true}
			tr.Protocols.SetHTTP1(true)
			tr.Protocols.SetHTTP2(true)
			t.Cleanup(tr.CloseIdleConnections)
			return tr
		}
		d := openDoor(t, server.URL, kitConfig(e, server.BundleURL), nil)
		bases := []string{plainProxy(t, server.URL, bare()), plainProxy(t, server.URL, bare()), d.base}
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
		t.Cleanup(client.CloseIdleConnections)
		name := map[string]string{leak.HTTP1: "HTTP/1.1", leak.HTTP2: "HTTP/2"}[protocol]
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for _, callers := range []int{1, 64} {
				whole, single := make([][]float64, len(bases)), make([][]float64, len(bases))
				requests := 192 / callers * callers
				for round := range rounds + 3 {
					for i := range bases {
						i = (i + round) % len(bases)
						lasted, median := volley(t, client, method, bases[i], callers, requests)
						if round >= 3 { // the first ones open connections
							whole[i], single[i] = append(whole[i], lasted), append(single[i], median)
						}
					}
				}
				table += fmt.Sprintf("| %s %s | %d | %.0f µs |", name, method, callers, medianOf(single[0])/1e3)
				for _, i := range []int{1, 2} {
					table += rateRatio(whole[0], whole[i])
				}
				for _, i := range []int{1, 2} {
					table += rateRatio(single[i], single[0])
				}
				table += "\n"
				if _, rate, _ := ratio(whole[0], whole[2]); rate < leastRate {
					t.Errorf("%s %s, %d callers: %.2f of the rate of a plain proxy", name, method, callers, rate)
				}
				if _, latency, _ := ratio(single[2], single[0]); latency > mostLatency {
					t.Errorf("%s %s, %d callers: %.2f times the latency of a plain proxy", name, method, callers, latency)
				}
			}
		}
		direct := &http.Client{Transport: bare()}
		delays := make([][]float64, 3)
		for round := range rounds + 3 {
			for i := range delays {
				i = (i + round) % len(delays)
				c, base := client, bases[2]
				switch i {
				case 0:
					c, base = direct, server.URL
				case 1:
					base = bases[0]
				}
				if delay := witness.stream(t, c, base); round >= 3 {
					delays[i] = append(delays[i], delay)
				}
			}
		}
		none := medianOf(delays[0])
		chunks += fmt.Sprintf("| %s, a streamed chunk | %.0f µs | %.0f µs | %.0f µs |\n", name, none/1e3, (medianOf(delays[1])-none)/1e3, (medianOf(delays[2])-none)/1e3)
		if added := medianOf(delays[2]) - none; added > float64(mostDelay) {
			t.Errorf("%s: %.0f µs more for each chunk", name, added/1e3)
		}
	}
	t.Log(table + chunks)
}

// plainProxy serves a reverse proxy as a program would that knows nothing of attestation.
func plainProxy(t *testing.T, origin string, through http.RoundTripper) (base string) {
	t.Helper()
	to, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: &httputil.ReverseProxy{
		Transport: through, FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return "http://" + l.Addr().String()
}

// volley sends so many requests, and returns how long they all took and the median of
// one, in nanoseconds.
func volley(t *testing.T, client *http.Client, method, base string, callers, requests int) (whole, median float64) {
	t.Helper()
	each := make([]float64, requests)
	began := time.Now()
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for n := caller; n < requests; n += callers {
				start := time.Now()
				var body io.Reader
				if method == http.MethodPost {
					body = strings.NewReader("hello")
				}
				r, err := http.NewRequest(method, base+"/x", body)
				if err != nil {
					t.Error(err)
					return
				}
				res, err := client.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				_, err = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if err != nil || res.StatusCode != http.StatusOK {
					t.Errorf("%s: status %d, %v", base, res.StatusCode, err)
					return
				}
				each[n] = float64(time.Since(start))
			}
		})
	}
	all.Wait()
	return float64(time.Since(began)), medianOf(each)
}

// A streamer is an endpoint that answers shortly, or in chunks, each when it is told to.
type streamer struct{ next chan bool }

func (s *streamer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/stream" {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "ok")
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w).Flush
	flush()
	for range s.next {
		io.WriteString(w, "data: token\n")
		flush()
	}
}

// stream returns the median time from the order to write a chunk until it is read, in
// nanoseconds.
func (s *streamer) stream(t *testing.T, client *http.Client, base string) float64 {
	t.Helper()
	s.next = make(chan bool)
	res, err := client.Get(base + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	var times []float64
	for range 64 {
		start := time.Now()
		s.next <- true
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		times = append(times, float64(time.Since(start)))
	}
	close(s.next)
	io.Copy(io.Discard, lines)
	return medianOf(times)
}

// rateRatio is a cell: the median of the paired ratios, and its 95 % confidence interval.
func rateRatio(a, b []float64) string {
	low, median, high := ratio(a, b)
	return fmt.Sprintf(" %.2f [%.2f, %.2f] |", median, low, high)
}

// ratio returns the median of the paired ratios, and its 95 % confidence interval by
// order statistics.
func ratio(a, b []float64) (low, median, high float64) {
	var r []float64
	for i := range a {
		r = append(r, a[i]/b[i])
	}
	slices.Sort(r)
	// 0.98 of the root of n: 1.96 standard deviations of a binomial distribution.
	k := max(1, int(float64(len(r))/2-0.98*math.Sqrt(float64(len(r)))))
	return r[k-1], medianOf(r), r[len(r)-k]
}

func medianOf(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
