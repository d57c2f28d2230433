package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/tresorhq/attest/internal/fetch"
)

const (
	attestationPath = "/attestation"
	maxEnvelope     = 64 << 10 // bytes
)

// Why a gate did not open. Nothing of the request was written.
var (
	errExpired = errors.New("transport: the connection's verdict has ended")
	errNoSlot  = errors.New("transport: the connection takes no request now")
	errLost    = errors.New("transport: the connection takes no request any more")
)

// A gate holds one connection to the origin. Nothing else can send on it: send
// and ask are the only ways, and roundTrip is the only function that calls
// ClientConn.RoundTrip. The attestation alone, by ask, is no attempt.
type gate struct {
	cc   *http.ClientConn
	wire *wire
	h2   bool                 // set by the first ask, before anybody else has the gate
	tls  *tls.ConnectionState // of this connection, in every answer that came through it; set by the first ask
}

// send sends an attempt's request. The error is errNoSlot or errExpired when the gate
// stayed closed.
func (g *gate) send(req *http.Request, a *attempt) (*http.Response, error) {
	res, err := g.roundTrip(req, a)
	if err != nil {
		g.wire.end(a)
	}
	return res, err
}

// roundTrip is the gate. A request of a caller is an attempt, and passes if its verdict
// is fresh: after a slot was reserved, since that takes time. A reservation has no
// owner, so each is followed by exactly one RoundTrip or Release.
// Rules: TRN-01.
func (g *gate) roundTrip(req *http.Request, a *attempt) (*http.Response, error) {
	if err := g.cc.Reserve(); err != nil {
		return nil, errNoSlot
	}
	if a != nil && (!a.verdict.fresh(g.wire.now()) || !g.wire.begin(a, false)) {
		g.cc.Release()
		return nil, errExpired
	}
	return g.cc.RoundTrip(req)
}

// explain returns why this side closed the connection, where that is what broke a
// request, and otherwise the error itself.
func (g *gate) explain(err error) error {
	switch why := g.wire.reason().(type) {
	case nil:
		return err
	case *VerdictEndedError:
		e := *why
		e.Cause = err
		return &e
	default:
		return why
	}
}

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
		g.tls, g.h2 = res.TLS, 2 == res.ProtoMajor
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

// gone reports whether the connection takes no request any more: it is lost, or was told
// to go away. Then it has no slot, although it carries less than it once might.
func (g *gate) gone(slots int) bool {
	return g.cc.Err() != nil || g.h2 && g.cc.Available() == 0 && g.cc.InFlight() < slots
}
