// Package policy decides whether a genuine SEV-SNP report is one that its
// reader wants. It looks at plain facts, which the caller has verified, and at
// nothing else: no time, no network, no certificate.
//
// # Policies
//
// Default holds the rules that always apply: no debugging, no migration, VMPL 0,
// a VCEK, no bit without a name in this package. New and Parse add demands;
// no demand can lift a rule. Intersect joins policies: a report must meet all of
// them, the highest floor of each component counts. Only the relaxations that
// Relax names lift a rule, and one that the policy file names: allow_unknown_bits.
// The zero Policy accepts nothing.
//
//	bundle, err := policy.New(policy.Rules{Measurements: allowed, MinTCB: floors})
//	p := policy.Intersect(policy.Default(), bundle, file).Relax(relax)
//	outcome := p.Evaluate(facts)
//
// # Policy file
//
// A JSON object (SPEC.md section 9) of at most 1 MiB, schema attest.policy/v1.
// All members but schema are optional, an unknown member is an error, an empty
// list is one too except in forbid and deny, and no list has an entry twice or
// more than 1024 entries. Hex is lower case.
//
//	schema               "attest.policy/v1"
//	measurements         list of 96 hex digits, not all zero
//	products             list of "Milan", "Genoa", "Turin"
//	signing_keys         list of "vcek", "vlek"
//	vmpl                 0 to 3
//	min_tcb              floors, see Floors
//	min_launch_tcb       floors, see Floors
//	guest_policy         require, forbid: lists of bits; min_abi: "1.55"; allow_unknown_bits
//	platform_info        require, forbid: lists of bits; allow_unknown_bits
//	mitigations          launch, current: masks such as "0x3f"
//	report_data          128 hex digits
//	report_data_prefix   64 hex digits; not together with report_data
//	report_data_tail_zero
//	host_data            list of 64 hex digits
//	family_id, image_id  32 hex digits
//	report_id            64 hex digits
//	report_id_ma         64 hex digits
//	chip_ids             allow, deny: lists of 128 hex digits
//	leaf_keys            allow, deny: lists of 64 hex digits
//	csp_ids              list of strings
//	min_guest_svn        0 to 4294967295
//	report_versions      min, max: 2 to 5
//	firmware             min_version: "1.55", min_build: 0 to 255; committed_equals_current
//	id_block             require, require_author_key, forbid; id_keys, author_keys: lists of 96 hex digits
//	bulletins            list of ids that package bulletin has conditions of, "AMD-SB-3019"
//
// Bits have the names of snpreport.GuestPolicyBits and PlatformInfoBits.
//
// Source: SPEC.md section 7, whose rule ids (POL-nn) the errors and violations
// of this package carry. AMD 56860 (SEV-SNP firmware ABI) revision 1.58 for the
// fields, 57230 for the TCB.
package policy
