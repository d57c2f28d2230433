package leak

import (
	"compress/gzip"
	"io"
	"maps"
	"net/http"
)

// application is what runs in every pod.
func (sr *scenarioRun) application() http.Handler {
	paths := map[string]http.HandlerFunc{
		"/echo":     sr.echo,
		"/close":    closing(sr.echo),
		"/reset":    reset,
		"/mirror":   mirror,
		"/gzip":     gzipped,
		"/trailer":  trailer,
		"/none":     func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) },
		"/same":     func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNotModified) },
		"/rejected": func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusExpectationFailed) },
	}
	maps.Copy(paths, sr.app)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		sr.mu.Lock()
		sr.delivered[r.URL.Query().Get("id")]++
		sr.mu.Unlock()
		if handler, ok := paths[r.URL.Path]; ok {
			handler(rw, r)
			return
		}
		http.NotFound(rw, r)
	})
}

// echo answers with the digest of the body.
func (sr *scenarioRun) echo(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, 8<<20))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	io.WriteString(rw, echo(body))
}

// closing ends the connection after the response: over HTTP/2 by GOAWAY.
func closing(then http.HandlerFunc) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Connection", "close")
		then(rw, r)
	}
}

// reset breaks the connection without a response.
func reset(_ http.ResponseWriter, r *http.Request) {
	r.Context().Value(connKey{}).(*witnessConn).abort()
	panic(http.ErrAbortHandler)
}

// mirror sends back what comes, while it comes.
func mirror(rw http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(rw)
	control.EnableFullDuplex() // HTTP/2 always is
	rw.WriteHeader(http.StatusOK)
	control.Flush()
	io.Copy(rw, r.Body)
}

func gzipped(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(rw)
	io.WriteString(z, echo(nil))
	z.Close()
}

func trailer(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Trailer", "Witness-Sum")
	io.WriteString(rw, "body")
	rw.Header().Set("Witness-Sum", "sum")
}
