package capture

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
)

// Schema of a pin file, and its longest size in bytes.
const (
	PinSchema  = "tresor.pin/v1"
	MaxPinFile = 16 << 10
)

// A Pin is what was verified once, for later verifications to be compared with.
type Pin struct {
	Schema      string `json:"schema"`
	Origin      string `json:"origin"` // "" when the evidence came from files
	SPKI        string `json:"tls_spki_sha256"`
	Measurement string `json:"snp_measurement"`
	Tag         string `json:"workload_identity_tag"`
	Version     uint64 `json:"trust_bundle_version"`
	RecordedAt  string `json:"recorded_at"`
}

// NewPin returns the pin of a verified endpoint. Without one it is the zero Pin.
func NewPin(r *attest.Result, origin string, now time.Time) Pin {
	if r == nil || r.Bundle == nil {
		return Pin{}
	}
	return Pin{
		PinSchema, origin, hex.EncodeToString(r.TLSSPKISHA256[:]), hex.EncodeToString(r.Report.Measurement[:]),
		hex.EncodeToString(r.IdentityTag[:]), r.Bundle.Version, stamp(now.Truncate(time.Second)),
	}
}

// Encode writes a pin file.
func (p Pin) Encode() []byte {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		panic(err) // strings and a number
	}
	return append(b, '\n')
}

// ParsePin reads a pin file. On error the pin is worth nothing: a damaged file is no
// first run.
func ParsePin(b []byte) (Pin, error) {
	var p Pin
	names := []string{"schema", "origin", "tls_spki_sha256", "snp_measurement", "workload_identity_tag", "trust_bundle_version", "recorded_at"}
	err := strictjson.Decode(b, MaxPinFile, names, func(o *strictjson.Object) {
		o.RefuseUnknown()
		p.Schema = o.Required("schema").OneOf(PinSchema)
		p.Origin = o.Required("origin").Text()
		spki, tag := strictjson.Hex[[32]byte](o.Required("tls_spki_sha256")), strictjson.Hex[[32]byte](o.Required("workload_identity_tag"))
		measurement := strictjson.Hex[[48]byte](o.Required("snp_measurement"))
		p.SPKI, p.Measurement, p.Tag = hex.EncodeToString(spki[:]), hex.EncodeToString(measurement[:]), hex.EncodeToString(tag[:])
		p.Version = uint64(o.Required("trust_bundle_version").Int(1, 1<<53-1))
		p.RecordedAt = stamp(o.Required("recorded_at").Time())
	})
	return p, err
}

// Compare holds what was verified against what was recorded. A lower bundle
// version is an *attest.BundleRollbackError, and wins over everything else; any other
// difference is an *attest.PinChangedError with all of them. Evidence from files has no
// origin, and then none is compared. With the zero Pin, which recorded nothing, it is an
// ordinary error.
// Rules: PIN-01, PIN-02.
func (p Pin) Compare(now Pin) error {
	if p.Schema != PinSchema || now.Schema != PinSchema {
		return errors.New("capture: a Pin is made by NewPin or ParsePin")
	}
	if now.Version < p.Version {
		return &attest.BundleRollbackError{
			Failure: attest.Failure{
				Rule: "PIN-01", Message: "the trust bundle is older than the one of the pin",
				Expected: fmt.Sprintf("version %d or higher", p.Version), Actual: fmt.Sprintf("version %d", now.Version),
			},
			Version: now.Version, Highest: p.Version,
		}
	}
	var changes []attest.Failure
	var members []string
	for _, c := range []attest.Failure{
		{Where: "origin", Expected: p.Origin, Actual: now.Origin},
		{Where: "tls_spki_sha256", Expected: p.SPKI, Actual: now.SPKI},
		{Where: "snp_measurement", Expected: p.Measurement, Actual: now.Measurement},
		{Where: "workload_identity_tag", Expected: p.Tag, Actual: now.Tag},
	} {
		c.Rule, c.Offset = "PIN-02", rule.NoOffset
		if c.Expected != c.Actual && !(c.Where == "origin" && (c.Expected == "" || c.Actual == "")) {
			changes, members = append(changes, c), append(members, c.Where)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return &attest.PinChangedError{
		Failure: attest.Failure{
			Rule: "PIN-02", Message: "verified, but not what was recorded at " + p.RecordedAt + ": " + strings.Join(members, ", "),
			Expected: changes[0].Expected, Actual: changes[0].Actual,
		},
		Changes: changes,
	}
}
