package repo

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/snpreport/form"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/vectors"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// notForTheLibrary are what files and command lines are about: inputs, and cases
// by rule or section.
func notForTheLibrary(c *vectors.Case) bool {
	if c.Command == "measure" { // package launch is held against the same generator by its own tests
		return true
	}
	for _, input := range []string{"pin", "evidence", "cert"} {
		if len(c.Files[input]) > 0 {
			return true
		}
	}
	if strings.HasPrefix(c.ID, "held-") || strings.HasPrefix(c.ID, "azure-") { // read through packages carrier and azure, by the command
		return true
	}
	return slices.Contains(c.Rules, "CLI-07") || strings.HasPrefix(c.Rules[0], "CLI-") ||
		c.Expect.Error == "EvidenceUnavailableError" || strings.HasPrefix(c.ID, "release-root-") || strings.HasSuffix(c.ID, "one-signature-for-every-message")
}

// TestVectorsVersion: the version of the vectors is the first that their list of changes
// has.
func TestVectorsVersion(t *testing.T) {
	version := strings.TrimSpace(readText(t, "testdata/vectors/VERSION"))
	_, changes, _ := strings.Cut(readText(t, "testdata/vectors/CHANGES.md"), "\n## ")
	if line, _, _ := strings.Cut(changes, "\n"); version == "" || line != version && !strings.HasPrefix(line, version+",") {
		t.Errorf("VERSION is %q, the first of CHANGES.md %q", version, line)
	}
}

// TestVectors: every conformance vector that is not about files and command
// lines, through the library. Each has one fault at most, but for those about the
// order of steps.
func TestVectors(t *testing.T) {
	t.Parallel()
	cases, err := vectors.Read(os.DirFS("testdata/vectors"))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, c := range cases {
		if notForTheLibrary(c) {
			continue
		}
		ran++
		accepted, checks, err := judgeByLibrary(c)
		gotType, gotRule := "", ""
		var refusal attest.AttestationError
		var rule interface{ Requirement() string }
		switch {
		case errors.As(err, &refusal) && attest.ErrorType(refusal) != "":
			gotType, gotRule = attest.ErrorType(refusal), refusal.Requirement()
		case configuredRule(err) != "":
			gotType, gotRule = "UsageError", configuredRule(err)
		case errors.As(err, &rule): // of a parser that read a part of the configuration
			gotType, gotRule = "UsageError", rule.Requirement()
		case err != nil:
			gotType = err.Error()
		}
		if gotType != c.Expect.Error || gotRule != c.Expect.Requirement {
			t.Errorf("%s: %q %s (%v), want %q %s", c.ID, gotType, gotRule, err, c.Expect.Error, c.Expect.Requirement)
		}
		failed := 0
		for _, check := range checks {
			if check.Status == attest.Fail {
				failed++
			}
		}
		if failed > 1 && !slices.Contains(c.Rules, "ORD-01") {
			t.Errorf("%s has more than one fault: %d steps fail", c.ID, failed)
		}
		if accepted != (err == nil) {
			t.Errorf("%s: a result, or none: %t, error %v", c.ID, accepted, err)
		}
	}
	t.Logf("%d of %d vectors", ran, len(cases))
	if ran < 1000 {
		t.Errorf("only %d vectors were run", ran)
	}
}

// judgeByLibrary does what a program would do with the inputs of a case. It
// reports whether there was a result, and what became of every step.
func judgeByLibrary(c *vectors.Case) (accepted bool, checks []attest.Check, err error) {
	text := func(name string) string { s, _ := c.Options[name].(string); return s }
	yes := func(name string) bool { return c.Options[name] == true }
	file := func(name string) []byte {
		if list := c.Files[name]; len(list) > 0 {
			return list[0]
		}
		return nil
	}
	at, err := time.Parse(time.RFC3339, text("at"))
	if err != nil {
		return false, nil, err
	}
	if c.Command == "receipt" {
		return receiptByLibrary(c, at)
	}
	demands, err := demandsOf(c)
	if err != nil {
		return false, nil, err
	}
	vmpl, _ := strconv.ParseUint(text("vmpl"), 10, 32) // absent: 0
	pol := policy.Intersect(demands...).Relax(policy.Relax{
		Debug: yes("allow-debug"), Migration: yes("allow-migration"), VLEK: yes("allow-vlek"), VMPL: uint32(vmpl),
	})
	roots, err := rootsOf(c.Files["amd-root"])
	if err != nil {
		return false, nil, err
	}
	crls := c.Files["crl"]
	if c.Command == "report" {
		launched, err := launchedOf(file("launch"))
		if err != nil {
			return false, nil, err
		}
		v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: pol, AMDRoots: roots, RequireCRL: crls != nil, Launch: launched})
		if err != nil {
			return false, nil, err
		}
		a := v.Audit(attest.ReportEvidence{Report: file("report"), Certificates: c.Files["certs"], CRLs: crls}, at)
		return a.Result != nil, a.Checks, a.Err
	}
	e := attest.Evidence{Envelope: file("envelope"), Bundle: file("bundle"), CRLs: crls}
	hex.Decode(e.LiveSPKI[:], []byte(text("spki")))
	config := attest.Config{Policy: pol, AMDRoots: roots, Workload: text("workload"), RequireCRL: crls != nil, Memory: attest.NoMemory{}}
	if state := file("state"); state != nil {
		if config.Memory, err = memoryOf(state); err != nil {
			return false, nil, err
		}
	}
	v, err := attest.NewVerifier(releaseRootsOf(c), config)
	if err != nil {
		return false, nil, err
	}
	a := v.Audit(e, at)
	return a.Result != nil, a.Checks, a.Err
}

// launchedOf are the measurements of a launch file, if there is one.
func launchedOf(file []byte) ([]attest.LaunchMeasurement, error) {
	if file == nil {
		return nil, nil
	}
	f, err := launch.ParseFile(file)
	if err != nil {
		return nil, err
	}
	list, err := f.Guest.Measure()
	var demands []attest.LaunchMeasurement
	for _, m := range list {
		demands = append(demands, attest.LaunchMeasurement{Measurement: m.Digest, Label: m.String()})
	}
	return demands, err
}

// demandsOf are the policies that a case adds to the default one.
func demandsOf(c *vectors.Case) ([]policy.Policy, error) {
	r := policy.Rules{}
	for name, value := range c.Options {
		s, _ := value.(string)
		switch name {
		case "measurement":
			r.Measurements = []string{s}
		case "report-data":
			r.ReportData = &s
		case "host-data":
			r.HostData = []string{s}
		case "chip-id":
			r.ChipIDs.Allow = []string{s}
		case "min-tcb":
			floor := policy.Floor{}
			for part := range strings.SplitSeq(s, ",") {
				component, level, _ := strings.Cut(part, "=")
				n, err := strconv.ParseUint(level, 10, 8)
				known, ok := snpreport.ParseComponent(component)
				if err != nil || !ok {
					return nil, fmt.Errorf("min-tcb %s", part)
				}
				floor[known] = uint8(n)
			}
			r.MinTCB = &policy.Floors{Any: floor}
		}
	}
	options, err := policy.New(r)
	if err != nil {
		return nil, err
	}
	all := []policy.Policy{policy.Default(), options}
	for _, file := range c.Files["policy"] {
		p, err := policy.Parse(file)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// knownRoots are what rootsOf has made, by the files.
var knownRoots = map[string]*certchain.Roots{}

// rootsOf are the AMD roots of files; nil, the built-in ones, without any.
func rootsOf(files [][]byte) (*certchain.Roots, error) {
	key := string(bytes.Join(files, []byte{0}))
	if roots := knownRoots[key]; roots != nil {
		return roots, nil
	}
	var arks [][]byte
	for _, file := range files {
		ders, err := form.SplitCertificates(file)
		if err != nil {
			return nil, err
		}
		arks = append(arks, ders...)
	}
	if arks == nil {
		return nil, nil
	}
	roots, err := certchain.NewRoots(arks...)
	if err == nil {
		knownRoots[key] = roots
	}
	return roots, err
}

// memoryOf is a memory with the entries of a good state file.
func memoryOf(state []byte) (attest.BundleMemory, error) {
	var s struct {
		Workloads map[string]struct {
			Version uint64
			SHA256  string
		}
	}
	if err := json.Unmarshal(state, &s); err != nil {
		return nil, err
	}
	memory := attest.NewBundleMemory()
	for workload, entry := range s.Workloads {
		v := attest.BundleVersion{Version: entry.Version}
		hex.Decode(v.SHA256[:], []byte(entry.SHA256))
		memory.Accept(workload, v)
	}
	return memory, nil
}
