package difftest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-sev-guest/verify/testdata"

	"github.com/tresorhq/attest/internal/mint"
)

// Evidence is a report with what endorses it.
type Evidence struct {
	Name               string
	Report             []byte
	Leaf, Intermediate []byte    // DER; the intermediate may be absent
	Kind               string    // of the leaf, and so its place in a table: "vcek" or "vlek"
	Product            string    // whose roots are to be used
	At                 time.Time // when it is verified
	Synthetic          bool      // under the roots of package mint, else AMD's
}

// At is within the validity of all synthetic certificates.
var At = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// FromSet makes Evidence of a synthetic set.
func FromSet(s *mint.Set) Evidence {
	return Evidence{
		Name:   s.Product + "-v" + string('0'+byte(s.Spec.Version)) + "-" + s.Kind,
		Report: s.Report, Leaf: s.Leaf, Intermediate: s.Intermediate, Kind: s.Kind, Product: s.Product, At: At, Synthetic: true,
	}
}

// Synthetic returns evidence of every product, report version and kind of key.
func Synthetic() []Evidence {
	var all []Evidence
	for _, product := range mint.Products {
		for version := uint32(2); version <= 5; version++ {
			for _, kind := range []string{"vcek", "vlek"} {
				all = append(all, FromSet(mint.Evidence(product, version, kind)))
			}
		}
	}
	return all
}

// Sample is go-sev-guest's: a Milan guest with a version 2 report.
func Sample() Evidence {
	return Evidence{
		Name: "go-sev-guest sample", Report: testdata.AttestationBytes, Leaf: testdata.VcekBytes, Kind: "vcek", Product: "Milan",
		At: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// Captures returns the real captures in the folder that ATTEST_REAL_VECTORS
// names, which are not part of this repository; none when it is not set.
func Captures() ([]Evidence, error) {
	root := os.Getenv("ATTEST_REAL_VECTORS")
	if root == "" {
		return nil, nil
	}
	reports, err := filepath.Glob(filepath.Join(root, "real", "*", "report.bin"))
	if err != nil {
		return nil, err
	}
	if len(reports) == 0 {
		return nil, &os.PathError{Op: "glob", Path: root, Err: os.ErrNotExist}
	}
	var all []Evidence
	for _, name := range reports {
		dir := filepath.Dir(name)
		text, err := os.ReadFile(filepath.Join(dir, "case.json"))
		if err != nil {
			return nil, err
		}
		var c struct {
			Product    string
			SigningKey string    `json:"signing_key"`
			VerifyAt   time.Time `json:"verify_at"`
		}
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, err
		}
		report, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		leaf, err := os.ReadFile(filepath.Join(dir, "vek.der"))
		if err != nil {
			return nil, err
		}
		all = append(all, Evidence{
			Name: filepath.Base(dir), Report: report, Leaf: leaf, Kind: c.SigningKey, Product: c.Product, At: c.VerifyAt,
		})
	}
	return all, nil
}

// All is Sample, Synthetic and Captures.
func All() ([]Evidence, error) {
	captures, err := Captures()
	return append(append([]Evidence{Sample()}, Synthetic()...), captures...), err
}
