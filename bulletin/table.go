package bulletin

import "github.com/tresorhq/attest/snpreport"

// AsOf is the date of the table: what was public later is not in it.
const AsOf = "2026-11-30"

// The dies of the table: family, model, stepping.
var (
	milan      = snpreport.CPUID{Family: 0x19, Model: 0x01, Stepping: 1} // EPYC 7003, B1
	milanX     = snpreport.CPUID{Family: 0x19, Model: 0x01, Stepping: 2} // EPYC 7003X, B2
	genoa      = snpreport.CPUID{Family: 0x19, Model: 0x11, Stepping: 1} // EPYC 9004, B1
	genoaX     = snpreport.CPUID{Family: 0x19, Model: 0x11, Stepping: 2} // EPYC 9004X, B2
	siena      = snpreport.CPUID{Family: 0x19, Model: 0xa0, Stepping: 2} // EPYC 97x4 (Bergamo) and 8004 (Siena), A2
	turin      = snpreport.CPUID{Family: 0x1a, Model: 0x02, Stepping: 1} // EPYC 9005, C1
	turinDense = snpreport.CPUID{Family: 0x1a, Model: 0x11, Stepping: 0} // EPYC 9005 Dense, B0

	milans = []snpreport.CPUID{milan, milanX}
	genoas = []snpreport.CPUID{genoa, genoaX, siena}
	turins = []snpreport.CPUID{turin, turinDense}
)

// Sources of the rows.
const (
	cve   = "AMD's record in the CVE list"
	linux = "Linux, arch/x86/kernel/cpu/microcode/amd.c (get_cutoff_revision), by AMD"
	ccp   = "Linux, drivers/crypto/ccp/sev-dev.c (sev_firmware_allows_es), by AMD: documented in AMD-SB-3023"
)

// bulletins has them by number. What each breaks is said in words of this project.
var bulletins = [...]Bulletin{
	{ID: "AMD-SB-3005", Date: "2023-11-14", CVEs: []string{"CVE-2023-20592"}, Title: "CacheWarp", Breaks: "the host drops writes of the guest from its cache"},
	{ID: "AMD-SB-3007", Date: "2024-02-13", CVEs: []string{"CVE-2023-31346"}, Title: "stale data in reports", Breaks: "the guest reads data of other guests from the firmware"},
	{ID: "AMD-SB-3011", Date: "2024-08-05", CVEs: []string{"CVE-2023-31355"}, Title: "seed of memory encryption", Breaks: "the host reads memory of a guest that has ended"},
	{ID: "AMD-SB-3015", CVEs: []string{"CVE-2024-21944"}, Title: "BadRAM", Breaks: "memory modules that lie about their size give the host an alias of guest memory"},
	{ID: "AMD-SB-3016", Date: "2026-04-14", CVEs: []string{"CVE-2023-20585"}, Title: "IOMMU writes", Breaks: "the host writes into guest memory through the IOMMU"},
	{ID: "AMD-SB-3019", Date: "2025-02-03", CVEs: []string{"CVE-2024-56161"}, Title: "EntrySign", Breaks: "the host loads microcode of its own, which reads and changes everything"},
	{ID: "AMD-SB-3020", Date: "2025-10-14", CVEs: []string{"CVE-2025-0033"}, Title: "RMPocalypse", Breaks: "the host writes to the table that protects guest memory while it is made"},
	{ID: "AMD-SB-3023", Date: "2026-02-10", CVEs: []string{"CVE-2025-48514", "CVE-2025-29948", "CVE-2025-29952"}, Title: "SEV-ES guests against SNP guests", Breaks: "another guest changes memory of this one"},
	{ID: "AMD-SB-3027", Date: "2026-01-16", CVEs: []string{"CVE-2025-29943"}, Title: "StackWarp", Breaks: "the sibling thread moves the guest's stack pointer"},
	{ID: "AMD-SB-3030", Date: "2026-05-12", CVEs: []string{"CVE-2025-61971", "CVE-2025-61972", "CVE-2024-36315"}, Title: "BreakFAST", Breaks: "the host runs code on the security processor"},
	{ID: "AMD-SB-3033", Title: "a fix for Milan that no TCB level shows", Breaks: "not known"},
	{ID: "AMD-SB-3034", Date: "2026-04-14", CVEs: []string{"CVE-2025-54510"}, Title: "Fabricked", Breaks: "the table that protects guest memory stays as the host left it"},
	{ID: "AMD-SB-3039", Date: "2026-06-09", CVEs: []string{"CVE-2025-54509"}, Title: "Staleus", Breaks: "the firmware takes policy and measurement of a guest from stale memory"},
	{ID: "AMD-SB-7033", CVEs: []string{"CVE-2024-36347"}, Title: "EntrySign", Breaks: "as AMD-SB-3019"},
}

// rows has the conditions, of grade A and B. A row is of every die that its source
// names, so that siena has none of AMD-SB-3016, whose source names EPYC 9004 alone,
// and of AMD-SB-3020.
var rows = [...]row{
	{"AMD-SB-3015", milans, firmware(1, 55, 22), A, cve},
	{"AMD-SB-3015", milans, bit(snpreport.PlatformAliasCheckComplete), A, cve},
	{"AMD-SB-3015", genoas, firmware(1, 55, 38), A, cve},
	{"AMD-SB-3015", genoas, bit(snpreport.PlatformAliasCheckComplete), A, cve},

	{"AMD-SB-3016", milans, firmware(1, 55, 35), A, cve},
	{"AMD-SB-3016", milans, level(snpreport.SNP, 0x1b), B, "two readers of the bulletin, and real reports of that firmware"},
	{"AMD-SB-3016", []snpreport.CPUID{genoa, genoaX}, firmware(1, 55, 49), A, cve},
	{"AMD-SB-3016", []snpreport.CPUID{genoa, genoaX}, level(snpreport.SNP, 0x1b), B, "two readers of the bulletin, and real reports of that firmware"},

	{"AMD-SB-3019", []snpreport.CPUID{milan}, level(snpreport.Microcode, 0xdb), A, linux},
	{"AMD-SB-3019", []snpreport.CPUID{milanX}, level(snpreport.Microcode, 0x44), A, linux},
	{"AMD-SB-3019", []snpreport.CPUID{genoa}, level(snpreport.Microcode, 0x54), A, linux},
	{"AMD-SB-3019", []snpreport.CPUID{genoaX}, level(snpreport.Microcode, 0x4f), A, linux},
	{"AMD-SB-3019", []snpreport.CPUID{siena}, level(snpreport.Microcode, 0x19), A, linux},
	{"AMD-SB-3019", turins, level(snpreport.Microcode, 0x47), A, linux},
	{"AMD-SB-3019", genoas, level(snpreport.SNP, 0x17), B, "microsoft/CCF 6812 and a review that read the bulletin"},

	{"AMD-SB-3020", []snpreport.CPUID{genoa, genoaX}, level(snpreport.SNP, 0x1b), B, "two readers of the bulletin"},
	{"AMD-SB-3020", []snpreport.CPUID{genoa}, level(snpreport.Microcode, 0x56), B, "two readers of the bulletin"},
	{"AMD-SB-3020", []snpreport.CPUID{genoaX}, level(snpreport.Microcode, 0x51), B, "two readers of the bulletin"},
	{"AMD-SB-3020", turins, level(snpreport.SNP, 0x04), B, "two readers of the bulletin"},
	{"AMD-SB-3020", []snpreport.CPUID{turin}, level(snpreport.Microcode, 0x50), B, "two readers of the bulletin"},

	{"AMD-SB-3023", milans, level(snpreport.SNP, 0x1b), A, ccp},
	{"AMD-SB-3023", genoas, level(snpreport.SNP, 0x1b), A, ccp},
	{"AMD-SB-3023", turins, level(snpreport.SNP, 0x04), A, ccp},
	{"AMD-SB-3023", []snpreport.CPUID{milan}, level(snpreport.Microcode, 0xde), B, "two readers of the bulletin"},
	{"AMD-SB-3023", []snpreport.CPUID{milanX}, level(snpreport.Microcode, 0x47), B, "two readers of the bulletin"},

	{"AMD-SB-7033", []snpreport.CPUID{milan}, level(snpreport.Microcode, 0xdb), A, linux},
	{"AMD-SB-7033", []snpreport.CPUID{milanX}, level(snpreport.Microcode, 0x44), A, linux},
	{"AMD-SB-7033", []snpreport.CPUID{genoa}, level(snpreport.Microcode, 0x54), A, linux},
	{"AMD-SB-7033", []snpreport.CPUID{genoaX}, level(snpreport.Microcode, 0x4f), A, linux},
	{"AMD-SB-7033", []snpreport.CPUID{siena}, level(snpreport.Microcode, 0x19), A, linux},
	{"AMD-SB-7033", turins, level(snpreport.Microcode, 0x47), A, linux},
}
