package snpreport_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/tresorhq/attest/snpreport"
	"pgregory.net/rapid"
)

// owners names what each byte of TCB_VERSION holds. AMD 56860, TCB_VERSION.
var owners = map[snpreport.Product][8]string{
	snpreport.Milan: {"bootloader", "tee", "", "", "", "", "snp", "microcode"},
	snpreport.Genoa: {"bootloader", "tee", "", "", "", "", "snp", "microcode"},
	snpreport.Turin: {"fmc", "bootloader", "tee", "snp", "", "", "", "microcode"},
}

func tcb(t testing.TB, p snpreport.Product, v snpreport.TCBVersion) snpreport.TCB {
	t.Helper()
	c, ok := v.For(p)
	if !ok {
		t.Fatalf("%v has no layout", p)
	}
	return c
}

func TestTCBLayouts(t *testing.T) {
	v := snpreport.TCBVersion{11, 12, 13, 14, 15, 16, 17, 18}
	for _, p := range snpreport.Products() {
		c := tcb(t, p, v)
		if c.Product() != p || c.Raw() != v {
			t.Errorf("%v: product %v, raw %x", p, c.Product(), c.Raw())
		}
		var want []string
		for _, name := range []string{"fmc", "bootloader", "tee", "snp", "microcode"} {
			component, ok := snpreport.ParseComponent(name)
			if !ok || component.String() != name {
				t.Fatalf("%s is %v, %v", name, component, ok)
			}
			owners := owners[p]
			at := slices.Index(owners[:], name)
			level, ok := c.Level(component)
			if ok != (at >= 0) || (ok && level != v[at]) || (!ok && level != 0) {
				t.Errorf("%v: %s is %d, %v", p, name, level, ok)
			}
			if ok {
				want = append(want, name)
			}
		}
		var got []string
		for _, component := range c.Components() {
			got = append(got, component.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v has %v, want %v", p, got, want)
		}
	}
}

func TestTCBReservedBytes(t *testing.T) {
	for p, owner := range owners {
		for i, name := range owner {
			var v snpreport.TCBVersion
			v[i] = 1
			if got, want := tcb(t, p, v).ReservedZero(), name != ""; got != want {
				t.Errorf("%v, byte %d set: ReservedZero is %v", p, i, got)
			}
		}
	}
}

func TestTCBString(t *testing.T) {
	for p, want := range map[snpreport.Product]string{
		snpreport.Milan: "bootloader=4 tee=0 snp=24 microcode=219",
		snpreport.Turin: "fmc=4 bootloader=0 tee=0 snp=0 microcode=219",
	} {
		if got := tcb(t, p, snpreport.TCBVersion{4, 0, 0, 0, 0, 0, 24, 219}).String(); got != want {
			t.Errorf("%v: %q, want %q", p, got, want)
		}
	}
}

// TestZeroTCB: fail closed.
func TestZeroTCB(t *testing.T) {
	var zero snpreport.TCB
	some := tcb(t, snpreport.Milan, snpreport.TCBVersion{})
	if zero.AtLeast(zero) || zero.AtLeast(some) || some.AtLeast(zero) || zero.Equal(zero) || zero.Equal(some) || some.Equal(zero) {
		t.Error("the zero TCB compares")
	}
	if _, ok := zero.Level(snpreport.SNP); ok || zero.Components() != nil || zero.ReservedZero() || zero.String() != "" || zero.Product() != 0 {
		t.Error("the zero TCB has components")
	}
	for _, p := range []snpreport.Product{0, snpreport.Turin + 1, 255} {
		if c, ok := (snpreport.TCBVersion{1}).For(p); ok || c != zero {
			t.Errorf("%v has a layout", p)
		}
		if c, ok := snpreport.NewTCB(p, map[snpreport.Component]uint8{}); ok || c != zero {
			t.Errorf("%v has a TCB", p)
		}
	}
	if _, ok := some.Level(255); ok {
		t.Error("component 255 exists")
	}
	if _, ok := some.Level(snpreport.Microcode + 2); ok {
		t.Error("a reserved byte is a component")
	}
}

func TestComponentNames(t *testing.T) {
	for _, name := range []string{"", "FMC", "Bootloader", "boot_loader", "reserved", "ucode"} {
		if c, ok := snpreport.ParseComponent(name); ok || c != 0 {
			t.Errorf("%q is component %v", name, c)
		}
	}
	for _, c := range []snpreport.Component{snpreport.Microcode + 1, snpreport.Microcode + 2, 255} {
		if c.String() != "reserved" {
			t.Errorf("component %d is %q", c, c)
		}
	}
}

func TestNewTCB(t *testing.T) {
	for _, p := range snpreport.Products() {
		levels := map[snpreport.Component]uint8{}
		for i, c := range tcb(t, p, snpreport.TCBVersion{}).Components() {
			levels[c] = uint8(i + 1)
		}
		good, ok := snpreport.NewTCB(p, levels)
		if !ok {
			t.Fatalf("%v: refused", p)
		}
		for c, want := range levels {
			if got, ok := good.Level(c); !ok || got != want {
				t.Errorf("%v: %v is %d, want %d", p, c, got, want)
			}
			less := maps.Clone(levels)
			delete(less, c)
			if c, ok := snpreport.NewTCB(p, less); ok || c != (snpreport.TCB{}) {
				t.Errorf("%v: accepted without a component", p)
			}
			less[200] = 1 // as many, but not the same
			if c, ok := snpreport.NewTCB(p, less); ok || c != (snpreport.TCB{}) {
				t.Errorf("%v: accepted with another component in place of one", p)
			}
		}
		more := maps.Clone(levels)
		more[snpreport.FMC+100] = 1
		if c, ok := snpreport.NewTCB(p, more); ok || c != (snpreport.TCB{}) {
			t.Errorf("%v: accepted with a component that nobody has", p)
		}
		if !good.ReservedZero() {
			t.Errorf("%v: a reserved byte is set", p)
		}
	}
	if _, ok := snpreport.NewTCB(snpreport.Milan, map[snpreport.Component]uint8{
		snpreport.FMC: 1, snpreport.BootLoader: 1, snpreport.TEE: 1, snpreport.SNP: 1, snpreport.Microcode: 1,
	}); ok {
		t.Error("Milan has an FMC")
	}
}

var (
	products    = rapid.SampledFrom(snpreport.Products())
	tcbVersions = rapid.Custom(func(t *rapid.T) (v snpreport.TCBVersion) {
		for i := range v {
			v[i] = rapid.ByteRange(0, 3).Draw(t, "level") // small, so that values meet
		}
		return v
	})
)

// Rules: RPT-25.
func TestTCBPartialOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := products.Draw(t, "product")
		var abc [3]snpreport.TCB
		for i := range abc {
			abc[i], _ = tcbVersions.Draw(t, "tcb").For(p)
		}
		a, b, c := abc[0], abc[1], abc[2]
		if !a.AtLeast(a) || !a.Equal(a) {
			t.Fatal("not reflexive")
		}
		if a.AtLeast(b) && b.AtLeast(a) != a.Equal(b) {
			t.Fatal("not antisymmetric")
		}
		if a.Equal(b) != b.Equal(a) || a.Equal(b) && !(a.AtLeast(b) && b.AtLeast(a)) {
			t.Fatal("Equal and AtLeast disagree")
		}
		if a.AtLeast(b) && b.AtLeast(c) && !a.AtLeast(c) {
			t.Fatal("not transitive")
		}
		want, same := true, true
		for _, component := range a.Components() {
			x, _ := a.Level(component)
			y, _ := b.Level(component)
			want, same = want && x >= y, same && x == y
		}
		if a.AtLeast(b) != want || a.Equal(b) != same {
			t.Fatalf("%v at least %v: %v, equal: %v", a, b, a.AtLeast(b), a.Equal(b))
		}
	})
}

func TestNewTCBIsTheInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := products.Draw(t, "product")
		v := tcbVersions.Draw(t, "tcb")
		for i, name := range owners[p] {
			if name == "" {
				v[i] = 0
			}
		}
		a, _ := v.For(p)
		levels := map[snpreport.Component]uint8{}
		for _, c := range a.Components() {
			levels[c], _ = a.Level(c)
		}
		if b, ok := snpreport.NewTCB(p, levels); !ok || b != a {
			t.Fatalf("%v becomes %v, %v", a, b, ok)
		}
	})
}

// Lesson: TCBs compared as one integer, or byte after byte. A higher microcode
// hides a lower SNP level then.
func TestTCBIsNoInteger(t *testing.T) {
	low := tcb(t, snpreport.Milan, snpreport.TCBVersion{4, 0, 0, 0, 0, 0, 23, 255})
	floor := tcb(t, snpreport.Milan, snpreport.TCBVersion{4, 0, 0, 0, 0, 0, 24, 219})
	if low.AtLeast(floor) || floor.AtLeast(low) {
		t.Error("an integer in little-endian order")
	}
	low = tcb(t, snpreport.Milan, snpreport.TCBVersion{5, 0, 0, 0, 0, 0, 23, 219})
	if low.AtLeast(floor) || floor.AtLeast(low) {
		t.Error("an order from the first byte on")
	}
}

func TestTCBReservedBytesDontCount(t *testing.T) {
	for p, owner := range owners {
		for i, name := range owner {
			var v snpreport.TCBVersion
			v[i] = 1
			a, b := tcb(t, p, v), tcb(t, p, snpreport.TCBVersion{})
			if a.Equal(b) != (name == "") || !a.AtLeast(b) || b.AtLeast(a) != (name == "") {
				t.Errorf("%v, byte %d", p, i)
			}
		}
	}
}

// TestTCBOfAnotherLayout: levels of Turin and Milan are in other places.
func TestTCBOfAnotherLayout(t *testing.T) {
	for p, byP := range owners {
		for q, byQ := range owners {
			a, b := tcb(t, p, snpreport.TCBVersion{}), tcb(t, q, snpreport.TCBVersion{})
			if want := byP == byQ; a.AtLeast(b) != want || a.Equal(b) != want {
				t.Errorf("%v and %v: %v, %v", p, q, a.AtLeast(b), a.Equal(b))
			}
		}
	}
}
