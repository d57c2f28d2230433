package policy_test

import (
	"flag"
	"testing"

	"github.com/tresorhq/attest/internal/dev/schema"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

var update = flag.Bool("update", false, "write docs/schemas")

// TestSchema keeps the schema of the policy file: go test ./policy -update.
func TestSchema(t *testing.T) {
	level := map[string]any{"type": "integer", "minimum": 0, "maximum": 255}
	floor := map[string]any{}
	for c := range snpreport.Microcode + 1 {
		if c.String() != "" {
			floor[c.String()] = level
		}
	}
	one := map[string]any{"type": "object", "properties": floor, "additionalProperties": false, "minProperties": 1}
	floors := map[string]any{"oneOf": []any{one, map[string]any{
		"type": "object", "patternProperties": map[string]any{"^(Milan|Genoa|Turin|[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f])$": one}, "additionalProperties": false, "minProperties": 1,
	}}}
	bits := func(known []snpreport.Bit) map[string]any {
		var names []any
		for _, b := range known {
			names = append(names, b.Name)
		}
		return schema.ListOf(schema.Enum(names...))
	}
	version := map[string]any{"type": "string", "pattern": "^[0-9]{1,3}\\.[0-9]{1,3}$"}
	mask := map[string]any{"type": "string", "pattern": "^0x[0-9a-f]{1,16}$"}
	want, err := schema.Of("A policy file of attest", policy.File{}, schema.More{
		"schema": schema.Const(policy.Schema), "Floors": floors,
		"measurements": schema.ListOf(schema.Hex("96")), "products": schema.ListOf(schema.Enum("Milan", "Genoa", "Turin")), "signing_keys": schema.ListOf(schema.Enum("vcek", "vlek")),
		"vmpl":                     {"type": "integer", "minimum": 0, "maximum": 3},
		"GuestPolicyRules.require": bits(snpreport.GuestPolicyBits()), "GuestPolicyRules.forbid": bits(snpreport.GuestPolicyBits()),
		"PlatformInfoRules.require": bits(snpreport.PlatformInfoBits()), "PlatformInfoRules.forbid": bits(snpreport.PlatformInfoBits()),
		"min_abi": version, "min_version": version, "launch": mask, "current": mask,
		"report_data": schema.Hex("128"), "report_data_prefix": schema.Hex("64"), "host_data": schema.ListOf(schema.Hex("64")), "family_id": schema.Hex("32"), "image_id": schema.Hex("32"),
		"report_id": schema.Hex("64"), "report_id_ma": schema.Hex("64"), "id_keys": schema.ListOf(schema.Hex("96")), "author_keys": schema.ListOf(schema.Hex("96")),
		"chip_ids": lists(schema.Hex("128")), "leaf_keys": lists(schema.Hex("64")),
		"VersionRange.min": {"type": "integer", "minimum": 2, "maximum": 5}, "VersionRange.max": {"type": "integer", "minimum": 2, "maximum": 5},
	})
	if err != nil {
		t.Fatal(err)
	}
	if same, err := schema.Update("..", "policy", want, *update); err != nil || !same {
		t.Errorf("docs/schemas/policy.json is not that of policy.File (%v): go test ./policy -update", err)
	}
}

func lists(item map[string]any) map[string]any {
	return map[string]any{"type": "object", "properties": map[string]any{"allow": schema.ListOf(item), "deny": schema.ListOf(item)}, "additionalProperties": false}
}
