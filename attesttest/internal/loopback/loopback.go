// Package loopback runs HTTP servers on loopback that leave nothing running.
package loopback

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
)

// Servers are servers that end together. The zero value has none.
type Servers struct {
	all     []*http.Server
	running sync.WaitGroup // listeners, connections and handlers
}

// ServeTLS serves HTTP/1.1 and HTTP/2 on a port of 127.0.0.1, and returns the
// origin.
func (s *Servers) ServeTLS(certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error), handler http.Handler) (origin string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, TLSConfig: &tls.Config{GetCertificate: certificate}}
	s.run(server, func() { server.ServeTLS(listener, "", "") }) // ends with ErrServerClosed
	return "https://" + listener.Addr().String(), nil
}

// Serve runs a server on the connections of a listener.
func (s *Servers) Serve(listener net.Listener, server *http.Server) {
	s.run(server, func() { server.Serve(listener) })
}

func (s *Servers) run(server *http.Server, serve func()) {
	server.Handler = s.counted(server.Handler)
	server.ConnState = s.count
	server.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // a refused handshake is no news
	s.all = append(s.all, server)
	s.running.Go(serve)
}

// Write answers with a document that is not to be kept.
func Write(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body)
}

// Close ends the servers and all connections, and waits for the handlers.
func (s *Servers) Close() {
	for _, server := range s.all {
		server.Close()
	}
	s.running.Wait()
}

func (s *Servers) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.running.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.running.Done()
	}
}

// counted lets Close wait for handlers, which over HTTP/2 may outlive their
// connection.
func (s *Servers) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.running.Add(1)
		defer s.running.Done()
		h.ServeHTTP(w, r)
	})
}
