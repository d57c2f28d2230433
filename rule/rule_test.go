package rule_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/tresorhq/attest/rule"
)

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		err  rule.Error
		want string
	}{
		{rule.Error{}, ""},
		{rule.Error{Rule: "RPT-01"}, " [RPT-01]"},
		{rule.Error{Rule: "RPT-02", Where: "VERSION", Expected: "2 to 5", Actual: "7"}, "VERSION at offset 0x0: expected 2 to 5, got 7 [RPT-02]"},
		{rule.Error{Rule: "JWS-10", Where: "header.alg", Offset: rule.NoOffset, Expected: "EdDSA"}, "header.alg: expected EdDSA [JWS-10]"},
		{rule.Error{Rule: "POL-02", Message: "the measured code is not on the allowed list", Offset: rule.NoOffset, Actual: "00"}, "the measured code is not on the allowed list: got 00 [POL-02]"},
		{rule.Error{Message: "no list", Where: "measurements", Offset: 16}, "no list: measurements at offset 0x10"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
		if problem := c.err.Problem(); !strings.HasPrefix(c.want, problem) || strings.Contains(problem, "expected") {
			t.Errorf("%q of %q", problem, c.want)
		}
	}
}

func TestErrorGivesWhatItHolds(t *testing.T) {
	e := &rule.Error{Rule: "RPT-02", Cause: io.ErrUnexpectedEOF}
	wrapped := fmt.Errorf("report.bin: %w", e)
	var d rule.Detailed
	if !errors.As(wrapped, &d) || d.Details() != *e {
		t.Errorf("no details of %v", wrapped)
	}
	if !errors.Is(wrapped, io.ErrUnexpectedEOF) || e.Requirement() != "RPT-02" {
		t.Errorf("%v lost its cause or its rule", wrapped)
	}
}

// TestFrom: the typed error of a step has the details of the error below it; what
// that lacks is the step's own.
func TestFrom(t *testing.T) {
	below := &rule.Error{Rule: "RPT-02", Where: "VERSION", Offset: 0, Expected: "2", Actual: "7", Cause: io.EOF}
	wrapped := fmt.Errorf("report.bin: %w", below)
	want := rule.Error{Rule: "RPT-02", Message: "the report is malformed", Where: "VERSION", Expected: "2", Actual: "7", Cause: wrapped}
	if got := rule.From(wrapped, "RPT-01", "the report is malformed"); got != want {
		t.Errorf("%+v", got)
	}
	own := &rule.Error{Message: "the signature is wrong"}
	want = rule.Error{Rule: "RPT-23", Message: "the signature is wrong", Cause: own}
	if got := rule.From(own, "RPT-23", "the report is malformed"); got != want {
		t.Errorf("%+v", got)
	}
	want = rule.Error{Rule: "RPT-01", Message: "the report is malformed: EOF", Offset: rule.NoOffset, Cause: io.EOF}
	if got := rule.From(io.EOF, "RPT-01", "the report is malformed"); got != want {
		t.Errorf("%+v", got)
	}
}

func TestConfigIsNoVerdict(t *testing.T) {
	e := &rule.Error{Rule: "JWK-03", Where: "x", Offset: rule.NoOffset, Expected: "32 bytes", Cause: io.EOF}
	err := rule.Config(fmt.Errorf("release root 1: %w", e))
	var verdict interface{ Requirement() string }
	if errors.As(err, &verdict) {
		t.Errorf("%v has a method Requirement", err)
	}
	var config *rule.ConfigError
	if !errors.As(err, &config) || config.Rule() != "JWK-03" || config.Fault().Where != "x" || config.Fault().Cause != nil {
		t.Errorf("%#v does not say what is wrong", err)
	}
	if want := "release root 1: x: expected 32 bytes [JWK-03]"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if errors.Is(err, io.EOF) {
		t.Error("the cause shows, which may be a verdict")
	}
	if rule.Config(nil) != nil || rule.Config(io.EOF) != io.EOF {
		t.Error("an error without details was changed")
	}
}

// TestFromNil: an error about no error has the caller's rule and message alone.
func TestFromNil(t *testing.T) {
	if got, want := rule.From(nil, "GEN-02", "nothing is there"), (rule.Error{Rule: "GEN-02", Message: "nothing is there", Offset: rule.NoOffset}); got != want {
		t.Errorf("%+v", got)
	}
}

// TestWithin: the part stands before the message, and nothing else changes.
func TestWithin(t *testing.T) {
	e := rule.Error{Rule: "BND-01", Message: "the payload is malformed", Where: "version", Offset: 3}
	want := e
	want.Message = "router_attestation: the payload is malformed"
	if e.Within("router_attestation"); e != want {
		t.Errorf("%+v", e)
	}
}
