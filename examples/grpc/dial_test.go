package attestedgrpc

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/attesttest/leak"
	"github.com/tresorhq/attest/transport"
)

type text = wrapperspb.StringValue

// service has a unary method, and one with streams both ways.
var service = &grpc.ServiceDesc{
	ServiceName: "test.Echo", HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Say", Handler: func(_ any, ctx context.Context, read func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(text)
		if err := read(in); err != nil {
			return nil, err
		}
		switch in.Value {
		case "fail":
			return nil, status.Error(codes.NotFound, "no such thing: 100 %")
		case "hang":
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return wrapperspb.String(in.Value + "!"), nil
	}}},
	Streams: []grpc.StreamDesc{{StreamName: "Chat", ServerStreams: true, ClientStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
		for {
			in := new(text)
			if err := s.RecvMsg(in); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if err := s.SendMsg(wrapperspb.String(in.Value + "!")); err != nil {
				return err
			}
		}
	}}},
}

// dial serves an enclave with the service behind a witness, and connects to it.
func dial(t *testing.T, faults ...attesttest.Fault) *grpc.ClientConn {
	t.Helper()
	e, err := attesttest.New(attesttest.Config{Seed: "grpc"}, faults...)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	server.RegisterService(service, nil)
	w, err := leak.NewWitness(e, leak.HTTP2, server)
	if err != nil {
		t.Fatal(err)
	}
	demands := e.VerifierConfig()
	demands.RequireCRL = false
	tr, err := transport.New(w.URL, transport.Config{
		ReleaseRoots: []ed25519.PublicKey{e.ReleaseRoot()}, Demands: demands, BundleURL: w.BundleURL, WebRoots: e.WebRoots(),
	})
	if err != nil {
		t.Fatal(err)
	}
	cc, closeConn, err := Dial(w.URL, tr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		closeConn()
		tr.Close()
		w.Close()
		for _, l := range w.Leaks() {
			t.Error(l)
		}
	})
	return cc
}

func say(ctx context.Context, cc *grpc.ClientConn, what string) (string, error) {
	out := new(text)
	err := cc.Invoke(ctx, "/test.Echo/Say", wrapperspb.String(what), out)
	return out.Value, err
}

func TestUnary(t *testing.T) {
	cc := dial(t)
	if s, err := say(t.Context(), cc, "secret"); err != nil || s != "secret!" {
		t.Errorf("%q %v", s, err)
	}
	if _, err := say(t.Context(), cc, "fail"); status.Code(err) != codes.NotFound || !strings.Contains(err.Error(), "100 %") {
		t.Errorf("the server's own error: %v", err)
	}
}

// TestStream: each message comes back before the next one is sent.
func TestStream(t *testing.T) {
	cc := dial(t)
	s, err := cc.NewStream(t.Context(), &service.Streams[0], "/test.Echo/Chat")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		out := new(text)
		if err := s.SendMsg(wrapperspb.String("secret")); err != nil {
			t.Fatal(err)
		}
		if err := s.RecvMsg(out); err != nil || out.Value != "secret!" {
			t.Fatalf("%q %v", out.Value, err)
		}
	}
	s.CloseSend()
	if err := s.RecvMsg(new(text)); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := say(ctx, dial(t), "hang"); status.Code(err) != codes.DeadlineExceeded {
		t.Error(err)
	}
}

// TestRefused: a refusal is a status that names type and rule, and nothing of the
// call has reached the endpoint.
func TestRefused(t *testing.T) {
	_, err := say(t.Context(), dial(t, attesttest.Measurement), "secret")
	s := status.Convert(err)
	if s.Code() != codes.FailedPrecondition || len(s.Details()) != 1 {
		t.Fatalf("%v %v", err, s.Details())
	}
	info, ok := s.Details()[0].(*errdetails.ErrorInfo)
	if !ok || info.Reason != "MeasurementNotAllowedError" || info.Domain == "" {
		t.Errorf("%v", info)
	}
}

// TestUnavailable: what could not be attested may be asked again.
func TestUnavailable(t *testing.T) {
	e, err := attesttest.New(attesttest.Config{Seed: "grpc"})
	if err != nil {
		t.Fatal(err)
	}
	demands := e.VerifierConfig()
	demands.RequireCRL = false
	tr, err := transport.New("https://127.0.0.1:1", transport.Config{ReleaseRoots: []ed25519.PublicKey{e.ReleaseRoot()}, Demands: demands})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	cc, closeConn, err := Dial("https://127.0.0.1:1", tr)
	if err != nil {
		t.Fatal(err)
	}
	defer closeConn()
	_, err = say(t.Context(), cc, "secret")
	info, ok := status.Convert(err).Details()[0].(*errdetails.ErrorInfo)
	if status.Code(err) != codes.Unavailable || !ok || info.Reason != "EvidenceUnavailableError" || info.Domain != "TRN-60" {
		t.Errorf("%v %v", err, info)
	}
}
