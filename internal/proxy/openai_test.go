package proxy

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tresorhq/attest/attesttest"
)

// chat is an endpoint that talks as the openai package expects. A streamed piece
// comes when the one before was seen.
func chat(seen <-chan bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var call struct {
			Stream   bool
			Messages []struct{ Content string }
		}
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil || r.URL.Path != "/v1/chat/completions" || r.Header.Get("Authorization") != "Bearer sk-test" || len(call.Messages) != 1 {
			http.Error(w, "not understood", http.StatusBadRequest)
			return
		}
		message := func(object, member, content string) string {
			return fmt.Sprintf(`{"id":"c","object":%q,"created":1,"model":"m","choices":[{"index":0,%q:{"role":"assistant","content":%q},"finish_reason":null}]}`, object, member, content)
		}
		if !call.Stream {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, message("chat.completion", "message", "re: "+call.Messages[0].Content))
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for _, piece := range []string{"one", "two", "three"} {
			fmt.Fprintf(w, "data: %s\n\n", message("chat.completion.chunk", "delta", piece))
			http.NewResponseController(w).Flush()
			<-seen
		}
		io.WriteString(w, "data: [DONE]\n\n")
	})
}

// openAI runs the client and passes each of its lines on.
func openAI(t *testing.T, base string, each func(line string)) {
	t.Helper()
	folder := filepath.Join("testdata", "openai")
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node here")
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "openai")); err != nil {
		t.Skipf("the openai package is not installed: npm ci --ignore-scripts --prefix cmd/tresor-verify/%s", filepath.ToSlash(folder))
	}
	cmd := exec.Command(node, filepath.Join(folder, "client.mjs"), base)
	cmd.Env = append(os.Environ(), "NO_PROXY=*", "NODE_USE_ENV_PROXY=0")
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		each(lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestProxyOpenAI: a client that knows nothing of attestation, whole and
// streamed; and what it sees when the endpoint is not proven.
func TestProxyOpenAI(t *testing.T) {
	seen := make(chan bool, 3)
	d, _ := kitDoor(t, chat(seen), nil)
	var got []string
	openAI(t, d.base, func(line string) {
		got = append(got, line)
		if strings.Contains(line, "piece") {
			seen <- true
		}
	})
	if want := `{"whole":"re: hello"} {"piece":"one"} {"piece":"two"} {"piece":"three"} {"end":true}`; strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	d, _ = kitDoor(t, chat(seen), nil, attesttest.Measurement)
	got = nil
	openAI(t, d.base, func(line string) { got = append(got, line) })
	if text := strings.Join(got, " "); !strings.HasPrefix(text, `{"status":502,"type":"MeasurementNotAllowedError"`) {
		t.Error(text)
	}
}
