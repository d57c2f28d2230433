package attest_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/mint"
)

// TestOpenBundle: by itself a bundle meets the same steps, in the same order, as
// inside of a verification.
func TestOpenBundle(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	e := p.evidenceOf(t)
	root := mint.Ed25519Key("release").Public().(ed25519.PublicKey)
	b, err := attest.OpenBundle(e.Bundle, []ed25519.PublicKey{root}, at)
	if err != nil || b.SHA256 != sha256.Sum256(e.Bundle) || b.Workload == "" || len(b.AMDRoots()) == 0 {
		t.Fatalf("%v %+v", err, b)
	}
	clear(b.AMDRoots()[0])
	if bytes.Equal(b.AMDRoots()[0], make([]byte, len(b.AMDRoots()[0]))) {
		t.Error("AMDRoots gives its own memory away")
	}
	var missing *attest.IdentityTagNotAllowedError
	if err := b.CheckTag(b.IdentityTags[0]); err != nil {
		t.Error(err)
	}
	if err := b.CheckTag([32]byte{1}); !errors.As(err, &missing) || len(missing.Allowed) != len(b.IdentityTags) {
		t.Error(err)
	}
	var old *attest.BundleRollbackError
	if err := b.CheckVersion(attest.BundleVersion{Version: b.Version, SHA256: b.SHA256}); err != nil {
		t.Error(err)
	}
	for rule, known := range map[string]attest.BundleVersion{"BND-40": {Version: b.Version + 1}, "BND-41": {Version: b.Version}} {
		if err := b.CheckVersion(known); !errors.As(err, &old) || old.Rule != rule {
			t.Errorf("%s: %v", rule, err)
		}
	}
	for _, i := range []int{0, 31} { // a digest or a tag that is right but for one byte is another
		tag, known := b.IdentityTags[0], attest.BundleVersion{Version: b.Version, SHA256: b.SHA256}
		tag[i] ^= 1
		known.SHA256[i] ^= 1
		if err := b.CheckTag(tag); !errors.As(err, &missing) {
			t.Errorf("byte %d: %v", i, err)
		}
		if err := b.CheckVersion(known); !errors.As(err, &old) || old.Rule != "BND-41" {
			t.Errorf("byte %d: %v", i, err)
		}
	}
	other := mint.Ed25519Key("other").Public().(ed25519.PublicKey)
	for _, tt := range []struct {
		name       string
		bundle     []byte
		root       ed25519.PublicKey
		at         time.Time
		kind, rule string
	}{
		{"other root", e.Bundle, other, at, "BundleSignatureInvalid", "JWS-10"},
		{"a line break", append(bytes.Clone(e.Bundle), '\n'), root, at, "BundleSignatureInvalid", "JWS-04"},
		{"payload", compact(`{"alg":"EdDSA"}`, []byte(`{}`), mint.Ed25519Key("release")), root, at, "BundleInvalidError", "JSN-12"},
		{"expired", e.Bundle, root, b.ValidUntil, "BundleExpiredError", "BND-30"},
	} {
		b, err := attest.OpenBundle(tt.bundle, []ed25519.PublicKey{tt.root}, tt.at)
		if b != nil {
			t.Errorf("%s: a bundle next to an error", tt.name)
		}
		wantError(t, err, tt.kind, tt.rule)
	}
	for name, open := range map[string]func() (*attest.Bundle, error){
		"no root":    func() (*attest.Bundle, error) { return attest.OpenBundle(e.Bundle, nil, at) },
		"short root": func() (*attest.Bundle, error) { return attest.OpenBundle(e.Bundle, []ed25519.PublicKey{root[:31]}, at) },
		"no time": func() (*attest.Bundle, error) {
			return attest.OpenBundle(e.Bundle, []ed25519.PublicKey{root}, time.Time{})
		},
	} {
		if b, err := open(); b != nil || err == nil || attest.ErrorType(err) != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenManifest(t *testing.T) {
	manifest := compact(`{"alg":"EdDSA"}`, []byte(`{"schema":"workload-identity/v1","workload":"router","version":"1","image_digest":"a","binary_digest":"b"}`), mint.Ed25519Key("manifest"))
	tag := sha256.Sum256(manifest)
	if m, err := attest.OpenManifest(manifest, tag, "router"); err != nil || m.Version != "1" {
		t.Error(err)
	}
	_, err := attest.OpenManifest(manifest, [32]byte{1}, "router")
	wantError(t, err, "IdentityManifestMismatchError", "IDT-10")
	for _, workload := range []string{"other", "xouter", "routex", "route", "router2", "outer"} {
		m, err := attest.OpenManifest(manifest, tag, workload)
		wantError(t, err, "IdentityManifestMismatchError", "IDT-13")
		if m != nil {
			t.Error("a manifest next to an error")
		}
	}
}
