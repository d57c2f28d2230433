package carrier

import (
	"bytes"

	"github.com/tresorhq/attest/snpreport"
)

const swapped = "give the report by --report, and certificates by --certs"

// marks tell forms that are recognised and not read, and how each is converted. Rules: FRM-03.
var marks = []struct {
	fits          func(b []byte) bool
	what, convert string
}{
	{startsWith("\x1F\x8B"), "gzip", "gunzip < FILE > report.bin"},
	{startsWith("H4sI"), "base64 of gzip", "base64 -d FILE | gunzip > report.bin"},
	{startsWith("PK\x03\x04"), "a zip archive", "unzip FILE"},
	{startsWith("<"), "HTML or XML: an error page, perhaps", "fetch it again, and look at it"},
	{startsWith("\x0A\xA0\x09"), "the protobuf of go-sev-guest", "tail -c +4 FILE | head -c 1184 > report.bin"},
	{startsWith("\xD2\x84"), "a COSE_Sign1 message", "take the report out of its payload"},
	{func(b []byte) bool { return len(b) > 0 && (b[0] > 0xA0 && b[0] < 0xB8 || b[0] == 0xD8) }, "CBOR", "take the report out of it"},
	{startsWith(`"`), "a JSON string", "jq -r . FILE > report.b64"},
	{isListing, "a listing with offsets", "xxd -r FILE > report.bin"},
	{func(b []byte) bool { return kindOf(b) == kindCertificate }, "a DER certificate", swapped},
	{isDER, "DER", swapped},
	{startsWith("Certificate:"), "a certificate as text", swapped},
	{func(b []byte) bool { return len(b) == snpreport.Size+1 && b[snpreport.Size] == '\n' && hasZero(b) }, "a report with a line break behind it", "head -c 1184 FILE > report.bin"},
}

// refuseUnread describes such a form, and a private key. For any other it returns nil. Rules: FRM-04.
func refuseUnread(b []byte) (*Evidence, error) {
	if kindOf(b) == kindPrivateKey {
		return nil, privateKey("DER")
	}
	for _, m := range marks {
		if m.fits(b) {
			return nil, unread(m.what, m.convert)
		}
	}
	return nil, nil
}

func isUnread(b []byte) bool {
	_, err := refuseUnread(b)
	return err != nil
}

// isListing reports whether b is a listing with offsets as of xxd, hexdump, od and openssl.
func isListing(b []byte) bool {
	rest := bytes.TrimLeft(b, "0")
	digits := len(b) - len(rest)
	return digits >= 4 && digits <= 8 && (startsWith(": ")(rest) || startsWith("  ")(rest) || startsWith(" - ")(rest) || digits == 7 && startsWith(" ")(rest))
}
