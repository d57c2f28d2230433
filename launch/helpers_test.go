package launch_test

import (
	"errors"

	"github.com/tresorhq/attest/rule"
)

// ruleOf returns the rule of an error, or "".
func ruleOf(err error) string {
	var e *rule.Error
	if errors.As(err, &e) {
		return e.Rule
	}
	return ""
}
