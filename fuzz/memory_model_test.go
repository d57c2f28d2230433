package fuzz

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
	"github.com/tresorhq/attest/internal/statefile"
)

// memoryModel is what must be true of two verifiers with a memory of bundles,
// one of the process and one in a file, whatever bundles they are shown.
type memoryModel struct {
	*testing.T
	path    string
	inside  attest.BundleMemory
	file    attest.BundleMemory
	config  attest.Config // but for the memory
	highest map[string]attest.BundleVersion
	whole   []byte // what the file held before it was damaged; nil: it is whole
	made    map[string]attest.Evidence
}

// How the evidence around a bundle may be wrong, and which error that is. All but
// the last two are found before step 6, or are the bundle's own fault.
var around6 = map[string]string{
	"expired":     "BundleExpiredError",
	"forged":      "BundleSignatureInvalid",
	"workload":    "WorkloadMismatchError", // step 7: nothing is remembered
	"report":      "ReportInvalidError",    // step 8: the bundle was accepted
	"good report": "",
}

// evidence makes that of a workload, with a bundle of a version in one of several
// wordings.
func (m *memoryModel) evidence(workload string, version uint64, wording int, wrong string) attest.Evidence {
	key := fmt.Sprint(workload, version, wording, wrong)
	if e, ok := m.made[key]; ok {
		return e
	}
	p := newMinted("Milan", 3)
	p.SetWorkload(workload)
	p.Bundle.Payload.Set("version", version)
	p.Bundle.Header.Set("kid", fmt.Sprint(wording))
	switch wrong {
	case "expired":
		p.Bundle.Payload.Set("valid_until", "2026-04-01T12:00:00Z")
	case "forged":
		p.Bundle.Sign = document.EdDSA(mint.Ed25519Key("another publisher's"))
	case "workload":
		p.Envelope.Set("workload", workload+"2")
	case "report":
		p.Envelope.Set("snp_report_b64", "AAAA")
	}
	m.made[key] = p.evidence()
	return m.made[key]
}

// verify compares a verification with what the model says of it.
func (m *memoryModel) verify(t *rapid.T, memory attest.BundleMemory, workload string, e attest.Evidence, version uint64, wrong string) {
	c := m.config
	c.Memory = memory
	_, err := verifier(c).Verify(e, now)
	known, any := m.highest[workload]
	this := attest.BundleVersion{Version: version, SHA256: sha256.Sum256(e.Bundle)}
	want, rule := around6[wrong], ""
	switch {
	case wrong == "expired" || wrong == "forged":
	case m.whole != nil && memory == m.file:
		want, rule = "EvidenceUnavailableError", "BND-42"
	case any && version < known.Version:
		want, rule = "BundleRollbackError", "BND-40"
	case any && version == known.Version && this != known:
		want, rule = "BundleRollbackError", "BND-41"
	}
	var a attest.AttestationError
	got, gotRule := "", ""
	if errors.As(err, &a) {
		got, gotRule = attest.ErrorType(a), a.Requirement()
	}
	if got != want || rule != "" && gotRule != rule || err != nil && got == "" {
		t.Fatalf("%s version %d, %s: %v, want %s %s; known %v, damaged: %v", workload, version, wrong, err, want, rule, known.Version, m.whole != nil)
	}
}

// remember is what both memories must hold after a bundle was accepted.
func (m *memoryModel) remember(workload string, e attest.Evidence, version uint64, wrong string) {
	if known, any := m.highest[workload]; (wrong == "report" || wrong == "good report") && (!any || version > known.Version) {
		m.highest[workload] = attest.BundleVersion{Version: version, SHA256: sha256.Sum256(e.Bundle)}
	}
}

// check compares what a memory says with the model.
func (m *memoryModel) check(t *rapid.T, memory attest.BundleMemory, workloads []string) {
	for _, w := range workloads {
		want, wantOK := m.highest[w]
		got, ok, err := memory.Highest(w)
		if m.whole != nil && memory == m.file {
			if err == nil || ok || got != (attest.BundleVersion{}) {
				t.Fatalf("%s: read %v, %v out of a damaged file", w, got, ok)
			}
		} else if got != want || ok != wantOK || err != nil {
			t.Fatalf("%s: %v, %v, %v, want %v, %v", w, got, ok, err, want, wantOK)
		}
	}
}

// TestBundleMemoryModel: BND-40 to BND-42 through any order of bundles of
// several workloads, newer and older ones, equivocation, refusals before and after
// step 6, new processes, crashes and damage: the memory of the process and the
// one in a file are the same, and never go back.
func TestBundleMemoryModel(t *testing.T) {
	m := &memoryModel{T: t, path: filepath.Join(t.TempDir(), "state.json"), made: map[string]attest.Evidence{}}
	m.config = newMinted("Milan", 3).config()
	m.config.Cache, m.config.Workload = certchain.NewCache(4), ""
	workloads := []string{"router", "Router", "encoder \u202e"}
	open := func() attest.BundleMemory {
		f, err := statefile.Open(m.path)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	rapid.Check(t, func(t *rapid.T) {
		os.RemoveAll(m.path)
		m.inside, m.file, m.whole, m.highest = attest.NewBundleMemory(), open(), nil, map[string]attest.BundleVersion{}
		t.Repeat(map[string]func(*rapid.T){
			"bundle": func(t *rapid.T) {
				w := rapid.SampledFrom(workloads).Draw(t, "workload")
				version := rapid.Uint64Range(1, 3).Draw(t, "version")
				wrong := rapid.SampledFrom([]string{"report", "report", "report", "expired", "forged", "workload", "good report"}).Draw(t, "wrong")
				e := m.evidence(w, version, rapid.IntRange(0, 1).Draw(t, "wording"), wrong)
				if m.whole == nil { // a damaged memory learns nothing, and must then not be behind
					m.verify(t, m.inside, w, e, version, wrong)
					m.verify(t, m.file, w, e, version, wrong)
					m.remember(w, e, version, wrong)
				} else {
					m.verify(t, m.file, w, e, version, wrong)
				}
			},
			"new process": func(*rapid.T) { m.file = open() },
			"crash": func(t *rapid.T) {
				if err := os.WriteFile(m.path+".new", []byte(`{"schema"`), 0o600); err != nil {
					t.Fatal(err)
				}
			},
			"damage": func(t *rapid.T) {
				whole, err := os.ReadFile(m.path)
				if err != nil || m.whole != nil {
					t.Skip("nothing to be damaged")
				}
				damaged := slices.Concat(whole[:rapid.IntRange(0, len(whole)-2).Draw(t, "length")], []byte("x"))
				if err := os.WriteFile(m.path, damaged, 0o600); err != nil {
					t.Fatal(err)
				}
				m.whole = whole
			},
			"mend": func(t *rapid.T) {
				if m.whole == nil {
					t.Skip("it is whole")
				}
				if err := os.WriteFile(m.path, m.whole, 0o600); err != nil {
					t.Fatal(err)
				}
				m.whole = nil
			},
			"": func(t *rapid.T) {
				m.check(t, m.inside, workloads)
				m.check(t, m.file, workloads)
			},
		})
	})
}
