// Package verdict is what tresor-verify prints: the JSON document of a
// verification, the text that is written from it, the description of an error and
// the exit code. A program that verifies by itself makes the same document with New.
//
// The document is made from results of packages attest and receipt. The text is made
// from the document alone, so that it never says more.
package verdict

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/bulletin"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/snpreport"
)

// Schema is the value of Document.Schema.
const Schema = "tresor.verify-result/v1"

// A Document is the object that every verifying command prints with --json. What
// was verified is in it only where the verdict is pass or changed.
// Rules: CLI-08.
type Document struct {
	Schema        string                `json:"schema"`
	Tool          string                `json:"tool"`
	Verdict       string                `json:"verdict"` // pass, fail, changed, error
	ExitCode      int                   `json:"exit_code"`
	Demo          bool                  `json:"demo,omitempty"` // the AMD root is that of the command's demo, whose key is public
	Mode          string                `json:"mode,omitempty"` // live, offline, replay
	Time          string                `json:"time,omitempty"`
	TimeSource    string                `json:"time_source,omitempty"` // clock, given, recorded
	Subject       *Subject              `json:"subject,omitempty"`
	Error         *Error                `json:"error,omitempty"`
	SPKI          string                `json:"tls_spki_sha256,omitempty"`
	Measurement   string                `json:"snp_measurement,omitempty"`
	Launch        string                `json:"measured_from,omitempty"` // the label of the computed measurement that matched
	Tag           string                `json:"workload_identity_tag,omitempty"`
	Workload      string                `json:"workload,omitempty"`
	Manifest      *Manifest             `json:"manifest,omitempty"`
	Bundle        *Bundle               `json:"trust_bundle,omitempty"`
	BundleFacts   *BundleFacts          `json:"bundle,omitempty"`
	BundleDiff    *BundleDiff           `json:"bundle_diff,omitempty"`
	Explained     []Explained           `json:"explained,omitempty"` // of a trust bundle's measurements
	Report        *Report               `json:"report,omitempty"`
	Azure         *Azure                `json:"azure,omitempty"`
	Leaf          *Leaf                 `json:"leaf,omitempty"`
	Receipt       *Receipt              `json:"receipt,omitempty"`
	Roots         *Roots                `json:"roots,omitempty"`
	Revocation    *Revocation           `json:"revocation,omitempty"`
	BulletinsAsOf string                `json:"bulletins_as_of,omitempty"` // the date of package bulletin's table
	Bulletins     []bulletin.Assessment `json:"bulletins,omitempty"`
	Enforced      []Demand              `json:"enforced,omitzero"`
	Relaxed       []string              `json:"relaxed,omitzero"`
	Warnings      []Warning             `json:"warnings,omitzero"`
	Notes         []string              `json:"notes,omitempty"`
	NotChecked    []string              `json:"not_checked,omitempty"`
	Limits        []string              `json:"limits,omitempty"`
	Checks        []Step                `json:"checks,omitempty"`

	steps string // where in the specification they stand
}

// Demo is the relaxation that accepts the AMD root of the command's demo, whose private
// key is public.
const Demo = "demo"

// A Frame is how a verification was done.
type Frame struct {
	Tool       string // name and version of the program
	Mode       string // "live", "offline" or "replay"
	At         time.Time
	TimeSource string   // "clock", "given" or "recorded"
	Subject    *Subject // what it is about; nil: not known
	Enforced   []Demand
	Relaxed    []string // of the policy
	Changed    error    // what differs from a pin; nil: nothing
}

// Report is what a verified report says. Hex is in lower case.
type Report struct {
	Version           uint32 `json:"version"`
	Product           string `json:"product"`
	SigningKey        string `json:"signing_key"`
	CPUID             string `json:"cpuid,omitempty"`
	ChipID            string `json:"chip_id"`
	CSPID             string `json:"csp_id,omitempty"`
	VMPL              uint32 `json:"vmpl"`
	GuestSVN          uint32 `json:"guest_svn"`
	GuestPolicy       string `json:"guest_policy"`
	PlatformInfo      string `json:"platform_info"`
	ReportData        string `json:"report_data"`
	HostData          string `json:"host_data"`
	ReportID          string `json:"report_id"`
	ReportIDMA        string `json:"report_id_ma"`
	FamilyID          string `json:"family_id"`
	ImageID           string `json:"image_id"`
	IDKeyDigest       string `json:"id_key_digest"`
	AuthorKeyDigest   string `json:"author_key_digest"`
	AuthorKeyEn       bool   `json:"author_key_en"`
	ReportedTCB       TCB    `json:"reported_tcb"`
	CommittedTCB      TCB    `json:"committed_tcb"`
	CurrentTCB        TCB    `json:"current_tcb"`
	LaunchTCB         TCB    `json:"launch_tcb"`
	CurrentFirmware   string `json:"current_firmware"`
	CommittedFirmware string `json:"committed_firmware"`
	LaunchMit         string `json:"launch_mit_vector,omitempty"`
	CurrentMit        string `json:"current_mit_vector,omitempty"`
}

// A TCB has the components of a TCB version in the order in which people read them.
type TCB struct {
	FMC        *uint8 `json:"fmc,omitempty"`
	BootLoader uint8  `json:"bootloader"`
	TEE        uint8  `json:"tee"`
	SNP        uint8  `json:"snp"`
	Microcode  uint8  `json:"microcode"`
}

// A Leaf is the certificate whose key signed the report.
type Leaf struct {
	SHA256    string `json:"sha256"`
	KeySHA256 string `json:"key_sha256"` // of its SubjectPublicKeyInfo
	NotBefore string `json:"not_before"`
	NotAfter  string `json:"not_after"`
	CSPID     string `json:"csp_id,omitempty"`
}

// Roots are the keys that everything rests on.
type Roots struct {
	AMD       string   `json:"amd"` // "builtin" or "custom"
	AMDSHA256 string   `json:"amd_sha256,omitempty"`
	Release   []string `json:"release,omitempty"` // SHA-256 of the key that signed the bundle
}

// Revocation says whether AMD's lists were looked at, and which.
type Revocation struct {
	Status string `json:"status"` // "pass" or "not_checked"
	CRLs   []CRL  `json:"crls"`
}

// A CRL is a list that was verified, and is in date.
type CRL struct {
	Issuer     string `json:"issuer"`
	Number     string `json:"number"`
	ThisUpdate string `json:"this_update"`
	NextUpdate string `json:"next_update"`
}

// A Manifest is what the publisher of a workload identity tag claims.
type Manifest struct {
	Version      string `json:"version"`
	ImageDigest  string `json:"image_digest"`
	BinaryDigest string `json:"binary_digest"`
}

// A Warning is a weakness that evidence cannot disprove, or something that is due soon.
type Warning = attest.Warning

// A Step is one step of a verification.
type Step = attest.Check

// errNoVerdict stands for an audit, a bundle or an error that is nil or zero: what no
// verification made is no pass.
var errNoVerdict = errors.New("internal error: there is no verdict")

// New makes the document of a verification of an endpoint or a report.
func New(a *attest.Audit, f Frame) *Document {
	if a == nil {
		a = new(attest.Audit)
	}
	err := cmp.Or(a.Err, f.Changed)
	if a.Err == nil && !a.Passed() {
		err = errNoVerdict
	}
	d := f.document(err)
	d.Enforced, d.Relaxed = append([]Demand{}, f.Enforced...), append([]string{}, f.Relaxed...)
	d.Demo = slices.Contains(d.Relaxed, Demo)
	d.Checks, d.steps = slices.Clone(a.Checks), "SPEC.md section 2"
	if d.ExitCode == ExitVerified || d.ExitCode == ExitChanged {
		d.addFacts(a.Result)
	}
	return d
}

// NewAzure makes the document of a verification of an Azure confidential VM.
func NewAzure(a *azure.Audit, f Frame) *Document {
	if a == nil {
		a = new(azure.Audit)
	}
	report := &attest.Audit{Err: a.Err, Checks: a.Checks}
	if a.Result != nil {
		report.Result = a.Result.Result
	}
	d := New(report, f)
	d.steps = "docs/spec/azure.md"
	if a.Passed() && a.Result.Facts != nil {
		d.Azure = newAzure(a.Result.Facts)
	}
	return d
}

// Failed makes the document of an error that came before there was a verdict.
func Failed(err error, f Frame) *Document { return f.document(cmp.Or(err, errNoVerdict)) }

func (f Frame) document(err error) *Document {
	d := &Document{Schema: Schema, Tool: f.Tool, ExitCode: ExitCode(err), Mode: f.Mode, TimeSource: f.TimeSource, Subject: f.Subject}
	d.Verdict = Word(d.ExitCode)
	if !f.At.IsZero() {
		d.Time = Stamp(f.At)
	}
	if err != nil {
		d.Error = Describe(err)
	}
	return d
}

// addFacts fills in what was verified.
func (d *Document) addFacts(r *attest.Result) {
	d.Measurement = hex.EncodeToString(r.Report.Measurement[:])
	d.Launch = r.Launch
	d.Report = newReport(r)
	d.Leaf = &Leaf{
		hex.EncodeToString(r.Chain.LeafSHA256[:]), hex.EncodeToString(r.Chain.LeafKeySHA256[:]),
		Stamp(r.Chain.NotBefore), Stamp(r.Chain.NotAfter), r.Chain.CSPID,
	}
	d.Roots = &Roots{AMD: "builtin", AMDSHA256: hex.EncodeToString(r.Chain.RootSHA256[:])}
	if r.CustomRoots {
		d.Roots.AMD = "custom"
	}
	d.Revocation = newRevocation(r)
	d.BulletinsAsOf, d.Bulletins = bulletin.AsOf, bulletin.Assess(&r.Report, r.Chain)
	d.Warnings = append(append([]Warning{}, r.Warnings...), ExpiryWarnings(r.Bundle, r.At)...)
	d.Notes, d.Limits = r.Notes, r.Limits
	for _, n := range r.NotChecked {
		d.NotChecked = append(d.NotChecked, n.Name)
	}
	if r.Bundle != nil {
		d.addEndpoint(r)
	}
}

// addEndpoint fills in what was verified of an endpoint.
func (d *Document) addEndpoint(r *attest.Result) {
	d.SPKI, d.Tag, d.Workload = hex.EncodeToString(r.TLSSPKISHA256[:]), hex.EncodeToString(r.IdentityTag[:]), r.Workload
	d.Roots.Release = []string{hex.EncodeToString(r.Bundle.Root[:])}
	d.Bundle = newBundle(r.Bundle)
	d.Manifest = newManifest(r.Manifest)
}

func newManifest(m *attest.Manifest) *Manifest {
	if m == nil {
		return nil
	}
	return &Manifest{m.Version, m.ImageDigest, m.BinaryDigest}
}

func newReport(r *attest.Result) *Report {
	rep := &r.Report
	x := hex.EncodeToString
	tcb := func(v snpreport.TCBVersion) TCB { return newTCB(r.TCB(v)) }
	j := &Report{
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

func newTCB(t snpreport.TCB) TCB {
	level := func(c snpreport.Component) uint8 { l, _ := t.Level(c); return l }
	j := TCB{nil, level(snpreport.BootLoader), level(snpreport.TEE), level(snpreport.SNP), level(snpreport.Microcode)}
	if fmc, ok := t.Level(snpreport.FMC); ok {
		j.FMC = &fmc
	}
	return j
}

// String returns the levels as "fmc=1 bootloader=1 tee=1 snp=4 microcode=81".
func (t TCB) String() string {
	s := fmt.Sprintf("bootloader=%d tee=%d snp=%d microcode=%d", t.BootLoader, t.TEE, t.SNP, t.Microcode)
	if t.FMC != nil {
		s = fmt.Sprintf("fmc=%d %s", *t.FMC, s)
	}
	return s
}

func newRevocation(r *attest.Result) *Revocation {
	v := &Revocation{Status: string(attest.NotChecked), CRLs: []CRL{}}
	for _, l := range r.CRLs {
		v.Status = string(attest.Pass)
		v.CRLs = append(v.CRLs, CRL{"ARK-" + l.Product.String(), l.Number, Stamp(l.ThisUpdate), Stamp(l.NextUpdate)})
	}
	return v
}

// Word is the verdict that an exit code stands for.
func Word(code int) string {
	return cmp.Or(map[int]string{ExitVerified: "pass", ExitRefused: "fail", ExitChanged: "changed"}[code], "error")
}

// made returns d, or for nil and the zero Document, which no verification made, one
// that says so: a missing verdict never reads as a pass.
func (d *Document) made() *Document {
	if d == nil || d.Verdict == "" {
		return Failed(nil, Frame{})
	}
	return d
}

// Cause returns the error of a document, or nil.
func (d *Document) Cause() error {
	if d = d.made(); d.Error == nil {
		return nil
	}
	return d.Error.Cause()
}

// JSON returns the document as tresor-verify prints it: indented, with a final line
// break, and without a character that a terminal could act upon.
func (d *Document) JSON() string { return printable.JSON(d.made()) }

// Stamp writes a time as all documents have it: RFC 3339, UTC.
func Stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
