package main

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

// envelopeSections are about the members of the envelope, and its age.
func envelopeSections() []section {
	encoded := func(change func(s string) string) func(X) {
		return func(x X) {
			x.seal()
			x.Envelope.Set("snp_report_b64", change(x.Envelope.Get("snp_report_b64").(string)))
		}
	}
	report := func(make func(r []byte) []byte) func(X) {
		return encoded(func(s string) string {
			r, _ := base64.StdEncoding.DecodeString(s)
			return base64.StdEncoding.EncodeToString(make(r))
		})
	}
	invalid := section{"envelope", endpoint("Genoa", 5, "vcek"), "EnvelopeInvalidError", []row{
		{"unknown-members-ignored", yes("ENV-01", "JSN-11"), "a member that nobody knows is ignored, whatever number it holds", envelope.add("future", doc{{"ratio", raw("1.5e3")}, {"none", raw("null")}})},
		{"no-manifest", yes("ENV-01"), "the manifest is optional", envelope.drop("workload_identity_manifest_jws")},
		{"max-age-is-capped", yes("ENV-01", "ENV-21"), "a max_age_seconds of any length counts as a day at most", envelope.set("max_age_seconds", raw(strings.Repeat("9", 400)))},
		{"of-64-kib", yes("ENV-01", "JSN-01"), "65536 bytes are allowed", envelopeText(spaces(65536))},
		{"of-64-kib-and-a-byte", no("JSN-01", "GEN-04", "ENV-01"), "65537 bytes are not", envelopeText(spaces(65537))},
		{"schema-v2", no("ENV-02"), "a later schema is not read as this one", envelope.set("schema", "tresor.attestation/v2")},
		{"schema-in-another-case", no("ENV-02"), "a schema is compared byte by byte", envelope.set("schema", "Tresor.Attestation/V1")},
		{"dev-mode-without-certificates", no("JSN-12", "ENV-01", "GEN-02"), "an empty chain is not a mode of development in which hardware need not vouch", envelope.set("vcek_chain_pem", raw(`""`))},
		{"null-measurement-of-nothing", no("JSN-12"), "null is no value, and no permission to skip", envelope.set("snp_report_b64", raw("null"))},
		{"empty-workload", no("JSN-12"), "an empty string is an absent one", envelope.set("workload", "")},
		{"empty-report", no("JSN-12"), "of the report too", envelope.set("snp_report_b64", raw(`""`))},
		{"empty-schema", no("JSN-12", "ENV-02"), "of the schema too", envelope.set("schema", "")},
		{"empty-issued-at", no("JSN-12"), "and of a time", envelope.set("issued_at", "")},
		{"empty-tag", no("JSN-12"), "and of a hash", envelope.set("workload_identity_tag", raw(`""`))},
		{"spki-in-upper-case", no("JSN-19"), "hex has lower-case digits only", func(x X) { x.Envelope.Set("tls_spki_sha256", strings.ToUpper(hex.EncodeToString(x.SPKI[:]))) }},
		{"spki-of-31-bytes", no("JSN-19"), "a short key hash would move the border to the tag behind it", func(x X) { x.Envelope.Set("tls_spki_sha256", hex.EncodeToString(x.SPKI[:31])) }},
		{"spki-of-63-digits", no("JSN-19"), "two digits for each byte", func(x X) { x.Envelope.Set("tls_spki_sha256", hex.EncodeToString(x.SPKI[:])[:63]) }},
		{"spki-of-66-digits", no("JSN-19"), "a usual decoder panics when there are too many", func(x X) { x.Envelope.Set("tls_spki_sha256", hex.EncodeToString(x.SPKI[:])+"00") }},
		{"spki-with-a-full-width-digit", no("JSN-19"), "U+FF10 is a digit to some", func(x X) { x.Envelope.Set("tls_spki_sha256", "\uff10"+hex.EncodeToString(x.SPKI[:])[1:]) }},
		{"spki-with-spaces", no("JSN-19"), "nothing around the digits", func(x X) { x.Envelope.Set("tls_spki_sha256", " "+hex.EncodeToString(x.SPKI[:])) }},
		{"spki-with-prefix", no("JSN-19"), "no 0x and no sha256: before the digits", func(x X) { x.Envelope.Set("tls_spki_sha256", "0x"+hex.EncodeToString(x.SPKI[:31])) }},
		{"tag-of-33-bytes", no("JSN-19"), "a tag has 32 bytes", envelope.set("workload_identity_tag", strings.Repeat("ab", 33))},
		{"tag-with-a-line-break", no("JSN-19"), "nothing behind the digits", envelope.set("workload_identity_tag", strings.Repeat("ab", 32)+"\n")},
		{"empty-manifest", no("JSN-12"), "a manifest that is there is not empty", envelope.set("workload_identity_manifest_jws", raw(`""`))},
		{"report-in-base64url", no("JSN-20"), "the report is in the standard alphabet", encoded(func(s string) string {
			return strings.NewReplacer("+", "-", "/", "_").Replace(s)
		})},
		{"report-without-padding", no("JSN-20"), "base64 is padded", encoded(func(s string) string { return strings.TrimRight(s, "=") })},
		{"report-with-a-line-break", no("JSN-20"), "a common decoder skips line breaks; there is one encoding", encoded(func(s string) string { return s[:64] + "\n" + s[64:] })},
		{"report-with-unused-bits", no("JSN-20"), "the bits behind the last byte are zero", encoded(func(s string) string { return s[:len(s)-2] + "B=" })},
		{"report-of-1183-bytes", as("ReportInvalidError", "RPT-01"), "the report has 1184 bytes", report(func(r []byte) []byte { return r[:1183] })},
		{"report-of-1185-bytes", as("ReportInvalidError", "RPT-01"), "and none behind them", report(func(r []byte) []byte { return append(r, 0) })},
		{"report-in-a-host-buffer", as("ReportInvalidError", "RPT-01"), "in an envelope only the raw form counts, not the device's answer", report(func(r []byte) []byte { return mint.NewDeviceResponse(r).Encode() })},
		{"report-as-hex", as("ReportInvalidError", "RPT-01"), "nor hex", report(func(r []byte) []byte { return []byte(hex.EncodeToString(r)) })},
		{"issued-at-lower-case", no("JSN-22"), "T and Z are upper case", envelope.set("issued_at", "2026-04-01t11:59:00z")},
		{"issued-at-without-zone", no("JSN-22"), "a time without zone is no instant", envelope.set("issued_at", "2026-04-01T11:59:00")},
		{"issued-at-one-digit-hour", no("JSN-22"), "a common parser accepts an hour of one digit", envelope.set("issued_at", "2026-04-01T1:59:00Z")},
		{"issued-at-comma", no("JSN-22"), "a common parser accepts a comma", envelope.set("issued_at", "2026-04-01T11:59:00,5Z")},
		{"issued-at-offset-24", no("JSN-22"), "a common parser accepts an offset of 24 hours", envelope.set("issued_at", "2026-04-02T11:59:00+24:00")},
		{"issued-at-leap-second", no("JSN-22"), "second 60 is refused", envelope.set("issued_at", "2026-03-31T23:59:60Z")},
		{"issued-at-hour-24", no("JSN-22"), "hour 24 is refused", envelope.set("issued_at", "2026-03-31T24:00:00Z")},
		{"issued-at-number", no("JSN-13"), "a number is no time", envelope.set("issued_at", raw("1775044740"))},
		{"issued-at-offset", yes("JSN-22"), "an offset is part of the time", envelope.set("issued_at", "2026-04-01T13:59:00+02:00")},
		{"issued-at-fraction", yes("JSN-22"), "up to nine digits behind the point", envelope.set("issued_at", "2026-04-01T11:59:00.123456789Z")},
		{"issued-at-ten-digits", no("JSN-22"), "not ten", envelope.set("issued_at", "2026-04-01T11:59:00.1234567890Z")},
		{"bundle-url-is-not-https", no("ENV-03"), "an address that nobody vouches for is of one scheme only, whether it is used or not", envelope.set("trust_bundle_url", "http://bundles.example/router.jws")},
		{"bundle-url-is-a-file", no("ENV-03"), "nor is it a file", envelope.set("trust_bundle_url", "file:///etc/passwd")},
		{"bundle-url-is-half-a-url", no("ENV-03"), "an address that begins well and is none", envelope.set("trust_bundle_url", "https://[::1")},
		{"bundle-url-empty", yes("ENV-03"), "an empty one is none", envelope.set("trust_bundle_url", "")},
		{"bundle-url-with-a-user", yes("ENV-03"), "what stands before the host is for a client that fetches", envelope.set("trust_bundle_url", "https://user:word@bundles.example/%zz?a#b")},
		{"bundle-url-with-a-colon-and-no-port", yes("ENV-03"), "a port may have no digit", envelope.set("trust_bundle_url", "https://[2001:db8::1]:/router.jws")},
		{"bundle-url-with-a-zone", no("ENV-03"), "an IPv6 address has no zone", envelope.set("trust_bundle_url", "https://[fe80::1%25eth0]/router.jws")},
		{"bundle-url-with-letters-for-a-port", no("ENV-03"), "a port is digits", envelope.set("trust_bundle_url", "https://bundles.example:https/")},
		{"bundle-url-with-a-space", no("ENV-03"), "a space is no character of a URL", envelope.set("trust_bundle_url", "https://bundles.example/a b")},
		{"bundle-url-in-upper-case", no("ENV-03"), "the scheme is in lower case", envelope.set("trust_bundle_url", "HTTPS://bundles.example/")},
		{"schema-that-ends-alike", no("ENV-02"), "whole words are compared", envelope.set("schema", "x-tresor.attestation/v1")},
		{"max-age-one", yes("JSN-15", "ENV-21"), "one second is the least", envelope.set("max_age_seconds", 1)},
		{"max-age-zero", no("JSN-15"), "zero does not mean for ever", envelope.set("max_age_seconds", 0)},
		{"max-age-negative", no("JSN-15"), "nor is it negative", envelope.set("max_age_seconds", -1)},
		{"max-age-string", no("JSN-13"), "a string is no number", envelope.set("max_age_seconds", "300")},
		{"max-age-fraction", no("JSN-14"), "300.0 is no integer", envelope.set("max_age_seconds", raw("300.0"))},
		{"max-age-exponent", no("JSN-14"), "nor is 3e2", envelope.set("max_age_seconds", raw("3e2"))},
	}}
	for _, name := range []string{"schema", "workload", "snp_report_b64", "vcek_chain_pem", "tls_spki_sha256", "workload_identity_tag", "issued_at", "max_age_seconds"} {
		invalid.rows = append(invalid.rows, row{"without-" + dashed(name), no("JSN-12", "ENV-01"), name + " is required", envelope.drop(name)})
	}

	stale := section{"freshness", endpoint("Genoa", 5, "vcek"), "EnvelopeStaleError", []row{
		{"five-minutes-ahead", yes("ENV-20"), "clocks may differ by five minutes", envelope.set("issued_at", "2026-04-01T12:05:00Z")},
		{"more-than-five-minutes-ahead", no("ENV-20"), "and not by more", envelope.set("issued_at", "2026-04-01T12:05:00.000000001Z")},
		{"at-its-greatest-age", yes("ENV-21"), "max_age_seconds and a minute", envelope.set("issued_at", "2026-04-01T11:54:00Z")},
		{"beyond-its-greatest-age", no("ENV-21"), "and not a nanosecond more", envelope.set("issued_at", "2026-04-01T11:53:59.999999999Z")},
		{"a-day-and-a-minute", yes("ENV-21", "ENV-01"), "a greater max_age_seconds counts as a day", both(envelope.set("max_age_seconds", 10000000), envelope.set("issued_at", "2026-03-31T11:59:00Z"))},
		{"more-than-a-day", no("ENV-21", "ENV-01"), "so that this is too old", both(envelope.set("max_age_seconds", 10000000), envelope.set("issued_at", "2026-03-31T11:58:59Z"))},
		{"max-age-overflows-a-duration", no("ENV-21"), "2^63/10^9+1 seconds overflow nanoseconds in 64 bits, and would never end or have ended", both(envelope.set("max_age_seconds", raw("9223372037")), envelope.set("issued_at", "2020-01-01T00:00:00Z"))},
	}}
	return []section{invalid, stale}
}

func dashed(name string) string { return strings.ReplaceAll(name, "_", "-") }
