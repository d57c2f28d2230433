package transport_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkRequest compares a request over this transport with one over a bare
// http.Transport. For a verdict use TestOverhead.
func BenchmarkRequest(b *testing.B) {
	for _, protocol := range protocols {
		p := newPod(b, protocol, shared(), answerShortly)
		for _, s := range subjects(b, p) {
			b.Run(protocol+"/"+s.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := once(s.rt, p, http.MethodGet); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

type subject struct {
	name string
	rt   http.RoundTripper
}

func answerShortly(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }

// subjects are this transport, a bare one, and a second bare one, which shows
// what the machine makes of equal things.
func subjects(t testing.TB, p *pod) []subject {
	bare := func() http.RoundTripper {
		tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.WebRoots()}, Protocols: new(http.Protocols), MaxIdleConnsPerHost: 64}
		tr.Protocols.SetHTTP1(true)
		tr.Protocols.SetHTTP2(true)
		t.Cleanup(tr.CloseIdleConnections)
		return tr
	}
	attested := newTransport(t, p, nil) // first, so that it ends last: it looks for what is left
	return []subject{{"bare", bare()}, {"bare2", bare()}, {"attested", attested}}
}

func once(rt http.RoundTripper, p *pod, method string) error {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader("hello")
	}
	req, err := http.NewRequest(method, "https://"+p.address+"/", body)
	if err != nil {
		return err
	}
	res, err := rt.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// TestOverhead measures in interleaved rounds, in an order that changes, and
// prints the median of the paired ratios with its 95 % confidence interval by
// order statistics. The second bare transport shows what the machine makes of
// equal things. It runs when ATTEST_BENCH_ROUNDS says how many rounds:
//
//	ATTEST_BENCH_ROUNDS=200 go test ./transport -run TestOverhead -v
func TestOverhead(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("ATTEST_BENCH_ROUNDS"))
	if err != nil || rounds < 10 {
		t.Skip("set ATTEST_BENCH_ROUNDS to 10 or more")
	}
	table := "\n| protocol | callers | | bare | second bare / bare | this / bare |\n|---|---|---|---|---|---|\n"
	for i := range 4 * len(protocols) {
		protocol, callers, method := protocols[i/4], []int{1, 64}[i%4/2], []string{http.MethodGet, http.MethodPost}[i%2]
		p := newPod(t, protocol, shared(), answerShortly, streams(250))
		all := subjects(t, p)
		requests := 64 + callers // of one subject in one round: short ones are disturbed alike
		times := make([][]float64, len(all))
		for round := range rounds + 3 {
			for i := range all {
				i = (i + round) % len(all)
				d := burst(t, all[i].rt, p, method, callers, requests)
				if round >= 3 { // the first ones open connections
					times[i] = append(times[i], float64(d))
				}
			}
		}
		table += fmt.Sprintf("| %s | %d | %s | %.1f µs |", protocol, callers, method, medianOf(times[0])/1e3/float64(requests/callers*callers))
		for i := range all[1:] {
			low, median, high := ratio(times[i+1], times[0])
			table += fmt.Sprintf(" %.3f [%.3f, %.3f] |", median, low, high)
		}
		table += "\n"
	}
	t.Log(table)
}

func burst(t *testing.T, rt http.RoundTripper, p *pod, method string, callers, requests int) time.Duration {
	start := time.Now()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range requests / callers {
				if err := once(rt, p, method); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// TestNewConnection measures what a connection costs that carries one request, in
// the same way. The attested one has a round trip more, and one verification.
func TestNewConnection(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("ATTEST_BENCH_ROUNDS"))
	if err != nil || rounds < 10 {
		t.Skip("set ATTEST_BENCH_ROUNDS to 10 or more")
	}
	for _, protocol := range protocols {
		p := newPod(t, protocol, shared(), answerShortly)
		all := subjects(t, p)
		times := make([][]float64, len(all))
		for round := range rounds + 3 {
			for i := range all {
				i = (i + round) % len(all)
				start := time.Now()
				for range 5 {
					if err := once(all[i].rt, p, http.MethodGet); err != nil {
						t.Fatal(err)
					}
					all[i].rt.(interface{ CloseIdleConnections() }).CloseIdleConnections()
				}
				if round >= 3 {
					times[i] = append(times[i], float64(time.Since(start)))
				}
			}
		}
		row := fmt.Sprintf("| %s | new connection | %.2f ms |", protocol, medianOf(times[0])/5e6)
		for i := range all[1:] {
			low, median, high := ratio(times[i+1], times[0])
			row += fmt.Sprintf(" %.3f [%.3f, %.3f] |", median, low, high)
		}
		t.Log(row)
	}
}

// TestRampCost measures in the same way how long it takes until 1,000 callers of HTTP/1.1
// have a connection each. That may be twice as long as with a bare transport, and no longer.
func TestRampCost(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("ATTEST_BENCH_ROUNDS"))
	if err != nil || rounds < 10 {
		t.Skip("set ATTEST_BENCH_ROUNDS to 10 or more")
	}
	const n = 1000
	arrived, release := make(chan bool), make(chan bool)
	p := newPod(t, "h1", shared(), func(http.ResponseWriter, *http.Request) { arrived <- true; <-release })
	all := subjects(t, p)
	times := make([][]float64, len(all))
	for round := range max(3, rounds/20) {
		for i := range all {
			i = (i + round) % len(all)
			start := time.Now()
			var callers sync.WaitGroup
			for range n {
				callers.Go(func() {
					if err := once(all[i].rt, p, http.MethodGet); err != nil {
						t.Error(err)
					}
				})
			}
			for range n {
				<-arrived
			}
			times[i] = append(times[i], float64(time.Since(start)))
			for range n {
				release <- true
			}
			callers.Wait()
			all[i].rt.(interface{ CloseIdleConnections() }).CloseIdleConnections()
		}
	}
	_, control, _ := ratio(times[1], times[0])
	_, ours, _ := ratio(times[2], times[0])
	t.Logf("bare %.0f ms; second bare / bare %.2f; this / bare %.2f", medianOf(times[0])/1e6, control, ours)
	if ours > 2*max(1, control) {
		t.Errorf("%.2f times a bare one", ours)
	}
}

// ratio returns the median of the paired ratios and its 95 % confidence interval
// by order statistics.
func ratio(a, b []float64) (low, median, high float64) {
	var r []float64
	for i := range a {
		r = append(r, a[i]/b[i])
	}
	slices.Sort(r)
	n := float64(len(r))
	k := int(math.Floor(n/2 - 0.98*math.Sqrt(n)))
	k = max(k, 1)
	return r[k-1], medianOf(r), r[len(r)-k]
}

func medianOf(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// TestRatio checks the statistics on numbers whose answer is known.
func TestRatio(t *testing.T) {
	var a, b []float64
	for i := range 100 {
		a, b = append(a, float64(i+1)), append(b, 1)
	}
	low, median, high := ratio(a, b)
	if got := fmt.Sprint(low, median, high); got != "40 50.5 61" {
		t.Error(got)
	}
}
