package main

import (
	"errors"
	"strings"
)

// hints say what to try next, by the rule that was broken, else by the type.
var hints = map[string]string{
	"UsageError":                    `"tresor-verify help COMMAND" has flags and examples`,
	"EnvelopeInvalidError":          "this is not what GET /attestation returns; check the address, and that the file is whole",
	"EnvelopeStaleError":            "fetch the envelope again; if it stays old, the server or one of the two clocks is wrong",
	"BundleSignatureInvalid":        "the bundle is not signed by a key that you pinned with --release-root; was it rotated?",
	"BundleInvalidError":            "the publisher signed a bundle that this version can't read; look for a newer one of both",
	"BundleExpiredError":            "fetch the current trust bundle",
	"BundleRollbackError":           "somebody serves an old trust bundle; fetch the current one from the publisher",
	"WorkloadMismatchError":         "check --workload, and that bundle and endpoint belong together",
	"IdentityTagNotAllowedError":    "the release that runs there is not, or no longer, on the publisher's list",
	"IdentityManifestMismatchError": "the manifest does not belong to the tag that the hardware vouches for",
	"SPKIMismatchError":             "you are not connected to the attested machine: someone may sit in between",
	"ReportInvalidError":            "a report is 1184 bytes, raw or as hex or base64; check that the file is one, and whole",
	"CertChainInvalidError":         "give the VCEK or VLEK and what came with it by --certs, or let --fetch ask AMD for it",
	"CRLInvalidError":               "fetch the current list: --crl fetch",
	"CertRevokedError":              "AMD withdrew the key that vouches for this chip's certificates; ask the operator for new evidence",
	"ReportSignatureInvalidError":   "the report was altered, or the certificate is of another chip or firmware level",
	"EndorsementMismatchError":      "the certificate must be the one for REPORTED_TCB of this very report",
	"MeasurementNotAllowedError":    "the code that was launched is not on the list; compare with the measurement of the release you expect",
	"TCBBelowFloorError":            "the host needs newer firmware or microcode; see AMD's security bulletins",
	"ReportDataMismatchError":       "the guest put other bytes into the report than expected; was it made for this request?",
	"PolicyViolationError":          "--explain lists every step; relaxations have names: --allow-debug, --allow-migration, --allow-vlek, --vmpl N",
	"ReceiptInvalidError":           "this is not what the service signs; check that the file is whole, and that id and receipt belong together",
	"ReceiptSignatureInvalidError":  "the receipt was altered, or is of another service; was the key rotated? fetch the key set again",
	"ReceiptDigestMismatchError":    "the digest is over the exact bytes of the body: before any formatting, without content encoding",
	"PinChangedError":               "compare with what the operator announced; --record a new pin once you accept the change",
	"CHN-02":                        "report: give the VCEK or VLEK, and what came with it, by --certs, or let --fetch ask AMD",
	"CHN-40":                        "report: give the VCEK or VLEK, and what came with it, by --certs, or let --fetch ask AMD",
	"CHN-42":                        "the root is neither built in, nor given by --amd-root, or the trust bundle does not name it",
	"CHN-44":                        "give the ASK or ASVK too: with --amd-root nothing is built in",
	"CHN-47":                        "the certificate is not valid at this time; is the clock right?",
	"KDS-01":                        "AMD's key server can't be asked for this report",
	"KDS-02":                        "AMD gives a VLEK to its owner only: ask the provider, and give it by --certs",
	"KDS-04":                        "the host masks CHIP_ID: ask the operator for the certificate, and give it by --certs",
	"EvidenceUnavailableError":      "nothing was judged; try again when the file or the service can be reached",
}

func hint(err error) string {
	var u interface{ Hint() string }
	if errors.As(err, &u) && u.Hint() != "" {
		return u.Hint()
	}
	for _, rule := range rules(err) {
		if h, ok := hints[rule]; ok {
			return h
		}
	}
	if v := violations(err); len(v) > 0 && strings.HasPrefix(v[0].Expected, "a floor") {
		return "the floors lack a component, a product or a die that this report has; name it too"
	}
	return hints[errorType(err)]
}

// rules returns the rules that an error and its causes name, outermost first.
func rules(err error) []string {
	var list []string
	for ; err != nil; err = errors.Unwrap(err) {
		if r, ok := err.(interface{ Requirement() string }); ok {
			list = append(list, r.Requirement())
		}
	}
	return list
}
