package bulletin

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/tresorhq/attest/snpreport"
)

// A Bulletin is one of AMD's security bulletins, and what it breaks for a guest that
// relies on attestation.
type Bulletin struct {
	ID     string   // e.g. "AMD-SB-3019"
	Date   string   // of its first publication, YYYY-MM-DD; "" where no source of grade A or B has it
	CVEs   []string // some have none
	Title  string   // a name by which it is known
	Breaks string
}

// A Grade says how near to AMD's own text a condition is.
type Grade string

// The grades of the table. The package comment explains them.
const (
	A Grade = "A"
	B Grade = "B"
)

// A row is one condition of a bulletin for some dies.
type row struct {
	bulletin  string
	dies      []snpreport.CPUID
	condition condition
	grade     Grade
	source    string
}

// A condition is something that a report shows to be met, or not.
type condition struct {
	component string // of a TCB, "firmware", or "platform_info." and a bit
	level     string // at least this; "set" for a bit
	// holds returns what the report shows, and whether that meets the condition.
	holds func(r *snpreport.Report, p snpreport.Product) (actual string, s Status)
}

// level demands a component of REPORTED_TCB and of COMMITTED_TCB, to which the host may
// go back.
func level(c snpreport.Component, least uint8) condition {
	return condition{c.String(), decimal(least), func(r *snpreport.Report, p snpreport.Product) (string, Status) {
		reported, _ := r.ReportedTCB.For(p)
		committed, _ := r.CommittedTCB.For(p)
		a, known := reported.Level(c)
		b, _ := committed.Level(c)
		if !known {
			return "unknown", NotVisible
		}
		return decimal(min(a, b)), statusOf(min(a, b) >= least)
	}}
}

// firmware demands a version of the current and of the committed firmware.
func firmware(major, minor, build uint8) condition {
	least := snpreport.Firmware{Major: major, Minor: minor, Build: build}
	return condition{"firmware", least.String(), func(r *snpreport.Report, _ snpreport.Product) (string, Status) {
		older := slices.MinFunc([]snpreport.Firmware{r.CurrentFirmware, r.CommittedFirmware}, snpreport.Firmware.Compare)
		return older.String(), statusOf(older.Compare(least) >= 0)
	}}
}

// bit demands a bit of PLATFORM_INFO.
func bit(mask snpreport.PlatformInfo) condition {
	bits := snpreport.PlatformInfoBits()
	b := bits[slices.IndexFunc(bits, func(b snpreport.Bit) bool { return b.Mask == uint64(mask) })]
	return condition{"platform_info." + b.Name, "set", func(r *snpreport.Report, _ snpreport.Product) (string, Status) {
		switch r.PlatformInfoState(b) {
		case snpreport.Set:
			return "set", Satisfied
		case snpreport.Clear:
			return "clear", Below
		}
		return "unknown", NotVisible
	}}
}

func decimal(n uint8) string { return strconv.Itoa(int(n)) }

func statusOf(met bool) Status {
	if met {
		return Satisfied
	}
	return Below
}

// A Status is what a report shows of a bulletin, or of one condition.
type Status uint8

// The zero Status is NotVisible. The package comment explains them.
const (
	NotVisible Status = iota
	Below
	Satisfied
)

// and returns what two conditions show together: what is below stays below, whatever
// else cannot be seen.
func (s Status) and(t Status) Status {
	switch {
	case s == Below || t == Below:
		return Below
	case s == NotVisible || t == NotVisible:
		return NotVisible
	}
	return Satisfied
}

// String returns "not_visible", "below" or "satisfied".
func (s Status) String() string {
	switch s {
	case Below:
		return "below"
	case Satisfied:
		return "satisfied"
	}
	return "not_visible"
}

// MarshalText returns String.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Status) UnmarshalText(text []byte) error {
	known, ok := map[string]Status{"not_visible": NotVisible, "below": Below, "satisfied": Satisfied}[string(text)]
	if !ok {
		return fmt.Errorf("no status of a bulletin: %q", text)
	}
	*s = known
	return nil
}
