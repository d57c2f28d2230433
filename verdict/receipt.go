package verdict

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/receipt"
)

// A Receipt is what a verified receipt says.
type Receipt struct {
	Type            string       `json:"type"`
	KeyID           string       `json:"key_id"`
	ID              string       `json:"id"`
	IssuedAt        string       `json:"issued_at"`
	AgeSeconds      int64        `json:"age_seconds"`
	RequestedRoute  string       `json:"requested_route"`
	RoutedModel     string       `json:"routed_model"`
	RequestDigest   string       `json:"request_digest,omitempty"`
	RequestChecked  bool         `json:"request_digest_checked"`
	ResponseDigest  string       `json:"response_digest,omitempty"`
	ResponseChecked bool         `json:"response_digest_checked"`
	Router          *Attestation `json:"router_attestation,omitempty"`
	Inference       *Attestation `json:"inference_attestation,omitempty"`
}

// An Attestation is what was verified of an attestation that a receipt embeds.
type Attestation struct {
	Workload string    `json:"workload"`
	Tag      string    `json:"workload_identity_tag,omitempty"`
	Bundle   *Bundle   `json:"trust_bundle"`
	Release  string    `json:"release_root"` // SHA-256 of the key that signed the bundle
	Manifest *Manifest `json:"manifest,omitempty"`
}

// NewReceipt makes the document of a verification of a receipt.
func NewReceipt(a *receipt.Audit, f Frame) *Document {
	if a == nil {
		a = new(receipt.Audit)
	}
	err := a.Err
	if err == nil && !a.Passed() {
		err = errNoVerdict
	}
	d := f.document(err)
	d.Checks, d.steps = slices.Clone(a.Checks), "SPEC.md section 18"
	if err != nil {
		return d
	}
	r := a.Result
	passed := func(id string) bool {
		return slices.ContainsFunc(r.Checks, func(c attest.Check) bool { return c.ID == id && c.Status == attest.Pass })
	}
	d.Receipt = &Receipt{
		Type: "JWS, ES256", KeyID: r.KeyID, ID: r.ID, IssuedAt: Stamp(r.IssuedAt), AgeSeconds: int64(r.At.Sub(r.IssuedAt).Seconds()),
		RequestedRoute: r.RequestedRoute, RoutedModel: r.RoutedModel,
		RequestDigest: r.RequestDigest, RequestChecked: passed("request_digest"),
		ResponseDigest: r.ResponseDigest, ResponseChecked: passed("response_digest"),
		Router: newAttestation(r.Router), Inference: newAttestation(r.Inference),
	}
	if r.Type != "" {
		d.Receipt.Type = r.Type + ", ES256"
	}
	for _, n := range r.NotChecked {
		d.NotChecked = append(d.NotChecked, n.Name)
	}
	d.Limits = r.Limits
	return d
}

func newAttestation(a receipt.Attestation) *Attestation {
	if a.Bundle == nil {
		return nil
	}
	j := &Attestation{Workload: a.Bundle.Workload, Bundle: newBundle(a.Bundle), Release: hex.EncodeToString(a.Bundle.Root[:]), Manifest: newManifest(a.Manifest)}
	if a.Tag != [32]byte{} {
		j.Tag = hex.EncodeToString(a.Tag[:])
	}
	return j
}

// receipt writes what a verified receipt says.
func (t *text) receipt() {
	r := t.d.Receipt
	t.Field("Receipt type", r.Type)
	t.Field("Key ID", r.KeyID)
	t.Field("id", r.ID)
	age := time.Duration(r.AgeSeconds) * time.Second
	if age < 0 {
		t.Field("issued", r.IssuedAt+", "+(-age).String()+" ahead of the time of verification")
	} else {
		t.Field("issued", r.IssuedAt+", "+age.String()+" ago")
	}
	t.Field("requested route", r.RequestedRoute)
	t.Field("routed model", r.RoutedModel)
	for _, d := range []struct {
		name, value string
		checked     bool
	}{{"request digest", r.RequestDigest, r.RequestChecked}, {"response digest", r.ResponseDigest, r.ResponseChecked}} {
		if d.value != "" {
			t.Field(d.name, d.value+map[bool]string{true: ", compared", false: ", not compared with anything"}[d.checked])
		}
	}
	t.attestation("router", r.Router)
	t.attestation("inference", r.Inference)
	for _, name := range t.d.NotChecked {
		reason := ""
		if i := slices.IndexFunc(t.d.Checks, func(s Step) bool { return s.ID == name }); i >= 0 {
			reason = ": " + t.d.Checks[i].Reason
		}
		t.Field("not checked", name+reason)
	}
	for _, limit := range t.d.Limits {
		t.Field("note", limit)
	}
}

func (t *text) attestation(name string, a *Attestation) {
	if a == nil {
		return
	}
	validity := "valid until"
	until, err := time.Parse(time.RFC3339Nano, a.Bundle.ValidUntil)
	at, errAt := time.Parse(time.RFC3339Nano, t.d.Time)
	if err == nil && errAt == nil && !at.Before(until) { // judged for the time at which the receipt was issued
		validity = "expired since"
	}
	t.Field(name, fmt.Sprintf("%s, trust bundle version %d (%s %s), release root %s", a.Workload, a.Bundle.Version, validity, a.Bundle.ValidUntil, a.Release))
	t.Field(name+" tag", a.Tag)
	if a.Manifest != nil {
		t.Field(name+" claims", a.Manifest.String())
	}
}
