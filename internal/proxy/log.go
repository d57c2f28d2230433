package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/verdict"
)

// A logHandler writes the records of log/slog to standard error, a line each: text, or
// an object of the schema tresor.proxy/v1. A record with a document is a verdict: in JSON
// it is that document.
// Rules: CLI-04, PRX-53.
type logHandler struct {
	out          *cli.Printer
	json         bool
	level        slog.Level // the least one that is written
	tool, origin string
	now          func() time.Time
	attrs        []slog.Attr
}

// An Event is a line of the JSON log that is no verdict.
type Event struct {
	Schema  string `json:"schema"`
	Tool    string `json:"tool"`
	Time    string `json:"time"`
	Level   string `json:"level"` // "DEBUG", "INFO", "WARN" or "ERROR"
	Event   string `json:"event"` // "listening", "operations", "draining", "stopping", "reloaded", "kept" or "note"
	Address string `json:"address,omitempty"`
	Origin  string `json:"origin"`
	Text    string `json:"text,omitempty"`
}

// A verdictLine is a line of the JSON log that is a verdict.
type verdictLine struct {
	verdict.Document
	Level     string `json:"level"`
	VerdictID string `json:"verdict_id,omitempty"` // as in the access log
}

// What a record may carry, apart from its message.
const (
	eventKey    = "event"
	addressKey  = "address"
	idKey       = "verdict_id"
	documentKey = "document"
)

func (h *logHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.attrs = slices.Concat(h.attrs, attrs)
	return &with
}

func (h *logHandler) WithGroup(string) slog.Handler { return h }

func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	values := map[string]slog.Value{}
	keep := func(a slog.Attr) bool { values[a.Key] = a.Value; return true }
	for _, a := range h.attrs {
		keep(a)
	}
	r.Attrs(keep)
	text := func(key string) string {
		if v, ok := values[key]; ok {
			return v.String()
		}
		return ""
	}
	at := verdict.Stamp(h.now())
	if !h.json {
		line := at + " " + r.Level.String() + " " + printable.Escape(r.Message)
		if id := text(idKey); id != "" {
			line += "; verdict " + id
		}
		h.out.Say(line)
		return nil
	}
	if d, ok := values[documentKey]; ok {
		if document, ok := d.Any().(*verdict.Document); ok {
			brief := *document
			brief.Checks, brief.Limits, brief.NotChecked, brief.Notes, brief.Enforced = nil, nil, nil, nil, nil
			h.out.Log(printable.JSONLine(verdictLine{brief, r.Level.String(), text(idKey)}))
			return nil
		}
	}
	e := Event{Schema: "tresor.proxy/v1", Tool: h.tool, Time: at, Level: r.Level.String(), Event: text(eventKey), Address: text(addressKey), Origin: h.origin}
	if e.Event == "" {
		e.Event = "note"
	}
	if e.Address == "" {
		e.Text = r.Message
	}
	h.out.Log(printable.JSONLine(e))
	return nil
}

// Access is a line of the access log. It has nothing of a request's or an answer's
// fields, query or body.
type Access struct {
	Schema    string  `json:"schema"`
	Time      string  `json:"time"` // when it came
	Method    string  `json:"method"`
	Path      string  `json:"path"`
	Status    int     `json:"status"` // 0: it ended without an answer
	Bytes     int64   `json:"bytes"`  // of the body of the answer
	Seconds   float64 `json:"duration_seconds"`
	VerdictID string  `json:"verdict_id,omitempty"` // of the connection that it was forwarded on
}

// accessOf describes a request that has ended.
// Rules: PRX-52.
func accessOf(r *http.Request, began time.Time, lasted time.Duration, seen *recorder) Access {
	return Access{
		Schema: "tresor.access/v1", Time: verdict.Stamp(began), Method: r.Method, Path: strings.ToValidUTF8(r.URL.EscapedPath(), "\ufffd"),
		Status: seen.status, Bytes: seen.bytes, Seconds: lasted.Seconds(), VerdictID: seen.verdict,
	}
}

// A recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status  int
	bytes   int64
	verdict string
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}
