package policy

import "github.com/tresorhq/attest/snpreport"

// table has every rule, in the order of the members of the policy file.
var table = [...]row{
	{id: "POL-05", name: "guest_policy.forbid debug", broken: "the host may debug this guest", always: checkDebug},
	{id: "POL-06", name: "guest_policy.forbid migrate_ma", broken: "a migration agent may move this guest", always: checkMigrateMA},
	{id: "POL-07", name: "report_id_ma", broken: "this guest has a migration agent", always: checkMigrationAgent},
	{id: "POL-08", name: "guest_policy bit 17", broken: "bit 17 of the guest policy, which is always one, is clear", always: checkReserved1},
	{id: "POL-09", name: "guest_policy.allow_unknown_bits", broken: "the guest policy has bits of unknown meaning", always: checkGuestUnknown},
	{id: "POL-10", name: "guest_policy.allow_unknown_bits", broken: "reserved bytes of a TCB version are not zero", always: checkTCBReserved},
	{id: "POL-11", name: "vmpl", broken: "software of another VMPL asked for this report", always: checkVMPL},
	{id: "POL-12", name: "signing_keys", broken: "a VLEK signed this report, and no chip's VCEK", always: checkVLEK},
	{id: "POL-13", name: "measurement", kind: KindMeasurement, broken: "MEASUREMENT is all zero, which no launched guest has", always: checkMeasurement},

	{id: "POL-02", name: "measurements", kind: KindMeasurement, unchecked: "any MEASUREMENT", broken: "the measured code is not on the allowed list", demand: demandMeasurement},
	{id: "POL-20", name: "products", unchecked: "any product", broken: "the product is not on the allowed list", demand: demandProduct},
	{id: "POL-21", name: "signing_keys", broken: "the kind of the signing key is not on the allowed list", demand: demandSigningKey},
	{id: "POL-22", name: "vmpl", broken: "software of another VMPL than demanded asked for this report", demand: demandVMPL},
	{id: "POL-03", name: "min_tcb", kind: KindTCB, unchecked: "any REPORTED_TCB and COMMITTED_TCB", broken: noFloor, always: checkMinTCB,
		demand: func(c *compiler, r *Rules) check { return c.floors(r.MinTCB) }},
	{id: "POL-23", name: "min_launch_tcb", unchecked: "any LAUNCH_TCB", broken: noFloor, always: checkLaunchTCB,
		demand: func(c *compiler, r *Rules) check { return c.floors(r.MinLaunchTCB) }},
	{id: "POL-24", name: "guest_policy.require", unchecked: "no bit required", broken: "the guest policy lacks a required bit", demand: demandGuestRequire},
	{id: "POL-25", name: "guest_policy.forbid", broken: "the guest policy has a forbidden bit", demand: demandGuestForbid}, // POL-05 and POL-06 forbid the worst
	{id: "POL-26", name: "guest_policy.min_abi", unchecked: "any ABI version", broken: "the guest accepts older firmware than demanded", demand: demandABI},
	{id: "POL-27", name: "platform_info.require", unchecked: "no bit required", broken: "PLATFORM_INFO lacks a required bit", demand: demandPlatformRequire},
	{id: "POL-28", name: "platform_info.forbid", unchecked: "no bit forbidden", broken: "PLATFORM_INFO has a forbidden bit", demand: demandPlatformForbid},
	{id: "POL-29", name: "platform_info.allow_unknown_bits", unchecked: "unknown bits are accepted", broken: "PLATFORM_INFO has bits of unknown meaning", demand: demandPlatformKnown},
	{id: "POL-30", name: "mitigations.launch", unchecked: "no mitigation required", broken: "a required mitigation was not in place at launch", demand: demandLaunchMitigation},
	{id: "POL-31", name: "mitigations.current", unchecked: "no mitigation required", broken: "a required mitigation is not in place", demand: demandCurrentMitigation},
	{id: "POL-53", name: "report_data", kind: KindReportData, unchecked: "any REPORT_DATA", unless: "report_data_prefix", broken: "REPORT_DATA is not the one demanded",
		demand: exactly(func(r *Rules) *string { return r.ReportData }, func(r *snpreport.Report) [64]byte { return r.ReportData })},
	{id: "POL-54", name: "report_data_prefix", kind: KindReportData, broken: "the first 32 bytes of REPORT_DATA are not those demanded", demand: demandPrefix},
	{id: "POL-32", name: "report_data_tail_zero", unchecked: "any REPORT_DATA[32:64]", broken: "the last 32 bytes of REPORT_DATA are not zero", demand: demandTailZero},
	{id: "POL-33", name: "host_data", unchecked: "any HOST_DATA", broken: "HOST_DATA is not on the allowed list",
		demand: among(func(r *Rules) []string { return r.HostData }, 0, func(e *evaluation) [32]byte { return e.r.HostData })},
	{id: "POL-34", name: "family_id", unchecked: "any FAMILY_ID", broken: "FAMILY_ID is not the one demanded",
		demand: exactly(func(r *Rules) *string { return r.FamilyID }, func(r *snpreport.Report) [16]byte { return r.FamilyID })},
	{id: "POL-35", name: "image_id", unchecked: "any IMAGE_ID", broken: "IMAGE_ID is not the one demanded",
		demand: exactly(func(r *Rules) *string { return r.ImageID }, func(r *snpreport.Report) [16]byte { return r.ImageID })},
	{id: "POL-36", name: "report_id", unchecked: "any guest instance", broken: "the report is of another guest instance",
		demand: exactly(func(r *Rules) *string { return r.ReportID }, func(r *snpreport.Report) [32]byte { return r.ReportID })},
	{id: "POL-37", name: "report_id_ma", broken: "the migration agent is not the one demanded",
		demand: exactly(func(r *Rules) *string { return r.ReportIDMA }, func(r *snpreport.Report) [32]byte { return r.ReportIDMA })},
	{id: "POL-38", name: "chip_ids.allow", unchecked: "any chip", broken: "the chip is not on the allowed list", demand: demandChipAllowed},
	{id: "POL-39", name: "chip_ids.deny", unchecked: "no chip denied", broken: "the chip is denied, or cannot be told from one that is", demand: demandChipNotDenied},
	{id: "POL-40", name: "leaf_keys.allow", unchecked: "any key of AMD's", broken: "the signing key is not on the allowed list",
		demand: among(func(r *Rules) []string { return r.LeafKeys.Allow }, 0, func(e *evaluation) [32]byte { return e.facts.LeafKeySHA256 })},
	{id: "POL-41", name: "leaf_keys.deny", unchecked: "no key denied", broken: "the signing key is denied", demand: demandLeafNotDenied},
	{id: "POL-42", name: "csp_ids", unchecked: "any provider", broken: "the provider is not on the allowed list", demand: demandCSP},
	{id: "POL-43", name: "min_guest_svn", unchecked: "any GUEST_SVN", broken: "GUEST_SVN is below the floor", demand: demandGuestSVN},
	{id: "POL-44", name: "report_versions", unchecked: "any version", broken: "the report is of a version that is not allowed", demand: demandReportVersion},
	{id: "POL-45", name: "firmware.min_version", unchecked: "any firmware version", broken: "the firmware is older than demanded", demand: demandFirmware},
	{id: "POL-46", name: "firmware.min_build", broken: "the firmware is older than demanded", demand: demandBuild},
	{id: "POL-47", name: "firmware.committed_equals_current", unchecked: "the two may differ", broken: "the host can go back to other firmware than it runs", demand: demandCommitted},
	{id: "POL-48", name: "id_block.require", unchecked: "no ID block required", broken: "the guest was launched without an ID block", demand: demandIDBlock},
	{id: "POL-49", name: "id_block.id_keys", unchecked: "any ID key", broken: "the ID key is not on the allowed list", // no list has a zero entry, which stands for no ID block
		demand: among(func(r *Rules) []string { return r.IDBlock.IDKeys }, notZero, func(e *evaluation) [48]byte { return e.r.IDKeyDigest })},
	{id: "POL-50", name: "id_block.author_keys", unchecked: "any author key", broken: "the author key is not on the allowed list", demand: demandAuthorKey},
	{id: "POL-51", name: "id_block.require_author_key", unchecked: "no author key required", broken: "the ID block is of no author key", demand: demandAuthorKeyEn},
	{id: "POL-52", name: "id_block.forbid", unchecked: "an ID block may be there", broken: "the guest was launched with an ID block", demand: demandNoIDBlock},
	{id: "AZR-16", name: "azure.qualifying_data", broken: "nothing of an Azure VM is judged here", demand: demandQualifyingData},
	{id: "AZR-16", name: "azure.user_data", broken: "nothing of an Azure VM is judged here", demand: demandUserData},
	{id: "AZR-16", name: "azure.pcrs", broken: "nothing of an Azure VM is judged here", demand: demandPCRs},
	{id: "AZR-16", name: "azure.secure_boot", broken: "nothing of an Azure VM is judged here", demand: demandSecureBoot},
	{id: "POL-55", name: "bulletins", broken: "an AMD bulletin says nothing of this die", demand: demandBulletinRow},
	{id: "POL-56", name: "bulletins", kind: KindTCB, broken: "the platform is below an AMD bulletin", demand: demandBulletins},
}

// rowOf returns the place of the row that reads a member, or the length of the table.
func rowOf(name string) int {
	for i := range table {
		if table[i].name == name && table[i].demand != nil {
			return i
		}
	}
	return len(table)
}
