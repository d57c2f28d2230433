package fuzz

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/snpreport"
)

// FuzzBundle: a trust bundle that the publisher signed, to the verdict on good
// evidence. What it says is read a second time by other means: a bundle that
// accepts has allowed what it accepts.
func FuzzBundle(f *testing.F) {
	s := &seeded{F: f}
	const header = `{"alg":"EdDSA"}`
	for i, x := range fixtures() {
		s.add(byte(i), header, x.payload)
		s.add(byte(i), `{"alg":"EdDSA","typ":"trust-bundle+jwt","kid":"a"}`, x.payload)
		s.addSpliced(x.payload, func(b []byte) []any { return []any{byte(i), header, b} })
		for _, floor := range []string{`{"Milan":{"snp":1},"Genoa":{"snp":1},"1a-02-1":{"snp":1}}`, `{"fmc":1,"bootloader":1,"tee":0,"snp":4,"microcode":81}`, `{}`} {
			var m map[string]any
			if err := json.Unmarshal(x.payload, &m); err != nil {
				f.Fatal(err)
			}
			m["min_tcb"] = json.RawMessage(floor)
			s.add(byte(i), header, must(json.Marshal(m)))
		}
	}
	for _, word := range dictionary() {
		s.add(byte(0), `{"alg":"EdDSA",`+string(word)+`}`, fixtures()[0].payload)
	}
	s.enough(250)
	f.Fuzz(func(t *testing.T, which byte, header string, payload []byte) {
		x := fixtures()[int(which)%len(fixtures())]
		e := x.evidence
		e.Bundle = sign(header, payload)
		result, err := x.verify(t, e)
		if err != nil {
			return
		}
		if problem := allows(header, payload, result); problem != "" {
			t.Fatalf("accepted, but %s", problem)
		}
	})
}

// A secondBundle is what encoding/json reads of a bundle.
type secondBundle struct {
	Measurements []string       `json:"allowed_hw_measurements"`
	Tags         []string       `json:"allowed_workload_identity_tags"`
	Floors       map[string]any `json:"min_tcb"`
	Version      uint64         `json:"version"`
	ValidUntil   time.Time      `json:"valid_until"`
	Roots        string         `json:"amd_root_ca_pem"`
	Workload     string         `json:"workload"`
	Products     []string       `json:"allowed_products"`
}

// allows says why a bundle does not allow what was accepted under it.
func allows(header string, payload []byte, r *attest.Result) string {
	var h map[string]any
	if err := json.Unmarshal([]byte(header), &h); err != nil || h["alg"] != "EdDSA" {
		return "the header is " + header
	}
	for _, name := range []string{"crit", "b64", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"} {
		if _, ok := h[name]; ok {
			return "the header has " + name
		}
	}
	var b secondBundle
	if err := json.Unmarshal(payload, &b); err != nil {
		return "encoding/json does not read it: " + err.Error()
	}
	root := false
	for rest := []byte(b.Roots); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		root = root || bytes.Equal(block.Bytes, rootOf(r))
	}
	product := r.Chain.Product.String()
	switch {
	case !slices.Contains(b.Measurements, hex.EncodeToString(r.Report.Measurement[:])):
		return "the measurement is not listed"
	case !slices.Contains(b.Tags, hex.EncodeToString(r.IdentityTag[:])):
		return "the tag is not listed"
	case b.Version < 1 || b.Version > 1<<53-1 || b.Version != r.Bundle.Version:
		return fmt.Sprintf("the version is %d", b.Version)
	case !now.Before(b.ValidUntil):
		return "it has expired"
	case !root:
		return "the AMD root is not in it"
	case b.Workload != r.Workload:
		return "the workload is another"
	case b.Products != nil && !slices.Contains(b.Products, product):
		return "the product is not listed"
	}
	for _, v := range []snpreport.TCBVersion{r.Report.ReportedTCB, r.Report.CommittedTCB} {
		if !reaches(b.Floors, product, r.Report.CPUID.String(), levels(r, v)) {
			return fmt.Sprintf("%v does not reach %v", levels(r, v), b.Floors)
		}
	}
	return ""
}

func rootOf(r *attest.Result) []byte { return roots[r.Chain.Product] }

func levels(r *attest.Result, v snpreport.TCBVersion) map[string]float64 {
	m := map[string]float64{}
	t := r.TCB(v)
	for _, c := range t.Components() {
		level, _ := t.Level(c)
		m[c.String()] = float64(level)
	}
	return m
}

// reaches finds the floor that applies and compares each component with it.
func reaches(floors map[string]any, product, die string, levels map[string]float64) bool {
	var floor map[string]any
	for name := range floors {
		if name == strings.ToLower(name) && !strings.Contains(name, "-") { // a component
			floor = floors
		}
	}
	for _, name := range []string{die, product} {
		if f, ok := floors[name].(map[string]any); ok && floor == nil {
			floor = f
		}
	}
	for name, level := range levels {
		low, ok := floor[name].(float64)
		if !ok || level < low {
			return false
		}
	}
	return len(levels) > 0
}

// TestSecondReader: the second reader of bundles says no, too.
func TestSecondReader(t *testing.T) {
	x := fixtures()[2]
	if problem := allows(`{"alg":"EdDSA"}`, x.payload, x.result); problem != "" {
		t.Fatal(problem)
	}
	for _, change := range []struct{ name, value string }{
		{"allowed_hw_measurements", `[]`}, {"allowed_workload_identity_tags", `null`}, {"version", `18`}, {"valid_until", `"2026-04-01T12:00:00Z"`},
		{"amd_root_ca_pem", `""`}, {"workload", `"other"`}, {"allowed_products", `["Milan"]`}, {"min_tcb", `{"snp":1}`},
		{"min_tcb", `{"Milan":{"snp":1}}`}, {"min_tcb", `{"Turin":{"fmc":1,"bootloader":1,"tee":1,"snp":5,"microcode":81}}`},
	} {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(x.payload, &m); err != nil {
			t.Fatal(err)
		}
		m[change.name] = json.RawMessage(change.value)
		if allows(`{"alg":"EdDSA"}`, must(json.Marshal(m)), x.result) == "" {
			t.Errorf("nothing is wrong with %s %s", change.name, change.value)
		}
	}
	for _, header := range []string{`{}`, `{"alg":"ES256"}`, `{"alg":"EdDSA","crit":[]}`} {
		if allows(header, x.payload, x.result) == "" {
			t.Errorf("nothing is wrong with %s", header)
		}
	}
}
