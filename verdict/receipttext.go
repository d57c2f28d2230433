package verdict

import (
	"fmt"
	"slices"
	"time"
)

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
