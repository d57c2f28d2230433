package transport

import (
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/rule"
)

// ErrClosed is the error of requests to a Transport that was closed, a *RequestError.
// Rules: TRN-17.
var ErrClosed error = &RequestError{attest.Failure{Rule: "TRN-17", Message: "the transport is closed", Offset: rule.NoOffset}}

// ErrRetired is the error of requests that a Transport has not begun when it was
// retired, a *RequestError. Another Transport may send them: nothing of them was sent,
// as far as that is so of every error of RoundTrip.
// Rules: TRN-18.
var ErrRetired error = &RequestError{attest.Failure{Rule: "TRN-18", Message: "the transport begins no request any more", Offset: rule.NoOffset}}

// errUnmade is the error of a Transport that is nil or zero.
var errUnmade error = &RequestError{attest.Failure{Rule: "TRN-17", Message: "the transport was not made by New", Offset: rule.NoOffset}}

// ErrProtocolChanged is the error of a request that the server answered with 101
// (Switching Protocols), which nothing had asked for. The request was sent. What
// follows could not be attested again, so the connection is closed. It is an
// attest.AttestationError.
// Rules: TRN-15.
var ErrProtocolChanged error = &rule.Error{Rule: "TRN-15", Message: "the server changed the protocol of the connection, unasked", Offset: rule.NoOffset}

// A VerdictEndedError is the error of a request that was cut off since the verdict on
// its connection had ended: by time, or because a newer trust bundle is there. It was
// allowed to begin, and what the endpoint has read of it is not known. Over HTTP/2 that
// may be because another request on the connection was not written in time: net/http
// cannot take back a single one, so that all of them end.
type VerdictEndedError struct {
	attest.Failure
	Result  *attest.Result // what had been attested; shared, and must not be changed
	EndedAt time.Time      // when the verdict ended
}

// An OriginError refuses to send a request to another scheme, host or port than
// the attested one, or with another Host.
type OriginError struct{ attest.Failure }

func elsewhere(id, where, expected, actual string) *OriginError {
	return &OriginError{attest.Failure{Rule: id, Message: "not the attested origin", Where: where, Offset: rule.NoOffset, Expected: expected, Actual: actual}}
}

// A RequestError refuses a request that cannot be sent over an attested
// connection, wherever it goes.
type RequestError struct{ attest.Failure }

func unfit(id, where, reason string) *RequestError {
	return &RequestError{attest.Failure{Rule: id, Message: "the request cannot be sent over an attested connection: " + reason, Where: where, Offset: rule.NoOffset}}
}
