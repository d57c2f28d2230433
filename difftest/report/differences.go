package report

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
)

// Differences are all from go-sev-guest v0.15.0. Its ReportToProto copies fields
// and leaves most values to later checks, of which there are not always any.
var Differences = difftest.Table[[]byte]{
	{
		Input: "bytes behind the report", Ours: "RPT-01", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "they parse the first 1184 bytes and ignore the rest, so that one report has many encodings",
		Example: func() []byte { return append(example(3).Report, 0) },
	},
	{
		Input: "VMPL above 3", Ours: "RPT-03", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "a guest has VMPL 0 to 3; 0xFFFFFFFF marks a report that the host asked for, in which REPORT_DATA is not the guest's",
		Example: edit(3, func(s *mint.ReportSpec) { s.VMPL = 0xFFFFFFFF }),
	},
	{
		Input: "SIGNATURE_ALGO other than 1", Ours: "RPT-04", Theirs: difftest.Accepts, Right: difftest.Both,
		Reason:  "they refuse it when they check the signature",
		Example: edit(3, func(s *mint.ReportSpec) { s.SignatureAlgo = 2 }),
	},
	{
		Input: "MASK_CHIP_KEY set", Ours: "RPT-05", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "the firmware does not sign then (AMD 56860, KEY_INFO), so a signature on such a report is not the firmware's",
		Example: edit(3, func(s *mint.ReportSpec) { s.KeyInfo |= 2 }),
	},
	{
		Input: "SIGNING_KEY 7 (none)", Ours: "RPT-06", Theirs: difftest.Accepts, Right: difftest.Both,
		Reason:  "they refuse it when they look for the certificate",
		Example: edit(3, func(s *mint.ReportSpec) { s.KeyInfo = 7 << 2 }),
	},
	{
		Input: "mitigation vectors before version 5", Ours: "RPT-12", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "reserved bytes before version 5, signed by the firmware: a set bit means a layout that nobody here knows",
		Example: edit(4, func(s *mint.ReportSpec) { s.LaunchMitVector = 1 }),
	},
	{
		Input: "bytes above r", Ours: "RPT-14", Theirs: difftest.Accepts, Right: difftest.Both,
		Reason:  "they take 72 bytes for r, which then is no signature",
		Example: poke(0x2D0),
	},
	{
		Input: "bytes above s", Ours: "RPT-15", Theirs: difftest.Accepts, Right: difftest.Both,
		Reason:  "as with r",
		Example: poke(0x318),
	},
	{
		Input: "guest policy bit 17 clear", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Both,
		Reason:  "our parser keeps it, our policy refuses it (POL-08): what a bit of POLICY means is not a matter of layout",
		Fits:    func(b []byte) bool { return binary.LittleEndian.Uint64(b[8:])&(1<<17) == 0 },
		Example: edit(3, func(s *mint.ReportSpec) { s.Policy &^= 1 << 17 }),
	},
	{
		Input: "guest policy bits 26 to 63", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Both,
		Reason:  "our parser keeps them, our policy refuses them (POL-09) unless its reader says otherwise: AMD assigns such bits without a new version",
		Fits:    func(b []byte) bool { return binary.LittleEndian.Uint64(b[8:])>>26 != 0 },
		Example: edit(3, func(s *mint.ReportSpec) { s.Policy |= 1 << 26 }),
	},
	{
		Input: "PLATFORM_INFO bit 6", Ours: difftest.Accepts, Theirs: difftest.Accepts, Field: "PLATFORM_INFO", Right: difftest.Ours,
		Reason: "IOMMU_WRITE_SAFE in AMD 56860 revision 1.58, set by genuine Turin firmware; their ParseSnpPlatformInfo takes it for reserved",
		Fits:   func(b []byte) bool { return platform(b)&(1<<6) != 0 },
		Example: edit(3, func(s *mint.ReportSpec) {
			s.PlatformInfo |= 1 << 6
		}),
	},
	{
		Input: "PLATFORM_INFO bits 8 to 63", Ours: difftest.Accepts, Theirs: difftest.Accepts, Field: "PLATFORM_INFO", Right: difftest.Both,
		Reason:  "we show them and let the policy decide (POL-29); their ParseSnpPlatformInfo, called when a policy has platform info, fails",
		Fits:    func(b []byte) bool { return platform(b)>>8 != 0 },
		Example: edit(3, func(s *mint.ReportSpec) { s.PlatformInfo |= 1 << 63 }),
	},
	{
		Input: "CPUID_STEP above 15", Ours: difftest.Accepts, Theirs: difftest.Accepts, Field: "CPUID", Right: difftest.Ours,
		Reason:  "the field has 8 bits; they keep 4, and then check the signature over other bytes than were signed",
		Fits:    func(b []byte) bool { return version(b) >= 3 && b[0x18A] > 15 },
		Example: edit(3, func(s *mint.ReportSpec) { s.Stepping = 0x21 }),
	},
	{
		Input: "a die that is not 19-01, 19-11 or 1a-02", Ours: difftest.Accepts, Theirs: difftest.Accepts, Field: "product", Right: difftest.Ours,
		Reason: "AMD 57230 section 1.5 gives ranges of models: Genoa is 19-10 to 19-1f, with Bergamo and Siena 19-a0 to 19-af; they know one of each",
		Fits: func(b []byte) bool {
			return version(b) >= 3 && !slices.ContainsFunc([]string{"\x19\x01", "\x19\x11", "\x1a\x02"}, func(die string) bool {
				return bytes.HasPrefix(b[0x188:], []byte(die))
			})
		},
		Example: func() []byte {
			s := mint.Evidence("Genoa", 5, "vcek")
			s.Spec.Model = 0xA0
			s.Spec.Stepping = 2
			s.Resign()
			return s.Report
		},
	},
}

func example(version uint32) *mint.Set { return mint.Evidence("Milan", version, "vcek") }

// edit makes a signed report of a changed specification.
func edit(version uint32, change func(*mint.ReportSpec)) func() []byte {
	return func() []byte {
		s := example(version)
		change(&s.Spec)
		s.Resign()
		return s.Report
	}
}

// poke sets one byte behind the signed part.
func poke(at int) func() []byte {
	return func() []byte {
		s := example(3)
		s.Report[at] = 1
		return s.Report
	}
}

func version(b []byte) uint32  { return binary.LittleEndian.Uint32(b) }
func platform(b []byte) uint64 { return binary.LittleEndian.Uint64(b[0x40:]) }
