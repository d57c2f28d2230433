package policy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/snpreport"
)

// The texts of demands, and of the values that do not meet them.

func decimal(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

func hexNumber(n uint64) string { return "0x" + strconv.FormatUint(n, 16) }

// hexOf prints an array of bytes.
func hexOf[A any](bytes A) string { return fmt.Sprintf("%x", any(bytes)) }

func majorMinor(v snpreport.Firmware) string {
	return decimal(uint32(v.Major)) + "." + decimal(uint32(v.Minor))
}

// amount describes a list that is too long to print.
func amount(n int, item string) string {
	if n == 1 {
		return "the one " + item
	}
	return "one of " + strconv.Itoa(n) + " " + item + "s"
}

// oneOf prints a short list and describes a long one.
func oneOf[A any](list []A, text func(A) string) string {
	if len(list) > 4 {
		return amount(len(list), "allowed value")
	}
	var texts []string
	for _, a := range list {
		texts = append(texts, text(a))
	}
	return strings.Join(texts, " or ")
}

// bitList returns the names of bits, nil where there are none.
func bitList(known []snpreport.Bit, mask uint64) (names []string) {
	for _, b := range known {
		if mask&b.Mask != 0 {
			names = append(names, b.Name)
		}
	}
	return names
}
