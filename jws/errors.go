package jws

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
)

func sizeError(id, where string, actual int, expected string) *rule.Error {
	return rule.Broken(id, where, rule.NoOffset, expected+" bytes", fmt.Sprintf("%d bytes", actual))
}

// fromJSON turns an error of the JSON reader, or nil, into one of this package.
// An error of the reader breaks the rule id, and is kept as the cause; an error by a
// rule of this package has only passed through the reader, for its order and path.
func fromJSON(id, document string, err error) error {
	var j *rule.Error
	if !errors.As(err, &j) {
		return err
	}
	where := document
	if j.Where != strictjson.Text {
		where += "." + j.Where
	}
	e := rule.Broken(id, where, rule.NoOffset, j.Expected, j.Actual)
	if strings.HasPrefix(j.Rule, "JSN-") {
		e.Cause = j
	} else {
		e.Rule = j.Rule
	}
	return e
}
