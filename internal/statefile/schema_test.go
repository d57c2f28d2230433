package statefile

import (
	"bytes"
	"encoding/json"
	"flag"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/dev/schema"
)

var update = flag.Bool("update", false, "write docs/schemas")

// A document is the form of a state file: what encode writes is one, and has no more.
type document struct {
	Schema    string              `json:"schema"`
	Workloads map[string]accepted `json:"workloads"`
}

type accepted struct {
	Version uint64 `json:"version"`
	SHA256  string `json:"sha256"`
}

// TestSchema keeps the schema of the state file: go test ./internal/statefile -update.
func TestSchema(t *testing.T) {
	text := state{"router": attest.BundleVersion{Version: 17, SHA256: [32]byte{1}}}.encode()
	var d document
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil || d.Schema != schemaName || d.Workloads["router"].Version != 17 || len(d.Workloads["router"].SHA256) != 64 {
		t.Errorf("%v: %s is no %+v", err, text, d)
	}
	want, err := schema.Of("A state file of tresor-verify", d, schema.More{
		"schema": schema.Const(schemaName), "sha256": schema.Hex("64"), "version": {"type": "integer", "minimum": 1, "maximum": uint64(maxVersion)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if same, err := schema.Update("../..", "state", want, *update); err != nil || !same {
		t.Errorf("docs/schemas/state.json is not that of the file (%v): go test ./internal/statefile -update", err)
	}
}
