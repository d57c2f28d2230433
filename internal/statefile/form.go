package statefile

import (
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"unicode/utf16"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/strictjson"
)

const (
	schemaName = "tresor.state/v1"
	maxSize    = 1 << 20 // bytes; some 9000 workloads
)

// state is what the file holds: the newest version of each workload.
type state map[string]attest.BundleVersion

// decode reads a state file. Its error is a *rule.Error.
func decode(text []byte) (state, error) {
	s := state{}
	err := strictjson.Decode(text, maxSize, []string{"schema", "workloads"}, func(o *strictjson.Object) {
		o.RefuseUnknown()
		o.Required("schema").OneOf(schemaName)
		for m := range o.Required("workloads").Members() {
			if m.Name == "" {
				m.Value.Fail("STA-10", "the name of a workload", `""`)
			}
			w := m.Value.Object("version", "sha256")
			w.RefuseUnknown()
			s[m.Name] = attest.BundleVersion{
				Version: uint64(w.Required("version").Int(1, maxVersion)),
				SHA256:  strictjson.Hex[[32]byte](w.Required("sha256")),
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// encode is the inverse. A state has one text.
// Rules: STA-34.
func (s state) encode() []byte {
	b := []byte(`{"schema": "` + schemaName + `", "workloads": {`)
	for i, name := range slices.Sorted(maps.Keys(s)) {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendString(b, name)
		b = append(b, `: {"version": `...)
		b = strconv.AppendUint(b, s[name].Version, 10)
		b = append(b, `, "sha256": "`...)
		sum := s[name].SHA256
		b = hex.AppendEncode(b, sum[:])
		b = append(b, `"}`...)
	}
	return append(b, "}}\n"...)
}

// appendString writes a JSON string of visible ASCII characters and spaces: the
// file is safe to look at in a terminal, whatever a workload is called.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case ' ' <= r && r <= '~':
			b = append(b, byte(r))
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				b = append(b, '\\', 'u')
				b = hex.AppendEncode(b, []byte{byte(unit >> 8), byte(unit)})
			}
		}
	}
	return append(b, '"')
}
