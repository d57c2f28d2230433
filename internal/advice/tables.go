package advice

import (
	"maps"
	"slices"
)

// advice says what to try next, and where the two values that differ come from. A
// part in braces is for the commands that have the flags which it names.
type advice struct{ next, expected, actual string }

// A Table has advice by type of error, rule of SPEC.md, or layer.
type Table map[string]advice

// Where values come from.
const (
	Clock    = "the time of verification"
	clocks   = Clock + ": the clock{, or --at}"
	defaults = "the default rules, SPEC.md section 7.2"
	anchors  = "the built-in roots{ or --amd-root}, and the trust bundle's amd_root_ca_pem"
	leafCert = "the leaf certificate"
)

// byType has one for each type of error.
var byType = Table{
	"UsageError":                    {next: `"tresor-verify help" lists the commands`},
	"InternalError":                 {next: "this should not happen, and is no verdict; SECURITY.md says where to report it"},
	"EnvelopeInvalidError":          {"this is not what GET /attestation returns; check the address, and that the file is whole", "the form of an envelope, SPEC.md section 11", "the envelope"},
	"EnvelopeStaleError":            {"fetch the envelope again; if it stays old, the server or one of the two clocks is wrong", "the envelope's max_age_seconds, and what clocks may differ", "the envelope's issued_at, and " + clocks},
	"BundleSignatureInvalid":        {"the bundle is not signed by a key that you pinned with --release-root; was it rotated?", "the keys of --release-root", "header and signature of the trust bundle"},
	"BundleInvalidError":            {"the publisher signed a bundle that this version can't read; look for a newer one of both", "the form of a trust bundle, SPEC.md section 12", "the trust bundle"},
	"BundleExpiredError":            {"fetch the current trust bundle", clocks, "the trust bundle's valid_until"},
	"BundleRollbackError":           {"somebody serves an old trust bundle; fetch the current one from the publisher", "what was accepted before, in this run{ or by --state}", "the trust bundle"},
	"WorkloadMismatchError":         {"check {--workload, and }that bundle and endpoint belong together", "the trust bundle's workload", "the envelope's workload"},
	"ReportInvalidError":            {"a report is 1184 bytes, raw or as hex or base64; check that the file is one, and whole", "AMD's layout, SPEC.md sections 3 and 4", "the report"},
	"CertChainInvalidError":         {"give the VCEK or VLEK and what came with it by --certs{, or let --fetch ask AMD for it}", "AMD's profile, SPEC.md section 5", "the certificates next to the report"},
	"CRLInvalidError":               {"fetch the current list{: --crl fetch}", "AMD's profile, SPEC.md section 6", "the CRL"},
	"CertRevokedError":              {"AMD withdrew the key that vouches for this chip's certificates; ask the operator for new evidence", "", "the CRL, signed by AMD's root"},
	"ReportSignatureInvalidError":   {"the report was altered, or the certificate is of another chip or firmware level", "the key of the leaf certificate", "the report's signature over its bytes 0 to 0x29f"},
	"EndorsementMismatchError":      {"the certificate must be the one for REPORTED_TCB of this very report", "the leaf certificate", "the report"},
	"PolicyViolationError":          {"the policy demands it, and no flag lifts that{; --explain lists every step}", "--policy", "the report"},
	"MeasurementNotAllowedError":    {"the code that was launched is not on the list; compare with the measurement of the release you expect", "allowed_hw_measurements of the trust bundle{, --launch}{, or --policy}", "MEASUREMENT in the report"},
	"IdentityTagNotAllowedError":    {"the release that runs there is not, or no longer, on the publisher's list", "allowed_workload_identity_tags of the trust bundle", "the envelope's workload_identity_tag"},
	"IdentityManifestMismatchError": {"the manifest does not belong to the tag that the hardware vouches for", "the envelope, and SPEC.md section 13", "the envelope's manifest"},
	"TCBBelowFloorError":            {"the host needs newer firmware or microcode; see AMD's security bulletins", "min_tcb of the trust bundle{, or --policy}", "the report"},
	"ReportDataMismatchError":       {"the guest put other bytes into the report than expected; was it made for this request?", "--policy{ or --report-data}", "REPORT_DATA in the report"},
	"SPKIMismatchError":             {"you are not connected to the attested machine: someone may sit in between", "the envelope's tls_spki_sha256", "the leaf of the TLS connection"},
	"ReceiptInvalidError":           {"this is not what the service signs; check that the file is whole, and that id and receipt belong together", "the form of a receipt, SPEC.md section 18", "the receipt"},
	"ReceiptSignatureInvalidError":  {"the receipt was altered, or is of another service; was the key rotated? fetch the key set again", "the key set: --jwks or --jwks-url", "header and signature of the receipt"},
	"ReceiptDigestMismatchError":    {"the digest is over the exact bytes of the body: before any formatting, without content encoding", "the digest in the receipt", "SHA-256 of --request or --response"},
	"HCLInvalidError":               {"read NV index 0x01400001 of the virtual TPM again, whole: tpm2_nvread -C o 0x01400001", "the form of HCL report and runtime data, docs/spec/azure.md section 21.1", "the HCL report"},
	"QuoteInvalidError":             {"ask the virtual TPM for a quote by the key at 0x81000003: tpm2_quote -c 0x81000003", "the form of a quote, docs/spec/azure.md section 21.2, and the attestation key of the runtime data", "the quote"},
	"QuoteSignatureInvalidError":    {"the quote was altered, or is of another VM than the HCL report", "RSASSA with SHA-256 by the attestation key of the runtime data", "the signature of the quote"},
	"QualifyingDataMismatchError":   {"the quote or the report was made for another question, or is an old one: ask again", "--qualifying-data, --user-data or --policy", "the quote, or user-data in the runtime data"},
	"PCRMismatchError":              {"another system was started, or the values were read at another time than the quote: read both together", "the quote, --pcr or --policy", "the values of the PCRs"},
	"IDBlockInvalidError":           {"the ID block was not made for this launch: compare it with the artefacts that it was signed for", "the ID block, SPEC.md", "the computed digests, or the report"},
	"PinChangedError":               {"compare with what the operator announced; --record a new pin once you accept the change", "the pin", "the evidence"},
	"EvidenceUnavailableError":      {"nothing was judged; try again when the file or the service can be reached", "SPEC.md, or docs/spec/transport.md", "what was read, or answered"},
}

// framing is for what is wrong with a JWS before any key is tried.
var framing = advice{next: "this is not a compact JWS of the expected kind; check that the file is whole, and of this kind", expected: "the form of a compact JWS, SPEC.md section 10"}

// tabled is for what is wrong with a certificate table, which a host writes.
var tabled = advice{next: "the certificate table is damaged, or is none: a report before it is its first 1184 bytes, head -c 1184 FILE > report.bin; give certificates as PEM or DER{, by --certs}", expected: "AMD's GHCB specification, SPEC.md section 4.2"}

const ordinaryRequests = "send an ordinary request of HTTP/1.1: no tunnel, no other protocol, no control characters, no second host or length"

const unknownBits = "a newer version may know what this bit means; guest_policy.allow_unknown_bits in the file of --policy accepts it"

// byRule is more exact than byType where it says something.
var byRule = Table{
	"JWS-01": framing, "JWS-02": framing, "JWS-03": framing, "JWS-04": framing, "JWS-05": framing,
	"JWS-06": framing, "JWS-07": framing, "JWS-08": framing, "JWS-09": framing, "JWS-11": framing,
	"CAR-10": tabled, "CAR-11": tabled, "CAR-12": tabled, "CAR-13": tabled, "CAR-14": tabled, "CAR-15": tabled, "CAR-16": tabled, "CAR-17": tabled, "CAR-18": tabled,
	"FRM-02": {expected: "the forms that are read, docs/spec/carrier.md", actual: "the file"},
	"BND-41": {next: "two bundles of one version exist: ask the publisher which one is right", actual: "SHA-256 of the trust bundle"},
	"BND-42": {next: "the state file is damaged: restore it; removing it forgets what was accepted"},
	"STA-21": {next: "the state file or its folder cannot be opened: make the folder, or give the right path by --state"},
	"STA-30": {next: "another process holds the lock of the state file: try again, or find out why it does not end"},
	"STA-32": {next: "the state file can't be written: check its folder, permissions and space"},
	"STA-33": {next: "the state file would grow too long: give another one by --state"},
	"PIN-01": {expected: "the pin of --pin"},
	"RPT-02": {next: "versions 2 to 5 are verified: version 1 is of pre-production firmware, 0 of memory that no firmware filled, 6 of a processor that this version does not know"},
	"LCH-73": {next: "compare firmware, kernel, initial RAM disk and command line with those of the build, and with what the tool that starts the guest adds", expected: "the artefacts", actual: "--match"},
	"WKL-02": {expected: "--workload", actual: "envelope and trust bundle"},
	"CHN-42": {next: "AMD's root of this product is neither built in{, nor given by --amd-root}, or the trust bundle does not name it", expected: leafCert, actual: anchors},
	"CHN-43": {next: "an ARK was sent that is not AMD's: leave it out, or find out who sent it", expected: anchors},
	"CHN-44": {next: "the ASK or ASVK must be there too: with --amd-root nothing is built in"},
	"CHN-46": {expected: anchors},
	"CHN-47": {expected: "the certificate's validity", actual: clocks},
	"CRL-17": {next: "the list is of another product than the chain: give the list of the chain's product{, or --crl fetch}", expected: "the anchor of the chain"},
	"CRL-18": {expected: "the key of the chain's anchor"},
	"CRL-19": {next: "this root may not sign lists: is it AMD's?", actual: "the chain's anchor"},
	"CRL-20": {expected: "the CRL's thisUpdate and nextUpdate", actual: clocks},
	"CRL-23": {next: "AMD revoked this intermediate: fetch today's chain of the product from AMD's key server", expected: "what AMD's lists are known to revoke, SPEC.md section 6.2", actual: "the ASK or ASVK that was sent"},
	"IDT-10": {expected: "the envelope's workload_identity_tag", actual: "SHA-256 of the envelope's workload_identity_manifest_jws"},
	"RCP-03": {next: "id and receipt do not belong together: take both from one answer of the API", expected: "the receipt's jti", actual: "the id beside the receipt"},
	"RCP-30": {next: "one of the two clocks is wrong: that of the service, or this one", expected: "what clocks may differ", actual: "the receipt's iat, and " + clocks},
	"RCP-31": {next: "the receipt is old; is it the one that you expect, and is the clock right?", expected: "--max-age", actual: "the receipt's iat, and " + clocks},
	"RCP-41": {next: "this receipt vouches for no such body: leave the flag out to verify the rest", expected: "SHA-256 of --request or --response", actual: "the receipt"},
	"BIN-01": {next: "the hardware vouches for another TLS key or release than the envelope names", expected: "SHA-256 of the envelope's tls_spki_sha256 and workload_identity_tag", actual: "REPORT_DATA[0:32] in the report"},
	"POL-05": {next: "the host may read this guest's memory; --allow-debug accepts that", expected: defaults},
	"POL-06": {next: "a migration agent may move this guest; --allow-migration accepts that", expected: defaults},
	"POL-07": {next: "a migration agent is bound to this guest; --allow-migration accepts that", expected: defaults},
	"POL-08": {next: unknownBits, expected: defaults},
	"POL-09": {next: unknownBits, expected: defaults},
	"POL-10": {next: unknownBits, expected: defaults},
	"POL-11": {next: "software of another privilege level of the guest asked for this report; --vmpl N accepts level N, and no other", expected: "--vmpl, or else the default rules"},
	"POL-12": {next: "the key is of a provider, and no single chip; --allow-vlek accepts that", expected: defaults, actual: leafCert},
	"POL-13": {expected: defaults},
	"POL-20": {expected: "allowed_products of the trust bundle, or --policy", actual: leafCert},
	"POL-21": {actual: leafCert},
	"POL-33": {expected: "--policy{ or --host-data}"},
	"POL-38": {expected: "--policy{ or --chip-id}"},
	"POL-40": {actual: leafCert},
	"POL-41": {actual: leafCert},
	"POL-42": {actual: leafCert},
	"POL-55": {next: "this version knows no level of that bulletin for this die: docs/spec/bulletins.md has the table", expected: "--baseline or --policy", actual: "the die in the report"},
	"POL-56": {next: "the host needs the firmware or microcode of that bulletin", expected: "the bulletin that --baseline or --policy names, docs/spec/bulletins.md"},
	"PRX-10": {next: "call the proxy by the address that it listens on; --allow-host gives it a further name"},
	"PRX-11": {next: "web pages may use the proxy when it is started with --allow-origin and their origin"},
	"PRX-12": {next: "send a shorter body, or start the proxy with a higher --max-body"},
	"PRX-13": {next: ordinaryRequests},
	"PRX-14": {next: "send the path alone, percent-encoded, to the proxy as the base URL"},
	"PRX-15": {next: "send the body without long pauses, or start the proxy with a longer --idle-body"},
	"PRX-16": {next: "send the body whole, framed as HTTP/1.1 has it"},
	"PRX-40": {next: "ask for it by GET or HEAD"},
	"PRX-50": {next: "requests for the endpoint go to the address of --listen"},
	"PRX-51": {next: "ask at the address of --ops, or start the proxy with --forward-ops-paths"},
	"PRX-57": {next: "write the token alone into a file that only its owner may write to, such as by chmod 600"},
	"TRN-12": {next: ordinaryRequests},
	"TRN-13": {next: ordinaryRequests},
	"TRN-14": {next: ordinaryRequests},
	"TRN-16": {next: ordinaryRequests},
	"KDS-01": {next: "AMD's key server can't be asked for this report"},
	"KDS-02": {next: "AMD gives a VLEK to its owner only: ask the provider{, and give it by --certs}"},
	"KDS-04": {next: "the host masks CHIP_ID: ask the operator for the certificate{, and give it by --certs}"},
}

// byLayer is for what could not be read or fetched: the layer of the network, or
// the flag that names the file.
var byLayer = map[string]string{
	"dns":         "the name can't be resolved: check its spelling, and the resolver",
	"tcp":         "nothing answers at this address and port: check both, and proxies and firewalls on the way",
	"tls":         "the TLS handshake failed: check the address and port",
	"http":        "the server answered something else: check that this is an attested endpoint",
	"bundle":      "the trust bundle can't be fetched: give its address by --bundle-url, or itself by --bundle",
	"size":        "the server sent another answer than this address ever has: check it",
	"cache":       "the folder of --cache can't be used: repair or remove it",
	"--dir":       "give a folder that has reports in it, by their names",
	"--record":    "repair or remove the pin that is there, or give another path",
	"--pin":       "the pin file is missing or damaged: restore it, or, after finding out what changed, record a new one",
	"--evidence":  "give a file that --save wrote, whole",
	"--envelope":  "give the body of GET /attestation",
	"--bundle":    "give the trust bundle, a compact JWS; --bundle-url fetches it",
	"--cert":      "give the TLS certificate that you saw, leaf first, PEM or DER, with nothing else in the file",
	"--report":    "give a file with the report, or - for standard input",
	"--quote":     "give the quote, TPMS_ATTEST, its signature and the values of PCRs as files",
	"--match":     "give a file with the report, or its MEASUREMENT in hex",
	"--id-block":  "give the file with the ID block",
	"--id-auth":   "give the file with the ID authentication information",
	"--certs":     "give the VCEK or VLEK by --certs, PEM or DER{, or let --fetch ask AMD for it}",
	"--crl":       "give a file with the CRL, or let --crl fetch ask AMD",
	"--fetch":     "ask again later, or give the certificates by --certs",
	"fetch":       "ask again later, or give a mirror by --kds-url",
	"--jwks-url":  "ask again later, or give the key set by --jwks",
	"--request":   "give the exact body of the request",
	"--response":  "give the exact body of the response",
	"healthcheck": "ask the proxy for its verdict, and look at its log: it is not ready, or not there",
	"proxy":       "ask again: the endpoint was not attested in time",
	"file":        "give a file with the trust bundle, or - for standard input",
	"receipt":     "give a file with the receipt, or - for standard input",
	"show":        "give a file that exists, whole, of a kind that \"tresor-verify help show\" lists, or - for standard input",
	"diff":        "give files that exist, whole, of a kind that \"tresor-verify help show\" lists",
	"vectors":     "give a folder with an index.json that lists all vectors in it, such as testdata/vectors",
}

// byFlag is for what stands behind a flag and is no good: files of the trust
// configuration, names and addresses.
var byFlag = map[string]string{
	"--release-root": "give the publisher's key: PEM PUBLIC KEY, a JWK, or 32 bytes in hex or base64; get it from somewhere else than the service",
	"--amd-root":     "give AMD's root of the product, an ARK, in PEM or DER; without the flag AMD's own are used",
	"--policy":       "\"go doc github.com/tresorhq/attest/policy\" has the members; \"tresor-verify report --write-policy\" writes an example",
	"--ca-file":      "give certificates of your own web CA, in PEM or DER",
	"--jwks":         "give the service's key set, a JSON object with keys, each with a kid; --jwks-url fetches it",
	"--url":          "give the endpoint as https://HOST[:PORT], with nothing behind it",
	"--listen":       "give another address or port by --listen, such as 127.0.0.1:8787; with port 0 the system takes one that is free",
	"--allow-host":   "give the name or address that clients have in their URL, with or without its port, and nothing else of the URL",
	"--allow-origin": "give the origin of the page as the browser's console shows it: scheme, host and port, no path, no wildcard",
}

// inEndpoint is for what an envelope carries: only who sent it can mend it.
var inEndpoint = Table{
	"ReportInvalidError":    {next: "the envelope carries no report that this version can read: ask the operator, or look for a newer version", actual: "the envelope's snp_report_b64"},
	"CertChainInvalidError": {next: "the certificates in the envelope do not lead from this chip to AMD: ask the operator for good ones", actual: "the envelope's vcek_chain_pem"},
}

// byCommand is for what means something else in one command.
var byCommand = map[string]Table{
	"attest": joined(inEndpoint, Table{
		"BIN-11": {next: "--spki is all zero, which is no key: give the hash of the one that you saw, or its certificate by --cert", actual: "--spki"},
	}),
	"proxy": inEndpoint,
	"report": {
		"MeasurementNotAllowedError": {expected: "--policy or --measurement"},
		"TCBBelowFloorError":         {expected: "--policy or --min-tcb"},
		"POL-20":                     {expected: "--policy"},
		"CHN-42":                     {next: "AMD's root of this product is neither built in, nor given by --amd-root", actual: "the built-in roots or --amd-root"},
		"CHN-43":                     {expected: "the built-in roots or --amd-root"},
		"CHN-46":                     {expected: "the built-in roots or --amd-root"},
	},
	"show": {"EvidenceUnavailableError": unreadable},
	"diff": {"EvidenceUnavailableError": unreadable},
}

var unreadable = advice{expected: "the form of such a file, SPEC.md", actual: "the file"}

// joined is a with what b says.
func joined(a, b Table) Table {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}

// InReplay is for evidence that was saved, and is judged for another time.
var InReplay = Table{
	"EnvelopeStaleError": atRecorded,
	"BundleExpiredError": atRecorded,
	"CHN-47":             atRecorded,
	"CRL-20":             atRecorded,
}

var atRecorded = advice{next: "this evidence was saved: --at recorded judges it for the time at which it was fetched"}

// InReceipt is for what a receipt embeds, by type or rule: there is no envelope,
// and what counts is the time at which it was issued.
var InReceipt = Table{
	"BundleSignatureInvalid":        {actual: "header and signature of the embedded trust bundle"},
	"BundleInvalidError":            {next: "the publisher signed a bundle that this version can't read; look for a newer version", actual: "the embedded trust bundle"},
	"BundleExpiredError":            {next: "the trust bundle had ended when the receipt was issued: ask the service for the reason", expected: "the receipt's iat", actual: "valid_until of the embedded trust bundle"},
	"WorkloadMismatchError":         {next: "the attestation embeds the trust bundle of another workload: ask the service for the reason", expected: "the workload of the embedded trust bundle", actual: "the attestation's workload"},
	"IdentityTagNotAllowedError":    {next: "the release that the receipt names is not on the publisher's list of that time", expected: "allowed_workload_identity_tags of the embedded trust bundle", actual: "the attestation's workload_identity_tag, or SHA-256 of its manifest"},
	"IdentityManifestMismatchError": {next: "the embedded manifest is not that of the tag beside it, or of the workload", expected: "the attestation, and SPEC.md section 13", actual: "the embedded manifest"},
	"IDT-10":                        {expected: "the attestation's workload_identity_tag", actual: "SHA-256 of the attestation's workload_identity_manifest_jws"},
}

// InDiff is for two bundles side by side.
var InDiff = Table{
	"BundleRollbackError":   {next: "NEW is the older one: are the two files in their order?", expected: "the version of OLD", actual: "the version of NEW"},
	"BND-41":                {next: byRule["BND-41"].next, expected: "SHA-256 of OLD", actual: "SHA-256 of NEW"},
	"WorkloadMismatchError": {next: "give two bundles of one workload", expected: "the workload of OLD", actual: "the workload of NEW"},
}

// InFetch is for documents that come from an address of the caller's.
var InFetch = Table{
	"http": {next: "the server gave no such document: check the address, ask again later, or give the document as a file"},
}

// Subjects returns what there is advice for: rules, layers and flags.
func Subjects() (rules, layers, flags []string) {
	return slices.Sorted(maps.Keys(byRule)), slices.Sorted(maps.Keys(byLayer)), slices.Sorted(maps.Keys(byFlag))
}
