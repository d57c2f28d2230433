package kds_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/snpreport"
	"pgregory.net/rapid"
)

// A keyServer answers without a network: with the number of the edition that it
// is at, or not at all.
type keyServer struct {
	edition int
	down    bool
	asked   int
}

func (s *keyServer) answer(path string) []byte {
	return fmt.Appendf(nil, "edition %d of %s", s.edition, path)
}

func (s *keyServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked++
	status, body := http.StatusOK, s.answer(r.URL.RequestURI())
	if s.down {
		status = http.StatusNotFound
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

// fetchModel is what must be true of two processes that share a cache.
type fetchModel struct {
	t       *rapid.T
	dir     string
	server  *keyServer
	clients []*kds.Client
	kept    map[kds.Request][]byte // whole entries
	damaged map[kds.Request]bool   // entries that must not be used
	warned  int
}

func (m *fetchModel) client() *kds.Client {
	c, err := kds.NewClient(kds.Config{Base: kds.DefaultBase, CacheDir: m.dir, Warn: func(err error) {
		if e, ok := errors.AsType[*kds.FetchError](err); !ok || e.Rule != "KDS-30" {
			m.t.Fatal("warned of ", err)
		}
		m.warned++
	}})
	if err != nil {
		m.t.Fatal(err)
	}
	c.Transport().RegisterProtocol("https", m.server)
	return c
}

// fetch compares one Fetch with what the model says it must do.
func (m *fetchModel) fetch(c *kds.Client, r kds.Request) {
	asked, warned := m.server.asked, m.warned
	got, err := c.Fetch(m.t.Context(), r)
	isCRL := strings.HasSuffix(r.Path(), "/crl")
	want, ask := m.kept[r], m.kept[r] == nil || isCRL
	if ask {
		want = m.server.answer(r.Path())
		if m.server.down {
			want = nil
		}
	}
	wantWarned := 0
	if m.damaged[r] {
		wantWarned = 1
	}
	if !bytes.Equal(got, want) || (err == nil) != (want != nil) || m.server.asked-asked != map[bool]int{true: 1}[ask] || m.warned-warned != wantWarned {
		m.t.Fatalf("%s: got %q, %v, asked %d times, warned %d times; want %q, kept: %v, damaged: %v",
			r.Path(), got, err, m.server.asked-asked, m.warned-warned, want, !ask, m.damaged[r])
	}
	if want != nil && !isCRL {
		m.kept[r] = want
		delete(m.damaged, r)
	}
}

// KDS-30, KDS-33: through any order of fetches by two processes, damage, crashes
// and failures of the server, Fetch returns what the server sent for this very
// request, asks only for what is not kept whole, and always for a CRL.
func TestFetchModel(t *testing.T) {
	base := t.TempDir()
	requests := []kds.Request{
		chain, kds.CertChain(snpreport.Genoa, snpreport.VLEK), vcekOf(t, snpreport.Milan), vcekOf(t, snpreport.Turin),
		kds.CRL(snpreport.Genoa, snpreport.VCEK),
	}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		m := &fetchModel{t: t, dir: filepath.Join(dir, "cache"), server: &keyServer{}, kept: map[kds.Request][]byte{}, damaged: map[kds.Request]bool{}}
		m.clients = []*kds.Client{m.client(), m.client()}
		some := func(t *rapid.T) kds.Request { return rapid.SampledFrom(requests).Draw(t, "request") }
		who := func(t *rapid.T) int { return rapid.IntRange(0, len(m.clients)-1).Draw(t, "client") }
		t.Repeat(map[string]func(*rapid.T){
			"fetch":       func(t *rapid.T) { m.fetch(m.clients[who(t)], some(t)) },
			"new edition": func(*rapid.T) { m.server.edition++ },
			"server":      func(*rapid.T) { m.server.down = !m.server.down },
			"new process": func(t *rapid.T) { m.clients[who(t)] = m.client() },
			"crash": func(t *rapid.T) { // while it wrote
				if os.MkdirAll(m.dir, 0o700) == nil {
					os.WriteFile(filepath.Join(m.dir, "new-X"), []byte("kds-cache/1"), 0o600)
				}
			},
			"forget": func(t *rapid.T) {
				r := some(t)
				if err := m.clients[who(t)].Forget(r); err != nil {
					t.Fatal(err)
				}
				delete(m.kept, r)
				delete(m.damaged, r)
			},
			"damage": func(t *rapid.T) {
				r := some(t)
				file, err := os.ReadFile(entry(m.dir, r))
				if err != nil {
					t.Skip("nothing is kept")
				}
				if m.damaged[r] {
					t.Skip("a second change may mend it, and of an empty one there is nothing to change")
				}
				switch at := rapid.IntRange(0, len(file)-1).Draw(t, "at"); rapid.IntRange(0, 2).Draw(t, "how") {
				case 0:
					file[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
				case 1:
					file = file[:at]
				case 2:
					file = append(file, file[at])
				}
				if err := os.WriteFile(entry(m.dir, r), file, 0o600); err != nil {
					t.Fatal(err)
				}
				delete(m.kept, r)
				m.damaged[r] = true
			},
		})
	})
}
