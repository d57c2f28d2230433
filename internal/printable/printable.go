// Package printable turns text from outside into text that a terminal shows as it
// stands: it can neither move the cursor nor begin a line of its own.
package printable

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Escape replaces every character that a terminal might act upon: control
// characters, line breaks, invalid UTF-8, bidirectional and other invisible
// characters. It returns any other text unchanged.
// Rules: CLI-04.
func Escape(s string) string {
	clean := true
	for _, r := range s {
		clean = clean && strconv.IsPrint(r) && r != utf8.RuneError
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i, size := 0, 0; i < len(s); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// Short cuts a text from outside behind its first 200 bytes.
func Short(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

// JSON returns a value as indented JSON with a final line break. Characters that
// are not printable are escaped, also where JSON does not ask for it. The value
// must be one that JSON can hold, or JSON panics.
func JSON(v any) string {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err)
	}
	var text strings.Builder
	for _, r := range string(b) {
		switch {
		case r == '\n' || strconv.IsPrint(r): // a line break stands between values only
			text.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&text, `\u%04x`, unit)
			}
		}
	}
	return text.String() + "\n"
}

// JSONLine is JSON on one line.
func JSONLine(v any) string {
	var line bytes.Buffer
	if err := json.Compact(&line, []byte(JSON(v))); err != nil {
		panic(err) // JSON has just made it
	}
	return line.String() + "\n"
}
