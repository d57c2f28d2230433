package releaseroot

import (
	"crypto/ed25519"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/jws"
)

// ErrNone is the error of Keys in a release without release roots.
var ErrNone = errors.New("no release root ships with this release: pin the publisher's Ed25519 key explicitly")

//go:embed keys.txt
var embedded string

// Keys returns the release roots that ship with this release: at least one, none
// twice. Without any the error is ErrNone, and there are no keys then.
func Keys() ([]ed25519.PublicKey, error) { return parseList(embedded) }

// parseList refuses what jws.NewEd25519Key refuses: small-order points and
// encodings that are not canonical.
func parseList(text string) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	seen := map[[32]byte]bool{}
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		raw, ok := strictjson.ParseHex[[32]byte](line)
		if !ok {
			return nil, fmt.Errorf("keys.txt: line %d is not 64 lower-case hex digits", number)
		}
		key := ed25519.PublicKey(raw[:])
		if _, err := jws.NewEd25519Key(key); err != nil {
			return nil, fmt.Errorf("keys.txt: line %d: %w", number, err)
		}
		if seen[raw] {
			return nil, fmt.Errorf("keys.txt: line %d is there twice", number)
		}
		seen[raw] = true
		keys = append(keys, key)
	}
	if keys == nil {
		return nil, ErrNone
	}
	return keys, nil
}
