package verdict

import (
	"flag"
	"testing"

	"github.com/tresorhq/attest/internal/dev/schema"
)

var update = flag.Bool("update", false, "write docs/schemas")

// TestSchemas keeps the schemas of the documents: go test ./verdict -update.
func TestSchemas(t *testing.T) {
	count := map[string]any{"type": "integer", "minimum": 0}
	number := map[string]any{"type": "string", "pattern": "^0x[0-9a-f]+$"}
	statuses := schema.Enum("pass", "fail", "not_reached", "not_applicable", "not_checked")
	for name, s := range map[string]struct {
		title string
		v     any
		more  schema.More
	}{
		"verify-result": {"What tresor-verify prints with --json", Document{}, schema.More{
			"schema": schema.Const(Schema), "Document.verdict": schema.Enum("pass", "fail", "changed", "error"), "Document.exit_code": {"type": "integer", "minimum": 0, "maximum": 5},
			"mode": schema.Enum("live", "offline", "replay"), "time_source": schema.Enum("clock", "given", "recorded"), "Check.status": statuses, "Revocation.status": statuses,
			"Assessment.status": schema.Enum("satisfied", "below", "not_visible"), "Roots.amd": schema.Enum("builtin", "custom"), "Roots.release": schema.ListOf(schema.Hex("64")),
			"time": schema.Time, "not_before": schema.Time, "not_after": schema.Time, "this_update": schema.Time, "next_update": schema.Time, "valid_until": schema.Time, "issued_at": schema.Time,
			"sha256": schema.Hex("64"), "key_sha256": schema.Hex("64"), "amd_sha256": schema.Hex("64"), "tls_spki_sha256": schema.Hex("64"), "workload_identity_tag": schema.Hex("64"),
			"snp_measurement": schema.Hex("96"), "release_root": schema.Hex("64"), "signing_key": schema.Enum("vcek", "vlek"), "Report.product": schema.Enum("Milan", "Genoa", "Turin"),
			"chip_id": schema.Hex("128"), "report_data": schema.Hex("128"), "host_data": schema.Hex("64"), "report_id": schema.Hex("64"), "report_id_ma": schema.Hex("64"),
			"family_id": schema.Hex("32"), "image_id": schema.Hex("32"), "id_key_digest": schema.Hex("96"), "author_key_digest": schema.Hex("96"),
			"guest_policy": number, "platform_info": number, "launch_mit_vector": number, "current_mit_vector": number,
			"allowed_hw_measurements": schema.ListOf(schema.Hex("96")), "allowed_workload_identity_tags": schema.ListOf(schema.Hex("64")),
		}},
		"report-summary": {"The last object that tresor-verify report prints with --json for several reports", Summary{}, schema.More{
			"schema": schema.Const(SummarySchema), "exit_code": schema.Enum(0, 1, 3, 5),
			"passed": count, "refused": count, "undecided": count,
		}},
	} {
		want, err := schema.Of(s.title, s.v, s.more)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := schema.Update("..", name, want, *update); err != nil || !same {
			t.Errorf("docs/schemas/%s.json is not that of the type (%v): go test ./verdict -update", name, err)
		}
	}
}
