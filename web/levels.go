package web

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tresorhq/attest/bulletin"
	"github.com/tresorhq/attest/snpreport"
)

// product is the product by which the levels of a report are read: the verified one,
// else the one that its CPUID names; none for a report of version 2 that was not
// verified.
func (v *View) product(r *snpreport.Report) (snpreport.Product, bool) {
	if d := v.Document; d.Report != nil && r == v.Report {
		return snpreport.ParseProduct(d.Report.Product)
	}
	die, ok := r.Die()
	if !ok {
		return 0, false
	}
	p, err := die.Product()
	return p, err == nil
}

// levels shows the four TCB versions side by side.
func (v *View) levels() node {
	if v.Report == nil {
		return fragment(nil)
	}
	r := v.Report
	versions := []struct {
		name string
		raw  snpreport.TCBVersion
	}{{"reported", r.ReportedTCB}, {"committed", r.CommittedTCB}, {"current", r.CurrentTCB}, {"launch", r.LaunchTCB}}
	head := fragment{header("component")}
	for _, t := range versions {
		head = append(head, header(t.name))
	}
	var rows fragment
	if p, ok := v.product(r); ok {
		first, _ := r.ReportedTCB.For(p)
		for _, c := range first.Components() {
			row := fragment{el("th", at("scope", "row"), c.String())}
			for _, t := range versions {
				tcb, _ := t.raw.For(p)
				level, _ := tcb.Level(c)
				row = append(row, el("td", class("n"), fmt.Sprint(level)))
			}
			rows = append(rows, el("tr", row))
		}
	}
	raws := fragment{el("th", at("scope", "row"), "eight bytes")}
	for _, t := range versions {
		raws = append(raws, el("td", class("n hex"), hex.EncodeToString(t.raw[:])))
	}
	return el("section", at("aria-labelledby", "h-levels"),
		el("h2", at("id", "h-levels"), "Firmware levels"),
		el("div", class("scroll"), at("tabindex", "0"), at("role", "group"), at("aria-label", "Firmware levels"),
			el("table", el("thead", el("tr", head)), el("tbody", rows, el("tr", raws)))),
		v.bulletins(),
		bits("POLICY", snpreport.GuestPolicyBits(), func(b snpreport.Bit) string { return r.GuestPolicyState(b).String() }),
		bits("PLATFORM_INFO", snpreport.PlatformInfoBits(), func(b snpreport.Bit) string { return r.PlatformInfoState(b).String() }))
}

// bulletins shows what the report says of AMD's bulletins, and the floors that were
// demanded.
func (v *View) bulletins() node {
	d := v.Document
	var floors fragment
	for _, e := range d.Enforced {
		if e.Name == "min_tcb" || e.Name == "min_launch_tcb" || e.Name == "baseline" {
			floors = append(floors, el("p", "Demanded: "+e.Name+" "+e.Value))
		}
	}
	if len(d.Bulletins) == 0 {
		return floors
	}
	return fragment{floors, el("details", el("summary", "AMD's bulletins as of "+d.BulletinsAsOf),
		el("div", class("scroll"), at("tabindex", "0"), at("role", "group"), at("aria-label", "Bulletins"), el("table",
			el("thead", el("tr", header("bulletin"), header("status"), header("condition"))),
			el("tbody", each(d.Bulletins, func(a bulletin.Assessment) node {
				var said []string
				for _, c := range a.Conditions {
					said = append(said, fmt.Sprintf("%s: level %s, the report has %s (grade %s)", c.Component, c.Level, c.Actual, c.Grade))
				}
				return el("tr", el("th", at("scope", "row"), a.ID), el("td", class("n"), strings.ReplaceAll(string(a.Status), "_", " ")), el("td", strings.Join(said, "; ")))
			})))))}
}

// bits explains each named bit of a field.
func bits(name string, list []snpreport.Bit, state func(snpreport.Bit) string) node {
	return el("details", el("summary", "Bits of "+name),
		el("div", class("scroll"), at("tabindex", "0"), at("role", "group"), at("aria-label", "Bits of "+name), el("table",
			el("thead", el("tr", header("bit"), header("state"), header("meaning"))),
			el("tbody", each(list, func(b snpreport.Bit) node {
				return el("tr", el("th", at("scope", "row"), b.Name), el("td", class("n"), state(b)), el("td", b.Meaning))
			})))))
}

// compare shows two reports side by side, the fields that differ first of all by
// their mark.
func (v *View) compare() node {
	if v.Report == nil || v.Other == nil {
		return fragment(nil)
	}
	a, b := v.Report.Raw(), v.Other.Raw()
	differing := 0
	var rows fragment
	for _, f := range fields {
		x, y := a[f.offset:f.offset+f.size], b[f.offset:f.offset+f.size]
		names, word := "", "same"
		if string(x) != string(y) {
			names, word = "differs", "differs"
			differing++
		} else if f.name == "zero" {
			continue
		}
		rows = append(rows, el("tr", class(names), el("th", at("scope", "row"), f.name), el("td", class("n"), word), el("td", class("hex"), f.value(x)), el("td", class("hex"), f.value(y))))
	}
	return el("section", at("aria-labelledby", "h-compare"),
		el("h2", at("id", "h-compare"), "Two reports side by side"),
		el("p", fmt.Sprintf("%d fields differ. Only the first report was judged; nothing of the second is verified.", differing)),
		el("div", class("scroll"), at("tabindex", "0"), at("role", "group"), at("aria-label", "Comparison"), el("table",
			el("thead", el("tr", header("field"), header(""), header("first"), header("second"))), el("tbody", rows))))
}
