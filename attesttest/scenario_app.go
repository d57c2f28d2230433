package attesttest

import (
	"compress/gzip"
	"io"
	"net/http"
)

// application is what runs in every pod.
func (p *play) application() http.Handler {
	paths := map[string]http.HandlerFunc{
		"/echo":     p.echo,
		"/close":    closing(p.echo),
		"/reset":    reset,
		"/mirror":   mirror,
		"/gzip":     gzipped,
		"/trailer":  trailer,
		"/none":     func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) },
		"/same":     func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNotModified) },
		"/rejected": func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusExpectationFailed) },
	}
	for path, handler := range p.app {
		paths[path] = handler
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.delivered[r.URL.Query().Get("id")]++
		p.mu.Unlock()
		if handler, ok := paths[r.URL.Path]; ok {
			handler(rw, r)
			return
		}
		http.NotFound(rw, r)
	})
}

// deliveries says how often a request has arrived.
func (p *play) deliveries(o outcome) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.delivered[o.id]
}

// echo answers with the digest of the body.
func (p *play) echo(rw http.ResponseWriter, r *http.Request) {
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
