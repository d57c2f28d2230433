package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/attesttest/leak"
)

type text = wrapperspb.StringValue

func connectHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/t.S/Unary", connect.NewUnaryHandler("/t.S/Unary", func(_ context.Context, r *connect.Request[text]) (*connect.Response[text], error) {
		return connect.NewResponse(wrapperspb.String(r.Msg.Value + "!")), nil
	}))
	mux.Handle("/t.S/Bidi", connect.NewBidiStreamHandler("/t.S/Bidi", func(_ context.Context, s *connect.BidiStream[text, text]) error {
		for {
			m, err := s.Receive()
			if errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if err := s.Send(wrapperspb.String(m.Value + "!")); err != nil {
				return err
			}
		}
	}))
	return mux
}

// stopping gives a refusal a code that says not to ask again.
func stopping(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		res, err := next(ctx, r)
		if refusal(err) {
			err = connect.NewError(connect.CodeFailedPrecondition, err)
		}
		return res, err
	}
}

// TestConnect: the protocols of connect-go, unary over both versions of HTTP, and
// streams both ways over HTTP/2.
func TestConnect(t *testing.T) {
	options := map[string]connect.ClientOption{"connect": connect.WithClientOptions(), "grpc": connect.WithGRPC(), "grpc-web": connect.WithGRPCWeb()}
	eachProtocol(t, connectHandler(), func(t *testing.T, p *plug) {
		for name, option := range options {
			if name == "grpc" && p.protocol == leak.HTTP1 {
				continue
			}
			c := &http.Client{Transport: p.transport}
			answer, err := connect.NewClient[text, text](c, p.url+"/t.S/Unary", option).CallUnary(t.Context(), connect.NewRequest(wrapperspb.String(secret)))
			if err != nil || answer.Msg.Value != secret+"!" {
				t.Errorf("%s: %v %v", name, answer, err)
			}
			if p.protocol == leak.HTTP1 {
				continue
			}
			s := connect.NewClient[text, text](c, p.url+"/t.S/Bidi", option).CallBidiStream(t.Context())
			for range 3 {
				if err := s.Send(wrapperspb.String(secret)); err != nil {
					t.Fatal(name, err)
				}
				if m, err := s.Receive(); err != nil || m.Value != secret+"!" {
					t.Fatal(name, m, err)
				}
			}
			s.CloseRequest()
			if _, err := s.Receive(); !errors.Is(err, io.EOF) {
				t.Error(name, err)
			}
			s.CloseResponse()
		}
	})
}

// TestConnectRefused: the error is ours within connect's, whose code is
// "unavailable", and another one with three lines.
func TestConnectRefused(t *testing.T) {
	p := newPlug(t, leak.HTTP2, nil, attesttest.Measurement)
	c := &http.Client{Transport: p.transport}
	for code, options := range map[connect.Code][]connect.ClientOption{
		connect.CodeUnavailable:        nil,
		connect.CodeFailedPrecondition: {connect.WithInterceptors(connect.UnaryInterceptorFunc(stopping))},
	} {
		_, err := connect.NewClient[text, text](c, p.url+"/t.S/Unary", options...).CallUnary(t.Context(), connect.NewRequest(wrapperspb.String(secret)))
		var refused *attest.MeasurementNotAllowedError
		if !errors.As(err, &refused) || connect.CodeOf(err) != code {
			t.Errorf("%v %v", connect.CodeOf(err), err)
		}
	}
	p.noLeak(t)
}

// TestMCP: a session with a tool, over both transports of the Go SDK.
func TestMCP(t *testing.T) {
	server := mcp.NewServer(&mcp.Implementation{Name: "s", Version: "1"}, nil)
	type in struct {
		Text string `json:"text"`
	}
	mcp.AddTool(server, &mcp.Tool{Name: "echo", Description: "say it again"},
		func(_ context.Context, _ *mcp.CallToolRequest, a in) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: a.Text}}}, nil, nil
		})
	get := func(*http.Request) *mcp.Server { return server }
	mux := http.NewServeMux()
	mux.Handle("/stream", mcp.NewStreamableHTTPHandler(get, nil))
	mux.Handle("/sse", mcp.NewSSEHandler(get, nil))
	eachProtocol(t, mux, func(t *testing.T, p *plug) {
		c := &http.Client{Transport: p.transport}
		for name, over := range map[string]mcp.Transport{
			"streamable": &mcp.StreamableClientTransport{Endpoint: p.url + "/stream", HTTPClient: c},
			"SSE":        &mcp.SSEClientTransport{Endpoint: p.url + "/sse", HTTPClient: c},
		} {
			session, err := mcp.NewClient(&mcp.Implementation{Name: "c", Version: "1"}, nil).Connect(t.Context(), over, nil)
			if err != nil {
				t.Fatal(name, err)
			}
			res, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"text": secret}})
			if err != nil || res.IsError || res.Content[0].(*mcp.TextContent).Text != secret {
				t.Errorf("%s: %v %v", name, res, err)
			}
			if err := session.Close(); err != nil {
				t.Error(name, err)
			}
		}
	})
}
