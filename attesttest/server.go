package attesttest

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/tresorhq/attest/internal/mint"
)

// A Server serves an Enclave on loopback, over HTTP/1.1 and HTTP/2.
type Server struct {
	URL       string // origin of the enclave, e.g. https://127.0.0.1:41234
	BundleURL string // of the trust bundle, at an origin of its own
	KDSURL    string // base of a key server in the place of AMD's, for kds.Config

	enclave atomic.Pointer[Enclave]
	servers []*http.Server
	running sync.WaitGroup // listeners, connections and handlers
}

// Serve starts servers on ports of 127.0.0.1. GET /attestation is the enclave's
// answer; every other path is the handler's, or 404 when it is nil. The caller
// must Close the Server.
func (e *Enclave) Serve(handler http.Handler) (*Server, error) {
	s := new(Server)
	s.SetEnclave(e)
	if handler == nil {
		handler = http.NotFoundHandler()
	}
	other, err := e.web.issue(mint.P256Key(e.draft.config.secret("publisher")), []string{"127.0.0.1"})
	if err != nil {
		return nil, err
	}
	enclave := func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &s.enclave.Load().tlsCert, nil }
	publisher := func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &other, nil }
	if s.URL, err = s.listen(enclave, s.attestation(handler)); err != nil {
		return nil, err
	}
	if s.KDSURL, err = s.listen(publisher, http.HandlerFunc(s.publish)); err != nil {
		s.Close()
		return nil, err
	}
	s.BundleURL = s.KDSURL + bundlePath
	return s, nil
}

// SetEnclave replaces the enclave that is served. New connections get its
// certificate; every answer is its own from now on, also on connections that
// were made before. Its web root must be known to the clients: use one Seed for
// all enclaves of a Server.
func (s *Server) SetEnclave(e *Enclave) { s.enclave.Store(e) }

// Close ends the servers and all connections, and waits for the handlers.
func (s *Server) Close() {
	for _, server := range s.servers {
		server.Close()
	}
	s.running.Wait()
}

func (s *Server) listen(certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error), handler http.Handler) (origin string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{
		Handler:   s.counted(handler),
		TLSConfig: &tls.Config{GetCertificate: certificate},
		ConnState: s.count,
		ErrorLog:  slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // a refused handshake is no news
	}
	s.servers = append(s.servers, server)
	s.running.Go(func() { server.ServeTLS(listener, "", "") }) // ends with ErrServerClosed
	return "https://" + listener.Addr().String(), nil
}

func (s *Server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.running.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.running.Done()
	}
}

// counted lets Close wait for handlers, which over HTTP/2 may outlive their
// connection.
func (s *Server) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.running.Add(1)
		defer s.running.Done()
		h.ServeHTTP(w, r)
	})
}

// attestation answers GET /attestation and leaves the rest to the application.
func (s *Server) attestation(application http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/attestation" {
			application.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet {
			http.Error(w, "only GET", http.StatusMethodNotAllowed)
			return
		}
		e := s.enclave.Load()
		write(w, "application/json", e.writeEnvelope(e.clock(), s.BundleURL))
	})
}

func write(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body)
}
