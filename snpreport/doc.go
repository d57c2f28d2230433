// Package snpreport parses the AMD SEV-SNP ATTESTATION_REPORT and checks its
// signature.
//
// # Format
//
// A report is exactly 1184 (0x4A0) bytes. Every integer is little-endian. The
// first 672 (0x2A0) bytes are signed; the last 512 hold the signature.
//
//	0x000   4  VERSION            2, 3, 4 or 5 (6 is recognised and refused)
//	0x004   4  GUEST_SVN
//	0x008   8  POLICY             bits: GuestPolicyBits
//	0x010  16  FAMILY_ID
//	0x020  16  IMAGE_ID
//	0x030   4  VMPL               0..3
//	0x034   4  SIGNATURE_ALGO     1 = ECDSA P-384 with SHA-384
//	0x038   8  CURRENT_TCB        layout by product, see TCBVersion
//	0x040   8  PLATFORM_INFO      bits: PlatformInfoBits
//	0x048   4  KEY_INFO           AUTHOR_KEY_EN, MASK_CHIP_KEY, SIGNING_KEY
//	0x04C   4  zero
//	0x050  64  REPORT_DATA
//	0x090  48  MEASUREMENT
//	0x0C0  32  HOST_DATA
//	0x0E0  48  ID_KEY_DIGEST
//	0x110  48  AUTHOR_KEY_DIGEST
//	0x140  32  REPORT_ID
//	0x160  32  REPORT_ID_MA
//	0x180   8  REPORTED_TCB
//	0x188   3  CPUID_FAM_ID, CPUID_MOD_ID, CPUID_STEP; from version 3 on, before: zero
//	0x18B  21  zero
//	0x1A0  64  CHIP_ID
//	0x1E0   8  COMMITTED_TCB
//	0x1E8   3  CURRENT_BUILD, CURRENT_MINOR, CURRENT_MAJOR
//	0x1EB   1  zero
//	0x1EC   3  COMMITTED_BUILD, COMMITTED_MINOR, COMMITTED_MAJOR
//	0x1EF   1  zero
//	0x1F0   8  LAUNCH_TCB
//	0x1F8   8  LAUNCH_MIT_VECTOR  from version 5 on, before: zero
//	0x200   8  CURRENT_MIT_VECTOR from version 5 on, before: zero
//	0x208 152  zero
//	0x2A0  48  SIGNATURE.R
//	0x2D0  24  zero
//	0x2E8  48  SIGNATURE.S
//	0x318  24  zero
//	0x330 368  zero
//
// Source: AMD 56860 (SEV-SNP firmware ABI) revision 1.58, ATTESTATION_REPORT,
// and SPEC.md section 3, whose rule ids (RPT-nn) the errors of this package
// carry.
//
// # What is refused where
//
// Parse refuses what makes the layout uncertain: another size, an unknown
// version, a reserved byte that is not zero, a signature that cannot be one.
// It keeps unknown bits of POLICY, PLATFORM_INFO and the TCB versions: AMD
// assigns those without a new report version, so they are a matter of policy.
//
// Package snpreport/form takes a report out of its carrier.
package snpreport
