package leak

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/tresorhq/attest/attesttest"
)

// proxy starts a proxy for CONNECT, over TLS or not, and returns its URL. All
// other requests leak: a proxy is nobody to show them to. used is called for
// each tunnel.
func (w *Witness) proxy(scheme string, publisher *attesttest.Enclave, used func()) (string, error) {
	certificate, err := issueFor(publisher, "127.0.0.1")
	if err != nil {
		return "", err
	}
	wrap := func(c net.Conn) net.Conn {
		if scheme == "https" {
			return tls.Server(c, &tls.Config{GetCertificate: certificate, NextProtos: []string{HTTP1}})
		}
		return c
	}
	host, err := w.serve(anyPort, &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			w.leaksOutside(0, fmt.Sprintf("request to the proxy: %.10q %.48q", r.Method, r.URL.Path))
			http.Error(rw, "only CONNECT", http.StatusMethodNotAllowed)
			return
		}
		used()
		tunnel(rw, r.Host)
	})}, wrap)
	return scheme + "://" + host, err
}

// tunnel copies both ways until one end closes.
func tunnel(rw http.ResponseWriter, target string) {
	server, err := net.Dial("tcp", target)
	if err != nil {
		http.Error(rw, "no such target", http.StatusBadGateway)
		return
	}
	defer server.Close()
	client, buffered, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(server, buffered)
		server.Close()
	}()
	io.Copy(client, server)
	client.Close()
	<-done
}

// plainOrigin starts an HTTP server without TLS. Every request to it leaks.
func (w *Witness) plainOrigin() (string, error) {
	host, err := w.serve(anyPort, &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		w.leaksOutside(0, fmt.Sprintf("request without TLS: %.10q %.48q", r.Method, r.URL.Path))
	})}, func(c net.Conn) net.Conn { return c })
	return "http://" + host, err
}
