package transport_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/transport"
)

// twin is another pod of the same workload: other TLS key, other chip.
var twin = sync.OnceValue(func() *attesttest.Enclave { return newEnclave(attesttest.Config{Seed: "twin"}) })

// A publisher allows what several enclaves run.
type publisher struct {
	key ed25519.PrivateKey
}

func newPublisher() publisher {
	return publisher{ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
}

// bundle signs a bundle of that version for the enclaves; without any, it allows
// measurements that nothing has.
func (p publisher) bundle(t fataler, version int, life time.Duration, allowed ...*attesttest.Enclave) []byte {
	t.Helper()
	var m map[string]any
	var measurements, tags []any
	for i, e := range append(allowed, shared()) {
		m = nil
		if err := json.Unmarshal(payloadOf(t, e.Evidence().Bundle), &m); err != nil {
			t.Fatal(err)
		}
		if i < len(allowed) {
			tags = append(tags, m["allowed_workload_identity_tags"].([]any)...)
			measurements = m["allowed_hw_measurements"].([]any) // all enclaves of a workload run the same
		}
	}
	if len(allowed) == 0 {
		tags, measurements = []any{strings.Repeat("ab", 32)}, []any{strings.Repeat("ab", 48)}
	}
	m["version"], m["valid_until"] = version, time.Now().Add(life).UTC().Format(time.RFC3339Nano)
	m["allowed_workload_identity_tags"], m["allowed_hw_measurements"] = tags, measurements
	payload, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return p.sign(payload)
}

func payloadOf(t fataler, compact []byte) []byte {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(string(bytes.Split(compact, []byte("."))[1]))
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func (p publisher) sign(payload []byte) []byte {
	enc := base64.RawURLEncoding.EncodeToString
	signed := enc([]byte(`{"alg":"EdDSA"}`)) + "." + enc(payload)
	return []byte(signed + "." + enc(ed25519.Sign(p.key, []byte(signed))))
}

// config trusts the publisher.
func (p publisher) config(bundle []byte) transport.Config {
	return transport.Config{
		ReleaseRoots: []ed25519.PublicKey{p.key.Public().(ed25519.PublicKey)},
		Demands:      attest.Config{Policy: policy.Default(), AMDRoots: shared().VerifierConfig().AMDRoots, Workload: "router"},
		Bundle:       bundle,
		WebRoots:     webRoots(),
		IdleTimeout:  24 * time.Hour, // tests move the clock
		DialTimeout:  time.Minute,    // on a loaded machine
	}
}

// A fleet is pods behind one address: every new connection goes to the next one.
type fleet struct {
	origin string
	mu     sync.Mutex
	pods   []*pod
	next   int
	random bool
}

func newFleet(pods ...*pod) *fleet {
	f := &fleet{origin: "https://" + pods[0].address, pods: pods[:1]}
	f.set(pods...)
	return f
}

func (f *fleet) set(pods ...*pod) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range pods { // one time for all
		p.skew.Store(f.pods[0].skew.Load())
	}
	f.pods, f.next = pods, 0
}

func (f *fleet) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	f.mu.Lock()
	p := f.pods[f.next%len(f.pods)]
	if f.next++; f.random {
		f.next = rand.IntN(len(f.pods))
	}
	f.mu.Unlock()
	return new(net.Dialer).DialContext(ctx, network, p.address)
}

// newFleetTransport talks to a fleet, whose pods may run what shared and twin
// run.
func newFleetTransport(t testing.TB, f *fleet, change func(*transport.Config)) *transport.Transport {
	t.Helper()
	pub := newPublisher()
	return newTransport(t, f.pods[0], func(c *transport.Config) {
		*c = pub.config(pub.bundle(t, 17, 24*time.Hour, shared(), twin()))
		c.DialContext = f.dial
		if change != nil {
			change(c)
		}
	})
}

// webRoots vouches for all servers of shared and twin.
func webRoots() *x509.CertPool {
	pool := shared().WebRoots()
	pool.AddCert(twin().TLSCertificate().Leaf)
	return pool
}

func readAll(t testing.TB, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// A fataler is a testing.TB or a rapid.T.
type fataler interface {
	Helper()
	Fatal(args ...any)
}
