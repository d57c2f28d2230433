package main

import (
	"errors"
	"fmt"

	"github.com/tresorhq/attest"
)

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
		u.line("%-24s %s", name+":", value)
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
	"UsageError":                  `"tresor-verify help COMMAND" has flags and examples`,
	"ReportInvalidError":          "a report is 1184 bytes, raw or as hex or base64; check that the file is one, and whole",
	"CertChainInvalidError":       "give the VCEK or VLEK and what came with it by --certs, or let --fetch ask AMD for it",
	"CRLInvalidError":             "fetch the current list: --crl fetch",
	"CertRevokedError":            "AMD withdrew the key that vouches for this chip's certificates; ask the operator for new evidence",
	"ReportSignatureInvalidError": "the report was altered, or the certificate is of another chip or firmware level; --fetch gets the right one",
	"EndorsementMismatchError":    "the certificate must be the one for REPORTED_TCB of this very report; --fetch gets it",
	"MeasurementNotAllowedError":  "the code that was launched is not on the list; compare with the measurement of the release you expect",
	"TCBBelowFloorError":          "the host needs newer firmware or microcode; see AMD's security bulletins",
	"ReportDataMismatchError":     "the guest put other bytes into the report than expected; was it made for this request?",
	"PolicyViolationError":        "--explain lists every step; relaxations have names: --allow-debug, --allow-migration, --allow-vlek, --vmpl N",
	"EvidenceUnavailableError":    "nothing was judged; try again when the file or the service can be reached",
}

func hint(err error) string {
	var u interface{ Hint() string }
	if errors.As(err, &u) && u.Hint() != "" {
		return u.Hint()
	}
	return hints[errorType(err)]
}
