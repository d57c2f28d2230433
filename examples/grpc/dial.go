// Package attestedgrpc lets a client of grpc-go talk to an attested endpoint.
//
// grpc-go has no place for an http.RoundTripper: it frames HTTP/2 itself, on a
// connection that it dials. So Dial starts a reverse proxy within the process. The
// client speaks HTTP/2 without TLS to it, over connections in memory, and the proxy
// passes on each call over the attested transport. Nothing of a call leaves the
// process before the connection that will carry it is attested.
//
// A call that the transport refuses ends with a status: FailedPrecondition for a
// refusal of the endpoint, and Unavailable where it could not be attested, so that
// asking again may help. Its details are an errdetails.ErrorInfo: the reason is the
// type of the error, e.g. MeasurementNotAllowedError, and the domain the rule of
// SPEC.md.
//
// Never use credentials.NewTLS for an endpoint that must be attested: such a
// connection is encrypted, and attests nothing.
package attestedgrpc

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/transport"
)

// Dial returns a client connection to the origin of the transport, "https://HOST",
// and a function that closes it. The transport is the caller's to close.
func Dial(origin string, t *transport.Transport, options ...grpc.DialOption) (*grpc.ClientConn, func(), error) {
	target, err := url.Parse(origin)
	if err != nil {
		return nil, nil, err
	}
	proxy := &httputil.ReverseProxy{
		Transport:     t,
		FlushInterval: -1, // a message of a stream is passed on as it comes
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, err error) { refuse(w, err) },
		ErrorLog:      slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	l := &memory{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: proxy, Protocols: new(http.Protocols), ErrorLog: proxy.ErrorLog}
	server.Protocols.SetUnencryptedHTTP2(true)
	go server.Serve(l)
	cc, err := grpc.NewClient("passthrough:///"+target.Host, append(options,
		grpc.WithTransportCredentials(insecure.NewCredentials()), // within the process
		grpc.WithContextDialer(l.dial))...)
	if err != nil {
		server.Close()
		return nil, nil, err
	}
	return cc, func() { cc.Close(); server.Close() }, nil
}

// refuse answers a call with the status of an error: trailers only, as the gRPC
// protocol over HTTP/2 has it.
func refuse(w http.ResponseWriter, err error) {
	s := status.New(codes.Unavailable, err.Error())
	var refused attest.AttestationError
	var down *attest.EvidenceUnavailableError
	if errors.As(err, &refused) {
		code := codes.FailedPrecondition
		if errors.As(err, &down) {
			code = codes.Unavailable
		}
		info := &errdetails.ErrorInfo{Reason: attest.ErrorType(refused), Domain: refused.Requirement()}
		if with, err := status.New(code, err.Error()).WithDetails(info); err == nil {
			s = with
		}
	}
	h := w.Header()
	h.Set("Content-Type", "application/grpc")
	h.Set("Grpc-Status", strconv.Itoa(int(s.Code())))
	h.Set("Grpc-Message", strings.ReplaceAll(url.PathEscape(s.Message()), "%20", " "))
	if b, err := proto.Marshal(s.Proto()); err == nil {
		h.Set("Grpc-Status-Details-Bin", base64.RawStdEncoding.EncodeToString(b))
	}
	w.WriteHeader(http.StatusOK)
}

// A memory is a listener whose connections are made by dial.
type memory struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (m *memory) dial(ctx context.Context, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case m.conns <- server:
		return client, nil
	case <-m.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.done) })
	return nil
}

func (m *memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "memory"} }
