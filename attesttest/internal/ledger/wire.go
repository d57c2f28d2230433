package ledger

import (
	"bytes"
	"encoding/binary"
	"time"
)

// watchHTTP1 looks for anything but attestation requests.
type watchHTTP1 struct {
	head []byte // of the request that is arriving
	lost int
}

const (
	attestationLine = "GET /attestation HTTP/1.1\r\n"
	maxHead         = 16 << 10 // of an attestation request, which has no need for more
)

func (w *watchHTTP1) read(p []byte, _ time.Time) []time.Time {
	if w.lost > 0 {
		w.lost += len(p)
		return nil
	}
	w.head = append(w.head, p...)
	for len(w.head) > 0 {
		common := min(len(w.head), len(attestationLine))
		_, rest, whole := bytes.Cut(w.head, []byte("\r\n\r\n")) // no rest when it is not whole
		if string(w.head[:common]) != attestationLine[:common] || len(w.head)-len(rest) > maxHead {
			w.lost, w.head = len(w.head), nil
			return nil
		}
		if !whole {
			return nil
		}
		w.head = rest
	}
	return nil
}

func (w *watchHTTP1) leaked(int, int) int { return w.lost }

// watchHTTP2 reads frames. RFC 9113 section 4.1: 24 bits length, 8 bits type,
// 8 bits flags, 32 bits stream, big-endian, then the payload.
type watchHTTP2 struct {
	started bool   // the preface is over
	head    []byte // of the frame that is arriving, or of the preface
	payload int    // bytes to come of the frame
	into    *int   // where they count; nil: nowhere
	blocks  []int  // bytes of each header block; trailers are one, too
	lost    int    // bytes of bodies, or of no frames at all
	last    uint32 // stream that was opened last
	began   time.Time
}

const (
	preface         = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	frameHead       = 9
	frameData       = 0x0
	frameHeaders    = 0x1
	frameContinued  = 0x9
	frameLengthBits = 24
)

func (w *watchHTTP2) read(p []byte, at time.Time) (begun []time.Time) {
	for len(p) > 0 {
		if w.payload > 0 {
			n := min(w.payload, len(p))
			if w.into != nil {
				*w.into += n
			}
			w.payload -= n
			p = p[n:]
			continue
		}
		if len(w.head) == 0 {
			w.began = at
		}
		w.head = append(w.head, p[0])
		p = p[1:]
		switch {
		case !w.started:
			if n := len(w.head); w.head[n-1] != preface[n-1] { // not HTTP/2: all that follows counts
				w.lost += n
				w.payload, w.into = int(^uint(0)>>1), &w.lost
			}
			if len(w.head) == len(preface) {
				w.started, w.head = true, nil
			}
		case len(w.head) == frameHead:
			if stream := binary.BigEndian.Uint32(w.head[5:]); w.head[3] == frameHeaders && stream > w.last {
				w.last = stream
				begun = append(begun, w.began)
			}
			w.frame()
			w.head = nil
		}
	}
	return begun
}

func (w *watchHTTP2) frame() {
	w.payload = int(binary.BigEndian.Uint32(w.head) >> (32 - frameLengthBits))
	w.into = nil
	switch w.head[3] {
	case frameData:
		w.into = &w.lost
	case frameHeaders:
		w.blocks = append(w.blocks, 0)
		w.into = &w.blocks[len(w.blocks)-1]
	case frameContinued:
		if w.into = &w.lost; len(w.blocks) > 0 {
			w.into = &w.blocks[len(w.blocks)-1]
		}
	}
}

// leaked counts every header block beyond those of the attestation requests, also
// when it has not come to a handler yet. Which are which is not known, but an
// honest client begins with the attestation, and attests a connection once at a
// time. One that no handler has ever seen may have been the attestation request.
func (w *watchHTTP2) leaked(attestations, requests int) int {
	if requests == 0 {
		attestations = max(attestations, 1)
	}
	total := w.lost
	for i, n := range w.blocks {
		if i >= attestations {
			total += n
		}
	}
	return total
}
