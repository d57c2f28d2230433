package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/tresorhq/attest/bulletin"
	"github.com/tresorhq/attest/internal/artefact"
	"github.com/tresorhq/attest/internal/demo"
	"github.com/tresorhq/attest/internal/inspect"
	"github.com/tresorhq/attest/internal/proxy"
	"github.com/tresorhq/attest/verdict"
)

// tags returns the names of the members of a struct, those of embedded ones too.
func tags(of reflect.Type) (names []string) {
	for i := range of.NumField() {
		field := of.Field(i)
		if field.Anonymous {
			names = append(names, tags(field.Type)...)
			continue
		}
		if !field.IsExported() {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// structs collects the structs of this package that a type is made of.
func structs(of reflect.Type, found map[reflect.Type]bool) {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		structs(of.Elem(), found)
	case reflect.Struct:
		found[of] = true
		for i := range of.NumField() {
			if of.Field(i).IsExported() {
				structs(of.Field(i).Type, found)
			}
		}
	}
}

// jsonRows are the rows of SPEC.md section 16, and of docs/spec, for what is printed: how each begins.
var jsonRows = map[reflect.Type][]string{
	reflect.TypeFor[verdict.Document]():     {"`schema`, `tool`, `verdict`", "`mode`", "`subject` | ", "`error` | unless", "`tls_spki_sha256`", "`snp_measurement`", "`receipt`, `not", "`workload`, `warnings`", "`demo` (true)", "`relaxed`, `enforced`", "`checks` |", "`azure` | passed"},
	reflect.TypeFor[verdict.Error]():        {"`error` | `type`"},
	reflect.TypeFor[verdict.Violation]():    {"an element of `violations`"},
	reflect.TypeFor[verdict.Change]():       {"an element of `changes` in `error`"},
	reflect.TypeFor[verdict.Report]():       {"`report` |"},
	reflect.TypeFor[verdict.TCB]():          {"a TCB"},
	reflect.TypeFor[verdict.Roots]():        {"`roots`"},
	reflect.TypeFor[verdict.Subject]():      {"`subject` | of"},
	reflect.TypeFor[verdict.File]():         {"an element of `files`"},
	reflect.TypeFor[verdict.Demand]():       {"an element of `enforced`"},
	reflect.TypeFor[verdict.Leaf]():         {"`leaf`"},
	reflect.TypeFor[verdict.Revocation]():   {"`revocation`"},
	reflect.TypeFor[verdict.CRL]():          {"an element of `crls`"},
	reflect.TypeFor[verdict.Manifest]():     {"`manifest`"},
	reflect.TypeFor[verdict.Bundle]():       {"`trust_bundle`"},
	reflect.TypeFor[verdict.Warning]():      {"an element of `warnings`"},
	reflect.TypeFor[bulletin.Assessment]():  {"an element of `bulletins`"},
	reflect.TypeFor[bulletin.Condition]():   {"an element of `bulletins`"},
	reflect.TypeFor[verdict.Step]():         {"an element of `checks`"},
	reflect.TypeFor[verdict.BundleFacts]():  {"`bundle` |", "`trust_bundle`"},
	reflect.TypeFor[verdict.BundleDiff]():   {"`bundle_diff`"},
	reflect.TypeFor[verdict.BundleChange](): {"an element of `changes` in `bundle_diff`"},
	reflect.TypeFor[verdict.Explained]():    {"an element of `explained`"},
	reflect.TypeFor[verdict.Receipt]():      {"`receipt` |"},
	reflect.TypeFor[verdict.Attestation]():  {"`router_attestation`"},
	reflect.TypeFor[proxy.Event]():          {"`tresor.proxy/v1`"},
	reflect.TypeFor[artefact.Answer]():      {"`tresor.measure/v1`"},
	reflect.TypeFor[artefact.Input]():       {"`tresor.measure/v1`"},
	reflect.TypeFor[artefact.Measurement](): {"`tresor.measure/v1`"},
	reflect.TypeFor[artefact.Range]():       {"`tresor.measure/v1`"},
	reflect.TypeFor[artefact.IDBlock]():     {"`tresor.measure/v1`"},
	reflect.TypeFor[diffJSON]():             {"`tresor.diff/v1`"},
	reflect.TypeFor[inspect.Difference]():   {"`tresor.diff/v1`"},
	reflect.TypeFor[demoJSON]():             {"`tresor.demo/v1`"},
	reflect.TypeFor[demo.Attack]():          {"`tresor.demo/v1`"},
	reflect.TypeFor[fetchedJSON]():          {"`tresor.fetch/v1`"},
	reflect.TypeFor[versionJSON]():          {"`tresor.version/v1`"},
	reflect.TypeFor[vectorsJSON]():          {"`tresor.vectors-result/v1`"},
	reflect.TypeFor[problemJSON]():          {"`tresor.vectors-result/v1`"},

	reflect.TypeFor[verdict.Azure]():           {"`azure` | `ak"},
	reflect.TypeFor[verdict.VMConfiguration](): {"`vm_configuration` in `azure`"},
	reflect.TypeFor[verdict.Quote]():           {"`quote` in `azure`"},
}

// TestSpecNamesMembers: each member of what is printed as JSON stands in its row
// of SPEC.md section 16.
func TestSpecNamesMembers(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(string(mustRead(t, "../../SPEC.md")), "\n## The command (section 16)\n")
	section, _, _ = strings.Cut(section, "\n## Known weaknesses")
	for _, name := range specParts(t)[:len(specParts(t))-1] {
		section += string(mustRead(t, name))
	}
	look := func(what string, rows, members []string) {
		var text string
		for _, begin := range rows {
			_, row, ok := strings.Cut(section, "\n| "+begin)
			row, _, _ = strings.Cut(row, "\n")
			if text += begin + row; !ok {
				t.Errorf("%s: SPEC.md section 16 has no row that begins with %q", what, begin)
			}
		}
		for _, name := range members {
			common := (name == "schema" || name == "tool") && strings.HasPrefix(rows[0], "`tresor.")
			if name == "" || !common && !strings.Contains(text, "`"+name+"`") {
				t.Errorf("%s: SPEC.md section 16 does not name %q in %q", what, name, rows)
			}
		}
	}
	found := map[reflect.Type]bool{}
	for of, rows := range jsonRows {
		structs(of, found)
		look(of.Name(), rows, tags(of))
	}
	for of := range found {
		if jsonRows[of] == nil {
			t.Errorf("%v is printed, and has no row", of)
		}
	}
	for schema, args := range map[string][]string{"show": {"show", "../../testdata/sample/report.bin"}, "help": {"help"}, "completion": {"completion", "bash"}} {
		var members map[string]json.RawMessage
		if err := json.Unmarshal([]byte(tool(append(args, "--json")...).stdout), &members); err != nil {
			t.Fatal(err)
		}
		var names []string
		for name := range members {
			names = append(names, name)
		}
		look(schema, []string{"`tresor." + schema + "/v1`"}, names)
	}
}
