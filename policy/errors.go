package policy

import (
	"errors"
	"fmt"

	"github.com/tresorhq/attest/internal/strictjson"
)

// A FileError says why a policy file, or a value of Rules, is no policy. It is
// about a configuration: unlike errors about evidence, it has no method
// Requirement.
type FileError struct {
	Rule     string // rule of SPEC.md
	Member   string // path of the member, e.g. "guest_policy.forbid[2]"; empty for the file as a whole
	Offset   int    // in the file, in bytes; -1 where it is not known
	Expected string
	Actual   string
}

func (e *FileError) Error() string {
	where := ""
	if e.Member != "" {
		where = e.Member + ": "
	}
	if e.Offset >= 0 {
		where += fmt.Sprintf("at offset %d: ", e.Offset)
	}
	return fmt.Sprintf("policy: %sexpected %s, got %s", where, e.Expected, e.Actual)
}

// fileError makes the error of the JSON reader one of this package.
func fileError(err error) error {
	var e *strictjson.Error
	if !errors.As(err, &e) {
		return err
	}
	return &FileError{e.Rule, e.Path, e.Offset, e.Expected, e.Actual}
}
