package attesttest

import (
	"bytes"
	"time"
)

// Faults of the envelope.
const (
	EnvelopeTruncated Fault = "envelope-truncated"
	EnvelopeDuplicate Fault = "envelope-duplicate"
	EnvelopeFolded    Fault = "envelope-folded"
	EnvelopeSchema    Fault = "envelope-schema"
	EnvelopeDevMode   Fault = "envelope-dev-mode"
	EnvelopeStale     Fault = "envelope-stale"
	EnvelopeFuture    Fault = "envelope-future"
)

var envelopeFaults = []fault{
	{
		name: EnvelopeTruncated, err: "EnvelopeInvalidError",
		about: "the envelope's JSON lacks its last byte",
		after: func(d *draft) { d.EnvelopeText = func(b []byte) []byte { return b[:len(b)-1] } },
	},
	{
		name: EnvelopeDuplicate, err: "EnvelopeInvalidError",
		about: "the envelope has a member twice",
		after: func(d *draft) { d.EnvelopeText = withMember(`"workload":"other"`) },
	},
	{
		name: EnvelopeFolded, err: "EnvelopeInvalidError",
		about: "the envelope has a member that differs from another only in case",
		after: func(d *draft) { d.EnvelopeText = withMember(`"WORKLOAD":"other"`) },
	},
	{
		name: EnvelopeSchema, err: "EnvelopeInvalidError",
		about: "the envelope has another schema",
		after: func(d *draft) { d.Envelope.Set("schema", "tresor.attestation/v2") },
	},
	{
		name: EnvelopeDevMode, err: "EnvelopeInvalidError",
		about: "the certificate chain is empty, as in dev mode",
		after: func(d *draft) { d.chain = nil },
	},
	{
		name: EnvelopeStale, err: "EnvelopeStaleError",
		about: "the envelope is older than it says it may be",
		after: func(d *draft) { d.issued = -min(d.config.MaxAge, day) - 61*time.Second },
	},
	{
		name: EnvelopeFuture, err: "EnvelopeStaleError",
		about: "the envelope is from the future",
		after: func(d *draft) { d.issued = 10 * time.Minute },
	},
}

// withMember puts a member in front of the others of a JSON object.
func withMember(member string) func([]byte) []byte {
	return func(object []byte) []byte {
		return bytes.Join([][]byte{[]byte("{" + member + ","), object[1:]}, nil)
	}
}
