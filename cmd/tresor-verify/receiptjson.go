package main

import (
	"encoding/hex"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/receipt"
)

// receiptJSON is what a verified receipt says.
type receiptJSON struct {
	Type            string           `json:"type"`
	KeyID           string           `json:"key_id"`
	ID              string           `json:"id"`
	IssuedAt        string           `json:"issued_at"`
	AgeSeconds      int64            `json:"age_seconds"`
	RequestedRoute  string           `json:"requested_route"`
	RoutedModel     string           `json:"routed_model"`
	RequestDigest   string           `json:"request_digest,omitempty"`
	RequestChecked  bool             `json:"request_digest_checked"`
	ResponseDigest  string           `json:"response_digest,omitempty"`
	ResponseChecked bool             `json:"response_digest_checked"`
	Router          *attestationJSON `json:"router_attestation,omitempty"`
	Inference       *attestationJSON `json:"inference_attestation,omitempty"`
}

// attestationJSON is what was verified of an attestation that a receipt embeds.
type attestationJSON struct {
	Workload string        `json:"workload"`
	Tag      string        `json:"workload_identity_tag,omitempty"`
	Bundle   *bundleJSON   `json:"trust_bundle"`
	Release  string        `json:"release_root"` // SHA-256 of the key that signed the bundle
	Manifest *manifestJSON `json:"manifest,omitempty"`
}

func (v *verdictJSON) addReceipt(r *receipt.Result) {
	v.Receipt = &receiptJSON{
		Type: receiptType(r), KeyID: r.KeyID, ID: r.ID, IssuedAt: stamp(r.IssuedAt), AgeSeconds: int64(r.At.Sub(r.IssuedAt).Seconds()),
		RequestedRoute: r.RequestedRoute, RoutedModel: r.RoutedModel,
		RequestDigest: r.RequestDigest, RequestChecked: passed(r.Checks, "request_digest"),
		ResponseDigest: r.ResponseDigest, ResponseChecked: passed(r.Checks, "response_digest"),
		Router: newAttestationJSON(r.Router), Inference: newAttestationJSON(r.Inference),
	}
	for _, n := range r.NotChecked {
		v.NotChecked = append(v.NotChecked, n.Name)
	}
	v.Limits = r.Limits
}

func newAttestationJSON(a receipt.Attestation) *attestationJSON {
	if a.Bundle == nil {
		return nil
	}
	j := &attestationJSON{Workload: a.Bundle.Workload, Bundle: newBundleJSON(a.Bundle), Release: hex.EncodeToString(a.Bundle.Root[:])}
	if a.Tag != [32]byte{} {
		j.Tag = hex.EncodeToString(a.Tag[:])
	}
	if m := a.Manifest; m != nil {
		j.Manifest = &manifestJSON{m.Version, m.ImageDigest, m.BinaryDigest}
	}
	return j
}

func newBundleJSON(b *attest.Bundle) *bundleJSON {
	return &bundleJSON{b.Version, stamp(b.ValidUntil), hex.EncodeToString(b.SHA256[:]), append([]string{}, b.IgnoredMembers...)}
}
