package attest_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
)

// TestManifest: its hash comes first, and what vouches for it is the tag alone,
// unless a key is configured.
// Rules: IDT-11, IDT-12.
func TestManifest(t *testing.T) {
	type manifestRow struct {
		name  string
		rule  string // "": accepted
		spoil func(p *endpoint, c *attest.Config)
	}
	rows := []manifestRow{
		{"absent", "", func(p *endpoint, c *attest.Config) {
			p.EnvelopeText = func([]byte) []byte { return with(p.Envelope, "workload_identity_manifest_jws", nil).Text() }
		}},
		{"signed by anybody", "", func(p *endpoint, c *attest.Config) { p.Manifest.Sign = document.EdDSA(mint.Ed25519Key("anybody")) }},
		{"signed by the configured key", "", func(p *endpoint, c *attest.Config) {
			c.ManifestKeys = []ed25519.PublicKey{mint.Ed25519Key("manifest").Public().(ed25519.PublicKey)}
		}},
		{"not signed by the configured key", "JWS-10", func(p *endpoint, c *attest.Config) {
			c.ManifestKeys = []ed25519.PublicKey{mint.Ed25519Key("manifest").Public().(ed25519.PublicKey)}
			p.Manifest.Sign = document.EdDSA(mint.Ed25519Key("anybody"))
		}},
		{"signed by a release root, which is none of the configured keys", "JWS-10", func(p *endpoint, c *attest.Config) {
			c.ManifestKeys = []ed25519.PublicKey{mint.Ed25519Key("manifest").Public().(ed25519.PublicKey)}
			p.Manifest.Sign = document.EdDSA(p.release)
		}},
		{"signed by the configured key, of another workload", "IDT-13", func(p *endpoint, c *attest.Config) {
			c.ManifestKeys = []ed25519.PublicKey{mint.Ed25519Key("manifest").Public().(ed25519.PublicKey)}
			p.Manifest.Payload = with(p.Manifest.Payload, "workload", "other")
		}},
		// Lesson: a check that is skipped where its input is absent.
		{"left out, though a key is configured", "IDT-14", func(p *endpoint, c *attest.Config) {
			c.ManifestKeys = []ed25519.PublicKey{mint.Ed25519Key("manifest").Public().(ed25519.PublicKey)}
			p.EnvelopeText = func([]byte) []byte { return with(p.Envelope, "workload_identity_manifest_jws", nil).Text() }
		}},
		{"of another workload", "IDT-13", func(p *endpoint, c *attest.Config) {
			p.Manifest.Payload = with(p.Manifest.Payload, "workload", "other")
		}},
		{"with a folded name", "JSN-10", func(p *endpoint, c *attest.Config) {
			p.Manifest.Payload = with(p.Manifest.Payload, "Build_Metadata", 1)
		}},
		{"of another schema", "JSN-18", func(p *endpoint, c *attest.Config) {
			p.Manifest.Payload = with(p.Manifest.Payload, "schema", "tresor.trust-bundle/v1")
		}},
		{"of another algorithm than the configured key", "JWS-08", func(p *endpoint, c *attest.Config) {
			c.ManifestKeys = []ed25519.PublicKey{mint.Ed25519Key("manifest").Public().(ed25519.PublicKey)}
			manifest := compact(`{"alg":"ES256"}`, p.Manifest.Payload.Text(), mint.Ed25519Key("manifest"))
			tag := sha256.Sum256(manifest)
			p.Envelope.Set("workload_identity_manifest_jws", string(manifest))
			p.Envelope.Set("workload_identity_tag", hex.EncodeToString(tag[:]))
			p.Bundle.Payload.Set("allowed_workload_identity_tags", []string{hex.EncodeToString(tag[:])})
		}},
	}
	for _, member := range []string{"schema", "workload", "version", "image_digest", "binary_digest"} {
		for _, value := range []any{nil, ""} {
			rows = append(rows, manifestRow{fmt.Sprintf("with %s %v", member, value), "JSN-12", func(p *endpoint, c *attest.Config) {
				p.Manifest.Payload = with(p.Manifest.Payload, member, value)
			}})
		}
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			p := newEndpoint("Milan", 3, "vcek")
			c := p.config(t)
			tt.spoil(p, &c)
			_, err := p.verifierOf(t, c).Verify(p.evidenceOf(t), at)
			if tt.rule == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, "IdentityManifestMismatchError", tt.rule)
		})
	}
}

// TestWorkload: the caller's word counts too.
func TestWorkload(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	c := p.config(t)
	c.Workload = "billing"
	_, err := p.verifierOf(t, c).Verify(p.evidenceOf(t), at)
	wantError(t, err, "WorkloadMismatchError", "WKL-02")
	c.Workload = ""
	if _, err := p.verifierOf(t, c).Verify(p.evidenceOf(t), at); err != nil {
		t.Error(err)
	}
}

// TestLiveKey: without an observation of the connection nothing is judged, not
// even evidence that claims to be for none.
func TestLiveKey(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	p.live, p.SPKI = [32]byte{}, [32]byte{}
	p.Envelope.Set("tls_spki_sha256", "0000000000000000000000000000000000000000000000000000000000000000")
	_, err := p.verifierOf(t, p.config(t)).Verify(p.evidenceOf(t), at)
	wantError(t, err, "SPKIMismatchError", "BIN-11")
}

// TestReplay: genuine evidence of one server, shown by another with its own key.
func TestReplay(t *testing.T) {
	genuine := newEndpoint("Milan", 3, "vcek").evidenceOf(t)
	p := newEndpoint("Milan", 3, "vcek")
	genuine.LiveSPKI = [32]byte{1}
	_, err := p.verifierOf(t, p.config(t)).Verify(genuine, at)
	wantError(t, err, "SPKIMismatchError", "BIN-10")
	// The liar writes its own key into the envelope: the hardware does not.
	p.evidenceOf(t)
	p.Envelope.Set("tls_spki_sha256", "0100000000000000000000000000000000000000000000000000000000000000")
	genuine.Envelope = p.Envelope.Text()
	_, err = p.verifierOf(t, p.config(t)).Verify(genuine, at)
	wantError(t, err, "ReportDataMismatchError", "BIN-01")
}
