package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// header is the head of the table. "faster" is the peer's time in ours, "of bare"
// ours in that of the bare primitives.
const header = "| | ours | allocs | peer | | allocs | faster | bare primitives | of bare |\n|---|--:|--:|---|--:|--:|--:|--:|--:|\n"

// render prints the table and where it was measured.
func render(results []result, rounds int) []byte {
	var b bytes.Buffer
	b.WriteString(header)
	for _, r := range results {
		ours, peer, bare := r.times[0], r.times[1], r.times[2]
		cells := []string{r.row.name, duration(ours), count(r.allocs[0]), "–", "–", "–", "–", "–", "–"}
		if r.row.peer.run != nil {
			copy(cells[3:], []string{r.row.peer.name, duration(peer), count(r.allocs[1]), ratio(r.faster)})
		}
		if r.row.bare.run != nil {
			copy(cells[7:], []string{duration(bare), ratio(r.ofBare)})
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	fmt.Fprintf(&b, "\nMedians over %d interleaved rounds, by `go run ./bench` in `difftest`. %s, %s/%s, %s%s.\n",
		rounds, cpu(), runtime.GOOS, runtime.GOARCH, runtime.Version(), versions())
	return b.Bytes()
}

func duration(d time.Duration) string {
	switch {
	case d < 10*time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f µs", float64(d.Nanoseconds())/1e3)
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1e3)
}

func count(n float64) string { return fmt.Sprintf("%.0f", n) }

func ratio(r float64) string { return fmt.Sprintf("%.2f×", r) }

// cpu names the processor where the system says so.
func cpu() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				return fmt.Sprintf("%s, %d threads", strings.TrimSpace(value), runtime.NumCPU())
			}
		}
	}
	return fmt.Sprintf("%d threads", runtime.NumCPU())
}

// versions names the peers as they were linked in.
func versions() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var b strings.Builder
	for _, peer := range []string{"github.com/google/go-sev-guest", "github.com/go-jose/go-jose/v4"} {
		for _, m := range info.Deps {
			if m.Path == peer {
				fmt.Fprintf(&b, ", %s %s", strings.TrimPrefix(strings.TrimSuffix(peer, "/v4"), "github.com/"), m.Version)
			}
		}
	}
	return b.String()
}
