package proxy

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/verdict"
)

// Paths of the operations listener.
const (
	livePath       = "/livez"
	readyPath      = "/readyz"
	opsVerdictPath = "/verdict"
	metricsPath    = "/metrics"
)

var errDraining = verdict.Unavailable("proxy", errors.New("it is about to stop"))

// ops answers at the operations listener, which shows verdicts and numbers, and forwards
// nothing.
// Rules: PRX-50.
type ops struct{ watch *watcher }

func (o ops) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case livePath, metricsPath:
		if onlyReads(o.watch, w, r) {
			var text strings.Builder
			kind := "text/plain; charset=utf-8"
			if r.URL.Path == livePath {
				text.WriteString("alive\n")
			} else {
				kind = "text/plain; version=0.0.4; charset=utf-8"
				o.watch.metrics.expose(&text, gauges(o.watch))
			}
			own(w, r, http.StatusOK, kind, text.String())
		}
	case readyPath, opsVerdictPath:
		health(o.watch, w, r, r.URL.Path == opsVerdictPath, r.URL.Path == readyPath)
	default:
		answer(o.watch, w, r, http.StatusNotFound, cli.Misuse("PRX-50", "only %s, %s, %s and %s are here", livePath, readyPath, opsVerdictPath, metricsPath))
	}
}

// gauges are the values of now that the watcher knows.
func gauges(watch *watcher) []gauge {
	r, ready := watch.inDate()
	list := []gauge{{"tresor_proxy_ready", "1 when the newest attestation passed and its verdict is in date.", 0}}
	if !ready {
		return list
	}
	list[0].value = 1
	list = append(list, gauge{"tresor_proxy_verdict_age_seconds", "Age of the verdict; absent while none is in date.", time.Since(r.At).Seconds()})
	if r.Bundle == nil {
		return list
	}
	return append(list,
		gauge{"tresor_proxy_bundle_version", "Version of the trust bundle that the verdict was reached by.", float64(r.Bundle.Version)},
		gauge{"tresor_proxy_bundle_end_timestamp_seconds", "When that trust bundle ends, in seconds since 1970.", float64(r.Bundle.ValidUntil.Unix())})
}

// onlyReads answers a request that is neither GET nor HEAD.
func onlyReads(watch *watcher, w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	answer(watch, w, r, http.StatusMethodNotAllowed, cli.Misuse("PRX-40", "%s is answered to GET and HEAD", r.URL.Path))
	return false
}

// health gives the current verdict. Everything but a verdict in date is 503; where it
// says whether requests should come, so is a proxy that is about to stop.
func health(watch *watcher, w http.ResponseWriter, r *http.Request, asJSON, forBalancers bool) {
	if !onlyReads(watch, w, r) {
		return
	}
	result, err := watch.current(r.Context())
	if forBalancers && watch.draining.Load() {
		result, err = nil, errDraining
	}
	v := watch.verdict(result, err)
	var block printable.Builder
	status := http.StatusOK
	if v.Error == nil {
		block.Line("verified")
	} else {
		status = http.StatusServiceUnavailable
		block.Line("not verified: %s", v.Error.Type)
		block.WriteString(v.Error.Because())
	}
	for _, remark := range remarks(v) {
		block.Line("%s", remark)
	}
	kind, text := "text/plain; charset=utf-8", block.String()
	if asJSON {
		kind, text = "application/json", printable.JSON(v)
	}
	own(w, r, status, kind, text)
}

// answer writes an error, as the object that every command prints with --json.
func answer(watch *watcher, w http.ResponseWriter, r *http.Request, status int, err error) {
	v := watch.verdict(nil, err)
	watch.metrics.count(refusalsTotal, v.Error.Type)
	own(w, r, status, "application/json", printable.JSON(v))
}

// own writes an answer of the proxy's own.
func own(w http.ResponseWriter, r *http.Request, status int, kind, text string) {
	if r.ContentLength != 0 { // what may still come of the body is not waited for
		w.Header().Set("Connection", "close")
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, text)
}
