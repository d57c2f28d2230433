package certchain_test

import (
	"errors"
	"testing"
)

// second returns the error of a call.
func second[T any](_ T, err error) error { return err }

// wantRule fails unless err carries the rule.
func wantRule(t testing.TB, rule string, err error) {
	t.Helper()
	var r interface{ Requirement() string }
	switch {
	case err == nil:
		t.Errorf("accepted, want %s", rule)
	case !errors.As(err, &r):
		t.Errorf("%v: no rule, want %s", err, rule)
	case r.Requirement() != rule:
		t.Errorf("%v: rule %s, want %s", err, r.Requirement(), rule)
	}
}
