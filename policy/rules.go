package policy

// Rules is what a policy file says, member by member, in the same words: hex in
// lower case, names as AMD's. What is nil, empty or zero is not demanded, but a
// list that is empty and not nil is an error, except in Forbid and Deny.
type Rules struct {
	Measurements       []string // MEASUREMENT is one of these: 96 hex digits
	Products           []string // "Milan", "Genoa", "Turin"
	SigningKeys        []string // "vcek", "vlek"
	VMPL               *uint32  // VMPL is this, 0 to 3
	MinTCB             *Floors  // of REPORTED_TCB and COMMITTED_TCB
	MinLaunchTCB       *Floors  // of LAUNCH_TCB
	GuestPolicy        GuestPolicyRules
	PlatformInfo       PlatformInfoRules
	Mitigations        MitigationRules
	ReportData         string    // REPORT_DATA: 128 hex digits
	ReportDataTailZero bool      // REPORT_DATA[32:64] is zero
	HostData           []string  // HOST_DATA is one of these: 64 hex digits
	FamilyID           string    // FAMILY_ID: 32 hex digits
	ImageID            string    // IMAGE_ID: 32 hex digits
	ReportID           string    // REPORT_ID: 64 hex digits
	ReportIDMA         string    // REPORT_ID_MA: 64 hex digits
	ChipIDs            AllowDeny // CHIP_ID: 128 hex digits
	LeafKeys           AllowDeny // SHA-256 of the leaf's SubjectPublicKeyInfo: 64 hex digits
	CSPIDs             []string  // the VLEK's provider is one of these
	MinGuestSVN        uint32    // of GUEST_SVN
	ReportVersions     VersionRange
	Firmware           FirmwareRules
	IDBlock            IDBlockRules
}

// GuestPolicyRules are demands on POLICY.
type GuestPolicyRules struct {
	Require, Forbid []string // names of snpreport.GuestPolicyBits
	MinABI          string   // of ABI_MAJOR and ABI_MINOR, e.g. "1.55"
	// AllowUnknownBits lifts a rule of Default when true: set bits without a
	// name, in POLICY and in the reserved bytes of the TCB versions, are accepted.
	// False keeps the rule whatever other policies say. Nil leaves it to them.
	AllowUnknownBits *bool
}

// PlatformInfoRules are demands on PLATFORM_INFO.
type PlatformInfoRules struct {
	Require, Forbid  []string // names of snpreport.PlatformInfoBits
	AllowUnknownBits *bool    // false refuses set bits without a name
}

// MitigationRules are demands on the mitigation vectors: masks of bits that must
// be set, "0x" and 1 to 16 hex digits. What a bit means depends on the product.
type MitigationRules struct {
	Launch, Current string
}

// AllowDeny is a list of what is accepted, and one of what is not.
type AllowDeny struct {
	Allow, Deny []string
}

// VersionRange is a demand on VERSION: both ends included, 2 to 5. Zero is the
// lowest for Min and the highest for Max.
type VersionRange struct {
	Min, Max uint32
}

// FirmwareRules are demands on the current and on the committed firmware.
type FirmwareRules struct {
	// MinVersion is the lowest major and minor version, e.g. "1.55". With MinBuild
	// all three are compared as one, e.g. 1.55.29; without MinVersion, the build alone.
	MinVersion             string
	MinBuild               *uint8
	CommittedEqualsCurrent bool // the two versions, and CURRENT_TCB and COMMITTED_TCB, are the same
}

// IDBlockRules are demands on the ID block that the guest was launched with.
type IDBlockRules struct {
	Require          bool     // there was one
	IDKeys           []string // ID_KEY_DIGEST is one of these: 96 hex digits
	AuthorKeys       []string // AUTHOR_KEY_EN is set and AUTHOR_KEY_DIGEST is one of these: 96 hex digits
	RequireAuthorKey bool     // AUTHOR_KEY_EN is set
	Forbid           bool     // there was none
}
