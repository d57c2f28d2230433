package transport

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/tresorhq/attest/internal/fetch"
)

// TestGateReservesInVain: a verdict that ends while a slot is reserved lets nothing
// through, and the slot is given back.
// Rules: TRN-01.
func TestGateReservesInVain(t *testing.T) {
	var arrived atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
	defer server.Close()
	cc, err := new(http.Transport).NewClientConn(t.Context(), "http", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	g, slots := &gate{cc: cc, wire: &wire{now: fetch.SystemClock()}}, cc.Available()
	ended := &attempt{verdict: &verdict{bundle: 1, newest: new(atomic.Uint64)}}
	if _, err := g.roundTrip(req, ended); !errors.Is(err, errExpired) {
		t.Error(err)
	}
	if cc.Available() != slots || arrived.Load() > 0 {
		t.Errorf("%d slots of %d, %d requests", cc.Available(), slots, arrived.Load())
	}
}
