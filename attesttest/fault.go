package attesttest

import (
	"slices"

	"github.com/tresorhq/attest/snpreport"
)

// A Fault is one thing that is wrong with an enclave, its evidence or its trust
// bundle. All the rest stays right, and is signed again where it has to be.
type Fault string

// fault is one row of the table of faults.
type fault struct {
	name          Fault
	err           string // type of the error that must come
	about         string
	needs         needs        // 0: exists with every Config
	before, after func(*draft) // the change before the hardware signs, and then; nil: none
}

// needs says with which Config a fault exists.
type needs uint8

const (
	vcekOnly needs = 1 << iota // a VLEK is of no chip
	cpuid                      // reports have it from version 3 on
)

// row gives a fault's row; the zero one when there is no such fault.
func (f Fault) row() (row fault) {
	if i := slices.IndexFunc(faults, func(r fault) bool { return r.name == f }); i >= 0 {
		row = faults[i]
	}
	return row
}

// faults is in the order of the steps that notice them.
var faults = slices.Concat(envelopeFaults, bundleFaults, hardwareFaults, workloadFaults)

// Faults returns every fault, in the order of the steps that notice them.
func Faults() []Fault {
	var all []Fault
	for _, r := range faults {
		all = append(all, r.name)
	}
	return all
}

// ErrorType returns the name of the error type that a verifier must answer
// with, as attest.ErrorType gives it; "" when there is no such fault.
func (f Fault) ErrorType() string { return f.row().err }

// About says in a few words what is wrong; "" when there is no such fault.
func (f Fault) About() string { return f.row().about }

// Fits reports whether there is such a fault with this Config. Under a VLEK no
// chip can be the wrong one, and reports of version 2 do not name their
// processor.
func (f Fault) Fits(c Config) bool {
	r := f.row()
	return r.err != "" &&
		(r.needs&vcekOnly == 0 || c.SigningKey == snpreport.VCEK) &&
		(r.needs&cpuid == 0 || c.ReportVersion != 2)
}
