package proxy

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// metrics counts what happens.
type metrics struct {
	mu        sync.Mutex
	counts    map[sample]uint64
	durations [len(bounds) + 1]uint64 // of requests, by the first bound that is not below
	seconds   float64                 // all durations together
	open      map[net.Conn]bool       // connections of clients
}

// A sample is one value of a counter.
type sample struct{ counter, label string }

// bounds of the histogram, in seconds.
var bounds = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}

const (
	requestsTotal     = "tresor_proxy_requests_total"
	refusalsTotal     = "tresor_proxy_refusals_total"
	attestationsTotal = "tresor_proxy_attestations_total"
	reloadsTotal      = "tresor_proxy_reloads_total"
	connectionsTotal  = "tresor_proxy_connections_total"
)

// counters in the order in which they are shown, with the values of the label that are
// shown before they occur.
var counters = []struct {
	name, help, label string
	always            []string
}{
	{requestsTotal, "Requests that have ended, by the class of their status; none: without an answer.", "code", []string{"2xx", "3xx", "4xx", "5xx", "none"}},
	{refusalsTotal, "Requests that the proxy answered with an error of its own, by the type of the error.", "type", nil},
	{attestationsTotal, "Attestations of the endpoint, by verdict.", "verdict", []string{"pass", "fail", "error"}},
	{reloadsTotal, "Reloads of the trust configuration, by result; kept: the old one stayed.", "result", []string{"done", "kept"}},
	{connectionsTotal, "Connections of clients that were accepted.", "", []string{""}},
}

func (m *metrics) count(counter, label string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(counter, label)
}

// add counts. Callers hold the mutex.
func (m *metrics) add(counter, label string) {
	m.counts[sample{counter, label}]++
}

// request counts a request that has ended.
func (m *metrics) request(status int, lasted time.Duration) {
	class := "none"
	if status > 0 {
		class = strconv.Itoa(status/100) + "xx"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(requestsTotal, class)
	seconds := lasted.Seconds()
	i, _ := slices.BinarySearch(bounds[:], seconds)
	m.durations[i]++
	m.seconds += seconds
}

// connection follows a connection of a client, as http.Server.ConnState does.
func (m *metrics) connection(c net.Conn, state http.ConnState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch state {
	case http.StateNew:
		m.open[c] = true
		m.add(connectionsTotal, "")
	case http.StateClosed, http.StateHijacked:
		delete(m.open, c)
	}
}

// A gauge is a value that goes up and down.
type gauge struct {
	name, help string
	value      float64
}

// expose writes everything in the text format of Prometheus, version 0.0.4.
// Rules: PRX-50.
func (m *metrics) expose(w io.Writer, gauges []gauge) {
	m.mu.Lock()
	counts, durations, total, open := maps.Clone(m.counts), m.durations, m.seconds, len(m.open)
	m.mu.Unlock()
	begin := func(name, help, kind string) {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	}
	for _, c := range counters {
		labels := slices.Clone(c.always)
		for s := range counts {
			if s.counter == c.name && !slices.Contains(labels, s.label) {
				labels = append(labels, s.label)
			}
		}
		slices.Sort(labels)
		begin(c.name, c.help, "counter")
		for _, label := range labels {
			name := c.name
			if c.label != "" {
				name += "{" + c.label + "=" + strconv.Quote(label) + "}"
			}
			fmt.Fprintf(w, "%s %d\n", name, counts[sample{c.name, label}])
		}
	}
	for _, g := range append([]gauge{{"tresor_proxy_connections", "Connections of clients that are open.", float64(open)}}, gauges...) {
		begin(g.name, g.help, "gauge")
		fmt.Fprintf(w, "%s %s\n", g.name, number(g.value))
	}
	const histogram = "tresor_proxy_request_duration_seconds"
	begin(histogram, "How long requests took, from their header to the end of the answer.", "histogram")
	var n uint64
	for i, bound := range bounds {
		n += durations[i]
		fmt.Fprintf(w, "%s_bucket{le=\"%s\"} %d\n", histogram, number(bound), n)
	}
	n += durations[len(bounds)]
	fmt.Fprintf(w, "%s_bucket{le=\"+Inf\"} %d\n%s_sum %s\n%s_count %d\n", histogram, n, histogram, number(total), histogram, n)
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
