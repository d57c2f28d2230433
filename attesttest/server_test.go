package attesttest_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/snpreport"
)

func serve(t testing.TB, e *attesttest.Enclave, handler http.Handler) *attesttest.Server {
	t.Helper()
	s, err := e.Serve(handler)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// client speaks HTTP of that major version to servers of e.
func client(t testing.TB, e *attesttest.Enclave, major int) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(major == 1)
	protocols.SetHTTP2(major == 2)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: e.WebRoots()}, Protocols: protocols}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

type answer struct {
	*http.Response
	body []byte
	spki [32]byte
}

func ask(t testing.TB, c *http.Client, method, url string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response, body, sha256.Sum256(response.TLS.PeerCertificates[0].RawSubjectPublicKeyInfo)}
}

// gather is what a client sees; the CRL is that of e.
func gather(t testing.TB, c *http.Client, s *attesttest.Server, e *attesttest.Enclave) attest.Evidence {
	envelope, bundle := ask(t, c, "GET", s.URL+"/attestation"), ask(t, c, "GET", s.BundleURL)
	return attest.Evidence{Envelope: envelope.body, Bundle: bundle.body, LiveSPKI: envelope.spki, CRLs: e.Evidence().CRLs}
}

func TestServe(t *testing.T) {
	e := newEnclave(t, attesttest.Config{})
	s := serve(t, e, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Method+" "+r.URL.Path+" "+r.Proto)
	}))
	for major, proto := range map[int]string{1: "HTTP/1.1", 2: "HTTP/2.0"} {
		c := client(t, e, major)
		if _, err := newVerifier(t, e).Verify(gather(t, c, s, e), e.Now()); err != nil {
			t.Errorf("%s: %v", proto, err)
		}
		if got := ask(t, c, "POST", s.URL+"/v1/chat"); string(got.body) != "POST /v1/chat "+proto {
			t.Errorf("%s: %s", proto, got.body)
		}
		envelope := ask(t, c, "GET", s.URL+"/attestation")
		if envelope.Header.Get("Content-Type") != "application/json" || !bytes.Contains(envelope.body, []byte(s.BundleURL)) {
			t.Errorf("%s: %v %s", proto, envelope.Header, envelope.body)
		}
		for _, tt := range []struct {
			method, url string
			status      int
		}{
			{"POST", s.URL + "/attestation", http.StatusMethodNotAllowed},
			{"POST", s.BundleURL, http.StatusNotFound},
			{"GET", s.KDSURL + "/", http.StatusNotFound},
			{"GET", s.KDSURL + "/attestation", http.StatusNotFound},
		} {
			if got := ask(t, c, tt.method, tt.url); got.StatusCode != tt.status {
				t.Errorf("%s %s: %s", tt.method, tt.url, got.Status)
			}
		}
	}
	if got := ask(t, client(t, e, 1), "GET", serve(t, e, nil).URL+"/"); got.StatusCode != http.StatusNotFound {
		t.Errorf("without a handler: %s", got.Status)
	}
}

// TestServeFault: what is wrong with an enclave is wrong with its server.
func TestServeFault(t *testing.T) {
	good := newEnclave(t, attesttest.Config{Seed: "serve", Now: now})
	s := serve(t, good, nil)
	for _, f := range []attesttest.Fault{attesttest.LiveKey, attesttest.EnvelopeStale, attesttest.BundleAlgNone, attesttest.PolicyDebug} {
		born := time.Now() // at good.Now(), by the server's clock
		e := newEnclave(t, attesttest.Config{Seed: "serve", Now: now}, f)
		s.SetEnclave(e)
		evidence := gather(t, client(t, e, 2), s, e)
		_, err := newVerifier(t, good).Verify(evidence, good.Now().Add(time.Since(born)))
		if attest.ErrorType(err) != f.ErrorType() {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// TestSetEnclave: a connection keeps its certificate, the answers change at once.
func TestSetEnclave(t *testing.T) {
	before := newEnclave(t, attesttest.Config{Now: now, Seed: "rotation"})
	after := newEnclave(t, attesttest.Config{Now: now, Seed: "rotation", BundleVersion: 18}, attesttest.LiveKey)
	s := serve(t, before, nil)
	c := client(t, before, 1)
	old := ask(t, c, "GET", s.URL+"/")
	s.SetEnclave(after)
	if again := ask(t, c, "GET", s.URL+"/"); again.spki != old.spki {
		t.Error("a connection changed its key")
	}
	if fresh := ask(t, client(t, before, 1), "GET", s.URL+"/"); fresh.spki != after.Evidence().LiveSPKI {
		t.Error("a new connection has the old key")
	}
	if bundle := ask(t, c, "GET", s.BundleURL); !bytes.Equal(bundle.body, after.Evidence().Bundle) {
		t.Error("the old bundle is served")
	}
}

// TestServerClock: a server's envelopes are issued when they are asked for.
func TestServerClock(t *testing.T) {
	e := newEnclave(t, attesttest.Config{Now: now})
	got, err := attest.ParseEnvelope(ask(t, client(t, e, 1), "GET", serve(t, e, nil).URL+"/attestation").body)
	if err != nil {
		t.Fatal(err)
	}
	if !got.IssuedAt.After(now) || got.IssuedAt.After(now.Add(time.Hour)) {
		t.Errorf("issued %v, started %v", got.IssuedAt, now)
	}
}

// TestKDS lets the client of the real key server talk to the imitated one, and
// verifies a chain of what it got.
func TestKDS(t *testing.T) {
	for _, product := range snpreport.Products() {
		e := newEnclave(t, attesttest.Config{Product: product, Now: now, Seed: "kds"})
		server, err := kds.NewClient(kds.Config{Base: serve(t, e, nil).KDSURL, WebRoots: e.WebRoots(), Attempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		fetch := func(r kds.Request) []byte {
			b, err := server.Fetch(t.Context(), r)
			if err != nil {
				t.Fatalf("%v: %v", product, err)
			}
			return b
		}
		envelope, err := attest.ParseEnvelope(e.Evidence().Envelope)
		if err != nil {
			t.Fatal(err)
		}
		report := new(snpreport.Report)
		if err := report.UnmarshalBinary(envelope.Report); err != nil {
			t.Fatal(err)
		}
		leaf, err := kds.VCEKFor(report, product)
		if err != nil {
			t.Fatal(err)
		}
		chain, err := certchain.SplitPEM(fetch(kds.CertChain(product, snpreport.VCEK)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := certchain.Verify(append(chain, fetch(leaf)), e.VerifierConfig().AMDRoots, now); err != nil {
			t.Errorf("%v: %v", product, err)
		}
		for _, kind := range []snpreport.SigningKey{snpreport.VCEK, snpreport.VLEK} {
			if !bytes.Equal(fetch(kds.CRL(product, kind)), e.Evidence().CRLs[0]) {
				t.Errorf("%v %v: another CRL", product, kind)
			}
		}
		vlek, err := certchain.SplitPEM(fetch(kds.CertChain(product, snpreport.VLEK)))
		if err != nil || len(vlek) != 2 || bytes.Equal(vlek[0], chain[0]) || !bytes.Equal(vlek[1], chain[1]) {
			t.Errorf("%v: the chain for VLEKs: %v", product, err)
		}
	}
}

// TestClose: nothing is left running, and Close waits for handlers, those of
// HTTP/2 included, which may outlive their connection.
func TestClose(t *testing.T) {
	for _, major := range []int{1, 2} {
		e := newEnclave(t, attesttest.Config{})
		before := runtime.NumGoroutine()
		arrived, closed, failed := make(chan bool), make(chan bool), make(chan error)
		s, err := e.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			arrived <- true
			<-r.Context().Done()
			for range 10000 { // a chance for Close to return too early
				runtime.Gosched()
			}
			select {
			case <-closed:
				t.Errorf("HTTP/%d: Close did not wait for the handler", major)
			default:
			}
		}))
		if err != nil {
			t.Fatal(err)
		}
		c := client(t, e, major)
		ask(t, c, "GET", s.URL+"/attestation")
		ask(t, c, "GET", s.BundleURL)
		go func() {
			_, err := c.Get(s.URL + "/")
			failed <- err
		}()
		<-arrived
		s.Close()
		close(closed)
		if <-failed == nil {
			t.Errorf("HTTP/%d: a request was answered", major)
		}
		s.Close() // again
		c.CloseIdleConnections()
		waitForGoroutines(t, before)
	}
}

// waitForGoroutines gives those that have nothing left to do the chance to end.
func waitForGoroutines(t *testing.T, want int) {
	for range 100000 {
		if runtime.NumGoroutine() <= want {
			return
		}
		runtime.Gosched()
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("goroutines left:\n%s", strings.TrimSpace(string(stacks[:runtime.Stack(stacks, true)])))
}
