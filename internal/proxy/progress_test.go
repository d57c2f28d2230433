package proxy

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tresorhq/attest/internal/dev/locked"
)

// TestProgressProxy: and the proxy, but for an endpoint of which its log has said
// already that it can not be asked.
// Rules: CLI-15.
func TestProgressProxy(t *testing.T) {
	e := kitEnclave(t)
	synctest.Test(t, func(t *testing.T) {
		c := kitConfig(e, "https://127.0.0.1/bundle")
		c.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, errors.New("no answer")
		}
		log := new(locked.Buffer)
		w := kitProxy("https://127.0.0.1", log).watcher()
		w.again = 0
		if err := w.install(Trust{Transport: c}); err != nil {
			t.Fatal(err)
		}
		defer w.close()
		for range 3 {
			if _, err := w.current(t.Context()); err == nil {
				t.Error("a verdict")
			}
		}
		lines := strings.SplitAfter(log.String(), "\n")
		if len(lines) != 3 || lines[0] != "tresor-verify: asking https://127.0.0.1 for its evidence\n" || !strings.Contains(lines[1], " error: EvidenceUnavailableError by TRN-60: ") {
			t.Errorf("%q", lines)
		}
	})
}
