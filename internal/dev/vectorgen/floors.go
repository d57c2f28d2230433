package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
)

// floorSections are about lowest levels: of each component, one below, equal to
// and one above what the report has.
func floorSections() []section {
	const err = "TCBBelowFloorError"
	has := func(t mint.TCB) func(X) { return func(x X) { x.setTCB(t) } }
	var all []section
	for _, product := range mint.Products {
		base := func() X { x := hardware(product, 5, "vcek")(); x.setTCB(ample(product)); return x }
		floor := func(t mint.TCB) func(X) { return option("min-tcb", floorText(product, t)) }
		s := section{"floor-" + strings.ToLower(product), base, err, nil}
		for _, name := range components(product) {
			at := ample(product)
			only := func(delta int) func(X) { // a floor of this component alone
				var t mint.TCB
				*level(&t, name) = *level(&at, name) + uint8(delta)
				return floor(t)
			}
			s.rows = append(s.rows,
				row{name + "-one-below", no("POL-03"), name + " is one below the floor", only(1)},
				row{name + "-equal", yes("POL-03"), name + " is at the floor", only(0)},
				row{name + "-one-above", yes("POL-03"), name + " is one above the floor", only(-1)},
				row{name + "-committed-one-below", no("POL-03"), "the host can go back to a " + name + " below the floor", both(floor(at), func(x X) { x.Spec.CommittedTCB = add(at, name, -1) })},
				row{name + "-missing", no("POL-03", "GEN-02"), "a floor without " + name + " is none for this processor", option("min-tcb", without(floorText(product, at), name))},
			)
		}
		s.rows = append(s.rows,
			row{"higher-microcode-hides-lower-snp", no("POL-03", "RPT-25"), "compared as integers, a TCB of higher microcode and lower SNP level is the higher one", both(
				floor(ample(product)), has(add(add(ample(product), "microcode", 5), "snp", -1)),
			)},
			row{"first-byte-hides-the-others", no("POL-03", "RPT-25"), "compared byte after byte, the first that differs decides", both(
				floor(ample(product)), has(add(add(ample(product), components(product)[0], 5), "microcode", -1)),
			)},
			row{"current-tcb-plays-no-part", no("POL-03"), "what the host runs now it can leave again", both(floor(add(ample(product), "snp", 1)), func(x X) { x.Spec.CurrentTCB.SNP += 9 })},
			row{"launch-tcb-plays-no-part", yes("POL-03", "POL-23"), "unless a floor for it is set", both(floor(ample(product)), func(x X) { x.Spec.LaunchTCB = mint.TCB{} })},
			row{"unknown-component-in-the-option", as("UsageError", "CLI-02"), "a component that nobody knows", option("min-tcb", "spl_4=0")},
		)
		for _, launch := range []struct {
			id    string
			want  want
			delta int
		}{{"one-below", as("PolicyViolationError", "POL-23"), -1}, {"equal", yes("POL-23"), 0}, {"one-above", yes("POL-23"), 1}} {
			s.rows = append(s.rows, row{"launch-" + launch.id, launch.want, "LAUNCH_TCB against min_launch_tcb", func(x X) {
				x.Spec.LaunchTCB = add(ample(product), "snp", launch.delta)
				x.policy(member{"min_launch_tcb", doc{{product, document.Floor(product, ample(product))}}})
			}})
		}
		all = append(all, s)
	}

	zero := doc{{"bootloader", 0}, {"tee", 0}, {"snp", 0}, {"microcode", 0}}
	high := doc{{"bootloader", 0}, {"tee", 0}, {"snp", 0}, {"microcode", 255}}
	bundle := func(floors doc) func(X) { return bundle.set("min_tcb", floors) }
	policy := func(floors doc) func(X) { return demand(member{"min_tcb", floors}) }
	choice := section{"floor-choice", endpoint("Genoa", 5, "vcek"), err, []row{
		{"one-for-all", yes("POL-03"), "one floor for everything", bundle(zero)},
		{"fmc-is-ignored-before-turin", yes("POL-03"), "a component that the processor lacks", bundle(append(zero.Clone(), member{"fmc", 9}))},
		{"for-another-product", no("POL-03"), "no floor for this product is no floor of zero", bundle(doc{{"Milan", zero}, {"Turin", zero}})},
		{"die-before-product", no("POL-03"), "the most specific floor applies, here the higher one", bundle(doc{{"Genoa", zero}, {"19-11-1", high}})},
		{"die-before-product-lower", yes("POL-03"), "also when it is the lower one: microcode levels of two dies can not be compared", bundle(doc{{"Genoa", high}, {"19-11-1", zero}})},
		{"another-die", yes("POL-03"), "the floor of another die does not apply", bundle(doc{{"Genoa", zero}, {"19-a0-2", high}})},
		{"only-other-dies", no("POL-03"), "and none applies when there is no other", bundle(doc{{"19-a0-2", zero}})},
		{"die-incomplete", no("POL-03"), "the die's floor lacks a component; the product's does not fill in", bundle(doc{{"Genoa", zero}, {"19-11-1", doc{{"snp", 0}}}})},
		{"policy-narrows-bundle", no("POL-03", "POL-01"), "bundle and policy file both count", policy(doc{{"Genoa", high}})},
		{"policy-does-not-lower-bundle", no("POL-03", "POL-01"), "a lower floor of the caller's does not relax the bundle's", both(bundle(doc{{"Genoa", high}}), policy(doc{{"Genoa", zero}}))},
		{"policy-covers-another-product", no("POL-03", "POL-01"), "each must cover the evidence", policy(doc{{"Milan", zero}})},
	}}
	old := section{"floor-choice-v2", endpoint("Genoa", 2, "vcek"), err, []row{
		{"product", yes("POL-03"), "version 2 names no die: the product's floor applies", bundle(doc{{"Genoa", zero}, {"19-11-1", high}})},
		{"die-only", no("POL-03"), "and when there is only one of a die, none does", bundle(doc{{"19-11-1", zero}})},
	}}
	layout := section{"floor-layout", hardware("Turin", 5, "vcek"), err, []row{
		{"turin-bootloader-is-byte-1", no("POL-03", "RPT-24"), "in the layout of Milan, Turin's FMC would be read as a boot loader level that suffices", both(
			has(mint.TCB{FMC: 9, BootLoader: 1, TEE: 1, SNP: 4, Microcode: 81}), option("min-tcb", "fmc=0,bootloader=5,tee=0,snp=0,microcode=0"),
		)},
		{"turin-snp-is-byte-3", yes("POL-03", "RPT-24"), "in the layout of Milan, Turin's SNP level would be read as zero", both(
			has(mint.TCB{FMC: 1, BootLoader: 1, TEE: 1, SNP: 4, Microcode: 81}), option("min-tcb", "fmc=0,bootloader=0,tee=0,snp=4,microcode=0"),
		)},
	}}
	v4 := section{"floor-layout-v4", hardware("Milan", 4, "vcek"), err, []row{
		{"version-does-not-choose-it", yes("RPT-24", "POL-03"), "a version 4 report of Milan was read in the layout of Turin", both(
			has(mint.TCB{BootLoader: 4, TEE: 1, SNP: 24, Microcode: 219}), option("min-tcb", "bootloader=4,tee=1,snp=24,microcode=219"), expectFacts,
		)},
	}}
	return append(all, choice, old, layout, v4)
}

// ample is a TCB in which every component can be one lower, and no two are equal.
func ample(product string) mint.TCB {
	t := mint.TCB{BootLoader: 7, TEE: 3, SNP: 24, Microcode: 140}
	if product == "Turin" {
		t.FMC = 5
	}
	return t
}

func components(product string) []string {
	list := []string{"bootloader", "tee", "snp", "microcode"}
	if product == "Turin" {
		list = append([]string{"fmc"}, list...)
	}
	return list
}

func level(t *mint.TCB, component string) *uint8 {
	return map[string]*uint8{"fmc": &t.FMC, "bootloader": &t.BootLoader, "tee": &t.TEE, "snp": &t.SNP, "microcode": &t.Microcode}[component]
}

func add(t mint.TCB, component string, delta int) mint.TCB {
	*level(&t, component) += uint8(delta)
	return t
}

// floorText is a value of --min-tcb.
func floorText(product string, t mint.TCB) string {
	var parts []string
	for _, m := range document.Floor(product, t) {
		parts = append(parts, fmt.Sprintf("%s=%v", m[0], m[1]))
	}
	return strings.Join(parts, ",")
}

func without(floor, component string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(floor, ","), func(part string) bool { return strings.HasPrefix(part, component+"=") }), ",")
}
