package attesttest

import (
	"crypto/tls"
	"net/http"
	"sync/atomic"

	"github.com/tresorhq/attest/attesttest/internal/loopback"
	"github.com/tresorhq/attest/internal/mint"
)

// A Server serves an Enclave on loopback, over HTTP/1.1 and HTTP/2. Serve makes it: a
// nil or zero Server serves nothing.
type Server struct {
	URL       string // origin of the enclave, e.g. https://127.0.0.1:41234
	BundleURL string // of the trust bundle, at an origin of its own
	KDSURL    string // base of a key server in the place of AMD's, for kds.Config

	enclave atomic.Pointer[Enclave]
	servers loopback.Servers
}

// Serve starts servers on ports of 127.0.0.1. GET /attestation is the enclave's
// answer; every other path is the handler's, or 404 when it is nil. The caller
// must Close the Server.
func (e *Enclave) Serve(handler http.Handler) (*Server, error) {
	if e.unmade() {
		return nil, errUnmade
	}
	s := new(Server)
	s.SetEnclave(e)
	if handler == nil {
		handler = http.NotFoundHandler()
	}
	other, err := e.web.issue(mint.P256Key(e.draft.config.secret("publisher")), []string{"127.0.0.1"})
	if err != nil {
		return nil, err
	}
	enclave := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return new(s.enclave.Load().TLSCertificate()), nil
	}
	publisher := func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &other, nil }
	if s.URL, err = s.servers.ServeTLS(enclave, s.attestation(handler)); err != nil {
		return nil, err
	}
	if s.KDSURL, err = s.servers.ServeTLS(publisher, http.HandlerFunc(s.publish)); err != nil {
		s.Close()
		return nil, err
	}
	s.BundleURL = s.KDSURL + BundlePath
	return s, nil
}

// SetEnclave replaces the enclave that is served. New connections get its
// certificate; every answer is its own from now on, also on connections that
// were made before. Its web root must be known to the clients: use one Seed for
// all enclaves of a Server.
func (s *Server) SetEnclave(e *Enclave) {
	if s != nil {
		s.enclave.Store(e)
	}
}

// Close ends the servers and all connections, and waits for the handlers.
func (s *Server) Close() {
	if s != nil {
		s.servers.Close()
	}
}

// publish answers for the publisher of the enclave that is served now.
func (s *Server) publish(w http.ResponseWriter, r *http.Request) { s.enclave.Load().Publish(w, r) }

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
		loopback.Write(w, "application/json", s.enclave.Load().Envelope(s.BundleURL))
	})
}
