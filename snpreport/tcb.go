package snpreport

import (
	"bytes"
	"fmt"
	"slices"
)

// Component is one part of the platform that has a security version level.
type Component uint8

// The components, in the order in which they are printed.
const (
	FMC        Component = iota // first mutable code; Turin only
	BootLoader                  // BOOT_LOADER, blSPL
	TEE                         // TEE, teeSPL
	SNP                         // SNP, snpSPL
	Microcode                   // MICROCODE, ucodeSPL
	numComponents
	reserved // a byte of TCB_VERSION that no component owns
)

var componentNames = [numComponents]string{"fmc", "bootloader", "tee", "snp", "microcode"}

// String returns the name that policies and bundles use, e.g. "bootloader".
func (c Component) String() string {
	if c >= numComponents {
		return "reserved"
	}
	return componentNames[c]
}

// ParseComponent is the inverse of String, exact in case.
func ParseComponent(name string) (c Component, ok bool) {
	i := slices.Index(componentNames[:], name)
	return Component(max(i, 0)), i >= 0
}

// TCBVersion is a TCB_VERSION as received: eight bytes, byte 0 first. What each
// byte means depends on the product and on nothing else; the version of the
// report says nothing about it.
type TCBVersion [8]byte

// tcbLayouts names the owner of each byte. AMD 56860, TCB_VERSION: family 19h
// and Turin. That of the zero Product has no component.
var tcbLayouts = [...][8]Component{
	0:     {reserved, reserved, reserved, reserved, reserved, reserved, reserved, reserved},
	Milan: {BootLoader, TEE, reserved, reserved, reserved, reserved, SNP, Microcode},
	Genoa: {BootLoader, TEE, reserved, reserved, reserved, reserved, SNP, Microcode},
	Turin: {FMC, BootLoader, TEE, SNP, reserved, reserved, reserved, Microcode},
}

// For decodes v in the layout of a product. ok is false for the zero Product.
// Rules: RPT-24.
func (v TCBVersion) For(p Product) (t TCB, ok bool) {
	if p == 0 || int(p) >= len(tcbLayouts) {
		return TCB{}, false
	}
	return TCB{product: p, raw: v}, true
}

// TCB is a TCBVersion whose layout is known. The zero TCB has no component and
// is never at least anything.
type TCB struct {
	product Product
	raw     TCBVersion
}

// NewTCB builds the TCB of a product from the level of each component. ok is
// false when a component that the product has is missing, or the reverse.
func NewTCB(p Product, level map[Component]uint8) (t TCB, ok bool) {
	t, ok = TCBVersion{}.For(p)
	if !ok {
		return TCB{}, false
	}
	n := 0
	for i, c := range tcbLayouts[p] {
		if l, ok := level[c]; ok {
			t.raw[i] = l
			n++
		}
	}
	if n != len(level) || n != len(t.Components()) {
		return TCB{}, false
	}
	return t, true
}

// Product returns the product whose layout t has.
func (t TCB) Product() Product { return t.product }

// Raw returns the eight bytes.
func (t TCB) Raw() TCBVersion { return t.raw }

// Level returns the level of a component; ok is false when the product has no
// such component.
func (t TCB) Level(c Component) (level uint8, ok bool) {
	i := slices.Index(tcbLayouts[t.product][:], c)
	if i < 0 || c == reserved {
		return 0, false
	}
	return t.raw[i], true
}

// Components returns the components that t has, in the order of the constants.
func (t TCB) Components() []Component {
	var list []Component
	for c := range numComponents {
		if _, ok := t.Level(c); ok {
			list = append(list, c)
		}
	}
	return list
}

// ReservedZero reports whether every byte that no component owns is zero.
func (t TCB) ReservedZero() bool {
	for i, owner := range tcbLayouts[t.product] {
		if owner == reserved && t.raw[i] != 0 {
			return false
		}
	}
	return t.product != 0
}

// AtLeast reports whether every component of t is at or above that of floor.
// It is a partial order: neither of two TCBs need be at least the other. TCBs
// of different layouts are never at least each other.
// Rules: RPT-25.
func (t TCB) AtLeast(floor TCB) bool {
	return t.compare(floor, func(level, floor uint8) bool { return level >= floor })
}

// Equal reports whether every component of t and u is the same. Bytes that no
// component owns are not compared.
func (t TCB) Equal(u TCB) bool {
	return t.compare(u, func(a, b uint8) bool { return a == b })
}

func (t TCB) compare(u TCB, ok func(a, b uint8) bool) bool {
	if t.product == 0 || tcbLayouts[t.product] != tcbLayouts[u.product] {
		return false
	}
	for i, owner := range tcbLayouts[t.product] {
		if owner != reserved && !ok(t.raw[i], u.raw[i]) {
			return false
		}
	}
	return true
}

// String returns e.g. "bootloader=4 tee=0 snp=24 microcode=219".
func (t TCB) String() string {
	b := make([]byte, 0, 64)
	for _, c := range t.Components() {
		level, _ := t.Level(c)
		b = fmt.Appendf(b, " %v=%d", c, level)
	}
	return string(bytes.TrimPrefix(b, []byte(" ")))
}
