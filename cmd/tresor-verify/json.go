package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/snpreport"
)

const verdictSchema = "tresor.verify-result/v1"

// verdictJSON is the object that every verifying command prints with --json.
// Facts are pointers or omitted when empty: on a refusal they are absent.
type verdictJSON struct {
	Schema      string           `json:"schema"`
	Tool        string           `json:"tool"`
	Verdict     string           `json:"verdict"`
	ExitCode    int              `json:"exit_code"`
	Mode        string           `json:"mode,omitempty"`
	Time        string           `json:"time,omitempty"`
	TimeSource  string           `json:"time_source,omitempty"`
	Error       *errorJSON       `json:"error,omitempty"`
	SPKI        string           `json:"tls_spki_sha256,omitempty"`
	Measurement string           `json:"snp_measurement,omitempty"`
	Tag         string           `json:"workload_identity_tag,omitempty"`
	Workload    string           `json:"workload,omitempty"`
	Manifest    *manifestJSON    `json:"manifest,omitempty"`
	Bundle      *bundleJSON      `json:"trust_bundle,omitempty"`
	BundleFacts *bundleFactsJSON `json:"bundle,omitempty"`
	BundleDiff  *bundleDiffJSON  `json:"bundle_diff,omitempty"`
	Report      *reportJSON      `json:"report,omitempty"`
	Receipt     *receiptJSON     `json:"receipt,omitempty"`
	Roots       *rootsJSON       `json:"roots,omitempty"`
	Relaxed     []string         `json:"relaxed,omitzero"`
	Warnings    []warningJSON    `json:"warnings,omitzero"`
	Notes       []string         `json:"notes,omitempty"`
	NotChecked  []string         `json:"not_checked,omitempty"`
	Limits      []string         `json:"limits,omitempty"`
	Checks      []checkJSON      `json:"checks,omitempty"`
}

type errorJSON struct {
	Type        string `json:"type"`
	Requirement string `json:"requirement"`
	Message     string `json:"message"`
	Expected    string `json:"expected"`
	Actual      string `json:"actual"`
	Hint        string `json:"hint,omitempty"`

	ExpectedFrom string `json:"expected_from,omitempty"` // what the two values were read from
	ActualFrom   string `json:"actual_from,omitempty"`

	Violations []violationJSON `json:"violations,omitempty"` // of a policy: all of them
	Changes    []changeJSON    `json:"changes,omitempty"`    // since the pin: all of them
}

type violationJSON struct {
	Rule     string `json:"rule"`
	Name     string `json:"name"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
}

type changeJSON struct {
	Member   string `json:"member"`
	Recorded string `json:"recorded"`
	Now      string `json:"now"`
}

type reportJSON struct {
	Version           uint32  `json:"version"`
	Product           string  `json:"product"`
	SigningKey        string  `json:"signing_key"`
	CPUID             string  `json:"cpuid,omitempty"`
	ChipID            string  `json:"chip_id"`
	CSPID             string  `json:"csp_id,omitempty"`
	VMPL              uint32  `json:"vmpl"`
	GuestSVN          uint32  `json:"guest_svn"`
	GuestPolicy       string  `json:"guest_policy"`
	PlatformInfo      string  `json:"platform_info"`
	ReportData        string  `json:"report_data"`
	HostData          string  `json:"host_data"`
	ReportID          string  `json:"report_id"`
	ReportIDMA        string  `json:"report_id_ma"`
	FamilyID          string  `json:"family_id"`
	ImageID           string  `json:"image_id"`
	IDKeyDigest       string  `json:"id_key_digest"`
	AuthorKeyDigest   string  `json:"author_key_digest"`
	AuthorKeyEn       bool    `json:"author_key_en"`
	ReportedTCB       tcbJSON `json:"reported_tcb"`
	CommittedTCB      tcbJSON `json:"committed_tcb"`
	CurrentTCB        tcbJSON `json:"current_tcb"`
	LaunchTCB         tcbJSON `json:"launch_tcb"`
	CurrentFirmware   string  `json:"current_firmware"`
	CommittedFirmware string  `json:"committed_firmware"`
	LaunchMit         string  `json:"launch_mit_vector,omitempty"`
	CurrentMit        string  `json:"current_mit_vector,omitempty"`
}

type rootsJSON struct {
	AMD     string   `json:"amd"`               // "builtin" or "custom"
	Release []string `json:"release,omitempty"` // SHA-256 of the key that signed the bundle
}

// manifestJSON is what the tag's publisher claims.
type manifestJSON struct {
	Version      string `json:"version"`
	ImageDigest  string `json:"image_digest"`
	BinaryDigest string `json:"binary_digest"`
}

type bundleJSON struct {
	Version        uint64   `json:"version"`
	ValidUntil     string   `json:"valid_until"`
	SHA256         string   `json:"sha256"`
	IgnoredMembers []string `json:"ignored_members"`
}

type warningJSON struct {
	Text   string `json:"text"`
	Source string `json:"source"`
}

type checkJSON struct {
	Step        int    `json:"step"`
	ID          string `json:"id"`
	Requirement string `json:"requirement"`
	Status      string `json:"status"`
	Expected    string `json:"expected,omitempty"`
	Actual      string `json:"actual,omitempty"`
	Reason      string `json:"reason,omitempty"`
}

func checksJSON(checks []attest.Check) []checkJSON {
	list := make([]checkJSON, len(checks))
	for i, c := range checks {
		list[i] = checkJSON{c.Step, c.ID, c.Requirement, string(c.Status), c.Expected, c.Actual, c.Reason}
	}
	return list
}

func warningsJSON(list []attest.Warning) []warningJSON {
	warnings := []warningJSON{}
	for _, w := range list {
		warnings = append(warnings, warningJSON{w.Text, w.Source})
	}
	return warnings
}

// addFacts fills in what was verified.
func (v *verdictJSON) addFacts(r *attest.Result) {
	v.Measurement = hex.EncodeToString(r.Report.Measurement[:])
	v.Report = newReportJSON(r)
	v.Warnings = warningsJSON(warnings(r))
	v.Roots = &rootsJSON{AMD: "builtin"}
	if r.CustomRoots {
		v.Roots.AMD = "custom"
	}
	v.Notes = r.Notes
	v.NotChecked, v.Limits = unchecked(r), r.Limits
	if r.Bundle != nil {
		v.addEndpoint(r)
	}
}

// addEndpoint fills in what was verified of an endpoint.
func (v *verdictJSON) addEndpoint(r *attest.Result) {
	v.SPKI, v.Tag, v.Workload = hex.EncodeToString(r.TLSSPKISHA256[:]), hex.EncodeToString(r.IdentityTag[:]), r.Workload
	v.Roots.Release = []string{hex.EncodeToString(r.Bundle.Root[:])}
	v.Bundle = newBundleJSON(r.Bundle)
	if m := r.Manifest; m != nil {
		v.Manifest = &manifestJSON{m.Version, m.ImageDigest, m.BinaryDigest}
	}
}

func newReportJSON(r *attest.Result) *reportJSON {
	rep := &r.Report
	x := hex.EncodeToString
	tcb := func(v snpreport.TCBVersion) tcbJSON { return newTCBJSON(r.TCB(v)) }
	j := &reportJSON{
		Version: rep.Version, Product: r.Chain.Product.String(), SigningKey: rep.KeyInfo.SigningKey().String(),
		ChipID: x(rep.ChipID[:]), CSPID: r.Chain.CSPID, VMPL: rep.VMPL, GuestSVN: rep.GuestSVN,
		GuestPolicy: rep.GuestPolicy.String(), PlatformInfo: rep.PlatformInfo.String(),
		ReportData: x(rep.ReportData[:]), HostData: x(rep.HostData[:]),
		ReportID: x(rep.ReportID[:]), ReportIDMA: x(rep.ReportIDMA[:]), FamilyID: x(rep.FamilyID[:]), ImageID: x(rep.ImageID[:]),
		IDKeyDigest: x(rep.IDKeyDigest[:]), AuthorKeyDigest: x(rep.AuthorKeyDigest[:]), AuthorKeyEn: rep.KeyInfo.AuthorKeyEn(),
		ReportedTCB: tcb(rep.ReportedTCB), CommittedTCB: tcb(rep.CommittedTCB), CurrentTCB: tcb(rep.CurrentTCB), LaunchTCB: tcb(rep.LaunchTCB),
		CurrentFirmware: rep.CurrentFirmware.String(), CommittedFirmware: rep.CommittedFirmware.String(),
	}
	if die, ok := rep.Die(); ok {
		j.CPUID = die.String()
	}
	if launch, current, ok := rep.Mitigations(); ok {
		j.LaunchMit, j.CurrentMit = fmt.Sprintf("%#x", launch), fmt.Sprintf("%#x", current)
	}
	return j
}

// tcbJSON has the components of a TCB in the order in which people read them.
type tcbJSON struct {
	FMC        *uint8 `json:"fmc,omitempty"`
	BootLoader uint8  `json:"bootloader"`
	TEE        uint8  `json:"tee"`
	SNP        uint8  `json:"snp"`
	Microcode  uint8  `json:"microcode"`
}

func newTCBJSON(t snpreport.TCB) tcbJSON {
	level := func(c snpreport.Component) uint8 { l, _ := t.Level(c); return l }
	j := tcbJSON{nil, level(snpreport.BootLoader), level(snpreport.TEE), level(snpreport.SNP), level(snpreport.Microcode)}
	if fmc, ok := t.Level(snpreport.FMC); ok {
		j.FMC = &fmc
	}
	return j
}

// marshal writes a value as JSON that a terminal prints as it stands: what is not
// printable is escaped, also where JSON does not ask for it.
func marshal(v any) string {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil { // only strings, numbers and maps of them are marshalled
		panic(err)
	}
	var text strings.Builder
	for _, r := range string(b) {
		switch {
		case r == '\n' || strconv.IsPrint(r): // the former stands between values only
			text.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&text, `\u%04x`, unit)
			}
		}
	}
	return text.String() + "\n"
}

// marshalLine is marshal on one line.
func marshalLine(v any) string {
	var line bytes.Buffer
	if err := json.Compact(&line, []byte(marshal(v))); err != nil {
		panic(err) // it was just made
	}
	return line.String() + "\n"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
