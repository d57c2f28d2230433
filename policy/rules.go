package policy

// File is a policy file, for encoding/json.
type File struct {
	Schema string `json:"schema"` // Schema
	Rules
}

// Rules are the contents of a policy file, member by member, in the same words: hex in
// lower case, names as AMD's. A member that is nil, zero or false is not demanded; a
// list that is empty and not nil is an error, except in Forbid and Deny, and so is
// an empty text.
type Rules struct {
	Measurements       []string          `json:"measurements,omitzero"`   // MEASUREMENT is one of these: 96 hex digits
	Products           []string          `json:"products,omitzero"`       // "Milan", "Genoa", "Turin"
	SigningKeys        []string          `json:"signing_keys,omitzero"`   // "vcek", "vlek"
	VMPL               *uint32           `json:"vmpl,omitzero"`           // VMPL is this, 0 to 3
	MinTCB             *Floors           `json:"min_tcb,omitzero"`        // of REPORTED_TCB and COMMITTED_TCB
	MinLaunchTCB       *Floors           `json:"min_launch_tcb,omitzero"` // of LAUNCH_TCB
	GuestPolicy        GuestPolicyRules  `json:"guest_policy,omitzero"`
	PlatformInfo       PlatformInfoRules `json:"platform_info,omitzero"`
	Mitigations        MitigationRules   `json:"mitigations,omitzero"`
	ReportData         *string           `json:"report_data,omitzero"`           // REPORT_DATA: 128 hex digits
	ReportDataPrefix   *string           `json:"report_data_prefix,omitzero"`    // REPORT_DATA[0:32]: 64 hex digits; not with ReportData
	ReportDataTailZero bool              `json:"report_data_tail_zero,omitzero"` // REPORT_DATA[32:64] is zero
	HostData           []string          `json:"host_data,omitzero"`             // HOST_DATA is one of these: 64 hex digits
	FamilyID           *string           `json:"family_id,omitzero"`             // FAMILY_ID: 32 hex digits
	ImageID            *string           `json:"image_id,omitzero"`              // IMAGE_ID: 32 hex digits
	ReportID           *string           `json:"report_id,omitzero"`             // REPORT_ID: 64 hex digits
	ReportIDMA         *string           `json:"report_id_ma,omitzero"`          // REPORT_ID_MA: 64 hex digits
	ChipIDs            AllowDeny         `json:"chip_ids,omitzero"`              // CHIP_ID: 128 hex digits; met under a VCEK only
	LeafKeys           AllowDeny         `json:"leaf_keys,omitzero"`             // SHA-256 of the leaf's SubjectPublicKeyInfo: 64 hex digits
	CSPIDs             []string          `json:"csp_ids,omitzero"`               // the VLEK's provider is one of these
	MinGuestSVN        uint32            `json:"min_guest_svn,omitzero"`         // of GUEST_SVN
	ReportVersions     VersionRange      `json:"report_versions,omitzero"`
	Firmware           FirmwareRules     `json:"firmware,omitzero"`
	IDBlock            IDBlockRules      `json:"id_block,omitzero"`
	Azure              AzureRules        `json:"azure,omitzero"`
	Bulletins          []string          `json:"bulletins,omitzero"` // the report satisfies these of package bulletin, e.g. "AMD-SB-3019"
}

// GuestPolicyRules are demands on POLICY.
type GuestPolicyRules struct {
	Require []string `json:"require,omitzero"` // names of snpreport.GuestPolicyBits
	Forbid  []string `json:"forbid,omitzero"`
	MinABI  *string  `json:"min_abi,omitzero"` // of ABI_MAJOR and ABI_MINOR, e.g. "1.55"
	// AllowUnknownBits lifts a rule of Default when true: set bits without a
	// name, in POLICY and in the reserved bytes of the TCB versions, are accepted.
	// False keeps the rule whatever other policies say. Nil leaves it to them.
	AllowUnknownBits *bool `json:"allow_unknown_bits,omitzero"`
}

// PlatformInfoRules are demands on PLATFORM_INFO.
type PlatformInfoRules struct {
	Require          []string `json:"require,omitzero"` // names of snpreport.PlatformInfoBits
	Forbid           []string `json:"forbid,omitzero"`
	AllowUnknownBits *bool    `json:"allow_unknown_bits,omitzero"` // false refuses set bits without a name
}

// MitigationRules are demands on the mitigation vectors: masks of bits that must
// be set, "0x" and 1 to 16 hex digits. What a bit means depends on the product.
type MitigationRules struct {
	Launch  *string `json:"launch,omitzero"`
	Current *string `json:"current,omitzero"`
}

// AllowDeny is a list of accepted values, and one of refused values.
type AllowDeny struct {
	Allow []string `json:"allow,omitzero"`
	Deny  []string `json:"deny,omitzero"`
}

// VersionRange is a demand on VERSION: both ends included, 2 to 5. Zero is the
// lowest for Min and the highest for Max.
type VersionRange struct {
	Min uint32 `json:"min,omitzero"`
	Max uint32 `json:"max,omitzero"`
}

// FirmwareRules are demands on the current and on the committed firmware.
type FirmwareRules struct {
	// MinVersion is the lowest major and minor version, e.g. "1.55". With MinBuild
	// all three are compared as one, e.g. 1.55.29. Without MinVersion, firmware of a
	// version above 1.55 meets MinBuild whatever its build, and other firmware by its
	// build alone.
	MinVersion             *string `json:"min_version,omitzero"`
	MinBuild               *uint8  `json:"min_build,omitzero"`
	CommittedEqualsCurrent bool    `json:"committed_equals_current,omitzero"` // the two versions, and CURRENT_TCB and COMMITTED_TCB, are the same
}

// IDBlockRules are demands on the ID block that the guest was launched with.
type IDBlockRules struct {
	Require          bool     `json:"require,omitzero"`            // there was one
	IDKeys           []string `json:"id_keys,omitzero"`            // ID_KEY_DIGEST is one of these: 96 hex digits
	AuthorKeys       []string `json:"author_keys,omitzero"`        // AUTHOR_KEY_EN is set and AUTHOR_KEY_DIGEST is one of these: 96 hex digits
	RequireAuthorKey bool     `json:"require_author_key,omitzero"` // AUTHOR_KEY_EN is set
	Forbid           bool     `json:"forbid,omitzero"`             // there was none
}

// Relax names the rules of Default that are lifted. Its zero value lifts none.
// It never lifts what Rules demand: a forbid list with "debug" forbids debugging
// whatever Debug says.
type Relax struct {
	Debug     bool   // the guest policy may allow debugging
	Migration bool   // it may allow a migration agent, and one may be there
	VLEK      bool   // a VLEK may have signed; CHIP_ID may then be zero
	VMPL      uint32 // VMPL is exactly this, 1 to 3; 0 is the rule of Default
}
