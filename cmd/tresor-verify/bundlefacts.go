package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

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

// A change is one difference between two bundles.
type change struct {
	Member string `json:"member"`
	Change string `json:"change"` // allowed, withdrawn; raised, lowered, added, removed; changed
	Value  string `json:"value"`
	Was    string `json:"was,omitempty"`
	Note   string `json:"note,omitempty"` // of a floor that was added or removed: what follows from it
}

// compareBundles lists what a new bundle allows, and what it withdraws.
// Rules: BDL-03.
func compareBundles(was, now *attest.Bundle) []change {
	var changes []change
	scalar := func(member, before, after string) {
		if before != after {
			changes = append(changes, change{Member: member, Change: "changed", Value: after, Was: before})
		}
	}
	scalar("version", fmt.Sprint(was.Version), fmt.Sprint(now.Version))
	scalar("valid_until", stamp(was.ValidUntil), stamp(now.ValidUntil))
	scalar("release_root", hex.EncodeToString(was.Root[:]), hex.EncodeToString(now.Root[:]))
	before, floorsBefore := statements(was)
	after, floorsAfter := statements(now)
	for _, s := range after {
		if !slices.Contains(before, s) {
			changes = append(changes, change{Member: s.member, Change: "allowed", Value: s.value})
		}
	}
	for _, s := range before {
		if !slices.Contains(after, s) {
			changes = append(changes, change{Member: s.member, Change: "withdrawn", Value: s.value})
		}
	}
	for _, name := range floorNames(floorsBefore, floorsAfter) {
		old, had := floorsBefore[name]
		level, has := floorsAfter[name]
		c := change{Member: "min_tcb", Value: fmt.Sprintf("%s %d", name, level), Was: fmt.Sprint(old)}
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
	return changes
}

func (u *ui) bundleHead(name string, b *attest.Bundle) {
	u.field(name, fmt.Sprintf("version %d for %s, valid until %s, sha256 %x", b.Version, b.Workload, stamp(b.ValidUntil), b.SHA256))
}

// bundleFacts writes all that a bundle says.
// Rules: BDL-01.
func (u *ui) bundleFacts(b *attest.Bundle) {
	u.field("Trust bundle version", fmt.Sprintf("%d (valid until %s)", b.Version, stamp(b.ValidUntil)))
	u.field("workload", b.Workload)
	u.field("sha256", hex.EncodeToString(b.SHA256[:]))
	u.field("release root", hex.EncodeToString(b.Root[:]))
	u.field("key id", b.KeyID)
	if !b.IssuedAt.IsZero() {
		u.field("issued", stamp(b.IssuedAt))
	}
	lists, floors := statements(b)
	names := map[string]string{
		"allowed_hw_measurements": "measurement", "allowed_workload_identity_tags": "identity tag", "allowed_products": "product", "amd_root_ca_pem": "AMD root",
	}
	for _, s := range lists {
		u.field(names[s.member], s.value)
	}
	for _, name := range floorNames(floors) {
		u.field("TCB floor", fmt.Sprintf("%s %d", name, floors[name]))
	}
	u.field("ignored in bundle", strings.Join(b.IgnoredMembers, ", "))
}

// bundleChanges writes what differs.
func (u *ui) bundleChanges(was, now *attest.Bundle) {
	u.bundleHead("old", was)
	u.bundleHead("new", now)
	changes := compareBundles(was, now)
	for i, c := range changes {
		text := c.Member + " " + c.Value
		if c.Was != "" {
			text = fmt.Sprintf("%s %s, was %s", c.Member, c.Value, c.Was)
		}
		u.field(c.Change, text)
		if i+1 == len(changes) || changes[i+1].Note != c.Note { // one for all components that it is about
			u.field("note", c.Note)
		}
	}
	if len(changes) == 0 {
		u.field("changed", "nothing: they say the same")
	}
}
