package receipt

import (
	"bytes"
	"encoding/hex"
	"strings"
	"time"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/rule"
)

// Sizes in bytes. Each embedded trust bundle has at most 350 kB, each envelope 64.
const (
	maxPayload = 1 << 20
	maxInput   = 2 << 20 // payload in base64, header, signature, and the JSON around
)

// maxIssuedAt is the last second of the year 9999.
const maxIssuedAt = 253402300799

var kind = jws.Kind{Algorithm: jws.ES256, Types: []string{"JWT", "receipt+jwt"}, MaxPayload: maxPayload}

// others are members of a trust bundle, an envelope and a manifest: what is
// signed as one thing must not pass as another.
var others = []string{
	"allowed_hw_measurements", "allowed_workload_identity_tags", "min_tcb", "amd_root_ca_pem",
	"snp_report_b64", "vcek_chain_pem", "image_digest", "binary_digest",
}

var claimNames = append([]string{
	"jti", "iat", "requested_route", "routed_model", "router_attestation", "inference_attestation", "request_digest", "response_digest",
}, others...)

// claims are what the payload says.
type claims struct {
	id                string
	issuedAt          time.Time
	route, model      string
	router, inference embedded
	request, response string // "sha256:…", or ""
}

// embedded is what the receipt says of one attestation.
type embedded struct {
	opaque   bool // a string, which is not interpreted
	workload string
	tag      [32]byte
	hasTag   bool
	manifest []byte
	bundle   []byte
}

// unwrap returns the compact JWS, and the id that came with it, if any.
func unwrap(data []byte) (compact []byte, id string, err error) {
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return data, "", nil
	}
	err = strictjson.Decode(data, maxInput, []string{"id", "receipt"}, func(o *strictjson.Object) {
		id = o.Required("id").NonEmpty()
		compact = []byte(o.Required("receipt").NonEmpty())
	})
	if err != nil {
		return nil, "", &ReceiptInvalidError{Failure: rule.From(err, "RCP-02", "the JSON around the receipt is malformed")}
	}
	return compact, id, nil
}

// parseClaims reads the payload.
func parseClaims(payload []byte) (*claims, error) {
	c := new(claims)
	err := strictjson.Decode(payload, maxPayload, claimNames, func(o *strictjson.Object) {
		for _, name := range others {
			if v, ok := o.Optional(name); ok {
				v.Fail("RCP-22", "no member of another kind of document", name)
			}
		}
		c.id = o.Required("jti").NonEmpty()
		c.issuedAt = time.Unix(o.Required("iat").Int(0, maxIssuedAt), 0).UTC()
		c.route = o.Required("requested_route").NonEmpty()
		c.model = o.Required("routed_model").NonEmpty()
		c.router = readEmbedded(o.Required("router_attestation"))
		c.inference = readEmbedded(o.Required("inference_attestation"))
		c.request = readDigest(o, "request_digest")
		c.response = readDigest(o, "response_digest")
	})
	if err != nil {
		return nil, &ReceiptInvalidError{Failure: rule.From(err, "RCP-20", "the receipt is malformed")}
	}
	return c, nil
}

func readEmbedded(v strictjson.Value) (e embedded) {
	if !v.IsObject() {
		v.NonEmpty()
		return embedded{opaque: true}
	}
	o := v.Object("workload", "workload_identity_tag", "workload_identity_manifest_jws", "trust_bundle_jws")
	if v, ok := o.Optional("workload"); ok {
		e.workload = v.NonEmpty()
	}
	if v, ok := o.Optional("workload_identity_tag"); ok {
		e.tag, e.hasTag = strictjson.Hex[[32]byte](v), true
	}
	if v, ok := o.Optional("workload_identity_manifest_jws"); ok {
		e.manifest = []byte(v.NonEmpty())
	}
	if v, ok := o.Optional("trust_bundle_jws"); ok {
		e.bundle = []byte(v.NonEmpty())
	}
	return e
}

func readDigest(o *strictjson.Object, name string) string {
	v, ok := o.Optional(name)
	if !ok {
		return ""
	}
	s := v.NonEmpty()
	digits, ok := strings.CutPrefix(s, "sha256:")
	if _, isHex := strictjson.ParseHex[[32]byte](digits); !ok || !isHex {
		v.Fail("RCP-21", "sha256: and 64 lower-case hex digits", strictjson.Quote(s))
	}
	return s
}

func digestText(sum [32]byte) string { return "sha256:" + hex.EncodeToString(sum[:]) }
