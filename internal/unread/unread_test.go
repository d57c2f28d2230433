package unread_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/unread"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/verdict"
)

// TestPlaces: an input without a form, or too long, is no verdict; one whose form is broken
// is refused; a private key stays what it is.
// Rules: CLI-03, FRM-02, FRM-03, FRM-04.
func TestPlaces(t *testing.T) {
	for name, tt := range map[string]struct {
		input     []byte
		typ, rule string
	}{
		"empty":    {nil, "EvidenceUnavailableError", "FRM-02"},
		"gzip":     {[]byte("\x1f\x8b"), "EvidenceUnavailableError", "FRM-03"},
		"too long": {bytes.Repeat([]byte("a"), carrier.MaxSize+1), "EvidenceUnavailableError", "CLI-03"},
		"two":      {[]byte(`{"hcl_report": "AA", "format": "tinfoil-v2"}`), "", "FRM-21"},
	} {
		for kind, place := range map[string]func(string, error) error{"ReportInvalidError": unread.Report, "CertChainInvalidError": unread.Chain} {
			_, err := carrier.Open(tt.input)
			got := verdict.Describe(place("file", err))
			want := tt.typ
			if want == "" {
				want = kind
			}
			if got.Type != want || got.Requirement != tt.rule {
				t.Errorf("%s: %s [%s], want %s [%s]", name, got.Type, got.Requirement, want, tt.rule)
			}
		}
	}
	var key *carrier.PrivateKeyError
	if _, err := carrier.Open([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")); !errors.As(unread.Report("file", err), &key) {
		t.Errorf("%v is no private key", err)
	}
	typed := &attest.CertChainInvalidError{}
	if err := unread.Report("file", typed); err != error(typed) {
		t.Errorf("a typed error became %v", err)
	}
}

// TestAudit: the step that would have read the evidence fails, and no other is reached.
func TestAudit(t *testing.T) {
	at := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	for step, refused := range map[string]error{"report": &attest.ReportInvalidError{}, "chain": &attest.CertChainInvalidError{}} {
		a := unread.Audit(attest.ReportConfig{Policy: policy.Default()}, refused, at)
		for _, c := range a.Checks {
			if c.Status != attest.NotApplicable && (c.Status == attest.Fail) != (c.ID == step) || c.Status == attest.Pass {
				t.Errorf("%s: %+v", step, c)
			}
		}
		if a.Err != refused || len(a.Checks) != 19 {
			t.Errorf("%s: %v, %d steps", step, a.Err, len(a.Checks))
		}
	}
	if a := unread.Audit(attest.ReportConfig{}, &attest.ReportInvalidError{}, at); a.Err == nil || a.Passed() {
		t.Errorf("no policy: %+v", a)
	}
}
