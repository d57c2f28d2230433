package certchain

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/tresorhq/attest/rule"
)

const pemLine = 76 // longest line of base64

// SplitPEM returns the DER in PEM text: at most 64 KiB with 1 to 8 blocks, each of
// them
//
//	-----BEGIN CERTIFICATE-----
//	lines of 1 to 76 characters of base64
//	-----END CERTIFICATE-----
//
// where a line ends in LF or CRLF, the last of the text may end without, and
// nothing but space, tab, CR and LF stands before, between and behind blocks.
// BEGIN starts a line; only spaces and tabs follow END on its line. The base64 is
// padded and canonical. RFC 7468 section 3, strict, without its explanatory text.
//
// The error is a *rule.Error. The text is checked for its size, then from front to
// back. The blocks are not parsed.
func SplitPEM(text []byte) ([][]byte, error) { return splitPEM(text, "CERTIFICATE", maxPEM, maxBlocks) }

// SplitCRLPEM is SplitPEM for a text of exactly one block X509 CRL, of at most 256
// KiB.
func SplitCRLPEM(text []byte) (der []byte, err error) {
	blocks, err := splitPEM(text, "X509 CRL", 2*maxCRL, 1)
	if err != nil {
		return nil, err
	}
	return blocks[0], nil
}

// SplitKeyPEM is SplitPEM for blocks PUBLIC KEY.
func SplitKeyPEM(text []byte) ([][]byte, error) {
	return splitPEM(text, "PUBLIC KEY", maxPEM, maxBlocks)
}

func splitPEM(text []byte, label string, maxSize, maxBlocks int) ([][]byte, error) {
	fail := func(id, field string, at int, expected, actual string) ([][]byte, error) {
		return nil, rule.Broken(id, "PEM: "+field, at, expected, actual)
	}
	begin, end := "-----BEGIN "+label+"-----", "-----END "+label+"-----"
	if len(text) > maxSize {
		return fail("CHN-03", "text", 0, fmt.Sprintf("at most %d bytes", maxSize), fmt.Sprintf("%d bytes", len(text)))
	}
	var blocks [][]byte
	at := 0 // where the rest starts
	for {
		start := at
		for at < len(text) && isSpace(text[at]) {
			at++
		}
		if at == len(text) {
			break
		}
		if len(blocks) == maxBlocks {
			return fail("CHN-04", "number of blocks", at, fmt.Sprintf("1 to %d", maxBlocks), "more")
		}
		if at != start && text[at-1] != '\n' {
			return fail("CHN-05", "text", at, begin+" at the start of a line", quoteText(head(text[at:])))
		}
		line, next := cutLine(text, at)
		if string(line) != begin {
			return fail("CHN-05", "text", at, begin, quoteText(head(line)))
		}
		body := next
		for {
			at = next
			line, next = cutLine(text, at)
			if string(bytes.TrimRight(line, " \t")) == end {
				break
			}
			if len(line) == 0 || len(line) > pemLine || bytes.ContainsAny(line, "\r:") { // a header has a colon
				return fail("CHN-06", "line", at, fmt.Sprintf("1 to %d characters of base64, or %s", pemLine, end), quoteText(head(line)))
			}
		}
		// The decoder passes over the line breaks, of which only those that end a
		// line are left.
		der := make([]byte, base64.StdEncoding.DecodedLen(at-body))
		n, err := base64.StdEncoding.Strict().Decode(der, text[body:at])
		if err != nil {
			return fail("CHN-07", "base64", body, "padded, canonical base64", err.Error())
		}
		if n == 0 {
			return fail("CHN-06", "line", at, "a line of base64", end)
		}
		blocks = append(blocks, der[:n])
		at = next
	}
	if len(blocks) == 0 {
		return fail("CHN-04", "number of blocks", 0, fmt.Sprintf("1 to %d", maxBlocks), "none")
	}
	return blocks, nil
}

// cutLine returns the line at offset at without its LF or CRLF, and where the
// next one starts. At the end of text the line is empty.
func cutLine(text []byte, at int) (line []byte, next int) {
	rest := text[at:]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		return bytes.TrimSuffix(rest[:i], []byte("\r")), at + i + 1
	}
	return rest, len(text)
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

func head(b []byte) []byte { return b[:min(len(b), 64)] }
