package capture

import (
	"flag"
	"testing"

	"github.com/tresorhq/attest/internal/dev/schema"
)

var update = flag.Bool("update", false, "write docs/schemas")

// TestSchemas keeps the schemas of both files: go test ./capture -update.
func TestSchemas(t *testing.T) {
	for name, s := range map[string]struct {
		title string
		v     any
		more  schema.More
	}{
		"pin": {"A pin file of tresor-verify", Pin{}, schema.More{
			"schema": schema.Const(PinSchema), "recorded_at": schema.Time, "tls_spki_sha256": schema.Hex("64"), "snp_measurement": schema.Hex("96"),
			"workload_identity_tag": schema.Hex("64"), "trust_bundle_version": {"type": "integer", "minimum": 1, "maximum": uint64(1<<53 - 1)},
		}},
		"evidence": {"An evidence file of tresor-verify", evidenceFile{}, schema.More{
			"schema": schema.Const(EvidenceSchema), "fetched_at": schema.Time,
			"crls_b64": {"type": "array", "maxItems": 8, "items": map[string]any{"type": "string", "contentEncoding": "base64"}},
		}},
	} {
		want, err := schema.Of(s.title, s.v, s.more)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := schema.Update("..", name, want, *update); err != nil || !same {
			t.Errorf("docs/schemas/%s.json is not that of the type (%v): go test ./capture -update", name, err)
		}
	}
}
