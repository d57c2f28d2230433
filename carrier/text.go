package carrier

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/snpreport/form"
)

// openText reads hex or base64. One line break behind the forms of SPEC.md section 4 is forgiven. Rules: FRM-15.
func openText(text []byte) (*Evidence, error) {
	if c, err := form.Open(bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))); err == nil && c.Form != form.Raw {
		form := map[form.Carrier]Form{form.Hex: Hex, form.Base64: Base64}[c.Form]
		return &Evidence{Bag: Bag{Form: form}, Report: c.Report}, nil
	}
	b, problem := decodeText(text)
	if problem != "" {
		return nil, unknown("this is of no known form", "hex, or base64 of one alphabet", problem)
	}
	return openCarried(Text, b)
}

// decodeText reads hex or base64 with white space and colons anywhere, and one 0x before it. Rules: FRM-15.
func decodeText(text []byte) (b []byte, problem string) {
	compact := slices.DeleteFunc(bytes.Clone(text), func(c byte) bool { return bytes.IndexByte([]byte(" \t\r\n:"), c) >= 0 })
	if bytes.HasPrefix(compact, []byte("0x")) || bytes.HasPrefix(compact, []byte("0X")) {
		compact = compact[2:]
	}
	b = make([]byte, len(compact)/2)
	if _, err := hex.Decode(b, compact); err == nil {
		return b, ""
	}
	return decodeBase64(compact)
}

// decodeBase64 reads base64 of either alphabet, with canonical padding or none. Unused bits are zero. Rules: FRM-16.
func decodeBase64(text []byte) (b []byte, problem string) {
	unpadded := bytes.TrimRight(text, "=")
	padding := len(text) - len(unpadded)
	standard, url := bytes.ContainsAny(text, "+/"), bytes.ContainsAny(text, "-_")
	encoding := base64.RawStdEncoding
	if url {
		encoding = base64.RawURLEncoding
	}
	switch {
	case standard && url:
		return nil, "base64 of both alphabets"
	case padding > 2, padding != 0 && len(text)%4 != 0:
		return nil, "base64 with wrong padding"
	case bytes.ContainsAny(text, "\r\n"): // which the decoder would skip
		return nil, "base64 with a line break"
	}
	b = make([]byte, encoding.DecodedLen(len(unpadded)))
	if _, err := encoding.Strict().Decode(b, unpadded); err != nil {
		return nil, "text that is neither hex nor base64"
	}
	return b, ""
}

// openNumbers reads a JSON array of the 1184 bytes of a report. Rules: FRM-17.
func openNumbers(text []byte) (*Evidence, error) {
	body, closed := bytes.CutSuffix(bytes.TrimSpace(text), []byte("]"))
	var report []byte
	for element := range bytes.SplitSeq(body[1:], []byte(",")) {
		digits := string(bytes.Trim(element, " \t\r\n"))
		n, _ := strconv.ParseUint(digits, 10, 8) // a text that is no such number is not its own decimal form
		if digits != strconv.FormatUint(n, 10) {
			return nil, malformed("FRM-17", "array", "1184 integers from 0 to 255", fmt.Sprintf("something else at index %d", len(report)))
		}
		report = append(report, byte(n))
	}
	if len(report) != snpreport.Size || !closed {
		return nil, malformed("FRM-17", "array", "1184 integers, and ] behind them", fmt.Sprint(len(report)))
	}
	return &Evidence{Bag: Bag{Form: Numbers}, Report: report}, nil
}
