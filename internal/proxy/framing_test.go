package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestProxyPlainRefusals: what net/http refuses before a request is one is refused
// without an object, and reaches nobody.
// Rules: PRX-10, PRX-16.
func TestProxyPlainRefusals(t *testing.T) {
	d, _ := kitDoor(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%v arrived", r.URL) }), nil)
	for name, tt := range map[string]struct {
		head   string
		status int
	}{
		"no Host":            {"GET / HTTP/1.1\r\n", http.StatusBadRequest},
		"two Hosts":          {"GET / HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n", http.StatusBadRequest},
		"a malformed Host":   {"GET / HTTP/1.1\r\nHost: a b\r\n", http.StatusBadRequest},
		"two lengths":        {"POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nContent-Length: 2\r\n", http.StatusBadRequest},
		"gzip, then chunked": {"POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: gzip, chunked\r\n", http.StatusNotImplemented},
	} {
		r := d.raw(tt.head + "\r\n")
		if r.status != tt.status || !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestProxyHostAsTrailer: it would come after what it is about.
func TestProxyHostAsTrailer(t *testing.T) {
	d, _ := kitDoor(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%v arrived", r.URL) }), nil)
	r := d.raw("POST / HTTP/1.1\r\nHost: HOST\r\nTrailer: Host\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nHost: example.com\r\n\r\n")
	if r.status != http.StatusBadRequest || !strings.Contains(r.body, `"TRN-12"`) {
		t.Errorf("%+v", r)
	}
}

// TestProxyTwoFramings: of a length and chunks the chunks count, and one of the two
// is forwarded.
// Rules: PRX-16.
func TestProxyTwoFramings(t *testing.T) {
	var length int64
	var coding []string
	d, _ := kitDoor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		length, coding = r.ContentLength, r.Header.Values("Content-Length")
		io.Copy(w, r.Body)
	}), nil)
	r := d.raw("POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
	if r.status != http.StatusOK || r.body != "hello" || length != -1 || len(coding) > 0 {
		t.Errorf("%+v, length %d, %q", r, length, coding)
	}
}
