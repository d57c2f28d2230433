package strictjson

import (
	"fmt"
	"strconv"
	"strings"
)

// An Error says what is wrong with a document, and where.
type Error struct {
	Rule     string // rule of SPEC.md
	Path     string // of the member, e.g. `guest_policy.forbid[2]`; empty for the text as a whole
	Offset   int    // in bytes, of the value or of the character that is wrong
	Expected string
	Actual   string
}

func (e *Error) Error() string {
	where := ""
	if e.Path != "" {
		where = e.Path + " "
	}
	return fmt.Sprintf("strictjson: %sat offset %d: expected %s, got %s", where, e.Offset, e.Expected, e.Actual)
}

// Requirement returns the rule of SPEC.md that was broken.
func (e *Error) Requirement() string { return e.Rule }

// quoteMax is how much of the input an error message repeats, in bytes.
const quoteMax = 64

// Quote returns s as a Go string literal in ASCII, of at most the first 64
// bytes of s. It is how a string from outside gets into a message.
func Quote(s string) string {
	if len(s) <= quoteMax {
		return strconv.QuoteToASCII(s)
	}
	return strconv.QuoteToASCII(strings.ToValidUTF8(s[:quoteMax], "")) + "..."
}

// pathName returns a member's name as it stands in a path: as it is when it
// can not be mistaken for anything else.
func pathName(name string) string {
	plain := func(r rune) bool {
		return r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if name == "" || len(name) > quoteMax || strings.ContainsFunc(name, func(r rune) bool { return !plain(r) }) {
		return Quote(name)
	}
	return name
}
