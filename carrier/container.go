package carrier

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/hex"
	"io"
	"slices"

	"github.com/tresorhq/attest/internal/strictjson"
)

type containerForm struct {
	member        string
	read          func(*container, *strictjson.Object)
	what, convert string
}

// containers are the known JSON containers: the member that tells each, and how it is read,
// or else what it is and how it is converted. Rules: FRM-03, FRM-20, FRM-21.
var containers = []containerForm{
	{"hcl_report", (*container).coco, "", ""},
	{"platform", (*container).attestationRS, "", ""},
	{"format", (*container).tinfoil, "", ""},
	{"snp_report", nil, "a JSON container with snp_report", "jq -r .snp_report FILE | base64 -d > report.bin"},
	{"guest_svn", nil, "the JSON of virtee's tools, which is not what was signed", "snpguest report report.bin request.bin"},
	{"quote", nil, "az-snp-vtpm evidence of version 0", "jq -c .report FILE > report.json"},
	{"vcekCert", nil, "a THIM answer, which holds certificates", swapped},
}

// A container is what has been read of JSON. err is a fault that strictjson does not know of.
type container struct {
	form         Form
	carried      []byte // a report or an HCL report, or gzip of one
	certificates []Certificate
	quote        *Quote
	err          error
}

// openContainer reads a JSON container. Rules: FRM-20.
func openContainer(text []byte) (*Evidence, error) {
	var c container
	known := []string{"version", "tpm_quote", "vcek", "evidence", "body"}
	for _, form := range containers {
		known = append(known, form.member)
	}
	err := strictjson.Decode(text, len(text), known, c.read)
	if err = cmp.Or(err, c.err); err == nil && c.form == TinfoilV2 {
		c.carried, err = unpack(c.carried)
	}
	if err != nil {
		return nil, err
	}
	e, err := openCarried(c.form, c.carried)
	if err == nil {
		e.Certificates, e.Quote = append(e.Certificates, c.certificates...), c.quote
	}
	return e, err
}

func (c *container) read(o *strictjson.Object) {
	told := slices.DeleteFunc(slices.Clone(containers), func(f containerForm) bool { return !o.Has(f.member) })
	switch {
	case len(told) == 0:
		c.err = &UnreadError{unknown("this is of no known form", "JSON with hcl_report, platform or format", "JSON without").Failure, "jq -r .MEMBER FILE > report.b64, with the member that holds the report"}
	case told[0].read == nil:
		c.err = unread(told[0].what, told[0].convert)
	case slices.ContainsFunc(told[1:], func(f containerForm) bool { return f.read != nil }):
		c.err = malformed("FRM-21", "JSON", "one form", "members of two: "+told[0].member+" and "+told[1].member)
	default:
		told[0].read(c, o)
	}
}

// base64Of reads base64 of either alphabet, padded or not. Rules: FRM-16.
func base64Of(v strictjson.Value) []byte {
	b, problem := decodeBase64([]byte(v.NonEmpty()))
	if problem != "" {
		v.Fail("FRM-16", "base64 of one alphabet, without line breaks", problem)
	}
	return b
}

// hexOf reads hex of 1 to 1024 bytes. Rules: FRM-22.
func hexOf(v strictjson.Value) []byte {
	b, err := hex.DecodeString(v.NonEmpty())
	if err != nil || len(b) > 1024 {
		v.Fail("FRM-22", "hex of at most 1024 bytes", "something else")
	}
	return b
}

// take reads the certificates that are there: base64 of DER each.
func (c *container) take(o *strictjson.Object, members ...string) {
	for _, member := range members {
		if v, ok := o.Optional(member); ok {
			c.certificates = append(c.certificates, Certificate{base64Of(v), member})
		}
	}
}

// coco reads evidence of Confidential Containers, az-snp-vtpm versions 1 and 2. Rules: FRM-23.
func (c *container) coco(o *strictjson.Object) {
	c.form = CoCoV1
	if o.Required("version").Int(1, 2) == 2 {
		c.form = CoCoV2
	}
	v := o.Required("hcl_report")
	if c.carried = base64Of(v); !startsWith("HCLA")(c.carried) {
		v.Fail("FRM-23", "an HCL report, which starts with HCLA", "something else")
	}
	c.take(o, "vcek")
	if v, ok := o.Optional("tpm_quote"); ok {
		q := v.Object("signature", "message", "pcrs")
		c.quote = &Quote{Signature: hexOf(q.Required("signature")), Message: hexOf(q.Required("message"))}
		for _, value := range q.Required("pcrs").Array(1, 24) {
			c.quote.PCRs = append(c.quote.PCRs, hexOf(value))
		}
	}
}

// attestationRS reads evidence of attestation-rs. Rules: FRM-24.
func (c *container) attestationRS(o *strictjson.Object) {
	v := o.Required("evidence")
	platform, _ := o.Optional("platform") // it is there
	switch platform.OneOf("snp", "az-snp") {
	case "az-snp":
		c.coco(v.Object("version", "tpm_quote", "hcl_report", "vcek"))
	case "snp":
		e := v.Object("attestation_report", "cert_chain")
		c.carried = base64Of(e.Required("attestation_report"))
		if chain, ok := e.Optional("cert_chain"); ok {
			c.take(chain.Object("vcek", "ask", "ark"), "vcek", "ask", "ark")
		}
	}
	c.form = AttestationRS
}

// tinfoil reads a Tinfoil attestation document, version 2. Rules: FRM-25.
func (c *container) tinfoil(o *strictjson.Object) {
	c.form = TinfoilV2
	v, _ := o.Optional("format") // it is there
	format := v.NonEmpty()
	if format != "https://tinfoil.sh/predicate/sev-snp-guest/v2" {
		c.err = unread("a document of the format "+strictjson.Quote(format), "jq -r .body FILE | base64 -d > report.bin")
		return
	}
	c.carried = base64Of(o.Required("body"))
}

// unpack reads gzip (RFC 1952): one member of at most 64 KiB when it is unpacked, and nothing
// behind it. Rules: FRM-26.
func unpack(b []byte) (unpacked []byte, err error) {
	packed := bytes.NewReader(b)
	z, err := gzip.NewReader(packed)
	if err == nil {
		z.Multistream(false)
		unpacked, err = io.ReadAll(io.LimitReader(z, 64<<10+1))
	}
	if err != nil || len(unpacked) > 64<<10 || packed.Len() > 0 {
		return nil, malformed("FRM-26", "gzip", "one whole member of at most 65536 bytes, and nothing behind it", "something else")
	}
	return unpacked, nil
}
