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
	Rule     string // rule of SPEC.md, e.g. "POL-05"
	Kind     Kind
	Name     string   // member of the policy file, and the bit or component, e.g. "guest_policy.forbid debug"
	Expected string   // may be long
	Actual   string   // names the report's field where there is more than one
	Allowed  []string // of measurements: the list that lacks the report's, in hex
}

// NotChecked is a member of the policy file that no policy demands, and that no
// rule of Default covers.
type NotChecked struct {
	Name   string // member of the policy file
	Reason string
}

// Outcome is what Evaluate found. The zero Outcome accepts nothing.
type Outcome struct {
	Violations []Violation  // all of them, in the order of SPEC.md: by kind, then by rule
	NotChecked []NotChecked // in the same order
	complete   bool
}

// Accepts reports whether every rule was evaluated and none is violated.
func (o Outcome) Accepts() bool { return o.complete && len(o.Violations) == 0 }

// Evaluate holds the facts against every rule. The zero Policy, and facts without
// a report, a product or a known kind of key, violate one rule and no other is
// looked at.
func (p Policy) Evaluate(f Facts) Outcome {
	e := &evaluation{policy: p, facts: f, r: f.Report}
	if !e.possible() {
		return e.out
	}
	e.out.NotChecked = make([]NotChecked, 0, len(ruleTable))
	for i := range ruleTable {
		e.row = &ruleTable[i]
		if !e.row.check(e) && e.row.unchecked != "" {
			e.out.NotChecked = append(e.out.NotChecked, NotChecked{e.row.name, e.row.unchecked})
		}
	}
	e.out.complete = true
	return e.out
}

// evaluation is one run of Evaluate.
type evaluation struct {
	policy Policy
	facts  Facts
	r      *snpreport.Report
	row    *row // the present one
	out    Outcome
}

// possible refuses what no rule can be held against.
func (e *evaluation) possible() bool {
	e.row = &row{id: "POL-04", name: "facts", kind: KindPolicy}
	switch k := e.facts.SigningKey; {
	case len(e.policy.sets) == 0:
		e.row = &row{id: "POL-01", name: "policy", kind: KindPolicy}
		e.violate("", "a policy", "none: the zero Policy accepts nothing")
	case e.r == nil:
		e.violate("", "a report", "none")
	case e.facts.Product.ChipIDSize() == 0:
		e.violate("", "a product", e.facts.Product.String())
	case k != snpreport.VCEK && k != snpreport.VLEK:
		e.violate("", "a VCEK or a VLEK", "another kind of key")
	default:
		return true
	}
	return false
}

// violate adds a violation of the present rule, about a part of it or all ("").
func (e *evaluation) violate(part, expected, actual string) {
	name := e.row.name
	if part != "" {
		name += " " + part
	}
	e.out.Violations = append(e.out.Violations, Violation{Rule: e.row.id, Kind: e.row.kind, Name: name, Expected: expected, Actual: actual})
}

// A row is one rule of SPEC.md section 7.
type row struct {
	id, name string
	kind     Kind
	// always is for the rules of Default. demand holds one rule set against the
	// facts and returns false when that set does not demand anything. across is
	// for rules that join the demands of all sets before.
	always func(*evaluation)
	demand func(*evaluation, *rules) bool
	across func(*evaluation) bool
	// unchecked is the reason when nothing is demanded; "" where a rule of Default,
	// or another row, covers the member then.
	unchecked string
}

// check returns false when no rule set demands anything.
func (r *row) check(e *evaluation) bool {
	switch {
	case r.always != nil:
		r.always(e)
		return true
	case r.across != nil:
		return r.across(e)
	}
	demanded := false
	for _, s := range e.policy.sets {
		demanded = r.demand(e, s) || demanded
	}
	return demanded
}

// ruleTable has every rule, by kind and then by id: the order of violations.
var ruleTable = [...]row{
	{id: "POL-05", name: "guest_policy.forbid debug", kind: KindPolicy, always: checkDebug},
	{id: "POL-06", name: "guest_policy.forbid migrate_ma", kind: KindPolicy, always: checkMigrateMA},
	{id: "POL-07", name: "report_id_ma", kind: KindPolicy, always: checkMigrationAgent},
	{id: "POL-08", name: "guest_policy bit 17", kind: KindPolicy, always: checkReserved1},
	{id: "POL-09", name: "guest_policy.allow_unknown_bits", kind: KindPolicy, always: checkGuestUnknown},
	{id: "POL-10", name: "guest_policy.allow_unknown_bits", kind: KindPolicy, always: checkTCBReserved},
	{id: "POL-11", name: "vmpl", kind: KindPolicy, always: checkVMPL},
	{id: "POL-12", name: "signing_keys", kind: KindPolicy, always: checkVLEK},

	{id: "POL-20", name: "products", kind: KindPolicy, demand: demandProduct, unchecked: "any product"},
	{id: "POL-21", name: "signing_keys", kind: KindPolicy, demand: demandSigningKey},
	{id: "POL-22", name: "vmpl", kind: KindPolicy, demand: demandVMPL},
	{id: "POL-23", name: "min_launch_tcb", kind: KindPolicy, across: acrossLaunchTCB, unchecked: "any LAUNCH_TCB"},
	{id: "POL-24", name: "guest_policy.require", kind: KindPolicy, demand: demandGuestRequire, unchecked: "no bit required"},
	{id: "POL-25", name: "guest_policy.forbid", kind: KindPolicy, demand: demandGuestForbid},
	{id: "POL-26", name: "guest_policy.min_abi", kind: KindPolicy, demand: demandABI, unchecked: "any ABI version"},
	{id: "POL-27", name: "platform_info.require", kind: KindPolicy, demand: demandPlatformRequire, unchecked: "no bit required"},
	{id: "POL-28", name: "platform_info.forbid", kind: KindPolicy, demand: demandPlatformForbid, unchecked: "no bit forbidden"},
	{id: "POL-29", name: "platform_info.allow_unknown_bits", kind: KindPolicy, demand: demandPlatformKnown, unchecked: "unknown bits are accepted"},
	{id: "POL-30", name: "mitigations.launch", kind: KindPolicy, demand: demandLaunchMitigation, unchecked: "no mitigation required"},
	{id: "POL-31", name: "mitigations.current", kind: KindPolicy, demand: demandCurrentMitigation, unchecked: "no mitigation required"},
	{id: "POL-32", name: "report_data_tail_zero", kind: KindPolicy, demand: demandTailZero, unchecked: "any REPORT_DATA[32:64]"},
	{id: "POL-33", name: "host_data", kind: KindPolicy, demand: demandHostData, unchecked: "any HOST_DATA"},
	{id: "POL-34", name: "family_id", kind: KindPolicy, demand: demandFamilyID, unchecked: "any FAMILY_ID"},
	{id: "POL-35", name: "image_id", kind: KindPolicy, demand: demandImageID, unchecked: "any IMAGE_ID"},
	{id: "POL-36", name: "report_id", kind: KindPolicy, demand: demandReportID, unchecked: "any guest instance"},
	{id: "POL-37", name: "report_id_ma", kind: KindPolicy, demand: demandReportIDMA},
	{id: "POL-38", name: "chip_ids.allow", kind: KindPolicy, demand: demandChipAllowed, unchecked: "any chip"},
	{id: "POL-39", name: "chip_ids.deny", kind: KindPolicy, demand: demandChipNotDenied, unchecked: "no chip denied"},
	{id: "POL-40", name: "leaf_keys.allow", kind: KindPolicy, demand: demandLeafAllowed, unchecked: "any key of AMD's"},
	{id: "POL-41", name: "leaf_keys.deny", kind: KindPolicy, demand: demandLeafNotDenied, unchecked: "no key denied"},
	{id: "POL-42", name: "csp_ids", kind: KindPolicy, demand: demandCSP, unchecked: "any provider"},
	{id: "POL-43", name: "min_guest_svn", kind: KindPolicy, demand: demandGuestSVN, unchecked: "any GUEST_SVN"},
	{id: "POL-44", name: "report_versions", kind: KindPolicy, demand: demandReportVersion, unchecked: "any version"},
	{id: "POL-45", name: "firmware.min_version", kind: KindPolicy, demand: demandFirmware, unchecked: "any firmware version"},
	{id: "POL-46", name: "firmware.min_build", kind: KindPolicy, demand: demandBuild},
	{id: "POL-47", name: "firmware.committed_equals_current", kind: KindPolicy, demand: demandCommitted, unchecked: "the two may differ"},
	{id: "POL-48", name: "id_block.require", kind: KindPolicy, demand: demandIDBlock, unchecked: "no ID block required"},
	{id: "POL-49", name: "id_block.id_keys", kind: KindPolicy, demand: demandIDKey, unchecked: "any ID key"},
	{id: "POL-50", name: "id_block.author_keys", kind: KindPolicy, demand: demandAuthorKey, unchecked: "any author key"},
	{id: "POL-51", name: "id_block.require_author_key", kind: KindPolicy, demand: demandAuthorKeyEn, unchecked: "no author key required"},
	{id: "POL-52", name: "id_block.forbid", kind: KindPolicy, demand: demandNoIDBlock, unchecked: "an ID block may be there"},

	{id: "POL-13", name: "measurement", kind: KindMeasurement, always: checkMeasurement},
	{id: "POL-02", name: "measurements", kind: KindMeasurement, demand: demandMeasurement, unchecked: "any MEASUREMENT"},

	{id: "POL-03", name: "min_tcb", kind: KindTCB, across: acrossMinTCB, unchecked: "any REPORTED_TCB and COMMITTED_TCB"},

	{id: "POL-53", name: "report_data", kind: KindReportData, demand: demandReportData, unchecked: "any REPORT_DATA"},
}
