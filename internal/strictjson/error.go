package strictjson

import (
	"strconv"
	"strings"
)

// Text is the place of an error about the text, and not about one value of it.
const Text = "text"

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
// cannot be mistaken for anything else.
func pathName(name string) string {
	plain := func(r rune) bool {
		return r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if name == "" || len(name) > quoteMax || strings.ContainsFunc(name, func(r rune) bool { return !plain(r) }) {
		return Quote(name)
	}
	return name
}
