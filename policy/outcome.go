package policy

import "github.com/tresorhq/attest/snpreport"

// Facts is all that a policy sees. The caller has verified it: the report's
// signature by the leaf, the leaf's chain, and that product, kind of key, TCB and
// chip of the leaf are the report's. A policy checks none of that.
type Facts struct {
	Report        *snpreport.Report
	Product       snpreport.Product    // of the verified chain
	SigningKey    snpreport.SigningKey // kind of the verified leaf
	LeafKeySHA256 [32]byte             // of the leaf's SubjectPublicKeyInfo, DER
	CSPID         string               // the provider that a VLEK names; empty for a VCEK
}

// Kind says which step of a verification a violation belongs to.
type Kind uint8

// The kinds, in the order of the steps.
const (
	KindPolicy      Kind = iota + 1 // step 13
	KindMeasurement                 // step 14
	KindTCB                         // step 17
	KindReportData                  // step 18
)

// A Violation is a rule that the facts do not meet.
type Violation struct {
	Rule     string   `json:"rule"` // of SPEC.md, e.g. "POL-05"
	Kind     Kind     `json:"-"`
	Name     string   `json:"name"`     // member of the policy file, and the bit or component, e.g. "guest_policy.forbid debug"
	Message  string   `json:"-"`        // a sentence without capital letter and final period, e.g. "the host may debug this guest"
	Expected string   `json:"expected"` // may be long
	Actual   string   `json:"actual"`   // names the report's field where there is more than one
	Allowed  []string `json:"-"`        // of measurements: the list that lacks the report's, in hex
}

// Unchecked is a member of the policy file that no policy demands, and that no
// rule of Default covers.
type Unchecked struct {
	Name   string // member of the policy file
	Reason string
}

// Outcome is the result of Evaluate, in the order of SPEC.md: by kind, then by member
// of the policy file. The zero Outcome accepts nothing.
type Outcome struct {
	Violations []Violation // all of them
	NotChecked []Unchecked
	complete   bool
}

// Accepts reports whether every rule was evaluated and none is violated.
func (o Outcome) Accepts() bool { return o.complete && len(o.Violations) == 0 }
