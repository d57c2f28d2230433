package attest

// run carries out the steps of one verification, in their order.
type run struct {
	audit  bool             // go on behind a step that failed
	checks []Check          // of step s at s-1
	err    AttestationError // of the first step that failed
}

// Rules: ORD-03.
func newRun(audit bool) *run {
	r := &run{audit: audit, checks: make([]Check, lastStep)}
	for s := stepEnvelope; s <= lastStep; s++ { // what is not carried out has not passed
		r.checks[s-1] = Check{Step: int(s), ID: steps[s].id, Requirement: steps[s].requirement, Status: NotReached}
	}
	return r
}

// A finding is what a step has to say when it does not fail.
type finding struct {
	status           Status // zero: Pass
	expected, actual string
	reason           string
}

// notApplicable marks a step that this kind of verification does not have.
func (r *run) notApplicable(reason string, list ...step) {
	for _, s := range list {
		r.record(s, finding{status: NotApplicable, reason: reason}, nil)
	}
}

// do runs a step if it is its turn. After a failure only an audit goes on, and
// only with steps whose input was verified.
// Rules: ORD-01, ORD-02.
func (r *run) do(s step, check func() (finding, AttestationError)) {
	if r.err != nil && !r.audit {
		r.record(s, finding{status: NotReached, reason: "an earlier step failed"}, nil)
		return
	}
	for _, need := range steps[s].needs {
		switch r.checks[need-1].Status {
		case Pass, NotApplicable: // none that may be left unchecked is needed
		default:
			r.record(s, finding{status: NotReached, reason: "needs step " + steps[need].id}, nil)
			return
		}
	}
	f, err := check()
	r.record(s, f, err)
}

func (r *run) record(s step, f finding, err AttestationError) {
	c := &r.checks[s-1]
	c.Status, c.Expected, c.Actual, c.Reason = f.status, f.expected, f.actual, f.reason
	switch {
	case err != nil:
		c.Status, c.Requirement, c.Reason = Fail, err.Requirement(), err.Error()
		if d, ok := err.(interface{ Details() Failure }); ok {
			c.Expected, c.Actual, c.Reason = d.Details().Expected, d.Details().Actual, d.Details().Message
		}
		if r.err == nil {
			r.err = err
		}
	case c.Status == "":
		c.Status = Pass
	}
}

// passed reports whether each of these steps was carried out and holds.
func (r *run) passed(first, last step) bool {
	for s := first; s <= last; s++ {
		if r.checks[s-1].Status != Pass {
			return false
		}
	}
	return true
}

// verdict returns the error of the first step that failed. It fails closed:
// without a failure, but with a step that was not carried out, the run is
// incomplete, which is a mistake of this package and no verdict.
func (r *run) verdict() error {
	if r.err != nil {
		return r.err
	}
	for _, c := range r.checks {
		if c.Status != Pass && c.Status != NotApplicable && c.Status != NotChecked {
			return errIncomplete
		}
	}
	return nil
}
