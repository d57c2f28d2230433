package chain

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
)

// Differences are all from go-sev-guest v0.15.0: what its verdict lacks, then
// what it refuses that is genuine, then what is a matter of policy to us.
var Differences = difftest.Table[difftest.Evidence]{
	{
		Input: "bytes behind the report", Ours: "RPT-01", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "they parse the first 1184 bytes and ignore the rest, so that one report has many encodings",
		Example: func() difftest.Evidence {
			e := example()
			e.Report = append(bytes.Clone(e.Report), 0)
			return e
		},
	},
	{
		Input: "VMPL above 3", Ours: "RPT-03", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "0xFFFFFFFF marks a report that the host asked for, in which REPORT_DATA is not the guest's; they look at VMPL only when a policy names one",
		Example: report("Milan", 3, func(s *mint.ReportSpec) { s.VMPL = 0xFFFFFFFF }),
	},
	{
		Input: "MASK_CHIP_KEY set", Ours: "RPT-05", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "the firmware does not sign then (AMD 56860, KEY_INFO), so that whatever signed was not the firmware",
		Example: report("Milan", 3, func(s *mint.ReportSpec) { s.KeyInfo |= 2 }),
	},
	{
		Input: "mitigation vectors before version 5", Ours: "RPT-12", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "reserved bytes before version 5: a set bit means a layout that nobody here knows",
		Example: report("Milan", 4, func(s *mint.ReportSpec) { s.CurrentMitVector = 1 }),
	},
	{
		Input: "a zero CHIP_ID under a VCEK", Ours: "END-05", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "a VCEK is of one chip: firmware that masks CHIP_ID has none to sign with, and a report of no chip says nothing about one",
		Example: report("Milan", 3, func(s *mint.ReportSpec) { s.ChipID = [64]byte{} }),
	},
	{
		Input: "a certificate above 8192 bytes", Ours: "CHN-09", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "input is refused by its size before it is parsed; AMD's have less than 1800",
		Example: intermediate(func(s *mint.CertSpec) {
			s.Ext(mint.OIDSubjectKeyID).Value = mint.TLV(mint.TagOctetString, make([]byte, 9000))
		}),
	},
	{
		Input: "a serial number above 20 bytes", Ours: "CHN-12", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "RFC 5280 section 4.1.2.2 allows 20",
		Example: leaf(func(s *mint.CertSpec) { s.Serial = bytes.Repeat([]byte{1}, 21) }),
	},
	{
		Input: "a name in another encoding than AMD's", Ours: "CHN-15", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "they compare what crypto/x509 makes of a name, we its bytes: AMD's names have one encoding",
		Example: leaf(func(s *mint.CertSpec) {
			name := mint.AMDName("SEV-VCEK")
			slices.Reverse(name)
			s.Subject = mint.EncodeName(name)
		}),
	},
	{
		Input: "GeneralizedTime before 2050", Ours: "CHN-18", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "RFC 5280 section 4.1.2.5 demands UTCTime through 2049: each date has one encoding",
		Example: leaf(func(s *mint.CertSpec) { s.NotBefore = mint.GeneralizedTime(mint.NotBefore) }),
	},
	{
		Input: "an extension that AMD's profile lacks", Ours: "CHN-23", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "they accept authorityKeyIdentifier in leaves and unknown extensions in authorities, which AMD never issued",
		Example: intermediate(func(s *mint.CertSpec) { s.AddExt(mint.Extension{OID: "1.2.3.4", Value: []byte{5, 0}}) }),
	},
	{
		Input: "an extension that is critical, or is not, unlike AMD's", Ours: "CHN-25", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "keyUsage and basicConstraints must be critical (RFC 5280 section 4.2.1), the others must not be",
		Example: intermediate(func(s *mint.CertSpec) { s.Ext(mint.OIDKeyUsage).Critical = false }),
	},
	{
		Input: "an authority without keyUsage", Ours: "CHN-26", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "RFC 5280 section 4.2.1.3 demands it; without it crypto/x509 lets a key do everything",
		Example: intermediate(func(s *mint.CertSpec) { s.DropExt(mint.OIDKeyUsage) }),
	},
	{
		Input: "pathLenConstraint above 255", Ours: "CHN-28", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "AMD's is 0",
		Example: intermediate(func(s *mint.CertSpec) {
			s.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(true, 256)
		}),
	},
	{
		Input: "an empty key identifier, another distribution point", Ours: "CHN-29", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "forms that AMD does not use; nothing is lost",
		Example: intermediate(func(s *mint.CertSpec) {
			s.Ext(mint.OIDSubjectKeyID).Value = mint.TLV(mint.TagOctetString)
		}),
	},
	{
		Input: "another structVersion", Ours: "CHN-30", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "it says how the other extensions are to be read; they don't look at it",
		Example: leaf(func(s *mint.CertSpec) { s.Ext(mint.OIDStructVersion).Value = mint.Integer(2) }),
	},
	{
		Input: "productName of another product", Ours: "CHN-31", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "from version 3 on they take the product from the report alone, and a leaf may say anything",
		Example: leaf(func(s *mint.CertSpec) {
			s.Ext(mint.OIDProductName).Value = mint.TLV(mint.TagIA5String, []byte("Genoa"))
		}),
	},
	{
		Input: "levels in spl_4 to spl_7", Ours: "CHN-33", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "reserved: AMD 57230 says zero; no floor covers a component without a name",
		Example: func() difftest.Evidence {
			s := mint.Evidence("Milan", 3, "vcek")
			s.LeafSpec.Ext(mint.OIDSPL4).Value = mint.Integer(1)
			s.Reissue()
			// Where that level would be in the three TCBs that they compare.
			for _, at := range []int{0x038, 0x180, 0x1E0} {
				s.Report[at+2] = 1
			}
			mint.Sign(s.Report, s.Key)
			return difftest.FromSet(s)
		},
	},
	{
		Input: "control characters in cspID", Ours: "CHN-35", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "it is shown to people and compared with policies",
		Example: func() difftest.Evidence {
			s := mint.Evidence("Milan", 3, "vlek")
			s.LeafSpec.Ext(mint.OIDCSPID).Value = mint.TLV(mint.TagIA5String, []byte("CN=a\x1b[2J"))
			s.Reissue()
			return difftest.FromSet(s)
		},
	},
	{
		Input: "an intermediate with a pathLenConstraint other than 0", Ours: "CHN-49", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason: "no authority stands between it and a leaf",
		Example: intermediate(func(s *mint.CertSpec) {
			s.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(true, 1)
		}),
	},
	{
		Input: "an intermediate that may sign more than certificates", Ours: "CHN-50", Theirs: difftest.Accepts, Right: difftest.Ours,
		Reason:  "AMD's may not: its CRLs are the ARK's",
		Example: intermediate(func(s *mint.CertSpec) { s.Ext(mint.OIDKeyUsage).Value = mint.KeyUsage(0x06) }),
	},

	{
		Input: "Turin", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Ours,
		Reason: "they don't know fmcSPL, structVersion 1, the 8 bytes of hwID nor Turin's layout of a TCB_VERSION, and refuse all of Turin's leaves",
		Fits:   func(e difftest.Evidence) bool { return e.Product == "Turin" },
		Example: func() difftest.Evidence {
			return difftest.FromSet(mint.Evidence("Turin", 5, "vcek"))
		},
	},
	{
		Input: "version 2 with a productName that has no stepping they know", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Ours,
		Reason: "AMD issues VCEKs for Genoa with the productName Genoa; they demand a stepping when the report does not name the die",
		Fits: func(e difftest.Evidence) bool {
			name := productName(e.Leaf)
			known := slices.Contains([]string{"Milan-B0", "Milan-B1", "Genoa-B0", "Genoa-B1", "Genoa-B2"}, name)
			if e.Kind == "vlek" {
				known = slices.Contains([]string{"Milan", "Genoa"}, name)
			}
			return version(e) == 2 && !known
		},
		Example: func() difftest.Evidence { return difftest.FromSet(mint.Evidence("Genoa", 2, "vcek")) },
	},
	{
		Input: "a die that is not 19-01, 19-11 or 1a-02", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Ours,
		Reason: "AMD 57230 section 1.5 gives ranges of models: Bergamo and Siena are 19-a0 to 19-af, with Genoa's roots; they know one model of each product",
		Fits: func(e difftest.Evidence) bool {
			return version(e) >= 3 && !slices.Contains([]string{"\x19\x01", "\x19\x11", "\x1a\x02"}, string(e.Report[0x188:0x18A]))
		},
		Example: report("Genoa", 5, func(s *mint.ReportSpec) { s.Model, s.Stepping = 0xA0, 2 }),
	},
	{
		Input: "CPUID_STEP above 15", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Ours,
		Reason:  "they keep 4 of its 8 bits and check the signature over what they write anew, not over what was received",
		Fits:    func(e difftest.Evidence) bool { return version(e) >= 3 && e.Report[0x18A] > 15 },
		Example: report("Milan", 3, func(s *mint.ReportSpec) { s.Stepping = 0x21 }),
	},
	{
		Input: "a level of 128 or more that is not microcode's", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Ours,
		Reason: "AMD 57230 gives every level 8 bits",
		Fits:   func(e difftest.Evidence) bool { return max(e.Report[0x180], e.Report[0x181], e.Report[0x186]) >= 128 },
		Example: func() difftest.Evidence {
			s := mint.Evidence("Milan", 3, "vcek")
			high := mint.DefaultTCB("Milan")
			high.SNP = 200
			s.LeafSpec = mint.VCEK("Milan", high, mint.DefaultHWID("Milan"))
			s.Spec.CurrentTCB, s.Spec.ReportedTCB, s.Spec.CommittedTCB = high, high, high
			s.Reissue()
			s.Resign()
			return difftest.FromSet(s)
		},
	},

	{
		Input: "guest policy bit 17 clear, bits 26 to 63 set", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Both,
		Reason: "to us a matter of policy: POL-08 and POL-09 refuse them, unless its reader says otherwise",
		Fits: func(e difftest.Evidence) bool {
			policy := binary.LittleEndian.Uint64(e.Report[8:])
			return policy&(1<<17) == 0 || policy>>26 != 0
		},
		Example: report("Milan", 3, func(s *mint.ReportSpec) { s.Policy |= 1 << 26 }),
	},
	{
		Input: "set bytes of REPORTED_TCB that no component owns", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Both,
		Reason:  "to us a matter of policy: POL-10 refuses them, unless its reader says otherwise",
		Fits:    func(e difftest.Evidence) bool { return binary.LittleEndian.Uint32(e.Report[0x182:]) != 0 },
		Example: poked("Milan", 3, 0x183),
	},
	{
		Input: "COMMITTED_TCB or REPORTED_TCB above CURRENT_TCB", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Both,
		Reason: "the order of a report's own TCBs is shown by us, not judged: firmware vouches for each, and the floors hold for REPORTED_TCB and COMMITTED_TCB",
		Fits: func(e difftest.Evidence) bool {
			current := e.Report[0x038:0x040]
			return above(e.Report[0x1E0:0x1E8], current) || above(e.Report[0x180:0x188], current)
		},
		Example: report("Milan", 3, func(s *mint.ReportSpec) { s.CommittedTCB.SNP++ }),
	},
	{
		Input: "committed firmware above current firmware", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Both,
		Reason: "shown, not judged, unless the policy demands that both are the same; they compare builds by themselves, so that 1.55.3 is not above 1.54.9 to them",
		Fits: func(e difftest.Evidence) bool {
			current, committed := e.Report[0x1E8:0x1EB], e.Report[0x1EC:0x1EF]
			return committed[0] > current[0] || committed[2] > current[2] || committed[2] == current[2] && committed[1] > current[1]
		},
		Example: report("Milan", 3, func(s *mint.ReportSpec) { s.Committed.Minor++ }),
	},
}

func example() difftest.Evidence { return difftest.FromSet(mint.Evidence("Milan", 3, "vcek")) }

// report, leaf and intermediate change one thing and sign it.
func report(product string, version uint32, change func(*mint.ReportSpec)) func() difftest.Evidence {
	return func() difftest.Evidence {
		s := mint.Evidence(product, version, "vcek")
		change(&s.Spec)
		s.Resign()
		return difftest.FromSet(s)
	}
}

func leaf(change func(*mint.CertSpec)) func() difftest.Evidence {
	return func() difftest.Evidence {
		s := mint.Evidence("Milan", 3, "vcek")
		change(&s.LeafSpec)
		s.Reissue()
		return difftest.FromSet(s)
	}
}

func intermediate(change func(*mint.CertSpec)) func() difftest.Evidence {
	return func() difftest.Evidence {
		e, s := example(), mint.ASK("Milan")
		change(&s)
		e.Intermediate = s.Encode(mint.CAKey("ARK-Milan"))
		return e
	}
}

// poked sets one byte of a signed report, and of CURRENT_TCB as far from its start.
func poked(product string, version uint32, at int) func() difftest.Evidence {
	return func() difftest.Evidence {
		s := mint.Evidence(product, version, "vcek")
		s.Report[at], s.Report[0x038+at-0x180] = 1, 1
		mint.Sign(s.Report, s.Key)
		return difftest.FromSet(s)
	}
}

func version(e difftest.Evidence) uint32 { return binary.LittleEndian.Uint32(e.Report) }

func above(a, b []byte) bool {
	for i := range a {
		if a[i] > b[i] {
			return true
		}
	}
	return false
}

// productName returns the value behind the OBJECT IDENTIFIER of AMD's productName.
func productName(leaf []byte) string {
	_, after, _ := strings.Cut(string(leaf), string(mint.OID(mint.OIDProductName)))
	if len(after) < 4 || len(after) < 4+int(after[3]) {
		return ""
	}
	return after[4 : 4+int(after[3])]
}
