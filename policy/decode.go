package policy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/snpreport"
)

// maxList is how many entries a list may have.
const maxList = 1024

// How a list differs from others.
const (
	mayBeEmpty = 1 << iota // and then demands nothing
	notZero                // an entry of zeros would stand for something absent
)

// count checks the length of a list. It returns false for one that is absent or
// wrong.
func (c *compiler) count(member string, n int, absent bool, how int) bool {
	if absent || n == 0 && how&mayBeEmpty != 0 {
		return false
	}
	if n == 0 || n > maxList {
		c.fail("POL-61", member, "1 to "+strconv.Itoa(maxList)+" entries", strconv.Itoa(n))
		return false
	}
	return true
}

// list decodes and checks a list: its length, every entry, no entry twice.
func list[A comparable](c *compiler, member string, in []string, how int, decode func(member, s string) A) []A {
	if !c.count(member, len(in), in == nil, how) {
		return nil
	}
	out, seen := make([]A, 0, len(in)), make(map[A]struct{}, len(in))
	for i, s := range in {
		path := member + "[" + strconv.Itoa(i) + "]"
		a := decode(path, s)
		if _, twice := seen[a]; twice {
			c.fail("POL-63", path, "every entry once", "a second "+strictjson.Quote(s))
		}
		seen[a] = struct{}{}
		out = append(out, a)
	}
	return out
}

func hexList[A interface {
	strictjson.Bytes
	comparable
}](c *compiler, member string, in []string, how int) []A {
	return list(c, member, in, how, func(path, s string) A {
		a := hexText[A](c, path, s)
		var zero A
		if a == zero && how&notZero != 0 {
			c.fail("POL-64", path, "not all zero", "all zero")
		}
		return a
	})
}

func hexOne[A strictjson.Bytes](c *compiler, member, s string) *A {
	if s == "" {
		return nil
	}
	return new(hexText[A](c, member, s))
}

func hexText[A strictjson.Bytes](c *compiler, member, s string) A {
	a, ok := strictjson.ParseHex[A](s)
	if !ok {
		c.fail("POL-62", member, strconv.Itoa(2*len(a))+" lower-case hex digits", strictjson.Quote(s))
	}
	return a
}

// words decodes a list of names.
func words[A comparable](c *compiler, member string, in []string, parse func(string) (A, bool)) []A {
	return list(c, member, in, 0, func(path, s string) A {
		a, ok := parse(s)
		if !ok {
			c.fail("POL-65", path, "a known name", strictjson.Quote(s))
		}
		return a
	})
}

func parseSigningKey(s string) (snpreport.SigningKey, bool) {
	for _, k := range []snpreport.SigningKey{snpreport.VCEK, snpreport.VLEK} {
		if k.String() == s {
			return k, true
		}
	}
	return 0, false
}

// bits decodes a require and a forbid list of bit names.
func (c *compiler) bits(member string, known []snpreport.Bit, require, forbid []string) (must, mustNot uint64) {
	parse := func(s string) (uint64, bool) {
		i := slices.IndexFunc(known, func(b snpreport.Bit) bool { return b.Name == s })
		if i < 0 {
			return 0, false
		}
		return known[i].Mask, true
	}
	for _, mask := range words(c, member+".require", require, parse) {
		must |= mask
	}
	if len(forbid) > 0 { // an empty list forbids nothing
		for _, mask := range words(c, member+".forbid", forbid, parse) {
			mustNot |= mask
		}
	}
	if must&mustNot != 0 {
		c.fail("POL-66", member, "no bit both required and forbidden", "0x"+strconv.FormatUint(must&mustNot, 16))
	}
	return must, mustNot
}

// version reads "major.minor", each 0 to 255 in canonical decimal.
func (c *compiler) version(member, s string) *snpreport.Firmware {
	if s == "" {
		return nil
	}
	major, minor, _ := strings.Cut(s, ".")
	a, _ := strconv.ParseUint(major, 10, 8)
	b, _ := strconv.ParseUint(minor, 10, 8)
	if strconv.FormatUint(a, 10)+"."+strconv.FormatUint(b, 10) != s { // so is any that is no number
		c.fail("POL-68", member, `a version such as "1.55"`, strictjson.Quote(s))
	}
	return &snpreport.Firmware{Major: uint8(a), Minor: uint8(b)}
}

// mask reads "0x" and 1 to 16 lower-case hex digits.
func (c *compiler) mask(member, s string) uint64 {
	if s == "" {
		return 0
	}
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok || len(digits) < 1 || len(digits) > 16 || strings.Trim(digits, "0123456789abcdef") != "" {
		c.fail("POL-69", member, `a mask such as "0x3f"`, strictjson.Quote(s))
		return 0
	}
	v, _ := strconv.ParseUint(digits, 16, 64) // can not fail
	return v
}
