package main

import (
	"encoding/hex"
	"strings"

	"github.com/tresorhq/attest/internal/cli"
)

// hexDigits returns a value of n hex digits of either case in lower case.
func hexDigits(s string, n int) (digits string, ok bool) {
	_, err := hex.DecodeString(s)
	return strings.ToLower(s), err == nil && len(s) == n
}

// hexFlag takes a value of n hex digits. Another breaks this rule, if any.
func hexFlag(rule string, n int, take func(digits string)) func(string) error {
	return func(s string) error {
		digits, ok := hexDigits(s, n)
		if !ok {
			return cli.Breaks(rule, "expected %d hex digits, got %d characters", n, len(s))
		}
		take(digits)
		return nil
	}
}

// hexText stores a value of n hex digits that is no member of a policy.
func hexText(p *string, n int) func(string) error {
	return hexFlag("", n, func(s string) { *p = s })
}

// hexList appends a value of n hex digits.
func hexList(list *[]string, n int) func(string) error {
	return hexFlag("POL-62", n, func(s string) { *list = append(*list, s) })
}

// hexPointer stores a value of n hex digits that may be left out.
func hexPointer(p **string, n int) func(string) error {
	return hexFlag("POL-62", n, func(s string) { *p = &s })
}

// reportData stores REPORT_DATA. Its first half alone is a mistake that has two ways on.
// Rules: CLI-20.
func reportData(p **string) func(string) error {
	return func(s string) error {
		if _, ok := hexDigits(s, 64); ok {
			return cli.Breaks("POL-62", "these are 32 of the 64 bytes: put 64 zeros behind them when the guest did, or demand the first 32 alone by --report-data-prefix")
		}
		return hexPointer(p, 128)(s)
	}
}

// chipID stores a CHIP_ID. Turin's is of 8 bytes, and zeros follow in the report.
// Rules: CLI-20.
func chipID(list *[]string, short *bool) func(string) error {
	return func(s string) error {
		if id, ok := hexDigits(s, 16); ok {
			*short = true
			s = id + strings.Repeat("0", 112)
		}
		if err := hexList(list, 128)(s); err != nil {
			return cli.Breaks("POL-62", "expected 128 hex digits, or the 16 of Turin, got %d characters", len(s))
		}
		return nil
	}
}
