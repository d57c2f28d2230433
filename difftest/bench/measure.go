package main

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"
)

// A contender does the work of a row once. Without run there is none.
type contender struct {
	name string // of a peer
	run  func() error
}

// A row is one piece of work. bare is what can not be done without: signatures
// and hashes, by the standard library.
type row struct {
	name             string
	ours, peer, bare contender
}

func (r row) contenders() []contender { return []contender{r.ours, r.peer, r.bare} }

// A result has a number for each contender of a row; zero without one. The ratios
// are medians of those of each round: what slows down a round is in both.
type result struct {
	row    row
	times  [3]time.Duration
	allocs [3]float64
	faster float64 // the peer's time in ours
	ofBare float64 // our time in that of the bare primitives
}

// measure runs the contenders in turn.
func measure(rows []row, rounds int, slice time.Duration) ([]result, error) {
	results := make([]result, len(rows))
	times := make([][3][]time.Duration, len(rows))
	iterations := make([][3]int, len(rows))
	for i, r := range rows {
		results[i].row = r
		for j, c := range r.contenders() {
			if c.run == nil {
				continue
			}
			if err := c.run(); err != nil { // also warms up
				return nil, fmt.Errorf("%s, %s: %w", r.name, c.name, err)
			}
			results[i].allocs[j] = testing.AllocsPerRun(20, func() { c.run() })
			iterations[i][j] = fit(c, slice)
		}
	}
	for i, r := range rows {
		contenders := r.contenders()
		for round := range rounds {
			for k := range contenders {
				j := (k + round) % len(contenders) // nobody is always the first
				c := contenders[j]
				if c.run == nil {
					continue
				}
				t, err := lap(c, iterations[i][j])
				if err != nil {
					return nil, fmt.Errorf("%s, %s: %w", r.name, c.name, err)
				}
				times[i][j] = append(times[i][j], t)
			}
		}
	}
	for i, t := range times {
		for j := range t {
			results[i].times[j] = median(t[j])
		}
		results[i].faster = median(ratios(t[1], t[0]))
		results[i].ofBare = median(ratios(t[0], t[2]))
	}
	return results, nil
}

// ratios divides, round by round; nil where somebody did not take part.
func ratios(a, b []time.Duration) (list []float64) {
	for i := range min(len(a), len(b)) {
		list = append(list, float64(a[i])/float64(b[i]))
	}
	return list
}

// median returns zero of nothing.
func median[T cmp.Ordered](list []T) (m T) {
	if len(list) == 0 {
		return m
	}
	return slices.Sorted(slices.Values(list))[len(list)/2]
}

// fit returns how often c runs in a slice of time, at least once.
func fit(c contender, slice time.Duration) int {
	n := 1
	for {
		t, err := lap(c, n)
		if total := t * time.Duration(n); err != nil || total > slice/4 {
			return max(1, int(slice/max(t, 1)))
		}
		n *= 4
	}
}

// lap returns the time of one run, on average over n.
func lap(c contender, n int) (time.Duration, error) {
	start := time.Now()
	for range n {
		if err := c.run(); err != nil {
			return 0, err
		}
	}
	return time.Since(start) / time.Duration(n), nil
}
