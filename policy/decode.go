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

// A listOption is how a list differs from others.
type listOption uint8

const (
	mayBeEmpty listOption = 1 << iota // and then demands nothing
	notZero                           // an entry of zeros would stand for something absent
)

// decodeList decodes and checks a list: its length, every entry, no entry twice. It
// returns nil for one that is absent, and for an empty one that demands nothing.
func decodeList[A comparable](c *compiler, in []string, opts listOption, decode func(where, s string) A) []A {
	if in == nil || len(in) == 0 && opts&mayBeEmpty != 0 {
		return nil
	}
	if len(in) == 0 || len(in) > maxList {
		c.fail("POL-61", c.member, "1 to "+strconv.Itoa(maxList)+" entries", map[bool]string{true: "none", false: "more"}[len(in) == 0])
		return nil
	}
	out, seen := make([]A, 0, len(in)), make(map[A]bool, len(in))
	for i, s := range in {
		where := c.member + "[" + strconv.Itoa(i) + "]"
		a := decode(where, s)
		if seen[a] {
			c.fail("POL-63", where, "every entry once", "a second "+strictjson.Quote(s))
		}
		seen[a] = true
		out = append(out, a)
	}
	return out
}

// hexList decodes a list of hex digits.
func hexList[A strictjson.Bytes](c *compiler, in []string, opts listOption) []A {
	return decodeList(c, in, opts, func(where, s string) A {
		a := hexText[A](c, where, s)
		var zero A
		if a == zero && opts&notZero != 0 {
			c.fail("POL-64", where, "not all zero", "all zero")
		}
		return a
	})
}

func hexText[A strictjson.Bytes](c *compiler, where, s string) A {
	a, ok := strictjson.ParseHex[A](s)
	if !ok {
		c.fail("POL-62", where, strconv.Itoa(2*len(a))+" lower-case hex digits", strictjson.Quote(s))
	}
	return a
}

// words decodes a list of names.
func words[A comparable](c *compiler, in []string, parse func(string) (A, bool)) []A {
	return decodeList(c, in, 0, func(where, s string) A {
		a, ok := parse(s)
		if !ok {
			c.fail("POL-65", where, "a known name", strictjson.Quote(s))
		}
		return a
	})
}

func parseSigningKey(s string) (snpreport.SigningKey, bool) {
	i := slices.Index([]string{snpreport.VCEK: "vcek", snpreport.VLEK: "vlek"}, s)
	return snpreport.SigningKey(max(i, 0)), i >= 0
}

// mask decodes a list of names of bits.
func (c *compiler) mask(known []snpreport.Bit, names []string, opts listOption) (mask uint64) {
	if len(names) == 0 && opts&mayBeEmpty != 0 {
		return 0
	}
	for _, m := range words(c, names, func(s string) (uint64, bool) {
		i := slices.IndexFunc(known, func(b snpreport.Bit) bool { return b.Name == s })
		if i < 0 {
			return 0, false
		}
		return known[i].Mask, true
	}) {
		mask |= m
	}
	return mask
}

// forbidden decodes a list of forbidden bits, none of which is required.
func (c *compiler) forbidden(known []snpreport.Bit, forbid, require []string) uint64 {
	mask := c.mask(known, forbid, mayBeEmpty)
	for _, b := range known {
		if mask&b.Mask != 0 && slices.Contains(require, b.Name) {
			object, _, _ := strings.Cut(c.member, ".")
			c.fail("POL-66", object, "no bit both required and forbidden", b.Name)
		}
	}
	return mask
}

// version decodes "major.minor", each 0 to 255 in canonical decimal.
func (c *compiler) version(s *string) (v snpreport.Firmware, demanded bool) {
	if s == nil {
		return v, false
	}
	major, minor, _ := strings.Cut(*s, ".")
	a, _ := strconv.ParseUint(major, 10, 8)
	b, _ := strconv.ParseUint(minor, 10, 8)
	v = snpreport.Firmware{Major: uint8(a), Minor: uint8(b)}
	if majorMinor(v) != *s { // a text that is no number is refused here too
		c.fail("POL-68", c.member, `a version such as "1.55"`, strictjson.Quote(*s))
	}
	return v, true
}

// vector decodes a mitigation vector: "0x" and 1 to 16 lower-case hex digits.
func (c *compiler) vector(s *string) uint64 {
	if s == nil {
		return 0
	}
	digits, ok := strings.CutPrefix(*s, "0x")
	if !ok || len(digits) < 1 || len(digits) > 16 || strings.Trim(digits, "0123456789abcdef") != "" {
		c.fail("POL-69", c.member, `a mask such as "0x3f"`, strictjson.Quote(*s))
		return 0
	}
	v, _ := strconv.ParseUint(digits, 16, 64) // cannot fail
	return v
}

// exactly demands one value of a field, in hex.
func exactly[A strictjson.Bytes](text func(*Rules) *string, field func(*snpreport.Report) A) demand {
	return func(c *compiler, r *Rules) check {
		s := text(r)
		if s == nil {
			return check{}
		}
		want := hexText[A](c, c.member, *s)
		return one(*s, func(e *evaluation) string {
			if got := field(e.r); got != want {
				return hexOf(got)
			}
			return ""
		})
	}
}

// among demands that a fact is on a list in hex.
func among[A strictjson.Bytes](texts func(*Rules) []string, opts listOption, fact func(*evaluation) A) demand {
	return func(c *compiler, r *Rules) check {
		list := hexList[A](c, texts(r), opts)
		return one(oneOf(list, hexOf), func(e *evaluation) string {
			if got := fact(e); !slices.Contains(list, got) {
				return hexOf(got)
			}
			return ""
		})
	}
}

// copyOf returns a pointer to a copy of what p points to, or nil.
func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

// value returns what p points to, or zero.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
