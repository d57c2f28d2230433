package artefact

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/launch"
)

// Schema is that of an Answer.
const Schema = "tresor.measure/v1"

// An Answer is what measure prints: what was computed. Nothing of it is verified, but
// the signatures of an ID block.
type Answer struct {
	Schema       string        `json:"schema"`
	Tool         string        `json:"tool"`
	Verdict      string        `json:"verdict"` // "computed"
	ExitCode     int           `json:"exit_code"`
	Inputs       []Input       `json:"inputs"`
	LaunchHash   string        `json:"launch_hash,omitempty"` // the digest after the firmware
	KernelHashes bool          `json:"kernel_hashes"`         // whether a kernel is in the digest
	Measurements []Measurement `json:"measurements,omitempty"`
	Matches      []Measurement `json:"matches,omitempty"`
	Ranges       []Range       `json:"ranges,omitempty"`
	IDBlock      *IDBlock      `json:"id_block,omitempty"`
	Warnings     []string      `json:"warnings"`
}

// A Measurement is the digest of one launch.
type Measurement struct {
	VCPUs       int    `json:"vcpus"`
	VMM         string `json:"vmm"`
	CPU         string `json:"cpu,omitempty"`
	Features    string `json:"features"`
	VMSA        string `json:"vmsa,omitempty"` // 52 bits of address, when they are not 48
	Measurement string `json:"measurement"`

	text string // the launch as launch.Measurement has it
}

// A Range is a run of pages, and the digest after it.
type Range struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	GPA   string `json:"gpa"`
	Pages int    `json:"pages"` // 0: the firmware was not seen
	After string `json:"after"`
}

// An IDBlock is what a verified ID block says.
type IDBlock struct {
	LaunchDigest    string `json:"launch_digest"`
	FamilyID        string `json:"family_id"`
	ImageID         string `json:"image_id"`
	GuestSVN        uint32 `json:"guest_svn"`
	GuestPolicy     string `json:"guest_policy"`
	IDKeyDigest     string `json:"id_key_digest"`
	AuthorKeyDigest string `json:"author_key_digest"`
}

// NewAnswer returns the answer about a launch, without what was computed of it. l may
// be nil.
func NewAnswer(tool string, l *Launch) *Answer {
	a := &Answer{Schema: Schema, Tool: tool, Verdict: "computed", Inputs: []Input{}, Warnings: []string{}}
	if l == nil {
		return a
	}
	a.Inputs = append(a.Inputs, l.Inputs...)
	a.KernelHashes = l.Guest.Kernel != nil
	if f := l.Guest.Firmware; f != nil {
		a.LaunchHash = f.LaunchHash.String()
		if f.Size == 0 {
			a.warn("the firmware itself was not seen, only its launch_hash")
		}
	}
	switch v := l.Guest.VMM; {
	case a.KernelHashes && (v == launch.EC2 || v == launch.EC2RDX0 || v == launch.GCE):
		a.warn("%v is not known to measure a kernel: MEASUREMENT of a guest there has none", v)
	case a.KernelHashes:
		a.warn("AmdSev firmware before edk2-stable202408 boots a kernel that the measured hashes do not have")
	}
	return a
}

func (a *Answer) warn(format string, args ...any) {
	a.Warnings = append(a.Warnings, fmt.Sprintf(format, args...))
}

// AddMeasurements adds what was computed, and for an IGVM file whether its own ID
// block says the same.
func (a *Answer) AddMeasurements(l *Launch, list []launch.Measurement) {
	for _, m := range list {
		a.Measurements = append(a.Measurements, newMeasurement(m))
	}
	if l.Guest.IGVM != nil && l.Guest.IGVM.IDBlock != nil && l.Guest.IGVM.IDBlock.LaunchDigest != list[0].Digest {
		a.warn("the ID block in the IGVM file has another digest: %v", l.Guest.IGVM.IDBlock.LaunchDigest)
	}
}

// AddMatches adds the launches that give a measurement.
func (a *Answer) AddMatches(list []launch.Measurement) {
	for _, m := range list {
		a.Matches = append(a.Matches, newMeasurement(m))
	}
}

func newMeasurement(m launch.Measurement) Measurement {
	j := Measurement{VCPUs: m.VCPUs, VMM: m.VMM.String(), CPU: m.CPU.String(), Features: m.Features.String(), Measurement: m.Digest.String(), text: m.String()}
	if m.WideVMSA {
		j.VMSA = fmt.Sprintf("%#x", uint64(launch.WideVMSAAddress))
	}
	return j
}

// AddRanges adds what was measured, in order.
func (a *Answer) AddRanges(list []launch.Range) {
	for _, r := range list {
		a.Ranges = append(a.Ranges, Range{r.Name, r.Type.String(), fmt.Sprintf("%#x", r.GPA), r.Pages, r.After.String()})
	}
}

// AddIDBlock adds an ID block that was verified.
func (a *Answer) AddIDBlock(b *launch.IDBlock, auth *launch.IDAuth) {
	a.IDBlock = &IDBlock{
		b.LaunchDigest.String(), hex.EncodeToString(b.FamilyID[:]), hex.EncodeToString(b.ImageID[:]), b.GuestSVN, b.Policy.String(),
		auth.IDKeyDigest.String(), auth.AuthorKeyDigest.String(),
	}
}

// A Form is how the text of an answer is written.
type Form struct{ Brief, Base64 bool }

// Print writes the answer as text: what matches, or a line for each measurement; then
// the ranges; then what the ID block says.
func (a *Answer) Print(b *printable.Builder, f Form) {
	for _, m := range a.Matches {
		b.Line("match: %s", m.text)
	}
	if len(a.Matches) > 0 {
		b.Line("nothing is verified: anyone can write this report")
	}
	for _, m := range a.Measurements {
		digest := m.Measurement
		if f.Base64 {
			raw, _ := hex.DecodeString(digest)
			digest = base64.StdEncoding.EncodeToString(raw)
		}
		if f.Brief {
			b.Line("%s", digest)
		} else {
			b.Line("%d  %s", m.VCPUs, digest)
		}
	}
	for _, r := range a.Ranges {
		b.Line("%-18s %-10s %-16s %5d pages  %s", r.Name, r.Type, r.GPA, r.Pages, r.After)
	}
	if d := a.IDBlock; d != nil {
		b.Line("ID block: signed; it is for the digest and the values below")
		for _, field := range [][2]string{
			{"LD", d.LaunchDigest}, {"FAMILY_ID", d.FamilyID}, {"IMAGE_ID", d.ImageID}, {"GUEST_SVN", fmt.Sprint(d.GuestSVN)}, {"POLICY", d.GuestPolicy},
			{"ID_KEY_DIGEST", d.IDKeyDigest}, {"AUTHOR_KEY_DIGEST", d.AuthorKeyDigest},
		} {
			b.Field(field[0], field[1])
		}
	}
}
