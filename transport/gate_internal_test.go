package transport

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
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
	g, slots := &gate{cc: cc}, cc.Available()
	for fresh := range 2 { // how often the verdict is fresh
		looked := 0
		if _, err := g.roundTrip(req, func() bool { looked++; return looked <= fresh }, nil); !errors.Is(err, errExpired) {
			t.Errorf("fresh %d times: %v", fresh, err)
		}
		if cc.Available() != slots || arrived.Load() > 0 {
			t.Errorf("fresh %d times: %d slots of %d, %d requests", fresh, cc.Available(), slots, arrived.Load())
		}
	}
}
