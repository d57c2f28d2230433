package launch_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"slices"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// compareIDBlock returns the list of what is wrong.
func compareIDBlock(block, auth []byte, computed []launch.Measurement, report *snpreport.Report) (*launch.IDBlock, *launch.IDAuth, []rule.Error) {
	b, a, err := launch.VerifyIDBlock(block, auth, computed, report)
	var e *launch.IDBlockInvalidError
	if errors.As(err, &e) && e.Failure == e.Differences[0] && a == nil && b == nil {
		return nil, nil, e.Differences
	}
	return b, a, nil
}

var someDigest = [48]byte{0xD1, 0x6E}

func TestIDBlock(t *testing.T) {
	spec := boot.DefaultIDBlock(someDigest)
	computed := []launch.Measurement{{Digest: launch.Digest{1}}, {Digest: someDigest}}
	b, a, list := compareIDBlock(spec.Block(), spec.Auth(), computed, nil)
	if len(list) > 0 {
		t.Fatal(list)
	}
	if want := (launch.IDBlock{LaunchDigest: someDigest, FamilyID: [16]byte{1}, ImageID: [16]byte{2}, GuestSVN: 3, Policy: 0x30000}); *b != want {
		t.Errorf("got %+v, want %+v", *b, want)
	}
	for name, c := range map[string]struct {
		key  *ecdsa.PublicKey
		have launch.Digest
	}{"ID key": {&spec.Key.PublicKey, a.IDKeyDigest}, "author": {&spec.Author.PublicKey, a.AuthorKeyDigest}} {
		digest, err := launch.KeyDigest(c.key)
		if err != nil || digest != c.have || digest != launch.Digest(sha512.Sum384(boot.SEVKey(c.key))) {
			t.Errorf("%s: %v, %v, want %v", name, c.have, err, digest)
		}
	}
	spec.Author = nil
	if _, a, list := compareIDBlock(spec.Block(), spec.Auth(), nil, nil); len(list) > 0 || a.AuthorKeyDigest != (launch.Digest{}) {
		t.Errorf("without author: %v", list)
	}
	if _, err := launch.KeyDigest(nil); ruleOf(err) != "LCH-53" {
		t.Errorf("no key: %v", err)
	}
	if _, err := launch.KeyDigest(&mint.P256Key("x").PublicKey); ruleOf(err) != "LCH-53" {
		t.Errorf("P-256: %v", err)
	}
}

// Rules: LCH-50, LCH-51, LCH-52, LCH-53, LCH-54.
func TestIDBlockFaults(t *testing.T) {
	spec := boot.DefaultIDBlock(someDigest)
	block, auth := spec.Block(), spec.Auth()
	other := boot.DefaultIDBlock([48]byte{1})
	bad := func(b []byte, at int, value ...byte) []byte {
		b = slices.Clone(b)
		copy(b[at:], value)
		return b
	}
	ones := bytes.Repeat([]byte{0xFF}, 72)
	unsigned := spec
	unsigned.Author = nil
	for _, c := range []struct {
		block, auth []byte
		id, where   string
		offset      int
	}{
		{block[:95], auth, "LCH-50", "size of the ID block", 0},
		{append(slices.Clone(block), 0), auth, "LCH-50", "size of the ID block", 0},
		{nil, auth, "LCH-50", "size of the ID block", 0},
		{block, auth[:4095], "LCH-50", "size of the ID authentication information", 0},
		{block, append(slices.Clone(auth), 0), "LCH-50", "size of the ID authentication information", 0},
		{bad(block, 0x50, 2), auth, "LCH-51", "ID_BLOCK_VERSION", 0x50},
		{block, bad(auth, 0, 2), "LCH-52", "ID_KEY_ALGO", 0},
		{block, bad(auth, 4, 0), "LCH-52", "AUTH_KEY_ALGO", 4},
		{block, bad(auth, 8, 1), "LCH-52", "reserved bytes", 8},
		{block, bad(auth, 0x3F, 1), "LCH-52", "reserved bytes", 0x3F},
		{block, bad(auth, 0xC84, 1), "LCH-52", "reserved bytes", 0xC84},
		{block, bad(auth, 0xFFF, 1), "LCH-52", "reserved bytes", 0xFFF},
		{block, bad(auth, 0x240, 1), "LCH-53", "ID_KEY.curve", 0x240},
		{block, bad(auth, 0x240+148, 1), "LCH-53", "ID_KEY", 0x240 + 148},
		{block, bad(auth, 0x240+0x403, 1), "LCH-53", "ID_KEY", 0x240 + 0x403},
		{block, bad(auth, 0x240+4+48, 1), "LCH-53", "ID_KEY", 0x244},
		{block, bad(auth, 0x240+76, 1, 2, 3), "LCH-53", "ID_KEY", 0x244},
		{block, bad(auth, 0x244, ones[:48]...), "LCH-53", "ID_KEY", 0x244},
		{block, bad(auth, 0x880, 1), "LCH-53", "AUTHOR_KEY.curve", 0x880},
		{block, bad(unsigned.Auth(), 0x880, 2), "LCH-53", "AUTHOR_KEY", 0x884},
		{block, bad(unsigned.Auth(), 0x880+500, 1), "LCH-53", "AUTHOR_KEY.curve", 0x880},
		{block, bad(unsigned.Auth(), 0x680, 1), "LCH-54", "ID_KEY_SIG", 0x680},
		{block, bad(auth, 0x40, make([]byte, 72)...), "LCH-54", "ID_BLOCK_SIG", 0x40},
		{block, bad(auth, 0x40+72, make([]byte, 72)...), "LCH-54", "ID_BLOCK_SIG", 0x40},
		{block, bad(auth, 0x40, ones...), "LCH-54", "ID_BLOCK_SIG", 0x40},
		{block, bad(auth, 0x40+72, ones...), "LCH-54", "ID_BLOCK_SIG", 0x40},
		{block, bad(auth, 0x40, auth[0x40]^1), "LCH-54", "ID_BLOCK_SIG", 0x40},
		{block, bad(auth, 0x40+144, 1), "LCH-54", "ID_BLOCK_SIG", 0x40 + 144},
		{block, bad(auth, 0x680, auth[0x680]^1), "LCH-54", "ID_KEY_SIG", 0x680},
		{block, bad(auth, 0x680+511, 1), "LCH-54", "ID_KEY_SIG", 0x680 + 511},
		{other.Block(), auth, "LCH-54", "ID_BLOCK_SIG", 0x40},
	} {
		_, _, list := compareIDBlock(c.block, c.auth, nil, nil)
		if len(list) != 1 || list[0].Rule != c.id || list[0].Where != c.where || list[0].Offset != c.offset {
			t.Errorf("%v, want %s %s at %#x", list, c.id, c.where, c.offset)
		}
	}
	// Both signatures, and both inputs, are judged at once.
	if _, _, list := compareIDBlock(nil, nil, nil, nil); len(list) != 2 {
		t.Errorf("two empty inputs: %v", list)
	}
	if _, _, list := compareIDBlock(block, bad(bad(auth, 0x40, auth[0x40]^1), 0x680, auth[0x680]^1), nil, nil); len(list) != 2 {
		t.Errorf("two bad signatures: %v", list)
	}
}

// Every member that differs from measurement and report is listed.
// Rules: LCH-56, LCH-57.
func TestIDBlockDifferences(t *testing.T) {
	spec := boot.DefaultIDBlock(someDigest)
	idKey, _ := launch.KeyDigest(&spec.Key.PublicKey)
	author, _ := launch.KeyDigest(&spec.Author.PublicKey)
	good := snpreport.Report{Measurement: someDigest, FamilyID: spec.FamilyID, ImageID: spec.ImageID, GuestSVN: 3, GuestPolicy: 0x30000, IDKeyDigest: idKey, AuthorKeyDigest: author}
	if _, _, list := compareIDBlock(spec.Block(), spec.Auth(), nil, &good); len(list) > 0 {
		t.Error(list)
	}
	where := func(list []rule.Error) (names []string) {
		for _, e := range list {
			names = append(names, e.Rule+" "+e.Where)
		}
		return names
	}
	_, _, list := compareIDBlock(spec.Block(), spec.Auth(), []launch.Measurement{{}}, new(snpreport.Report))
	want := []string{"LCH-56 LD", "LCH-57 LD", "LCH-57 FAMILY_ID", "LCH-57 IMAGE_ID", "LCH-57 GUEST_SVN", "LCH-57 POLICY", "LCH-57 ID_KEY_DIGEST", "LCH-57 AUTHOR_KEY_DIGEST"}
	if !slices.Equal(where(list), want) {
		t.Errorf("%v, want %v", where(list), want)
	}
	for i, change := range []func(r *snpreport.Report){
		func(r *snpreport.Report) { r.Measurement[47] ^= 1 }, func(r *snpreport.Report) { r.FamilyID[15] ^= 1 },
		func(r *snpreport.Report) { r.ImageID[15] ^= 1 }, func(r *snpreport.Report) { r.GuestSVN ^= 1 },
		func(r *snpreport.Report) { r.GuestPolicy ^= 1 << 19 }, func(r *snpreport.Report) { r.IDKeyDigest[0] ^= 1 },
		func(r *snpreport.Report) { r.AuthorKeyDigest[0] ^= 1 },
	} {
		r := good
		change(&r)
		if _, _, list := compareIDBlock(spec.Block(), spec.Auth(), nil, &r); !slices.Equal(where(list), want[i+1:i+2]) {
			t.Errorf("%v, want %v", where(list), want[i+1])
		}
	}
}

func realKey(t *testing.T, name string) *ecdsa.PublicKey {
	t.Helper()
	block, _ := pem.Decode(realFile(t, name))
	if block == nil {
		t.Fatal("no PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*ecdsa.PublicKey)
}

// The test keys and the ID authentication block of two other tools.
// Rules: LCH-55.
func TestKnownIDBlocks(t *testing.T) {
	digest, err := launch.KeyDigest(realKey(t, "sevsnpmeasure_id_key_test.pub.pem"))
	if want := "870b7e35c53f8a72d0d322f75ab2af8262792aaf6579622ce4131c3f21f289e77cb0560a5e3b90b3932e674ec709cb14"; err != nil || digest.String() != want {
		t.Errorf("%v, %v, want %s", digest, err, want)
	}
	for name, want := range map[string]string{
		"sevsnpmeasure_author_key_test.pub.pem": "YxEcNLv8Ckk4+aAJvQdJgNgXIyPmFZnJ/TNtqGcySOHcqY0L6PdjdqEGuK/UwKBX",
		"virteesev_test_id_key.pub.pem":         "WfssaG36T+9J84M5qndckAUcKNVzg93DuvO160sUlt87DbvcuuX+J2d6ZEggdz/i",
		"virteesev_test_auth_key.pub.pem":       "7tgRafsMteDsNHlPEo/U4MSkb2fGWhrfqB/LJLzAiMJyNpt//D6ytq9qQoShs2xf",
	} {
		digest, err := launch.KeyDigest(realKey(t, name))
		if got := base64.StdEncoding.EncodeToString(digest[:]); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, want)
		}
	}
	auth := realFile(t, "virteesev_test_auth_block.bin")
	var spec boot.IDBlockSpec
	spec.Digest = digestOf(t, "a14d638341e5674628fe1e02fbedebe5e5ab4faf1dd72d8966068e615bb99efd13d214b35c231715b38e263dc6059745")
	spec.Policy = 0x30000
	_, a, list := compareIDBlock(spec.Block(), auth, nil, nil)
	if len(list) > 0 {
		t.Fatal(list)
	}
	id, _ := launch.KeyDigest(realKey(t, "virteesev_test_id_key.pub.pem"))
	author, _ := launch.KeyDigest(realKey(t, "virteesev_test_auth_key.pub.pem"))
	if a.IDKeyDigest != id || a.AuthorKeyDigest != author {
		t.Error("the keys in the block are others")
	}
	if !bytes.Equal(auth[0x40:0x240], realFile(t, "virteesev_test_id_sig.bin")) {
		t.Error("another signature in the block")
	}
}
