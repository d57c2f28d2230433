package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestFloorNotes: what comes of a level that is in one bundle only. Less is not
// looser: what no floor covers is refused.
// Rules: BDL-03, POL-03.
func TestFloorNotes(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	root := f.write("release.hex", []byte(releaseHex()))
	const four = `{"bootloader": 4, "tee": 0, "snp": 22, "microcode": 213}`
	const five = `{"fmc": 1, "bootloader": 4, "tee": 0, "snp": 22, "microcode": 213}`
	const die = `{"bootloader": 4, "tee": 0, "snp": 0, "microcode": 213}`
	const three = `{"bootloader": 4, "tee": 0, "snp": 22}`
	for _, tt := range []struct {
		was, now, change string
		notes            []string // each once
	}{
		{`{"Milan": ` + four + `, "Genoa": ` + four + `}`, `{"Milan": ` + four + `}`, "removed: min_tcb Genoa microcode 213", []string{"withdraws Genoa: no floor applies now, and every report is refused"}},
		{`{"Milan": ` + four + `}`, `{"Milan": ` + four + `, "Genoa": ` + four + `}`, "added: min_tcb Genoa microcode 213", []string{"allows Genoa: no floor applied before, and every report was refused"}},
		{`{"Milan": ` + four + `}`, `{"Milan": ` + three + `}`, "removed: min_tcb Milan microcode 213", []string{"withdraws Milan: a floor without microcode applies now"}},
		{`{"Milan": ` + three + `}`, `{"Milan": ` + four + `}`, "added: min_tcb Milan microcode 213", []string{"allows Milan: a floor without microcode applied before"}},
		{`{"Milan": {"snp": 1}}`, `{"Milan": {"snp": 1, "tee": 0}}`, "added: min_tcb Milan tee 0", []string{"changes nothing for Milan: refused before (a floor without bootloader), and now (a floor without bootloader)"}},
		{`{"Milan": ` + four + `}`, `{"Milan": ` + five + `}`, "added: min_tcb Milan fmc 1", []string{"changes nothing for Milan: it has no fmc"}},
		{`{"Milan": ` + four + `}`, `{"Milan": ` + four + `, "19-01-1": ` + die + `}`, "added: min_tcb 19-01-1 snp 0", []string{
			"lowers snp for 19-01-1: 0 applies now, 22 applied before", "changes nothing for 19-01-1: 213 applies as before",
		}},
		{`{"Milan": ` + four + `, "19-01-1": ` + die + `}`, `{"Milan": ` + four + `}`, "removed: min_tcb 19-01-1 snp 0", []string{"raises snp for 19-01-1: 22 applies now, 0 applied before"}},
		{`{"Milan": ` + four + `, "19-01-1": ` + four + `}`, `{"19-01-1": ` + four + `}`, "removed: min_tcb Milan snp 22", []string{"withdraws Milan (dies without a floor of their own, and reports of version 2): no floor applies now"}},
		{`{"19-01-1": ` + four + `}`, `{"1a-02-1": ` + five + `}`, "removed: min_tcb 19-01-1 snp 22", []string{"withdraws 19-01-1: no floor", "allows 1a-02-1: no floor"}},
		{four, three, "removed: min_tcb all microcode 213", []string{"withdraws Milan: a floor without microcode applies now, and every report is refused; withdraws Genoa: a floor without microcode applies now, and every report is refused; changes nothing for Turin: refused before (a floor without fmc), and now (a floor without fmc)"}},
		{`{"Turin": ` + five + `, "19-01-1": ` + die + `}`, four, "added: min_tcb all snp 22", []string{"allows Milan (dies without a floor of their own, and reports of version 2): no floor", "withdraws Turin: a floor without fmc", "; raises snp for 19-01-1: 22"}},
		{`{"Milan": ` + four + `}`, `{"Milan": ` + die + `}`, "lowered: min_tcb Milan snp 0, was 22", nil},
		{`{"Milan": ` + four + `, "ff-ff-f": ` + four + `}`, `{"Milan": ` + four + `}`, "removed: min_tcb ff-ff-f snp 22", nil},
	} {
		args := []string{"bundle", "diff", "--release-root", root,
			writeBundle(t, f, "was.jws", "release", map[string]any{"min_tcb": json.RawMessage(tt.was)}),
			writeBundle(t, f, "now.jws", "release", map[string]any{"min_tcb": json.RawMessage(tt.now), "version": 18}),
		}
		text := strings.Join(strings.Fields(tool(args...).stdout), " ")
		if !strings.Contains(text, tt.change) || (len(tt.notes) > 0) != strings.Contains(text, "note: ") {
			t.Errorf("%s to %s: no %q in %s", tt.was, tt.now, tt.change, text)
		}
		var said strings.Builder
		for _, c := range tool(append(args, "--json")...).verdict(t).BundleDiff.Changes {
			said.WriteString(c.Note + "\n")
		}
		for _, note := range tt.notes {
			if !strings.Contains(text, note) || !strings.Contains(said.String(), note) {
				t.Errorf("%s to %s: no %q in %s", tt.was, tt.now, note, text)
			}
			if strings.HasPrefix(note, "withdraws Genoa") && strings.Count(text, note) != 1 {
				t.Errorf("%s to %s: not said once: %s", tt.was, tt.now, text)
			}
		}
	}
}

// TestFloorNotesOfProducts: a floor of a product that neither bundle allows neither
// allows nor withdraws it.
// Rules: BDL-03.
func TestFloorNotesOfProducts(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	const floor = `{"bootloader": 4, "tee": 0, "snp": 22, "microcode": 213}`
	bundle := func(name, floors string, version int, products ...string) string {
		return writeBundle(t, f, name, "release", map[string]any{"min_tcb": json.RawMessage(floors), "version": version, "allowed_products": products})
	}
	for _, tt := range []struct {
		was, now []string
		want     string
	}{
		{[]string{"Milan"}, []string{"Milan"}, "changes nothing for Genoa: neither bundle allows the product"},
		{[]string{"Milan"}, []string{"Milan", "Genoa"}, "allows Genoa: no floor applied before"},
	} {
		o := tool("bundle", "diff", "--release-root", f.write("release.hex", []byte(releaseHex())),
			bundle("was.jws", `{"Milan": `+floor+`}`, 17, tt.was...), bundle("now.jws", `{"Milan": `+floor+`, "Genoa": `+floor+`}`, 18, tt.now...))
		if !strings.Contains(strings.Join(strings.Fields(o.stdout), " "), tt.want) {
			t.Errorf("%q to %q: no %q in %s", tt.was, tt.now, tt.want, o.stdout)
		}
	}
}
