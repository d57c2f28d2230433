package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tresorhq/attest"
)

// frame is how a verification was done.
type frame struct {
	mode    string // "live", "offline" or "replay"
	at      time.Time
	source  string // of the time: "clock", "given" or "recorded"
	relaxed []string
}

// verdict makes the JSON object.
func (h *hardwareFlags) verdict(a *attest.Audit, f frame) *verdictJSON {
	code := exitCode(a.Err)
	v := &verdictJSON{
		Schema: verdictSchema, Tool: toolName(), Verdict: verdictWord(code), ExitCode: code,
		Mode: f.mode, Time: stamp(f.at), TimeSource: f.source, Relaxed: f.relaxed, Checks: checksJSON(a.Checks),
	}
	if a.Err != nil {
		v.Error = newErrorJSON(a.Err)
	} else {
		v.addFacts(a.Result)
	}
	return v
}

// answer prints the verdict and returns the exit code.
func (h *hardwareFlags) answer(u *ui, a *attest.Audit, f frame) int {
	code := exitCode(a.Err)
	if h.json {
		u.out.WriteString(marshal(h.verdict(a, f)))
		return code
	}
	switch {
	case a.Err != nil:
		u.refusal(code, a.Err)
	case a.Result.Bundle != nil:
		u.line("PASS")
		u.endpointFacts(a.Result)
	default:
		u.line("PASS")
		u.reportFacts(a.Result)
	}
	u.field("relaxed", strings.Join(f.relaxed, ", "))
	if f.mode != "live" || f.source != "clock" {
		u.field("verified", f.mode+", for "+stamp(f.at)+" ("+f.source+")")
	}
	if h.explain {
		u.explain(a.Checks)
	}
	return code
}

// refusal writes the block that says why there is no PASS.
func (u *ui) refusal(code int, err error) {
	e := newErrorJSON(err)
	u.line("%s: %s", map[int]string{exitRefused: "FAIL", exitUsage: "ERROR", exitUndecided: "UNDECIDED", exitInternal: "ERROR"}[code], e.Type)
	u.field("message", e.Message)
	u.field("rule", e.Requirement)
	u.field("expected", e.Expected)
	u.field("actual", e.Actual)
	var p *attest.PolicyViolationError
	if errors.As(err, &p) && len(p.Violations) > 1 {
		for _, v := range p.Violations[1:] {
			u.field("also", fmt.Sprintf("%s: expected %s, got %s (%s)", v.Name, v.Expected, v.Actual, v.Rule))
		}
	}
	u.field("hint", e.Hint)
}

// field writes "name: value", unless there is no value.
func (u *ui) field(name, value string) {
	if value != "" {
		u.line("%-22s %s", name+":", value)
	}
}

// explain writes every step.
func (u *ui) explain(checks []attest.Check) {
	u.line("")
	u.line("steps (SPEC.md section 2):")
	for _, c := range checks {
		u.line("%2d  %-17s %-7s %-14s %s", c.Step, c.ID, c.Requirement, c.Status, checkText(c))
	}
}

func checkText(c attest.Check) string {
	switch {
	case c.Status == attest.Fail && c.Expected != "":
		return fmt.Sprintf("%s: expected %s, got %s", c.Reason, c.Expected, c.Actual)
	case c.Reason != "":
		return c.Reason
	}
	return c.Actual
}

func verdictWord(code int) string {
	switch code {
	case exitVerified:
		return "pass"
	case exitRefused:
		return "fail"
	}
	return "error"
}

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
	"ReportSignatureInvalidError":   "the report was altered, or the certificate is of another chip or firmware level; --fetch gets the right one",
	"EndorsementMismatchError":      "the certificate must be the one for REPORTED_TCB of this very report; --fetch gets it",
	"MeasurementNotAllowedError":    "the code that was launched is not on the list; compare with the measurement of the release you expect",
	"TCBBelowFloorError":            "the host needs newer firmware or microcode; see AMD's security bulletins",
	"ReportDataMismatchError":       "the guest put other bytes into the report than expected; was it made for this request?",
	"PolicyViolationError":          "--explain lists every step; relaxations have names: --allow-debug, --allow-migration, --allow-vlek, --vmpl N",
	"EvidenceUnavailableError":      "nothing was judged; try again when the file or the service can be reached",
}

func hint(err error) string {
	var u interface{ Hint() string }
	if errors.As(err, &u) && u.Hint() != "" {
		return u.Hint()
	}
	return hints[errorType(err)]
}
