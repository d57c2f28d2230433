package launch

import (
	"fmt"

	"github.com/tresorhq/attest/rule"
)

// refuse describes what is wrong at an offset of an input in bytes.
func refuse(id, where string, offset int, expected, actual string) *rule.Error {
	return &rule.Error{Rule: id, Where: where, Offset: offset, Expected: expected, Actual: actual}
}

// wrong is refuse for a parameter, which is at no offset.
func wrong(id, where, expected, actual string) *rule.Error {
	return refuse(id, where, rule.NoOffset, expected, actual)
}

func hexNumber[N uint16 | uint32 | uint64 | int](n N) string { return fmt.Sprintf("%#x", n) }
