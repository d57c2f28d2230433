package web

import (
	"fmt"
	"strings"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/snpreport/form"
	"github.com/tresorhq/attest/verdict"
)

// A View is what one page shows.
type View struct {
	Document *verdict.Document
	Report   *snpreport.Report // of the evidence, verified or not; nil: there is none that can be parsed
	Other    *snpreport.Report // a second one, to compare the first with; nil: there is none

	Certificates []*certchain.Certificate // that the verdict looked at, verified or not
}

// NewView returns the view of a verdict with the report and the certificates that it
// is about, in any form in which attest takes them. What cannot be parsed is left out:
// the verdict says why.
func NewView(d *verdict.Document, report []byte, certificates [][]byte) *View {
	v := &View{Document: d}
	if carried, err := form.Open(report); err == nil {
		v.Report, _ = snpreport.Parse(carried.Report)
	}
	for _, blob := range certificates {
		ders, _ := form.SplitCertificates(blob)
		for _, der := range ders {
			if c, err := certchain.ParseCertificate(der); err == nil {
				v.Certificates = append(v.Certificates, c)
			}
		}
	}
	return v
}

// content is the page without its frame: the verdict first, then why.
func (v *View) content() node {
	return fragment{v.verdict(), v.chain(), v.paravisor(), v.steps(), v.levels(), v.compare(), v.bytes(), v.certificates(), v.limits()}
}

func (v *View) bytes() node {
	if v.Report == nil {
		return fragment(nil)
	}
	return byteMap(v.Report)
}

// verdict says in one look what was found, of what, and under which demands.
func (v *View) verdict() node {
	d := v.Document
	word := d.Headline()
	box := fragment{el("h2", word)}
	if e := d.Error; e != nil {
		box = fragment{el("h2", word+": "+e.Type), el("p", e.Message+ofRule(e.Requirement))}
		box = append(box, facts(
			pair{"expected", from(e.Expected, e.ExpectedFrom)}, pair{"actual", from(e.Actual, e.ActualFrom)}, pair{"hint", e.Hint}))
		for i, violation := range e.Violations {
			if i > 0 {
				box = append(box, el("p", "also: "+violation.Name+": expected "+violation.Expected+", got "+violation.Actual+ofRule(violation.Rule)))
			}
		}
	}
	kind := map[string]string{"PASS": "pass", "CHANGED": "undecided", "FAIL": "fail", "UNDECIDED": "undecided"}[word]
	if kind == "" {
		kind = "error"
	}
	return el("section", class("summary"), at("aria-label", "Verdict"),
		el("div", class("verdict "+kind), box),
		facts(v.about()...),
		each(d.Warnings, func(w verdict.Warning) node {
			return el("p", class("warning"), el("strong", "WARNING: "), w.Text+" ("+w.Source+")")
		}),
		v.endpoint())
}

func ofRule(id string) string {
	if id == "" {
		return ""
	}
	return " [" + id + "]"
}

func from(value, source string) string {
	if value == "" || source == "" {
		return value
	}
	return value + " (from " + source + ")"
}

// endpoint shows the facts of an endpoint and of its code.
func (v *View) endpoint() node {
	d := v.Document
	list := []pair{{"MEASUREMENT", d.Measurement}, {"TLS SPKI SHA-256", d.SPKI}, {"workload identity tag", d.Tag}, {"workload", d.Workload}}
	if d.Bundle != nil {
		list = append(list, pair{"trust bundle", fmt.Sprintf("version %d, valid until %s, SHA-256 %s", d.Bundle.Version, d.Bundle.ValidUntil, d.Bundle.SHA256)})
	}
	if d.Manifest != nil {
		list = append(list, pair{"claims of the tag", d.Manifest.String()})
	}
	if d.Leaf != nil {
		list = append(list, pair{"leaf certificate", fmt.Sprintf("SHA-256 %s, valid from %s to %s", d.Leaf.SHA256, d.Leaf.NotBefore, d.Leaf.NotAfter)})
	}
	if d.Roots != nil {
		list = append(list, pair{"AMD root", d.Roots.AMD + " " + d.Roots.AMDSHA256}, pair{"release root", strings.Join(d.Roots.Release, ", ")})
	}
	return facts(list...)
}

// steps lists every step with what it found.
func (v *View) steps() node {
	if len(v.Document.Checks) == 0 {
		return fragment(nil)
	}
	return el("section", at("aria-labelledby", "h-steps"),
		el("h2", at("id", "h-steps"), "Every step"),
		el("div", class("scroll"), at("tabindex", "0"), at("role", "group"), at("aria-label", "Steps"), el("table",
			el("thead", el("tr", header("step"), header("name"), header("status"), header("rule"), header("what was found"))),
			el("tbody", each(v.Document.Checks, func(s verdict.Step) node {
				return el("tr", class(string(s.Status)), el("td", class("n"), fmt.Sprint(s.Step)), el("th", at("scope", "row"), strings.ReplaceAll(s.ID, "_", " ")),
					el("td", class("n"), strings.ReplaceAll(string(s.Status), "_", " ")), el("td", class("rule"), s.Requirement), el("td", class("hex"), found(s)))
			})))))
}

// found is what a step has to say.
func found(s verdict.Step) string {
	var parts []string
	for _, p := range []string{s.Reason, labelled("expected ", s.Expected), labelled("got ", s.Actual)} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "; ")
}

func labelled(label, value string) string {
	if value == "" {
		return ""
	}
	return label + value
}

// limits lists what the verdict does not say.
func (v *View) limits() node {
	d := v.Document
	if len(d.Limits)+len(d.Notes)+len(d.NotChecked) == 0 {
		return fragment(nil)
	}
	return el("section", at("aria-labelledby", "h-limits"),
		el("h2", at("id", "h-limits"), "What this verdict does not say"),
		el("ul", each(d.Limits, func(s string) node { return el("li", s) }), each(d.Notes, func(s string) node { return el("li", s) })),
		when(len(d.NotChecked) > 0, func() node { return el("p", "Not checked: "+strings.Join(d.NotChecked, ", ")+".") }))
}

// A pair is a named value.
type pair struct{ name, value string }

// facts lists those of pairs that have a value.
func facts(pairs ...pair) node {
	var rows fragment
	for _, p := range pairs {
		if p.value != "" {
			rows = append(rows, el("dt", p.name), el("dd", p.value))
		}
	}
	if rows == nil {
		return rows
	}
	return el("dl", class("facts"), rows)
}

// about says what the verdict is about and under which demands.
func (v *View) about() []pair {
	d := v.Document
	when := ""
	if d.Time != "" {
		when = d.Time + " (" + d.TimeSource + "), " + d.Mode
	}
	pairs := []pair{{"judged as of", when}}
	if s := d.Subject; s != nil {
		pairs = append(pairs, pair{"about", s.Origin}, pair{"origin, so says the file", s.ClaimedOrigin})
		for _, f := range s.Files {
			carrier := ""
			if f.Carrier != "" {
				carrier = ", " + f.Carrier
			}
			pairs = append(pairs, pair{f.Flag, f.Name + carrier + ", SHA-256 " + f.SHA256})
		}
	}
	if len(d.Enforced) > 0 {
		pairs = append(pairs, pair{"demanded", d.Demanded()}, pair{"NOT demanded", d.NotDemanded()})
	}
	return append(pairs, pair{"relaxed", strings.Join(d.Relaxed, ", ")})
}
