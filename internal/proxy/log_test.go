package proxy

import (
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/dev/locked"
)

// TestJSONLog: whatever is said is JSON, also by the client of the key server.
func TestJSONLog(t *testing.T) {
	log := new(locked.Buffer)
	c := kitProxy("https://api.example", log)
	c.JSONLog = true
	c.KeepLog(slog.LevelInfo)
	w := c.watcher()
	notes := sync.WaitGroup{}
	for range 20 {
		notes.Go(func() { c.Log.Note("cache: %s", "evil\x1b[31m\nline") })
		notes.Go(func() { w.event("listening", "on", "127.0.0.1:1") })
		notes.Go(func() { observed(w, &attest.Audit{Err: errNoVerdict}) })
	}
	notes.Wait()
	texts := 0
	for line := range strings.Lines(log.String()) {
		var e struct{ Event, Text string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		if e.Event == "note" && strings.HasPrefix(e.Text, "cache: evil") {
			texts++
		}
	}
	if texts != 20 {
		t.Errorf("%d notes: %s", texts, log)
	}
}
