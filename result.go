package attest

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// A Result states what was verified. There is none unless everything passed.
type Result struct {
	At          time.Time // the time it was verified for
	Report      snpreport.Report
	Chain       *certchain.Chain
	CustomRoots bool               // the AMD roots are the caller's, not the built-in ones
	CRLs        []*certchain.CRL   // that were given, all of which passed
	Launch      string             // the label of the computed measurement that matched; "": none was demanded
	Relaxed     []string           // the named relaxations in force
	NotChecked  []policy.Unchecked // members that no demand was made of
	Warnings    []Warning          // known weaknesses that evidence cannot disprove
	Notes       []string           // facts worth knowing that were not judged
	Limits      []string           // limits of this verdict
	Checks      []Check            // all 19 steps

	// Of a Verifier only; zero in the result of a ReportVerifier.
	TLSSPKISHA256 [32]byte  // of the attested TLS key, which is the live one
	IdentityTag   [32]byte  // workload identity tag
	Workload      string    // as the trust bundle has it
	Manifest      *Manifest // nil: the envelope has none
	Bundle        *Bundle
	IssuedAt      time.Time     // of the envelope; not signed
	MaxAge        time.Duration // how long the envelope says it may be used
}

// The methods of a Result that no verification made return zero values.
func (r *Result) verified() bool { return r != nil && r.Chain != nil }

// Measurement returns MEASUREMENT, in lower-case hex as policies have it: which
// code the chip measured when the guest was launched.
func (r *Result) Measurement() string {
	if !r.verified() {
		return ""
	}
	return hex.EncodeToString(r.Report.Measurement[:])
}

// Product returns the product of the chip.
func (r *Result) Product() snpreport.Product {
	return r.Facts().Product
}

// ChipID returns CHIP_ID in lower-case hex, or "" under a VLEK, which certifies no
// chip.
func (r *Result) ChipID() string {
	if !r.verified() || r.Chain.SigningKey != snpreport.VCEK {
		return ""
	}
	return hex.EncodeToString(r.Report.ChipID[:])
}

// TCB decodes one of the report's TCB versions in the layout of its product.
func (r *Result) TCB(v snpreport.TCBVersion) snpreport.TCB {
	t, _ := v.For(r.Product()) // a verified chain has a product
	return t
}

// Facts returns the facts that a policy judges.
func (r *Result) Facts() policy.Facts {
	if !r.verified() {
		return policy.Facts{}
	}
	return facts(&r.Report, r.Chain)
}

func facts(r *snpreport.Report, c *certchain.Chain) policy.Facts {
	return policy.Facts{
		Report:        r,
		Product:       c.Product,
		SigningKey:    c.SigningKey,
		LeafKeySHA256: c.LeafKeySHA256,
		CSPID:         c.CSPID,
	}
}

// An Audit is the outcome of a verification, step by step, whether it passed or
// not. It passed when Passed says so: the zero Audit has no error, and did not.
type Audit struct {
	Result *Result // nil unless Err is nil
	Err    error   // of the first step that failed
	Checks []Check // all 19 steps; nil when nothing was carried out
}

// Passed reports whether every step passed, did not apply or was not demanded.
func (a *Audit) Passed() bool { return a != nil && a.Err == nil && a.Result.verified() }

// A Warning is a weakness of the platform that is publicly known and that no
// evidence can disprove. It never decides.
type Warning struct {
	Text   string `json:"text"`
	Source string `json:"source"`
}

// weaknesses by product. SPEC.md section 17 says when a row is added.
// Rules: WRN-01.
var weaknesses = map[snpreport.Product][]Warning{
	snpreport.Milan: {{
		Text:   "the root secret of Milan chips has been extracted in software: who owns an attacked chip can sign any report at any TCB; allow-list chips, or leave Milan out",
		Source: "arXiv 2605.12990",
	}},
}

// The limits of every verdict.
var (
	reportLimits = []string{
		"the report is bound to no connection: whoever holds it can show it",
		"a report holds no time: it may be as old as its certificate",
	}
	endpointLimits = []string{
		"bound to the TLS key, not to this session: whoever stole the key can show the same evidence",
		"no nonce is signed: freshness rests on the TLS key, the bundle's valid_until and the TCB floors",
		"issued_at and max_age_seconds are signed by nobody",
	}
)

// notes lists facts for an auditor that are not judged.
func (s *session) notes() []string {
	notes := s.trust.Policy.Notes()
	add := func(when bool, format string, args ...any) {
		if when {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	r := s.report
	unknown := r.PlatformInfo.Unknown()
	add(unknown != 0, "PLATFORM_INFO has bits without a name: %v", unknown)
	add(s.chain.SigningKey == snpreport.VLEK, "signed by a VLEK: the report is bound to the provider %q, and its CHIP_ID is unbound: no chip is certified", s.chain.CSPID)
	add(r.CurrentFirmware != r.CommittedFirmware, "current firmware %v is not committed: the host can go back to %v", r.CurrentFirmware, r.CommittedFirmware)

	reported, committed, current := s.result.TCB(r.ReportedTCB), s.result.TCB(r.CommittedTCB), s.result.TCB(r.CurrentTCB)
	add(!committed.AtLeast(reported), "REPORTED_TCB (%v) is above COMMITTED_TCB (%v): the host can go back below it", reported, committed)
	add(!current.AtLeast(committed), "COMMITTED_TCB (%v) is above CURRENT_TCB (%v)", committed, current)
	add(!current.AtLeast(reported), "REPORTED_TCB (%v) is above CURRENT_TCB (%v)", reported, current)
	add([32]byte(r.ReportData[32:]) != [32]byte{} && !slices.ContainsFunc(s.trust.Policy.Demands(), func(e policy.Enforced) bool { return e.Name == "report_data" }), "REPORT_DATA[32:64] is not zero, and was not judged")
	return notes
}
