package transport

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/fetch"
)

// check refuses what cannot be sent over an attested connection to the origin, before
// anything is dialled.
func (o origin) check(r *http.Request) error {
	switch {
	case r.URL == nil:
		return unfit("TRN-13", "URL", "nil")
	case r.Header == nil:
		return unfit("TRN-13", "Header", "nil")
	case !isToken(r.Method) && r.Method != "":
		return unfit("TRN-13", "Method", "not a token")
	}
	if err := o.checkTarget(r); err != nil {
		return err
	}
	// A connection that changes its protocol cannot be attested again.
	if r.Method == http.MethodConnect {
		return unfit("TRN-14", "Method", "CONNECT is refused: a tunnel cannot be attested again")
	}
	if len(r.TransferEncoding) > 0 && !slices.Equal(r.TransferEncoding, []string{"chunked"}) {
		return unfit("TRN-16", "TransferEncoding", "not chunked: nothing would say where the body ends")
	}
	for i, h := range []http.Header{r.Header, r.Trailer} {
		for name, values := range h {
			if !isToken(name) {
				return unfit("TRN-13", "Header", "the name "+fetch.Quote(name)+" is not a token")
			}
			if strings.EqualFold(name, "Upgrade") {
				return unfit("TRN-14", "Upgrade", "a connection that changes its protocol cannot be attested again")
			}
			if field := textproto.CanonicalMIMEHeaderKey(name); slices.Contains(framing, field) && (field != name || i > 0) {
				return unfit("TRN-16", field, fetch.Quote(name)+" would stand next to that of net/http, or come after what it is about")
			}
			for _, v := range values {
				if !isFieldValue(v) {
					return unfit("TRN-13", "Header", "the value of "+fetch.Quote(name)+" has a control character")
				}
			}
		}
	}
	return nil
}

// framing are the fields that say where a request over HTTP/1.1 ends. net/http
// writes its own, and leaves out a caller's in no other spelling than this one: two
// that differ are two requests to some servers.
var framing = []string{"Content-Length", "Transfer-Encoding", "Trailer"}

// isToken and isFieldValue follow RFC 9110 section 5.6.2 and 5.5.

func isToken(s string) bool {
	return s != "" && strings.Trim(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func isFieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
