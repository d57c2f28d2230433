package main

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/tresorhq/attest"
)

// bundleFactsJSON is all that a verified bundle says.
type bundleFactsJSON struct {
	bundleJSON
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

// bundleDiffJSON is what a newer bundle changes.
type bundleDiffJSON struct {
	Was     bundleJSON `json:"was"`
	Now     bundleJSON `json:"now"`
	Changes []change   `json:"changes"`
}

// addBundle fills in a bundle, or what it changes of an older one.
func (v *verdictJSON) addBundle(b, was *attest.Bundle, at time.Time) {
	v.Workload, v.Warnings = b.Workload, warningsJSON(expiryWarnings(b, at))
	if was != nil {
		v.BundleDiff = &bundleDiffJSON{*newBundleJSON(was), *newBundleJSON(b), append([]change{}, compareBundles(was, b)...)}
		return
	}
	j := &bundleFactsJSON{
		bundleJSON: *newBundleJSON(b), Workload: b.Workload, ReleaseRoot: hex.EncodeToString(b.Root[:]), KeyID: b.KeyID,
		Measurements: []string{}, Tags: []string{}, Products: []string{}, AMDRoots: []string{}, MinTCB: map[string]map[string]uint8{},
	}
	if !b.IssuedAt.IsZero() {
		j.IssuedAt = stamp(b.IssuedAt)
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
	v.BundleFacts = j
}
