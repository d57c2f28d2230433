package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
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
		d.BundleDiff = &BundleDiff{*newBundle(was), *newBundle(b), append([]BundleChange{}, compareBundles(was, b)...)}
		return d
	}
	j := &BundleFacts{
		Bundle: *newBundle(b), Workload: b.Workload, ReleaseRoot: hex.EncodeToString(b.Root[:]), KeyID: b.KeyID,
		Measurements: []string{}, Tags: []string{}, Products: []string{}, AMDRoots: []string{}, MinTCB: map[string]map[string]uint8{},
	}
	if !b.IssuedAt.IsZero() {
		j.IssuedAt = Stamp(b.IssuedAt)
	}
	lists, floors := statements(b)
	to := map[string]*[]string{
		"allowed_hw_measurements": &j.Measurements, "allowed_workload_identity_tags": &j.Tags, "allowed_products": &j.Products, "amd_root_ca_pem": &j.AMDRoots,
	}
	for _, s := range lists {
		*to[s.member] = append(*to[s.member], s.value)
	}
	for name, level := range floors {
		scope, component, _ := strings.Cut(name, " ")
		if j.MinTCB[scope] == nil {
			j.MinTCB[scope] = map[string]uint8{}
		}
		j.MinTCB[scope][component] = level
	}
	d.BundleFacts = j
	return d
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
func ExpiryWarnings(b *attest.Bundle, at time.Time) []Warning { return warnings(expiryWarnings(b, at)) }

func expiryWarnings(b *attest.Bundle, at time.Time) []attest.Warning {
	if b == nil {
		return nil
	}
	left := b.ValidUntil.Sub(at)
	if left >= expirySoon {
		return nil
	}
	return []attest.Warning{{
		Text:   "the trust bundle expires in " + days(left) + "; its publisher should have a newer one",
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

// A statement is one thing that a bundle says: a member, and what belongs to it.
type statement struct{ member, value string }

// everyDie is the scope of a floor that holds for all.
const everyDie = "all"

// statements lists what a bundle allows, in the order of its members: entries of
// lists, and floors as "scope component".
func statements(b *attest.Bundle) (lists []statement, floors map[string]uint8) {
	add := func(member, value string) { lists = append(lists, statement{member, value}) }
	for _, m := range b.Measurements {
		add("allowed_hw_measurements", hex.EncodeToString(m[:]))
	}
	for _, t := range b.IdentityTags {
		add("allowed_workload_identity_tags", hex.EncodeToString(t[:]))
	}
	for _, p := range b.Products {
		add("allowed_products", p.String())
	}
	for _, der := range b.AMDRoots() {
		add("amd_root_ca_pem", rootName(der))
	}
	floors = map[string]uint8{}
	scope := func(name string, f policy.Floor) {
		for c, level := range f {
			floors[name+" "+c.String()] = level
		}
	}
	scope(everyDie, b.MinTCB.Any)
	for p, f := range b.MinTCB.ByProduct {
		scope(p.String(), f)
	}
	for die, f := range b.MinTCB.ByDie {
		scope(die.String(), f)
	}
	return lists, floors
}

func rootName(der []byte) string {
	sum := sha256.Sum256(der)
	name := hex.EncodeToString(sum[:])
	if c, err := certchain.ParseCertificate(der); err == nil {
		name = fmt.Sprintf("%v-%v %s", c.Role, c.Product, name)
	}
	return name
}

// floorNames returns the floors in the order in which people read them.
func floorNames(floors ...map[string]uint8) []string {
	names := map[string]bool{}
	for _, f := range floors {
		for name := range f {
			names[name] = true
		}
	}
	rank := func(name string) string {
		scope, component, _ := strings.Cut(name, " ")
		c, _ := snpreport.ParseComponent(component)
		return fmt.Sprintf("%s %d", scope, c)
	}
	return slices.SortedFunc(maps.Keys(names), func(a, b string) int { return strings.Compare(rank(a), rank(b)) })
}

// compareBundles lists what a new bundle allows, and what it withdraws.
// Rules: BDL-03.
func compareBundles(was, now *attest.Bundle) []BundleChange {
	var changes []BundleChange
	scalar := func(member, before, after string) {
		if before != after {
			changes = append(changes, BundleChange{Member: member, Change: "changed", Value: after, Was: before})
		}
	}
	scalar("version", fmt.Sprint(was.Version), fmt.Sprint(now.Version))
	scalar("valid_until", Stamp(was.ValidUntil), Stamp(now.ValidUntil))
	scalar("release_root", hex.EncodeToString(was.Root[:]), hex.EncodeToString(now.Root[:]))
	before, floorsBefore := statements(was)
	after, floorsAfter := statements(now)
	for _, s := range after {
		if !slices.Contains(before, s) {
			changes = append(changes, BundleChange{Member: s.member, Change: "allowed", Value: s.value})
		}
	}
	for _, s := range before {
		if !slices.Contains(after, s) {
			changes = append(changes, BundleChange{Member: s.member, Change: "withdrawn", Value: s.value})
		}
	}
	for _, name := range floorNames(floorsBefore, floorsAfter) {
		old, had := floorsBefore[name]
		level, has := floorsAfter[name]
		c := BundleChange{Member: "min_tcb", Value: fmt.Sprintf("%s %d", name, level), Was: fmt.Sprint(old)}
		switch {
		case !had:
			c.Change, c.Was = "added", ""
		case !has:
			c.Change, c.Value, c.Was = "removed", fmt.Sprintf("%s %d", name, old), ""
		case level > old:
			c.Change = "raised"
		case level < old:
			c.Change = "lowered"
		default:
			continue
		}
		if had != has {
			scope, text, _ := strings.Cut(name, " ")
			component, _ := snpreport.ParseComponent(text)
			c.Note = floorNote(was, now, scope, component)
		}
		changes = append(changes, c)
	}
	scalar("ignored members", strings.Join(was.IgnoredMembers, ", "), strings.Join(now.IgnoredMembers, ", "))
	scalar("ignored roots", strings.Join(was.IgnoredRoots, ", "), strings.Join(now.IgnoredRoots, ", "))
	return changes
}
