package ledger_test

import (
	"encoding/binary"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tresorhq/attest/attesttest/internal/ledger"
)

const (
	http1   = "http/1.1"
	http2   = "h2"
	secret  = "the caller's"
	transit = 250 * time.Millisecond

	attestation = "GET /attestation HTTP/1.1\r\nHost: a\r\n\r\n"
	request     = "GET /v1/chat HTTP/1.1\r\nHost: a\r\n\r\n"
	preface     = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
)

// The kinds of frames, and what is of no kind that counts.
const (
	data, headers, settings, ping, continuation = 0, 1, 4, 6, 9
)

// start is when everything begins.
var start = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// frame is one of HTTP/2: RFC 9113 section 4.1.
func frame(kind byte, stream uint32, payload string) string {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	return string(binary.BigEndian.AppendUint32(append(head, 0), stream)) + payload
}

// A step is one thing that a server tells its ledger, after a time.
type step func(l *ledger.Ledger, at time.Time)

func sent(bytes string) step {
	return func(l *ledger.Ledger, at time.Time) { l.Received([]byte(bytes), at) }
}

// read gives a request that HTTP has made of the bytes.
func read(major int, path string, change ...func(r *http.Request)) step {
	return func(l *ledger.Ledger, at time.Time) {
		r, err := http.NewRequest("GET", "https://a"+path, nil)
		if err != nil {
			panic(err)
		}
		r.ProtoMajor = major
		for _, c := range change {
			c(r)
		}
		if r.URL.Path == "/attestation" {
			l.Asked(r, at)
		} else {
			l.Requested(r)
		}
	}
}

// granted serves an attestation that is valid for a second, and answers.
func granted(l *ledger.Ledger, at time.Time) {
	l.Grant(at.Add(time.Second))
	l.Answered()
}

func answered(l *ledger.Ledger, _ time.Time) { l.Answered() }

// TestFindings: what counts, in which words, and what does not.
func TestFindings(t *testing.T) {
	ask1, ask2 := read(1, "/attestation"), read(2, "/attestation")
	chat1, chat2 := read(1, "/v1/chat"), read(2, "/v1/chat")
	open2 := preface + frame(settings, 0, "")
	const stray, before = "bytes of no attestation request, before an honest attestation", `1 requests before an honest attestation, the first "GET" "/v1/chat"`
	with := func(name, value string) func(r *http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, tt := range []struct {
		name, protocol string
		steps          []step
		want           []ledger.Finding
	}{
		{"nothing", http1, nil, nil},
		{"no handshake", "", []step{sent("P")}, nil},
		{"attestation", http1, []step{sent(attestation), ask1, granted}, nil},
		{"attestation, refused", http1, []step{sent(attestation), ask1, answered}, nil},
		{"attestation twice", http1, []step{sent(attestation + attestation), ask1, answered, ask1, answered}, nil},
		{"part of an attestation", http1, []step{sent(attestation[:20])}, nil},
		{"another first byte", http1, []step{sent("P"), sent("OST")}, []ledger.Finding{{4, stray}}},
		{"part of another request", http1, []step{sent(attestation + request[:6]), ask1}, []ledger.Finding{{6, stray}}},
		{"another request", http1, []step{sent(request), chat1}, []ledger.Finding{{len(request), before}}},
		{"two other requests", http1, []step{sent(request), chat1, answered, sent(request), read(1, "/b")}, []ledger.Finding{{2 * len(request), "2" + before[1:]}}},
		{"a request with the attestation", http1, []step{sent(attestation + request), ask1, granted, chat1}, []ledger.Finding{{len(request), stray}}},
		{"a request after the attestation", http1, []step{sent(attestation), ask1, granted, sent(request), chat1}, nil},
		{"the longest head", http1, []step{sent(attestation[:27] + strings.Repeat("a", 16<<10-27))}, nil},
		{"a longer head", http1, []step{sent(attestation[:27] + strings.Repeat("a", 16<<10-26))}, []ledger.Finding{{16<<10 + 1, stray}}},
		{"a longer head, whole", http1, []step{sent(attestation[:27] + strings.Repeat("a", 16<<10) + "\r\n\r\n")}, []ledger.Finding{{16<<10 + 31, stray}}},

		{"attestation", http2, []step{sent(open2 + frame(headers, 1, "attest")), ask2, granted}, nil},
		{"attestation that HTTP has not seen", http2, []step{sent(open2 + frame(headers, 1, "attest"))}, nil},
		{"attestation in parts", http2, []step{sent(open2 + frame(headers, 1, "att") + frame(continuation, 1, "est")), ask2}, nil},
		{"part of the preface", http2, []step{sent(preface[:5])}, nil},
		{"another preface", http2, []step{sent("PRI *!"), sent("more")}, []ledger.Finding{{10, stray}}},
		{"frames that say nothing", http2, []step{sent(open2 + frame(ping, 0, "12345678"))}, nil},
		{"a request", http2, []step{sent(open2 + frame(headers, 1, "chat")), chat2}, []ledger.Finding{{4, before}}},
		{"a request in parts", http2, []step{sent(open2 + frame(headers, 1, "ch") + frame(continuation, 1, "at")), chat2}, []ledger.Finding{{4, before}}},
		{"part of a second request", http2, []step{sent(open2 + frame(headers, 1, "attest") + frame(headers, 3, "chat")[:11]), ask2}, []ledger.Finding{{2, stray}}},
		{"a second request that HTTP has not seen", http2, []step{sent(open2 + frame(headers, 1, "attest") + frame(headers, 3, "chat"))}, []ledger.Finding{{4, stray}}},
		{"a body", http2, []step{sent(open2 + frame(headers, 1, "attest") + frame(data, 1, "abc")), ask2}, []ledger.Finding{{3, stray}}},
		{"a body, and a frame that says nothing", http2, []step{sent(open2 + frame(headers, 1, "attest") + frame(data, 1, "abc") + frame(ping, 0, "12345678")), ask2}, []ledger.Finding{{3, stray}}},
		{"a continuation of nothing", http2, []step{sent(open2 + frame(continuation, 1, "abc"))}, []ledger.Finding{{3, stray}}},

		{"a query", http1, []step{read(1, "/attestation?a")}, []ledger.Finding{{0, "attestation request with a query"}}},
		{"a body", http1, []step{read(1, "/attestation", func(r *http.Request) { r.ContentLength = -1 })}, []ledger.Finding{{0, "attestation request with a body"}}},
		{"a cookie", http1, []step{read(1, "/attestation", with("Cookie", "a"))}, []ledger.Finding{{0, "attestation request with the caller's Cookie"}}},
		{"a key", http1, []step{read(1, "/attestation", with("Authorization", "a"))}, []ledger.Finding{{0, "attestation request with the caller's Authorization"}}},
		{"a proxy's key", http1, []step{read(1, "/attestation", with("Proxy-Authorization", "a"))}, []ledger.Finding{{0, "attestation request with the caller's Proxy-Authorization"}}},
		{"the secret", http1, []step{read(1, "/attestation", with("Accept", secret))}, []ledger.Finding{{0, "attestation request with the caller's Accept"}}},
		{"another header", http1, []step{read(1, "/attestation", with("Accept", "a"))}, nil},
	} {
		l := ledger.New(transit, secret)
		if tt.protocol != "" {
			l.Begin(tt.protocol)
		}
		for _, do := range tt.steps {
			do(l, start)
		}
		if got := l.Findings(); !slices.Equal(got, tt.want) {
			t.Errorf("%s %s: %+v, want %+v", tt.protocol, tt.name, got, tt.want)
		}
	}
}

// TestLate: a request is late when its first byte comes after the end of the newest
// attestation and the transit, whenever the rest comes.
func TestLate(t *testing.T) {
	const inTime, late = time.Second + transit, time.Second + transit + 1
	ask1, ask2 := read(1, "/attestation"), read(2, "/attestation")
	chat1, chat2 := read(1, "/v1/chat"), read(2, "/v1/chat")
	attest1 := []timed{{0, sent(attestation)}, {0, ask1}, {0, granted}}
	attest2 := []timed{{0, sent(preface + frame(headers, 1, "attest"))}, {0, ask2}, {0, granted}}
	chat := frame(headers, 3, "chat")
	for _, tt := range []struct {
		name, protocol string
		steps          []timed
		want           string // "": it is in time
	}{
		{"in time", http1, []timed{{inTime, sent(request)}, {late, chat1}}, ""},
		{"first byte in time", http1, []timed{{inTime, sent(request[:1])}, {late, sent(request[1:])}, {late, chat1}}, ""},
		{"late", http1, []timed{{late, sent(request)}, {late, chat1}}, `request after the attestation had run out: "GET" "/v1/chat"`},
		{"late behind one in time", http1, []timed{{inTime, sent(request)}, {inTime, chat1}, {late, answered}, {late, sent(request)}, {late, chat1}}, `request after the attestation had run out: "GET" "/v1/chat"`},
		{"more of one in time", http1, []timed{{inTime, sent(request)}, {inTime, chat1}, {late, sent("body")}, {late, answered}}, ""},
		{"attested again", http1, []timed{{late, sent(attestation)}, {late, ask1}, {late, granted}, {late, sent(request)}, {late, chat1}}, ""},

		{"in time", http2, []timed{{inTime, sent(chat)}, {late, chat2}}, ""},
		{"first byte in time", http2, []timed{{inTime, sent(chat[:1])}, {late, sent(chat[1:])}, {late, chat2}}, ""},
		{"late", http2, []timed{{late, sent(chat)}, {late, chat2}}, "request after the attestation had run out: 1 header blocks that began later"},
		{"trailer of one in time", http2, []timed{{inTime, sent(chat)}, {inTime, chat2}, {late, sent(frame(headers, 3, "trailer"))}}, ""},
		{"attested again", http2, []timed{{late, sent(chat)}, {late, ask2}, {late, granted}}, ""},
		{"an older attestation", http2, []timed{{-time.Second, granted}, {inTime, sent(chat)}, {late, chat2}}, ""},
	} {
		l := ledger.New(transit, secret)
		l.Begin(tt.protocol)
		first := attest1
		if tt.protocol == http2 {
			first = attest2
		}
		for _, s := range slices.Concat(first, tt.steps) {
			s.do(l, start.Add(s.after))
		}
		var want []ledger.Finding
		if tt.want != "" {
			want = []ledger.Finding{{0, tt.want}}
		}
		if got := l.Findings(); !slices.Equal(got, want) {
			t.Errorf("%s %s: %+v, want %+v", tt.protocol, tt.name, got, tt.want)
		}
	}
}

type timed struct {
	after time.Duration
	do    step
}

// TestCounts: a Ledger counts attestations that were asked for, and knows whether
// one was honest. Only the first Begin decides the protocol.
func TestCounts(t *testing.T) {
	l := ledger.New(transit, secret)
	l.Begin(http2)
	l.Begin(http1)
	for range 2 {
		read(2, "/attestation")(l, start)
	}
	if l.Attestations() != 2 || l.Honest() {
		t.Errorf("%d attestations, honest: %v", l.Attestations(), l.Honest())
	}
	if sent(preface)(l, start); l.Findings() != nil {
		t.Error(l.Findings())
	}
	if granted(l, start); !l.Honest() {
		t.Error("an honest attestation was not noticed")
	}
}

// TestSplit: bytes, be they HTTP or not, count the same in whatever parts they come,
// and never for more than there are.
func TestSplit(t *testing.T) {
	part := rapid.SampledFrom([]string{
		attestation, request, preface, "\r\n\r\n", "garbage",
		frame(settings, 0, ""), frame(headers, 1, "attest"), frame(headers, 3, "chat"), frame(continuation, 3, "more"), frame(data, 3, "body"), frame(ping, 0, "12345678"),
	})
	rapid.Check(t, func(t *rapid.T) {
		all := strings.Join(rapid.SliceOfN(part, 0, 8).Draw(t, "parts"), "")
		if rapid.Bool().Draw(t, "with a preface") {
			all = preface + all
		}
		protocol := rapid.SampledFrom([]string{http1, http2}).Draw(t, "protocol")
		whole, split := ledger.New(transit, secret), ledger.New(transit, secret)
		whole.Begin(protocol)
		split.Begin(protocol)
		whole.Received([]byte(all), start)
		for rest := []byte(all); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			split.Received(rest[:n], start)
			rest = rest[n:]
		}
		got := split.Findings()
		if !slices.Equal(got, whole.Findings()) {
			t.Fatalf("%q: %+v in parts, %+v in one", all, got, whole.Findings())
		}
		for _, f := range got {
			if f.Bytes < 1 || f.Bytes > len(all) {
				t.Fatalf("%q: %v", all, f)
			}
		}
	})
}

// FuzzReceived: no bytes panic, and none count twice.
func FuzzReceived(f *testing.F) {
	f.Add(true, []byte(preface+frame(headers, 1, "attest")+frame(data, 1, "body")))
	f.Add(false, []byte(attestation+request))
	f.Fuzz(func(t *testing.T, two bool, plaintext []byte) {
		l := ledger.New(transit, secret)
		if l.Begin(http1); two {
			l = ledger.New(transit, secret)
			l.Begin(http2)
		}
		l.Received(plaintext, start)
		for _, found := range l.Findings() {
			if found.Bytes > len(plaintext) {
				t.Errorf("%d of %d bytes", found.Bytes, len(plaintext))
			}
		}
	})
}
