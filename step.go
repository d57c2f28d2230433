package attest

// A step is one of the 19 checks of a verification. SPEC.md section 2 has the
// order: the first step that fails decides the error.
type step uint8

const (
	stepEnvelope step = iota + 1
	stepFreshness
	stepBundleSignature
	stepBundle
	stepBundleValidity
	stepBundleRollback
	stepWorkload
	stepReport
	stepChain
	stepRevocation
	stepReportSignature
	stepEndorsement
	stepPolicy
	stepMeasurement
	stepIdentityTag
	stepManifest
	stepMinTCB
	stepReportData
	stepLiveKey
	lastStep = stepLiveKey
)

// steps names each step, and the rule of SPEC.md that it stands for. needs are
// the steps whose outcome a step reads: an audit runs a step only when those
// passed.
// Rules: ORD-01.
var steps = [lastStep + 1]struct {
	id, requirement string
	needs           []step
}{
	stepEnvelope:        {"envelope", "ENV-01", nil},
	stepFreshness:       {"freshness", "ENV-20", []step{stepEnvelope}},
	stepBundleSignature: {"bundle_signature", "BND-01", nil},
	stepBundle:          {"bundle", "BND-10", []step{stepBundleSignature}},
	stepBundleValidity:  {"bundle_validity", "BND-30", []step{stepBundle}},
	stepBundleRollback:  {"bundle_rollback", "BND-40", []step{stepBundle}},
	stepWorkload:        {"workload", "WKL-01", []step{stepEnvelope, stepBundle}},
	stepReport:          {"report", "RPT-01", []step{stepEnvelope}},
	stepChain:           {"chain", "CHN-01", []step{stepEnvelope, stepBundle}},
	stepRevocation:      {"revocation", "CRL-01", []step{stepChain}},
	stepReportSignature: {"report_signature", "RPT-23", []step{stepReport, stepChain}},
	stepEndorsement:     {"endorsement", "END-01", []step{stepReportSignature}},
	stepPolicy:          {"policy", "POL-01", []step{stepEndorsement}},
	stepMeasurement:     {"measurement", "POL-02", []step{stepEndorsement}},
	stepIdentityTag:     {"identity_tag", "IDT-01", []step{stepEnvelope, stepBundle}},
	stepManifest:        {"manifest", "IDT-10", []step{stepEnvelope}},
	stepMinTCB:          {"min_tcb", "POL-03", []step{stepEndorsement}},
	stepReportData:      {"report_data", "BIN-01", []step{stepEnvelope, stepEndorsement}},
	stepLiveKey:         {"live_key", "BIN-10", []step{stepEnvelope}},
}

// Status is how a step ended.
type Status string

const (
	Pass          Status = "pass"
	Fail          Status = "fail"
	NotReached    Status = "not_reached"    // an earlier step failed
	NotApplicable Status = "not_applicable" // this verification has no such step
	NotChecked    Status = "not_checked"    // nothing demanded it
)

// A Check is what one step found.
// Rules: ORD-03.
type Check struct {
	Step        int    // 1 to 19
	ID          string // stable, e.g. "report_signature"
	Requirement string // rule of SPEC.md: the broken one when Status is Fail
	Status      Status
	Expected    string
	Actual      string
	Reason      string // why it was not run; what is wrong
}
