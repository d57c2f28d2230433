package leak_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest"
)

// now is the fixed time of tests that need none of their own.
var now = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

func newEnclave(t testing.TB, c attesttest.Config, spoil ...attesttest.Fault) *attesttest.Enclave {
	t.Helper()
	e, err := attesttest.New(c, spoil...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// client speaks HTTP of that major version to servers of e.
func client(t testing.TB, e *attesttest.Enclave, major int) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(major == 1)
	protocols.SetHTTP2(major == 2)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: e.WebRoots()}, Protocols: protocols}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// ask returns the status and the body of an answer.
func ask(t testing.TB, c *http.Client, method, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// waitForGoroutines gives those that have nothing left to do the chance to end.
func waitForGoroutines(t *testing.T, want int) {
	for range 100000 {
		if runtime.NumGoroutine() <= want {
			return
		}
		runtime.Gosched()
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("goroutines left:\n%s", strings.TrimSpace(string(stacks[:runtime.Stack(stacks, true)])))
}
