package client

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/attesttest/leak"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/transport"
)

// secret is in every prompt.
const secret = "the secret of the caller"

// completions speaks as much of the chat completions API as a client needs:
// it says the prompt backwards, streamed or not, or answers with an error.
type completions struct {
	asked atomic.Int32 // requests that came
}

func (c *completions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.asked.Add(1)
	var request struct {
		Model    string
		Stream   bool
		Messages []struct{ Role, Content string }
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &request)
	}
	if err != nil || r.Method != "POST" || r.URL.Path != "/v1/chat/completions" || r.Header.Get("Authorization") != "Bearer key" {
		http.Error(w, "no such request", http.StatusTeapot)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if request.Model == "none" {
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, `{"error":{"message":"no such model","type":"invalid_request_error","param":"model","code":"model_not_found"}}`)
		return
	}
	words := strings.Fields(request.Messages[len(request.Messages)-1].Content)
	if !request.Stream {
		fmt.Fprintf(w, `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":%q,"choices":[{"index":0,"finish_reason":"stop",`+
			`"message":{"role":"assistant","content":%q}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`,
			request.Model, strings.Join(words, "-"))
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for _, word := range words {
		fmt.Fprintf(w, "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":%q,"+
			"\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", request.Model, word+"-")
		w.(http.Flusher).Flush()
	}
	if request.Model == "breaks" {
		io.WriteString(w, "data: {\"error\":{\"message\":\"the machine stopped\"}}\n\n")
		return
	}
	io.WriteString(w, "data: [DONE]\n\n")
}

// A plug is an enclave behind a witness, and our transport to it.
type plug struct {
	protocol  string
	url       string
	witness   *leak.Witness
	webRoots  *x509.CertPool
	transport *transport.Transport
}

func newPlug(t *testing.T, protocol string, app http.Handler, faults ...attesttest.Fault) *plug {
	t.Helper()
	enclave, err := attesttest.New(attesttest.Config{Seed: "difftest client"}, faults...)
	if err != nil {
		t.Fatal(err)
	}
	witness, err := leak.NewWitness(enclave, protocol, app)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(witness.Close)
	tr, err := transport.New(witness.URL, transport.Config{
		ReleaseRoots: []ed25519.PublicKey{enclave.ReleaseRoot()},
		Demands:      enclave.VerifierConfig(),
		BundleURL:    witness.BundleURL,
		WebRoots:     enclave.WebRoots(),
		Revocation: func(context.Context, snpreport.Product, snpreport.SigningKey) ([]byte, error) {
			if crls := enclave.Evidence().CRLs; len(crls) > 0 {
				return crls[0], nil
			}
			return nil, errors.New("the key server does not answer")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return &plug{protocol, witness.URL, witness, enclave.WebRoots(), tr}
}

// endpoint is a plug with a client of the SDK.
type endpoint struct {
	*plug
	app    *completions
	client openai.Client
}

func newEndpoint(t *testing.T, protocol string, faults ...attesttest.Fault) *endpoint {
	t.Helper()
	app := new(completions)
	p := newPlug(t, protocol, app, faults...)
	return &endpoint{p, app, openai.NewClient(
		option.WithBaseURL(p.url+"/v1"), option.WithAPIKey("key"),
		option.WithHTTPClient(&http.Client{Transport: p.transport}), option.WithMaxRetries(0),
	)}
}

// prompt is a request to a model, with the secret in it.
func prompt(model string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.SystemMessage("be brief"), openai.UserMessage(secret)},
	}
}

// noLeak fails when anything reached the server before it had attested.
func (e *plug) noLeak(t *testing.T) {
	t.Helper()
	for _, v := range e.witness.Leaks() {
		t.Errorf("%v", v)
	}
}
