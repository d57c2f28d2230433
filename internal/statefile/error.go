package statefile

import (
	"strconv"

	"github.com/tresorhq/attest/rule"
)

// refuse makes an error about the file, or about a member of it.
func (f *File) refuse(id, expected, actual string) *rule.Error {
	path := ""
	if f != nil {
		path = f.path
	}
	return &rule.Error{
		Rule: id, Message: "state file " + strconv.QuoteToASCII(path),
		Offset: rule.NoOffset, Expected: expected, Actual: actual,
	}
}

// failed makes the error of a call of the operating system, which is its Cause.
func (f *File) failed(id, expected string, err error) *rule.Error {
	e := f.refuse(id, expected, err.Error())
	e.Cause = err
	return e
}

// damaged puts the file before an error of the JSON reader.
func (f *File) damaged(err error) error {
	e := rule.From(err, "STA-10", "")
	d := f.refuse(e.Rule, e.Expected, e.Actual)
	d.Where, d.Offset = e.Where, e.Offset
	return d
}
