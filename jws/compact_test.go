package jws_test

import (
	"bytes"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/tresorhq/attest/jws"
)

const (
	plain = `{"alg":"EdDSA"}`
	text  = `{"version":1}`
)

func TestParseFraming(t *testing.T) {
	good := string(token(plain, text, signEd))
	parts := strings.Split(good, ".")
	head, body, tail := parts[0], parts[1], parts[2]
	join := func(s ...string) string { return strings.Join(s, ".") }
	sig := make([]byte, 65)

	for _, tt := range []struct {
		name, compact, rule string
	}{
		// Lesson: without a cap on the whole, a flood is decoded before it is refused.
		{"larger than header, payload and signature can be", strings.Repeat(".", 10000), "JWS-01"},
		{"payload of one byte too many", string(token(plain, strings.Repeat("x", 1025), signEd)), "JWS-01"},
		// Lesson: exactly three segments; five are a JWE.
		{"nothing", "", "JWS-02"},
		{"one segment", head, "JWS-02"},
		{"two segments", join(head, body), "JWS-02"},
		{"four segments", join(head, body, tail, tail), "JWS-02"},
		{"four segments, the last empty", good + ".", "JWS-02"},
		{"leading dot", "." + good, "JWS-02"},
		{"five segments of a JWE", join(head, head, head, body, tail), "JWS-02"},
		{"two messages", join(good, good), "JWS-02"},
		{"two messages, glued", good + good, "JWS-02"},
		{"dots of a full-width alphabet", strings.ReplaceAll(good, ".", "．"), "JWS-02"},
		// Lesson: other serializations are other formats.
		{"flattened serialization", `{"payload":"` + body + `","protected":"` + head + `","signature":"` + tail + `"}`, "JWS-02"},
		// Lesson: an empty signature is the one of alg none.
		{"empty header", join("", body, tail), "JWS-03"},
		{"empty payload", join(head, "", tail), "JWS-03"},
		{"empty signature", join(head, body, ""), "JWS-03"},
		{"only dots", "..", "JWS-03"},
		// Lesson: padding, the other alphabet and blanks let one message have many texts.
		{"padding in the header", join(head+"=", body, tail), "JWS-04"},
		{"padding in the signature", join(head, body, tail+"=="), "JWS-04"},
		{"percent-encoded padding", join(head, body, tail+"%3D"), "JWS-04"},
		{"plus of the other alphabet", join(head, body, "+"+tail[1:]), "JWS-04"},
		{"slash of the other alphabet", join(head, body, "/"+tail[1:]), "JWS-04"},
		{"space before", " " + good, "JWS-04"},
		{"tab inside", join(head, body[:4]+"\t"+body[4:], tail), "JWS-04"},
		// Lesson: Go's strict decoder skips CR and LF.
		{"line feed in the header", join(head[:4]+"\n"+head[4:], body, tail), "JWS-04"},
		{"carriage return in the payload", join(head, body[:4]+"\r"+body[4:], tail), "JWS-04"},
		{"line break in the signature", join(head, body, tail[:4]+"\r\n"+tail[4:]), "JWS-04"},
		// Lesson: the library trims nothing.
		{"final line feed", good + "\n", "JWS-04"},
		{"final zero byte", good + "\x00", "JWS-04"},
		{"byte order mark", "\uFEFF" + good, "JWS-04"},
		// Lesson: bits that nobody reads make a second text of the same bytes.
		{"trailing bits in the payload", join(head, "AB", tail), "JWS-04"},
		{"trailing bits in the signature", join(head, body, tail[:85]+string(tail[85]+1)), "JWS-04"},
		{"length 1 mod 4", join(head, "AAAAA", tail), "JWS-04"},
		// Lesson: only 64 bytes go to the primitive.
		{"signature of 63 bytes", join(head, body, b64(sig[:63])), "JWS-05"},
		{"signature of 65 bytes", join(head, body, b64(sig)), "JWS-05"},
		{"signature of 1 byte", join(head, body, b64(sig[:1])), "JWS-05"},
		// Order: segments before header before sizes.
		{"bad header, then bad payload", join("!", "?", tail), "JWS-04"},
		{"alg none, signature of 1 byte", join(b64([]byte(`{"alg":"none"}`)), body, b64(sig[:1])), "JWS-08"},
	} {
		_, err := open([]byte(tt.compact), bundle, edKey)
		if err == nil {
			t.Errorf("%s: accepted", tt.name)
			continue
		}
		t.Run(tt.name, func(t *testing.T) { checkError(t, err, tt.rule) })
	}
	if got, err := open([]byte(good), bundle, edKey); err != nil || string(got) != text {
		t.Errorf("good message: %q, %v", got, err)
	}
	if _, err := open(token(plain, strings.Repeat("x", 1024), signEd), bundle, edKey); err != nil {
		t.Errorf("largest payload: %v", err)
	}
}

// No text but the one that was signed is accepted: not with one bit another,
// not with one byte less, not with one byte more.
func TestEveryManglingRefused(t *testing.T) {
	header := `{"alg":"EdDSA","typ":"JWT","kid":"a"}`
	for _, tt := range []struct {
		kind jws.Kind
		key  jws.Key
		good []byte
	}{
		{bundle, edKey, token(header, text, signEd)},
		{receipt, ecKey, token(strings.Replace(header, "EdDSA", "ES256", 1), text, signEC)},
	} {
		if _, err := open(tt.good, tt.kind, tt.key); err != nil {
			t.Fatal(err)
		}
		try := func(what string, at int, compact []byte) {
			if got, err := open(compact, tt.kind, tt.key); err == nil || got != nil {
				t.Errorf("%v: %s %d: accepted", tt.kind.Algorithm, what, at)
			}
		}
		for i := range tt.good {
			for bit := range 8 {
				b := bytes.Clone(tt.good)
				b[i] ^= 1 << bit
				try("flip in byte", i, b)
			}
			try("cut at", i, tt.good[:i])
			try("start at", i+1, tt.good[i+1:])
			try("without byte", i, append(bytes.Clone(tt.good[:i]), tt.good[i+1:]...))
			for _, c := range []byte("A.\n=") {
				try("inserted at", i, append(append(bytes.Clone(tt.good[:i]), c), tt.good[i:]...))
			}
		}
	}
}

// Lesson: a zero value verifies nothing.
func TestZeroValuesRefuse(t *testing.T) {
	forAlg := func(alg string) []byte { return token(`{"alg":"`+alg+`"}`, text, signEd) }
	for name, tt := range map[string]struct {
		kind    jws.Kind
		compact []byte
		rule    string
	}{
		"zero Kind":             {jws.Kind{}, forAlg("EdDSA"), "JWS-08"},
		"no algorithm":          {jws.Kind{MaxPayload: 100}, forAlg("no algorithm"), "JWS-08"},
		"unknown algorithm":     {jws.Kind{Algorithm: 3, MaxPayload: 100}, forAlg("no algorithm"), "JWS-08"},
		"no size":               {jws.Kind{Algorithm: jws.EdDSA}, forAlg("EdDSA"), "JWS-01"},
		"negative size":         {jws.Kind{Algorithm: jws.EdDSA, MaxPayload: -1}, forAlg("EdDSA"), "JWS-01"},
		"size without an upper": {jws.Kind{Algorithm: jws.EdDSA, MaxPayload: math.MaxInt}, forAlg("EdDSA"), "JWS-01"},
		"no types":              {jws.Kind{Algorithm: jws.EdDSA, MaxPayload: 100}, token(`{"alg":"EdDSA","typ":""}`, text, signEd), "JWS-09"},
	} {
		_, err := open(tt.compact, tt.kind, edKey)
		t.Run(name, func(t *testing.T) { checkError(t, err, tt.rule) })
	}

	m, err := jws.Parse(forAlg("EdDSA"), bundle)
	if err != nil {
		t.Fatal(err)
	}
	for name, verify := range map[string]func() ([]byte, int, error){
		"no key":                    func() ([]byte, int, error) { return m.Verify() },
		"zero Key":                  func() ([]byte, int, error) { return m.Verify(jws.Key{}, jws.Key{}) },
		"nil Message":               func() ([]byte, int, error) { return (*jws.Message)(nil).Verify(edKey) },
		"zero Message":              func() ([]byte, int, error) { return new(jws.Message).Verify(edKey, ecKey) },
		"zero Message and zero Key": func() ([]byte, int, error) { return new(jws.Message).Verify(jws.Key{}) },
	} {
		payload, index, err := verify()
		if payload != nil || index != -1 {
			t.Errorf("%s: %q, %d", name, payload, index)
		}
		t.Run(name, func(t *testing.T) { checkError(t, err, "JWS-10") })
	}
	if nobody := (*jws.Message)(nil); nobody.KeyID() != "" {
		t.Error("nil Message has content")
	}
}

// A message keeps nothing of the caller's and gives nothing of its own away.
func TestNoSharedMemory(t *testing.T) {
	compact := token(`{"alg":"EdDSA","kid":"k"}`, text, signEd)
	m, err := jws.Parse(compact, bundle)
	if err != nil {
		t.Fatal(err)
	}
	clear(compact)
	payload, _, err := m.Verify(edKey)
	if err != nil || string(payload) != text {
		t.Fatalf("after clearing the input: %q, %v", payload, err)
	}
	clear(payload)
	if payload, _, err = m.Verify(edKey); err != nil || string(payload) != text {
		t.Errorf("after clearing the payload: %q, %v", payload, err)
	}
	if m.KeyID() != "k" {
		t.Errorf("%q", m.KeyID())
	}
}

// Lesson: splitting at every dot costs a string for each of them.
func TestDotsCostNothing(t *testing.T) {
	kind := jws.Kind{Algorithm: jws.EdDSA, MaxPayload: 4 << 20}
	dots := bytes.Repeat([]byte("."), 4<<20)
	if n := testing.AllocsPerRun(3, func() { _, _ = jws.Parse(dots, kind) }); n > 10 {
		t.Errorf("%v allocations", n)
	}
	if n := allocated(func() { _, _ = jws.Parse(dots, kind) }); n > 1<<16 {
		t.Errorf("%d bytes", n)
	}
}

func TestMemory(t *testing.T) {
	kind := jws.Kind{Algorithm: jws.EdDSA, MaxPayload: 4 << 20}
	compact := token(plain, strings.Repeat("x", 4<<20), signEd)
	if n := allocated(func() { _, _ = jws.Parse(compact, kind) }); n > 4*uint64(len(compact)) {
		t.Errorf("%d bytes for a message of %d", n, len(compact))
	}
}

// allocated returns how many bytes f asks for.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
