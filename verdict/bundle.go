package verdict

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// A Bundle names a trust bundle.
type Bundle struct {
	Version        uint64   `json:"version"`
	ValidUntil     string   `json:"valid_until"`
	SHA256         string   `json:"sha256"`
	IgnoredMembers []string `json:"ignored_members"`
	IgnoredRoots   []string `json:"ignored_roots,omitempty"` // ARKs of products known by name only
}

// BundleFacts are all that a verified bundle says.
type BundleFacts struct {
	Bundle
	Workload     string                      `json:"workload"`
	ReleaseRoot  string                      `json:"release_root"` // SHA-256 of the key that signed it
	KeyID        string                      `json:"key_id,omitempty"`
	IssuedAt     string                      `json:"issued_at,omitempty"`
	Measurements []string                    `json:"allowed_hw_measurements"`
	Tags         []string                    `json:"allowed_workload_identity_tags"`
	Products     []string                    `json:"allowed_products"`
	AMDRoots     []string                    `json:"amd_roots"` // name, SHA-256 of the DER
	MinTCB       map[string]map[string]uint8 `json:"min_tcb"`   // by product or die, or "all"
}

// A BundleDiff is what a newer bundle changes.
type BundleDiff struct {
	Was     Bundle         `json:"was"`
	Now     Bundle         `json:"now"`
	Changes []BundleChange `json:"changes"`
}

// A BundleChange is one difference between two bundles.
type BundleChange struct {
	Member string `json:"member"`
	Change string `json:"change"` // allowed, withdrawn; raised, lowered, added, removed; changed
	Value  string `json:"value"`
	Was    string `json:"was,omitempty"`
	Note   string `json:"note,omitempty"` // of a floor that was added or removed: what follows from it
}

// NewBundle makes the document of a trust bundle b that was verified, or, when was is
// not nil, of what b changes of that older one. err says why there is no b.
func NewBundle(b, was *attest.Bundle, err error, f Frame) *Document {
	if err == nil && (b == nil || b.Version == 0) {
		err = errNoVerdict
	}
	d := f.document(err)
	if err != nil {
		return d
	}
	d.Workload, d.Warnings = b.Workload, ExpiryWarnings(b, f.At)
	if was != nil {
		d.BundleDiff = &BundleDiff{*newBundle(was), *newBundle(b), compareBundles(was, b)}
		return d
	}
	d.BundleFacts = newBundleFacts(b)
	return d
}

func newBundleFacts(b *attest.Bundle) *BundleFacts {
	f := &BundleFacts{
		Bundle: *newBundle(b), Workload: b.Workload, ReleaseRoot: hex.EncodeToString(b.Root[:]), KeyID: b.KeyID,
		Measurements: texts(b.Measurements, func(m [48]byte) string { return hex.EncodeToString(m[:]) }),
		Tags:         texts(b.IdentityTags, func(t [32]byte) string { return hex.EncodeToString(t[:]) }),
		Products:     texts(b.Products, snpreport.Product.String),
		AMDRoots:     texts(b.AMDRoots(), rootName),
		MinTCB:       map[string]map[string]uint8{},
	}
	if !b.IssuedAt.IsZero() {
		f.IssuedAt = Stamp(b.IssuedAt)
	}
	add := func(scope string, floor policy.Floor) {
		for c, level := range floor {
			if f.MinTCB[scope] == nil {
				f.MinTCB[scope] = map[string]uint8{}
			}
			f.MinTCB[scope][c.String()] = level
		}
	}
	add(everyDie, b.MinTCB.Any)
	for p, floor := range b.MinTCB.ByProduct {
		add(p.String(), floor)
	}
	for die, floor := range b.MinTCB.ByDie {
		add(die.String(), floor)
	}
	return f
}

// texts returns the texts of a list, which is never nil.
func texts[T any](list []T, text func(T) string) []string {
	out := []string{}
	for _, v := range list {
		out = append(out, text(v))
	}
	return out
}

func rootName(der []byte) string {
	sum := sha256.Sum256(der)
	name := hex.EncodeToString(sum[:])
	if c, err := certchain.ParseCertificate(der); err == nil {
		name = fmt.Sprintf("%v-%v %s", c.Role, c.Product, name)
	}
	return name
}

// everyDie is the scope of a floor that holds for all.
const everyDie = "all"

// A bundleList is a member of a bundle that is a list, and what text calls an entry.
type bundleList struct {
	member, entry string
	values        []string
}

func (f *BundleFacts) lists() []bundleList {
	return []bundleList{
		{"allowed_hw_measurements", "measurement", f.Measurements}, {"allowed_workload_identity_tags", "identity tag", f.Tags},
		{"allowed_products", "product", f.Products}, {"amd_root_ca_pem", "AMD root", f.AMDRoots},
	}
}

// An Explained is a measurement of a trust bundle, and the label of the computed one
// that it is, or "".
type Explained struct {
	Measurement  string `json:"measurement"`
	MeasuredFrom string `json:"measured_from,omitempty"`
}

// Explain says which of a trust bundle's measurements were computed, and of what.
// Rules: BDL-05.
func (d *Document) Explain(measurements [][48]byte, computed []attest.LaunchMeasurement) {
	for _, m := range measurements {
		e := Explained{Measurement: hex.EncodeToString(m[:])}
		for _, c := range computed {
			if c.Measurement == m {
				e.MeasuredFrom = c.Label
			}
		}
		d.Explained = append(d.Explained, e)
	}
}

func newBundle(b *attest.Bundle) *Bundle {
	return &Bundle{b.Version, Stamp(b.ValidUntil), hex.EncodeToString(b.SHA256[:]), append([]string{}, b.IgnoredMembers...), b.IgnoredRoots}
}

// expirySoon is how long before its end a trust bundle is warned of.
// Rules: CLI-14.
const expirySoon = 7 * 24 * time.Hour

// ExpiryWarnings says that a new trust bundle is due; b may be nil.
func ExpiryWarnings(b *attest.Bundle, at time.Time) []Warning {
	if b == nil || b.ValidUntil.Sub(at) >= expirySoon {
		return []Warning{}
	}
	return []Warning{{
		Text:   "the trust bundle expires in " + days(b.ValidUntil.Sub(at)) + "; its publisher should have a newer one",
		Source: "trust bundle, valid_until",
	}}
}

// days writes a duration in the two largest units that it has.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day:
		return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
}

// A floorName is one level of min_tcb.
type floorName struct{ scope, component string }

// floorNames returns the floors of bundles in the order in which people read them.
func floorNames(bundles ...*BundleFacts) []floorName {
	var names []floorName
	for _, f := range bundles {
		for scope, levels := range f.MinTCB {
			for component := range levels {
				names = append(names, floorName{scope, component})
			}
		}
	}
	slices.SortFunc(names, func(a, b floorName) int {
		return cmp.Or(strings.Compare(a.scope, b.scope), byComponent(a.component, b.component))
	})
	return slices.Compact(names)
}

func byComponent(a, b string) int {
	first, _ := snpreport.ParseComponent(a)
	second, _ := snpreport.ParseComponent(b)
	return int(first) - int(second)
}

// compareBundles lists what a new bundle allows, and what it withdraws.
// Rules: BDL-03.
func compareBundles(old, new *attest.Bundle) []BundleChange {
	changes := []BundleChange{}
	was, now := newBundleFacts(old), newBundleFacts(new)
	scalar := func(member, before, after string) {
		if before != after {
			changes = append(changes, BundleChange{Member: member, Change: "changed", Value: after, Was: before})
		}
	}
	entries := func(change string, of, unlike *BundleFacts) {
		for i, list := range of.lists() {
			for _, value := range list.values {
				if !slices.Contains(unlike.lists()[i].values, value) {
					changes = append(changes, BundleChange{Member: list.member, Change: change, Value: value})
				}
			}
		}
	}
	scalar("version", fmt.Sprint(was.Version), fmt.Sprint(now.Version))
	scalar("valid_until", was.ValidUntil, now.ValidUntil)
	scalar("release_root", was.ReleaseRoot, now.ReleaseRoot)
	entries("allowed", now, was)
	entries("withdrawn", was, now)
	for _, n := range floorNames(was, now) {
		before, had := was.MinTCB[n.scope][n.component]
		level, has := now.MinTCB[n.scope][n.component]
		name := n.scope + " " + n.component
		c := BundleChange{Member: "min_tcb", Value: fmt.Sprintf("%s %d", name, level), Was: fmt.Sprint(before)}
		switch {
		case !had:
			c.Change, c.Was = "added", ""
		case !has:
			c.Change, c.Value, c.Was = "removed", fmt.Sprintf("%s %d", name, before), ""
		case level > before:
			c.Change = "raised"
		case level < before:
			c.Change = "lowered"
		default:
			continue
		}
		if had != has {
			component, _ := snpreport.ParseComponent(n.component)
			c.Note = floorNote(old, new, n.scope, component)
		}
		changes = append(changes, c)
	}
	scalar("ignored members", strings.Join(was.IgnoredMembers, ", "), strings.Join(now.IgnoredMembers, ", "))
	scalar("ignored roots", strings.Join(was.IgnoredRoots, ", "), strings.Join(now.IgnoredRoots, ", "))
	return changes
}

// bundle writes all that a bundle says.
// Rules: BDL-01.
func (t *text) bundle() {
	b := t.d.BundleFacts
	t.Field("Trust bundle version", fmt.Sprintf("%d (valid until %s)", b.Version, b.ValidUntil))
	t.Field("workload", b.Workload)
	t.Field("sha256", b.SHA256)
	t.Field("release root", b.ReleaseRoot)
	t.Field("key id", b.KeyID)
	t.Field("issued", b.IssuedAt)
	for _, list := range b.lists() {
		for _, value := range list.values {
			t.Field(list.entry, value)
		}
	}
	for _, n := range floorNames(b) {
		t.Field("TCB floor", fmt.Sprintf("%s %s %d", n.scope, n.component, b.MinTCB[n.scope][n.component]))
	}
	t.Field("ignored in bundle", strings.Join(slices.Concat(b.IgnoredMembers, b.IgnoredRoots), ", "))
	for _, e := range t.d.Explained {
		if e.MeasuredFrom == "" {
			t.Field("NOT explained", e.Measurement)
		} else {
			t.Field("explained", e.Measurement+": "+e.MeasuredFrom)
		}
	}
}

// bundleDiff writes what differs.
func (t *text) bundleDiff() {
	d := t.d.BundleDiff
	for _, b := range []struct {
		name string
		Bundle
	}{{"old", d.Was}, {"new", d.Now}} {
		t.Field(b.name, fmt.Sprintf("version %d for %s, valid until %s, sha256 %s", b.Version, t.d.Workload, b.ValidUntil, b.SHA256))
	}
	for i, c := range d.Changes {
		value := c.Member + " " + c.Value
		if c.Was != "" {
			value += ", was " + c.Was
		}
		t.Field(c.Change, value)
		if i+1 == len(d.Changes) || d.Changes[i+1].Note != c.Note { // one for all components that it is about
			t.Field("note", c.Note)
		}
	}
	if len(d.Changes) == 0 {
		t.Field("changed", "nothing: they say the same")
	}
}
