package repo

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest"
)

// liar is a server that answers with whatever it is told to.
type liar struct {
	*httptest.Server
	envelope []byte   // of GET /attestation
	asked    []string // other paths; the requests come one after the other
	bundle   []byte   // of GET /bundle
}

func newLiar(t *testing.T) *liar {
	l := new(liar)
	l.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/attestation":
			w.Write(l.envelope)
		case r.URL.Path == "/bundle" && l.bundle != nil:
			w.Write(l.bundle)
		default:
			l.asked = append(l.asked, r.URL.Path)
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(l.Close)
	return l
}

// altered is a JSON object with one member set to something else.
func altered(t *testing.T, object []byte, name string, value any) []byte {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal(object, &members); err != nil {
		t.Fatal(err)
	}
	members[name] = value
	b, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func publicKeyFile(t *testing.T, key ed25519.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemFile(t, "PUBLIC KEY", der)
}

// TestRecipeEndless: an answer that does not say how long it is does not fill the
// disk.
func TestRecipeEndless(t *testing.T) {
	t.Parallel()
	r := newRecipe(t)
	e, err := attesttest.New(attesttest.Config{Seed: "recipe"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 16 {
			w.Write(make([]byte, 1<<20))
			w.(http.Flusher).Flush()
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	out, passed := r.with(t, "TMPDIR="+dir, "ORIGIN="+server.URL, "KDS="+server.URL,
		"RELEASE_ROOT="+publicKeyFile(t, e.ReleaseRoot()), "CURL_CA_BUNDLE="+pemFile(t, "CERTIFICATE", server.Certificate().Raw))
	if passed || !strings.Contains(out, "STOP at step 1: no answer") {
		t.Errorf("passed: %v: %s", passed, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "envelope.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Size() > 2<<20 {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
}

// TestRecipeBundleURL: what the envelope says of the bundle's address is nobody's
// word. It is neither an option of curl, nor a pattern of several addresses, nor
// of another protocol.
func TestRecipeBundleURL(t *testing.T) {
	t.Parallel() // it waits for programs
	r := newRecipe(t)
	e, err := attesttest.New(attesttest.Config{Seed: "recipe"})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]struct{ text, asked string }{
		"":                    {"STOP at step 1: trust_bundle_url", ""},
		"-Kenvelope.json":     {"STOP at step 1: trust_bundle_url", ""},
		"file:///etc/passwd":  {"STOP at step 1: trust_bundle_url", ""},
		"http://127.0.0.1/x":  {"STOP at step 1: trust_bundle_url", ""},
		"ORIGIN/bundle-{a,b}": {"STOP at step 3: no trust bundle", "/bundle-{a,b}"},
		"ORIGIN/bundle-[1-3]": {"STOP at step 3: no trust bundle", "/bundle-[1-3]"},
	} {
		l := newLiar(t)
		l.envelope = altered(t, e.Evidence().Envelope, "trust_bundle_url", strings.Replace(address, "ORIGIN", l.URL, 1))
		out, passed := r.with(t, "ORIGIN="+l.URL, "BUNDLE_URL=",
			"RELEASE_ROOT="+publicKeyFile(t, e.ReleaseRoot()), "CURL_CA_BUNDLE="+pemFile(t, "CERTIFICATE", l.Certificate().Raw))
		if passed || !strings.Contains(out, want.text) || strings.Join(l.asked, " ") != want.asked {
			t.Errorf("%q: asked for %q, %s", address, l.asked, out)
		}
	}
}

// harmless wants an output of printable ASCII.
func harmless(t *testing.T, name, out string) {
	t.Helper()
	if i := strings.IndexFunc(out, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }); i >= 0 {
		t.Errorf("%s: byte %d of %q", name, i, out)
	}
}

// evil moves the cursor, in each way in which a shell's echo might do it.
const evil = "\x1b]0;pwned\a\\033[2J\x1b[31m\u202e\nPASS"

// evilLeaf is a certificate with such names, which nobody vouches for.
func evilLeaf(t *testing.T, subject, issuer pkix.Name) (der []byte, key *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: subject, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	if der, err = x509.CreateCertificate(rand.Reader, c, &x509.Certificate{Subject: issuer}, key.Public(), key); err != nil {
		t.Fatal(err)
	}
	return der, key
}

func evilChain(t *testing.T, subject, issuer pkix.Name) string {
	der, _ := evilLeaf(t, subject, issuer)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// TestRecipeCurl: what curl says of a server is not for the terminal either. That
// somebody vouches for such a name is what attestation is there to survive.
func TestRecipeCurl(t *testing.T) {
	t.Parallel() // it waits for programs
	r := newRecipe(t)
	name := pkix.Name{CommonName: "\x1b]0;pwned\a\x1b[31m"}
	der, key := evilLeaf(t, name, name)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	defer server.Close()
	file := pemFile(t, "CERTIFICATE", der)
	out, passed := r.with(t, "ORIGIN="+server.URL, "RELEASE_ROOT="+file, "CURL_CA_BUNDLE="+file)
	if passed || !strings.Contains(out, "\nSTOP at step 1: no answer\n") {
		t.Errorf("%q", out)
	}
	harmless(t, "curl", out)
}

// TestRecipeTerminal: the recipe prints nothing from outside that a terminal
// obeys. The echo of each shell is another one.
func TestRecipeTerminal(t *testing.T) {
	t.Parallel() // it waits for programs
	r := newRecipe(t)
	e, err := attesttest.New(attesttest.Config{Seed: "recipe"})
	if err != nil {
		t.Fatal(err)
	}
	evidence := e.Evidence()
	cn := func(name string) pkix.Name { return pkix.Name{CommonName: name} }
	hidden := pkix.Name{Organization: []string{"x\nCN=SEV-VCEK"}} // a line of its own, unless the line break is escaped
	var issued struct {
		IssuedAt string `json:"issued_at"`
	}
	if err := json.Unmarshal(evidence.Envelope, &issued); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ shell, member, value, want string }{
		"issuer, bash": {"bash", "vcek_chain_pem", evilChain(t, cn("SEV-VCEK"), cn("SEV-"+evil)), "STOP at step 9: no product of AMD\n"},
		"issuer":       {"sh", "vcek_chain_pem", evilChain(t, cn("SEV-VCEK"), cn("SEV-"+evil)), "STOP at step 9: no product of AMD\n"},
		"subject":      {"sh", "vcek_chain_pem", evilChain(t, hidden, cn("SEV-Genoa")), "STOP at step 9: no VCEK\n"},
		"workload":     {"sh", "workload", evil, "STOP at step 7: "},
		"issued at":    {"sh", "issued_at", issued.IssuedAt + " " + evil, "STOP at step 1: not an envelope\n"},
	} {
		l := newLiar(t)
		l.bundle, l.envelope = evidence.Bundle, altered(t, evidence.Envelope, tt.member, tt.value)
		if _, err := exec.LookPath(tt.shell); err != nil {
			t.Logf("no %s here", tt.shell)
			continue
		}
		out, passed := r.in(t, tt.shell, "ORIGIN="+l.URL, "BUNDLE_URL="+l.URL+"/bundle", "KDS="+l.URL,
			"RELEASE_ROOT="+publicKeyFile(t, e.ReleaseRoot()), "CURL_CA_BUNDLE="+pemFile(t, "CERTIFICATE", l.Certificate().Raw))
		if passed || !strings.Contains(out, tt.want) {
			t.Errorf("%s: %q", name, out)
		}
		harmless(t, name, out)
	}
}

// TestRecipeValidUntil: the publisher's word comes last, and is printed. Some jq
// read a time and ignore what follows.
func TestRecipeValidUntil(t *testing.T) {
	t.Parallel() // it waits for programs
	r := newRecipe(t)
	e, err := attesttest.New(attesttest.Config{Seed: "recipe"})
	if err != nil {
		t.Fatal(err)
	}
	server, err := e.Serve(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	l := newLiar(t)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parts := bytes.Split(e.Evidence().Bundle, []byte("."))
	payload, err := base64.RawURLEncoding.DecodeString(string(parts[1]))
	if err != nil {
		t.Fatal(err)
	}
	file := pemFile(t, "CERTIFICATE", webRoot(t, e, server))
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: l.Certificate().Raw}), mustReadFile(t, file)...)
	if err := os.WriteFile(file, both, 0o600); err != nil {
		t.Fatal(err)
	}
	root := sha256.Sum256(e.AMDRoot())
	good := e.Now().AddDate(0, 1, 0).UTC().Format(time.RFC3339)
	for validUntil, want := range map[string]string{good: "(valid until " + good + ")\n", good + " " + evil: "STOP at step 4: not a trust bundle\n"} {
		signed := string(parts[0]) + "." + base64.RawURLEncoding.EncodeToString(altered(t, payload, "valid_until", validUntil))
		l.bundle = []byte(signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(private, []byte(signed))))
		out, passed := r.with(t, "ORIGIN="+server.URL, "BUNDLE_URL="+l.URL+"/bundle", "KDS="+server.KDSURL,
			"ARK_SHA256="+hex.EncodeToString(root[:]), "RELEASE_ROOT="+publicKeyFile(t, public), "CURL_CA_BUNDLE="+file)
		if passed != (validUntil == good) || !strings.Contains(out, want) {
			t.Errorf("%q: %q", validUntil, out)
		}
		harmless(t, validUntil, out)
	}
}

func mustReadFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
