package verdict

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/bulletin"
	"github.com/tresorhq/attest/internal/printable"
)

// text writes a document for people.
type text struct {
	printable.Builder
	d *Document
}

// Text returns the document as people read it: the verdict, what it is about, what was
// demanded and what was not, warnings, and then the rest. With explain it has every
// demand and step, and all that was not checked.
// Rules: CLI-18.
func (d *Document) Text(explain bool) string {
	d = d.made()
	t := &text{d: d}
	if d.Error != nil {
		t.Line("%s: %s", d.Headline(), d.Error.Type)
		t.because(d.Error)
	} else if d.Demo {
		t.Line("DEMO PASS")
	} else {
		t.Line("PASS")
	}
	if d.Bundle != nil {
		t.endpoint()
	}
	t.about()
	t.Field("measured from", d.Launch)
	switch {
	case d.Bundle != nil:
		t.processor()
	case d.Report != nil:
		t.report()
	case d.Receipt != nil:
		t.receipt()
	case d.BundleFacts != nil:
		t.bundle()
	case d.BundleDiff != nil:
		t.bundleDiff()
	}
	if d.Bulletins != nil {
		t.Line("%s", d.bulletinsLine())
	}
	for _, n := range d.Notes {
		t.Field("note", n)
	}
	if d.Time != "" {
		t.Field("judged", "as of "+seconds(d.Time)+" ("+d.TimeSource+"), "+d.Mode)
	}
	if explain {
		t.explain()
	}
	return t.String()
}

// seconds leaves out the part of a second: people compare times by eye, and the document
// has all of it.
func seconds(stamp string) string {
	if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
		return at.Format(time.RFC3339)
	}
	return stamp
}

// about writes what the verdict is about, and what was demanded.
func (t *text) about() {
	d := t.d
	if s := d.Subject; s != nil {
		t.Field("about", s.Origin)
		if s.ClaimedOrigin != "" {
			t.Field("about", s.ClaimedOrigin+" (so says the file)")
		}
		for _, f := range s.Files {
			carrier := ""
			if f.Carrier != "" {
				carrier = ", " + f.Carrier
			}
			t.Field("about", f.Name+" ("+f.Flag+carrier+"), SHA-256 "+f.SHA256)
		}
	}
	if d.Enforced != nil {
		t.Field("demanded", d.Demanded())
		t.Field("NOT demanded", d.NotDemanded())
	}
	for _, w := range d.Warnings {
		t.Field("WARNING", w.Text+" ("+w.Source+")")
	}
	t.Field("relaxed", strings.Join(d.Relaxed, ", "))
}

// explain writes every demand, what was not checked, and every step.
func (t *text) explain() {
	d := t.d
	if d.Receipt == nil {
		t.Field("not checked", strings.Join(d.NotChecked, ", "))
	}
	for _, e := range d.Enforced {
		t.Field("enforced", e.Name+": "+e.Value)
	}
	for _, below := range d.belowBulletins() {
		t.Field("below", below)
	}
	if len(d.Checks) > 0 {
		t.steps()
	}
}

// Brief returns the document as one line with tabs in it: the verdict, the subject,
// then type and rule of the error, or measurement and product, and what qualifies it.
func (d *Document) Brief() string {
	d = d.made()
	fields := []string{d.Headline(), d.Subject.String()}
	switch {
	case d.Error != nil:
		fields = append(fields, d.Error.Type, d.Error.Requirement)
	case d.Report != nil:
		fields = append(fields, d.Measurement, d.Report.Product)
	}
	if len(d.Relaxed) > 0 {
		fields = append(fields, "relaxed="+strings.Join(d.Relaxed, ","))
	}
	if n := len(d.Warnings); n > 0 {
		fields = append(fields, "warnings="+strconv.Itoa(n))
	}
	if d.Demo {
		fields = append(fields, Demo)
	}
	for i := range fields {
		fields[i] = printable.Escape(fields[i])
	}
	return strings.Join(fields, "\t") + "\n"
}

// Headline is the word for the verdict in text.
func (d *Document) Headline() string {
	d = d.made()
	headlines := map[int]string{ExitVerified: "PASS", ExitRefused: "FAIL", ExitUsage: "ERROR", ExitUndecided: "UNDECIDED", ExitChanged: "CHANGED", ExitInternal: "ERROR"}
	return headlines[d.ExitCode]
}

// Because returns what an error says beside its type, as text.
// Rules: CLI-12.
func (e *Error) Because() string {
	t := new(text)
	t.because(e)
	return t.String()
}

func (t *text) because(e *Error) {
	if e == nil {
		return
	}
	t.Field("message", e.Message)
	t.Field("rule", e.Requirement)
	for _, c := range e.Changes {
		t.Field("changed", fmt.Sprintf("%s: recorded %s, now %s", c.Member, c.Recorded, c.Now))
	}
	if len(e.Changes) == 0 {
		t.Field("expected", e.Expected)
		t.Field("actual", e.Actual)
		t.Field("expected is from", e.ExpectedFrom)
		t.Field("actual is from", e.ActualFrom)
	}
	for i, v := range e.Violations {
		if i > 0 {
			t.Field("also", fmt.Sprintf("%s: expected %s, got %s (%s)", v.Name, v.Expected, v.Actual, v.Rule))
		}
	}
	t.Field("hint", e.Hint)
}

// report writes what a verified report says.
func (t *text) report() {
	r := t.d.Report
	t.Field("SNP MEASUREMENT", t.d.Measurement)
	t.Field("product", r.Product)
	t.Field("die", r.CPUID)
	t.Field("report version", strconv.Itoa(int(r.Version)))
	t.Field("signing key", r.SigningKey)
	t.Field("CSP id", r.CSPID)
	t.Field("chip id", r.ChipID)
	t.Field("VMPL", strconv.Itoa(int(r.VMPL)))
	t.Field("guest policy", r.GuestPolicy)
	t.Field("platform info", r.PlatformInfo)
	t.tcbs()
	t.Field("current firmware", r.CurrentFirmware)
	t.Field("committed firmware", r.CommittedFirmware)
	if r.LaunchMit != "" {
		t.Field("mitigations", "launch "+r.LaunchMit+", current "+r.CurrentMit)
	}
	t.Field("guest SVN", strconv.FormatUint(uint64(r.GuestSVN), 10))
	t.Field("report data", r.ReportData)
	t.Field("host data", r.HostData)
	t.Field("report id", r.ReportID)
	t.Field("family id", r.FamilyID)
	t.Field("image id", r.ImageID)
	t.Field("id key digest", r.IDKeyDigest)
	if r.AuthorKeyEn {
		t.Field("author key digest", r.AuthorKeyDigest)
	}
	t.Field("leaf certificate", t.d.Leaf.SHA256+", valid until "+t.d.Leaf.NotAfter)
	t.trust()
	t.azure()
}

// tcbs writes the four TCBs, equal ones in one line.
func (t *text) tcbs() {
	r := t.d.Report
	names := []string{"reported", "committed", "current", "launch"}
	levels := []string{r.ReportedTCB.String(), r.CommittedTCB.String(), r.CurrentTCB.String(), r.LaunchTCB.String()}
	for i, v := range levels {
		var of []string
		for j, name := range names {
			if levels[j] == v {
				of = append(of, name)
			}
		}
		if slices.Index(levels, v) == i {
			t.Field("TCB", v+" ("+strings.Join(of, ", ")+")")
		}
	}
}

// endpoint writes the four facts of an endpoint that people compare.
func (t *text) endpoint() {
	d := t.d
	t.Field("TLS SPKI SHA-256", d.SPKI)
	t.Field("SNP MEASUREMENT", d.Measurement)
	t.Field("Workload identity tag", d.Tag)
	t.Field("Trust bundle version", fmt.Sprintf("%d (valid until %s)", d.Bundle.Version, d.Bundle.ValidUntil))
}

// processor writes what qualifies the four facts of an endpoint.
func (t *text) processor() {
	d := t.d
	t.Field("workload", d.Workload)
	if d.Manifest != nil {
		t.Field("claims of the tag", d.Manifest.String())
	}
	t.Field("processor", d.Report.Product+", "+d.Report.SigningKey+", "+d.Report.ReportedTCB.String())
	t.trust()
	t.Field("ignored in bundle", strings.Join(slices.Concat(d.Bundle.IgnoredMembers, d.Bundle.IgnoredRoots), ", "))
}

// String returns the three claims.
func (m *Manifest) String() string {
	if m == nil {
		return ""
	}
	return fmt.Sprintf("version %s, image %s, binary %s", m.Version, m.ImageDigest, m.BinaryDigest)
}

// trust writes which roots were used, and whether revocation was looked at.
func (t *text) trust() {
	t.Field("AMD root", t.d.Roots.AMD+" "+t.d.Roots.AMDSHA256)
	var numbers []string
	for _, l := range t.d.Revocation.CRLs {
		numbers = append(numbers, l.Number)
	}
	said := "not checked"
	if len(numbers) > 0 {
		said = "checked, CRL number " + strings.Join(numbers, ", ")
	}
	t.Field("revocation", said)
}

// steps writes every step.
func (t *text) steps() {
	t.Line("")
	t.Line("steps (%s):", t.d.steps)
	width := 17
	for _, s := range t.d.Checks {
		width = max(width, len(s.ID))
	}
	for _, s := range t.d.Checks {
		said := s.Actual
		switch {
		case s.Status == attest.Fail && s.Expected != "":
			said = fmt.Sprintf("%s: expected %s, got %s", s.Reason, s.Expected, s.Actual)
		case s.Reason != "":
			said = s.Reason
		}
		t.Line("%2d  %-*s %-7s %-14s %s", s.Step, width, s.ID, s.Requirement, s.Status, said)
	}
}

// azure writes what an Azure verification found beside the report.
func (t *text) azure() {
	for _, f := range t.d.Azure.Facts() {
		t.Field(f[0], f[1])
	}
}

// Facts returns name and value of each fact that has a value, as text has them; none of
// nil.
func (a *Azure) Facts() (facts [][2]string) {
	if a == nil {
		return nil
	}
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, [2]string{name, value})
		}
	}
	add("attestation key", a.AKSHA256)
	add("user data", a.UserData)
	var said []string
	for _, c := range []struct {
		name string
		yes  *bool
	}{{"secure-boot", a.VMConfiguration.SecureBoot}, {"tpm-enabled", a.VMConfiguration.TPMEnabled}, {"tpm-persisted", a.VMConfiguration.TPMPersisted}, {"console-enabled", a.VMConfiguration.ConsoleEnabled}} {
		if c.yes != nil {
			said = append(said, fmt.Sprintf("%s=%t", c.name, *c.yes))
		}
	}
	if id := a.VMConfiguration.VMUniqueID; id != "" {
		said = append(said, "vmUniqueId="+id)
	}
	add("VM configuration", strings.Join(said, " "))
	if q := a.Quote; q != nil {
		add("qualifying data", q.QualifyingData)
		add("TPM clock", fmt.Sprintf("%d ms, %d resets, %d restarts, safe=%t", q.Clock, q.ResetCount, q.RestartCount, q.Safe))
	}
	for _, bank := range []string{"sha1", "sha256", "sha384", "sha512"} {
		for i := range 24 {
			add(fmt.Sprintf("PCR %s:%d", bank, i), a.PCRs[bank][strconv.Itoa(i)])
		}
	}
	return facts
}

// bulletinsLine counts how many of AMD's bulletins the report satisfies, and names
// those that it is below. "Not visible" means that the report cannot tell.
// Rules: BUL-04.
func (d *Document) bulletinsLine() string {
	var below []string
	count := map[bulletin.Status]int{}
	for _, a := range d.Bulletins {
		count[a.Status]++
		if a.Status == bulletin.Below {
			below = append(below, a.ID)
		}
	}
	which := ""
	if len(below) > 0 {
		which = " (" + strings.Join(below, ", ") + ")"
	}
	return fmt.Sprintf("bulletins as of %s: %d satisfied, %d below%s, %d not visible",
		d.BulletinsAsOf, count[bulletin.Satisfied], count[bulletin.Below], which, count[bulletin.NotVisible])
}

// belowBulletins lists the conditions that are not met, with both values.
func (d *Document) belowBulletins() []string {
	var list []string
	for _, a := range d.Bulletins {
		for _, c := range a.Conditions {
			if c.Status == bulletin.Below {
				list = append(list, fmt.Sprintf("%s: %s is %s, the bulletin has %s (grade %s: %s)", a.ID, c.Component, c.Actual, c.Level, c.Grade, c.Source))
			}
		}
	}
	return list
}
