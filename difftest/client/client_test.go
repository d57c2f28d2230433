package client

import (
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/attesttest/leak"
)

var protocols = []string{leak.HTTP1, leak.HTTP2}

const want = "the-secret-of-the-caller"

// TestAttested: the client works as over any other transport.
func TestAttested(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			e := newEndpoint(t, protocol)
			t.Run("at once", func(t *testing.T) {
				answer, err := e.client.Chat.Completions.New(t.Context(), prompt("m"))
				if err != nil {
					t.Fatal(err)
				}
				if got := answer.Choices[0].Message.Content; got != want || answer.Model != "m" {
					t.Errorf("%q", got)
				}
			})
			t.Run("streamed", func(t *testing.T) {
				stream := e.client.Chat.Completions.NewStreaming(t.Context(), prompt("m"))
				defer stream.Close()
				var answer openai.ChatCompletionAccumulator
				chunks := 0
				for stream.Next() {
					answer.AddChunk(stream.Current())
					chunks++
				}
				if err := stream.Err(); err != nil {
					t.Fatal(err)
				}
				if got := answer.Choices[0].Message.Content; got != want+"-" || chunks != 5 {
					t.Errorf("%q in %d chunks", got, chunks)
				}
			})
			t.Run("error reply", func(t *testing.T) {
				_, err := e.client.Chat.Completions.New(t.Context(), prompt("none"))
				wantReply(t, err)
				stream := e.client.Chat.Completions.NewStreaming(t.Context(), prompt("none"))
				defer stream.Close()
				if stream.Next() {
					t.Error("a chunk of an error")
				}
				wantReply(t, stream.Err())
			})
			t.Run("error in a stream", func(t *testing.T) {
				stream := e.client.Chat.Completions.NewStreaming(t.Context(), prompt("breaks"))
				defer stream.Close()
				chunks := 0
				for stream.Next() {
					chunks++
				}
				if err := stream.Err(); err == nil || !strings.Contains(err.Error(), "the machine stopped") || chunks != 5 {
					t.Errorf("%d chunks, %v", chunks, err)
				}
			})
			if e.app.asked.Load() != 5 {
				t.Errorf("%d requests", e.app.asked.Load())
			}
			e.noLeak(t)
		})
	}
}

// wantReply fails unless err is the application's own, in the SDK's type.
func wantReply(t *testing.T, err error) {
	t.Helper()
	var reply *openai.Error
	if !errors.As(err, &reply) || reply.StatusCode != 404 || reply.Code != "model_not_found" {
		t.Errorf("%T %v", err, err)
	}
	var refused attest.AttestationError
	if errors.As(err, &refused) {
		t.Errorf("an error reply became a refusal: %v", err)
	}
}

// TestUnattested: whatever is wrong with the enclave, the client says what, in
// our type, and the server has seen nothing of the prompt.
func TestUnattested(t *testing.T) {
	for i, fault := range attesttest.Faults() {
		if !fault.Fits(attesttest.Config{}) {
			continue
		}
		t.Run(string(fault), func(t *testing.T) {
			e := newEndpoint(t, protocols[i%len(protocols)], fault)
			_, err := e.client.Chat.Completions.New(t.Context(), prompt("m"))
			wantRefusal(t, err, fault)
			stream := e.client.Chat.Completions.NewStreaming(t.Context(), prompt("m"))
			defer stream.Close()
			if stream.Next() {
				t.Error("a chunk of an answer")
			}
			wantRefusal(t, stream.Err(), fault)
			if n := e.app.asked.Load(); n != 0 {
				t.Errorf("the application was asked %d times", n)
			}
			e.noLeak(t)
		})
	}
}

// TestWitness: the same client over an ordinary transport is caught. It keeps the
// tests above from passing in vain.
func TestWitness(t *testing.T) {
	for _, protocol := range protocols {
		e := newEndpoint(t, protocol, attesttest.Measurement)
		plain := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: e.webRoots}, ForceAttemptHTTP2: true}
		t.Cleanup(plain.CloseIdleConnections)
		_, err := e.client.Chat.Completions.New(t.Context(), prompt("m"), option.WithHTTPClient(&http.Client{Transport: plain}))
		if err != nil || e.app.asked.Load() != 1 || len(e.witness.Leaks()) == 0 {
			t.Errorf("%s: %v, %d requests, violations %v", protocol, err, e.app.asked.Load(), e.witness.Leaks())
		}
	}
}

// TestUnattestedRetried: the SDK asks again after a failure to connect. That
// changes neither the answer nor what is sent.
func TestUnattestedRetried(t *testing.T) {
	e := newEndpoint(t, leak.HTTP2, attesttest.Measurement)
	_, err := e.client.Chat.Completions.New(t.Context(), prompt("m"), option.WithMaxRetries(1))
	wantRefusal(t, err, attesttest.Measurement)
	var refused *attest.MeasurementNotAllowedError
	if !errors.As(err, &refused) || refused.Measurement == "" || len(refused.Allowed) == 0 {
		t.Errorf("%v", err)
	}
	if n := e.app.asked.Load(); n != 0 {
		t.Errorf("the application was asked %d times", n)
	}
	e.noLeak(t)
}

// wantRefusal fails unless our error is found through the SDK's wrapping.
func wantRefusal(t *testing.T, err error, fault attesttest.Fault) {
	t.Helper()
	var refused attest.AttestationError
	if !errors.As(err, &refused) {
		t.Fatalf("%T %v", err, err)
	}
	kind := fault.ErrorType()
	if fault == attesttest.CRLMissing {
		kind = "EvidenceUnavailableError" // it could not be fetched
	}
	if got := attest.ErrorType(refused); got != kind || refused.Requirement() == "" {
		t.Errorf("%s, want %s: %v", got, kind, err)
	}
	if strings.Contains(err.Error(), secret) {
		t.Error("the secret is in the error")
	}
}
