package proxy

import "testing"

// TestProxyListens: on loopback, unless the operator says otherwise.
// Rules: PRX-01.
func TestProxyListens(t *testing.T) {
	for _, tt := range []struct {
		listen      string
		allowRemote bool
		ok          bool
	}{
		{"127.0.0.1:0", false, true},
		{"localhost:0", false, true},
		{"LOCALHOST:0", false, true},
		{":0", false, false},
		{"0.0.0.0:0", false, false},
		{"[::]:0", false, false},
		{"192.0.2.1:0", false, false},
		{"loopback.example:0", false, false},
		{"0.0.0.0:0", true, true},
	} {
		listener, err := listenAt(tt.listen, tt.allowRemote)
		if (err == nil) != tt.ok {
			t.Errorf("%s, allow-remote %t: %v", tt.listen, tt.allowRemote, err)
		}
		if listener != nil {
			listener.Close()
		}
	}
}
