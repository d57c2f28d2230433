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
	{EnvelopeTruncated, "EnvelopeInvalidError", "the envelope's JSON lacks its last byte", 0, nil, func(d *draft) { d.EnvelopeText = func(b []byte) []byte { return b[:len(b)-1] } }},
	{EnvelopeDuplicate, "EnvelopeInvalidError", "the envelope has a member twice", 0, nil, func(d *draft) { d.EnvelopeText = withMember(`"workload":"other"`) }},
	{EnvelopeFolded, "EnvelopeInvalidError", "the envelope has a member that differs from another only in case", 0, nil, func(d *draft) { d.EnvelopeText = withMember(`"WORKLOAD":"other"`) }},
	{EnvelopeSchema, "EnvelopeInvalidError", "the envelope has another schema", 0, nil, func(d *draft) { d.Envelope.Set("schema", "tresor.attestation/v2") }},
	{EnvelopeDevMode, "EnvelopeInvalidError", "the certificate chain is empty, as in dev mode", 0, nil, func(d *draft) { d.chain = nil }},
	{EnvelopeStale, "EnvelopeStaleError", "the envelope is older than it says it may be", 0, nil, func(d *draft) { d.issued = -min(d.config.MaxAge, day) - 61*time.Second }},
	{EnvelopeFuture, "EnvelopeStaleError", "the envelope is from the future", 0, nil, func(d *draft) { d.issued = 10 * time.Minute }},
}

// withMember puts a member in front of the others of a JSON object.
func withMember(member string) func([]byte) []byte {
	return func(object []byte) []byte {
		return bytes.Join([][]byte{[]byte("{" + member + ","), object[1:]}, nil)
	}
}
