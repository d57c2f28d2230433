package releaseroot_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/tresorhq/attest/releaseroot"
)

// key is the public key of RFC 8032 section 7.1, test 1.
const key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

func TestParseList(t *testing.T) {
	other := hex.EncodeToString(ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey))
	for _, row := range []struct {
		name, text string
		keys       int
		err        string
	}{
		{"one", key + "\n", 1, ""},
		{"no last line break", key, 1, ""},
		{"comments and empty lines", "# of 2026\n\n" + key + "\n", 1, ""},
		{"rotation", key + "\n" + other + "\n", 2, ""},
		{"twice", key + "\n" + key + "\n", 0, "twice"},
		{"upper case", strings.ToUpper(key), 0, "64 lower-case hex digits"},
		{"too short", key[:62], 0, "64 lower-case hex digits"},
		{"carriage return", key + "\r\n", 0, "64 lower-case hex digits"},
		{"space", " " + key, 0, "64 lower-case hex digits"},
		{"small order", "01" + strings.Repeat("00", 31), 0, "line 1"},
		{"not canonical", strings.Repeat("ff", 32), 0, "line 1"},
		{"a good one before a bad one", key + "\nx", 0, "line 2"},
	} {
		keys, err := releaseroot.ParseList(row.text)
		if len(keys) != row.keys || (err == nil) != (row.err == "") {
			t.Errorf("%s: %d keys, %v", row.name, len(keys), err)
		}
		if err != nil && !strings.Contains(err.Error(), row.err) {
			t.Errorf("%s: %v", row.name, err)
		}
		var refusal interface{ Requirement() string }
		if errors.As(err, &refusal) {
			t.Errorf("%s: %T, which is for evidence", row.name, refusal)
		}
	}
	for _, text := range []string{"", "\n", "# nothing\n"} {
		if keys, err := releaseroot.ParseList(text); !errors.Is(err, releaseroot.ErrNone) || keys != nil {
			t.Errorf("%q: %v, %v", text, keys, err)
		}
	}
}

// TestKeys reads what ships. None ships now.
func TestKeys(t *testing.T) {
	if _, err := releaseroot.Keys(); err != nil && !errors.Is(err, releaseroot.ErrNone) {
		t.Fatal(err)
	}
}
