package attest

import (
	"errors"
	"slices"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

var (
	errZeroTime      = errors.New("attest: the time of verification is not set")
	errNoReleaseRoot = errors.New("attest: no release root: nothing could sign a trust bundle")
	errIncomplete    = errors.New("attest: internal error: a step was not carried out")
)

// A Result states what was verified. There is none unless everything passed.
type Result struct {
	At          time.Time // the time it was verified for
	Report      snpreport.Report
	Chain       *certchain.Chain
	CustomRoots bool                // the AMD roots are the caller's, not the built-in ones
	Relaxed     []string            // the named relaxations in force
	NotChecked  []policy.NotChecked // what nothing demanded
	Warnings    []Warning           // known weaknesses that evidence can not disprove
	Notes       []string            // what is worth knowing, and was not judged
	Limits      []string            // what this verdict does not say
	Checks      []Check             // all 19 steps

	// Of a Verifier only; zero in the result of a ReportVerifier.
	TLSSPKISHA256 [32]byte  // of the attested TLS key, which is the live one
	IdentityTag   [32]byte  // workload identity tag
	Workload      string    // as the trust bundle has it
	Manifest      *Manifest // nil: the envelope has none
	Bundle        *Bundle
	IssuedAt      time.Time     // of the envelope; signed by nobody
	MaxAge        time.Duration // how long the envelope says it may be used
}

// TCB decodes one of the report's TCB versions in the layout of its product.
func (r *Result) TCB(v snpreport.TCBVersion) snpreport.TCB {
	if r.Chain == nil { // a Result that no verification made
		return snpreport.TCB{}
	}
	t, _ := v.For(r.Chain.Product) // a verified chain has a product
	return t
}

// Facts returns what a policy sees of the evidence.
func (r *Result) Facts() policy.Facts {
	if r.Chain == nil { // a Result that no verification made
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
// not.
type Audit struct {
	Result *Result // nil unless Err is nil
	Err    error   // of the first step that failed
	Checks []Check // all 19 steps; nil when nothing was carried out
}

// conclude turns what the steps left into an Audit.
func conclude(r *run, h *hardware, limits []string) *Audit {
	a := &Audit{Checks: r.checks, Err: r.verdict()}
	if a.Err == nil && !h.outcome.Accepts() { // GEN-02: an outcome that nobody made accepts nothing
		a.Err = errIncomplete
	}
	if a.Err != nil {
		return a
	}
	a.Result = h.result
	a.Result.At = h.at
	a.Result.Chain = h.chain
	a.Result.CustomRoots = h.roots.Custom()
	a.Result.Relaxed = h.policy.Relaxed()
	for _, n := range h.outcome.NotChecked {
		checked := func(c Check) bool { return c.ID == n.Name && c.Status == Pass } // REPORT_DATA of an endpoint, by step 18
		if !slices.ContainsFunc(r.checks, checked) {
			a.Result.NotChecked = append(a.Result.NotChecked, n)
		}
	}
	for _, s := range []step{stepBundleRollback, stepRevocation} { // what no policy knows of
		if c := r.checks[s-1]; c.Status == NotChecked {
			a.Result.NotChecked = append(a.Result.NotChecked, policy.NotChecked{Name: c.ID, Reason: c.Reason})
		}
	}
	a.Result.Warnings = warningsFor(h.chain.Product)
	a.Result.Notes = h.notes()
	a.Result.Limits = append([]string(nil), limits...)
	a.Result.Checks = a.Checks
	return a
}
