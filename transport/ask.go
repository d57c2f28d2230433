package transport

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/fetch"
)

const (
	attestationPath = "/attestation"
	maxEnvelope     = 64 << 10 // bytes
)

// An answer is what GET /attestation brought, and the key that brought it.
type answer struct {
	envelope []byte
	leaf     []byte // DER certificate of this very connection
	spki     [32]byte
}

// ask sends the one request that needs no verdict: always the same bytes, with
// nothing of any caller. An envelope that is too long comes back with one byte
// too many.
// Rules: TRN-24.
func (g *gate) ask(ctx context.Context, o origin, minTLS uint16) (*answer, error) {
	const what = "GET " + attestationPath
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.String()+attestationPath, nil)
	if err != nil {
		return nil, fetch.Unavailable("TRN-20", fetch.HTTP, what, err)
	}
	req.Header = http.Header{
		"Accept":          {"application/json"},
		"Accept-Encoding": {"identity"},
		"User-Agent":      {"tresor-attest"},
	}
	res, err := g.roundTrip(req, nil)
	if err != nil {
		return nil, fetch.Unavailable("TRN-25", fetch.HTTP, what, fetch.Because(ctx, err))
	}
	defer res.Body.Close()
	if ctx.Err() != nil { // a server may answer as it sees the connection go
		return nil, fetch.Unavailable("TRN-25", fetch.HTTP, what, context.Cause(ctx))
	}
	if g.tls == nil { // the first answer
		g.tls, g.h2 = res.TLS, res.ProtoMajor == 2
		g.wire.mu.Lock()
		g.wire.h2 = g.h2
		g.wire.mu.Unlock()
	}
	if res.StatusCode != http.StatusOK {
		return nil, fetch.Answered("TRN-22", fetch.HTTP, what, "status 200 and no redirect", "status "+fetch.Quote(res.Status))
	}
	if !isJSON(res.Header.Get("Content-Type")) {
		return nil, fetch.Answered("TRN-23", fetch.HTTP, what, "content type application/json, in UTF-8", fetch.Quote(res.Header.Get("Content-Type")))
	}
	if encoding, ok := res.Header["Content-Encoding"]; ok {
		return nil, fetch.Answered("TRN-23", fetch.HTTP, what, "no content encoding", fetch.Quote(encoding[0]))
	}
	a, err := leafOf(res.TLS, minTLS)
	if err != nil {
		return nil, err
	}
	// One byte more than allowed, or a longer answer would look like a whole one.
	if a.envelope, err = io.ReadAll(io.LimitReader(res.Body, maxEnvelope+1)); err != nil {
		return nil, fetch.Unavailable("TRN-25", fetch.HTTP, what+": the answer broke off", fetch.Because(ctx, err))
	}
	if len(a.envelope) <= maxEnvelope && res.Close {
		return nil, fetch.Unavailable("TRN-26", fetch.HTTP, what+": the server closes the connection with its answer", errLost)
	}
	return a, nil
}

// isJSON reports whether a content type says JSON in UTF-8, which is its only
// encoding: RFC 8259 section 8.1.
func isJSON(contentType string) bool {
	kind, parameters, err := mime.ParseMediaType(contentType)
	charset, given := parameters["charset"]
	return err == nil && kind == "application/json" && (!given || strings.EqualFold(charset, "utf-8"))
}

func refuseResumed(s tls.ConnectionState) error {
	if !s.DidResume {
		return nil
	}
	return &attest.SPKIMismatchError{Failure: attest.Failure{
		Rule: "TRN-03", Message: "the TLS session was resumed: its certificate is of an earlier handshake, maybe with another peer",
	}}
}

// leafOf takes the key of a connection from the TLS state that came with an
// answer on it.
func leafOf(s *tls.ConnectionState, minTLS uint16) (*answer, error) {
	if s == nil || !s.HandshakeComplete || len(s.PeerCertificates) == 0 {
		return nil, &attest.SPKIMismatchError{Failure: attest.Failure{Rule: "TRN-02", Message: "the connection has no TLS key"}}
	}
	if err := refuseResumed(*s); err != nil {
		return nil, err
	}
	if s.Version < minTLS {
		return nil, fetch.Answered("TRN-04", fetch.TLS, "protocol version", tls.VersionName(minTLS)+" or higher", tls.VersionName(s.Version))
	}
	leaf := s.PeerCertificates[0] // further certificates prove no key
	return &answer{leaf: leaf.Raw, spki: sha256.Sum256(leaf.RawSubjectPublicKeyInfo)}, nil
}
