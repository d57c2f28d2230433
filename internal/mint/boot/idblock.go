package boot

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"slices"

	"github.com/tresorhq/attest/internal/mint"
)

// An IDBlockSpec is an ID block and the ID authentication information for it.
type IDBlockSpec struct {
	Digest            [48]byte
	FamilyID, ImageID [16]byte
	Version           uint32 // 0: 1
	GuestSVN          uint32
	Policy            uint64
	Key, Author       *ecdsa.PrivateKey // Author may be nil
}

// DefaultIDBlock returns an ID block with an author's key.
func DefaultIDBlock(digest [48]byte) IDBlockSpec {
	return IDBlockSpec{Digest: digest, FamilyID: [16]byte{1}, ImageID: [16]byte{2}, GuestSVN: 3, Policy: 0x30000, Key: mint.P384Key("id block"), Author: mint.P384Key("id block author")}
}

// Block returns the 96 bytes.
func (s IDBlockSpec) Block() []byte {
	return slices.Concat(s.Digest[:], s.FamilyID[:], s.ImageID[:], le32(cmp.Or(s.Version, 1)), le32(s.GuestSVN), le64(s.Policy))
}

// Auth returns the 4096 bytes.
func (s IDBlockSpec) Auth() []byte {
	b := make([]byte, 4096)
	b[0], b[4] = 1, 1
	copy(b[0x40:], signature(s.Block(), s.Key))
	copy(b[0x240:], SEVKey(&s.Key.PublicKey))
	if s.Author != nil {
		copy(b[0x680:], signature(b[0x240:0x240+0x404], s.Author))
		copy(b[0x880:], SEVKey(&s.Author.PublicKey))
	}
	return b
}

// SEVKey returns a public key in AMD's form, 0x404 bytes.
func SEVKey(key *ecdsa.PublicKey) []byte {
	b := make([]byte, 0x404)
	b[0] = 2
	point, err := key.Bytes()
	if err != nil {
		panic(err)
	}
	copy(b[4:], reversed(point[1:49]))
	copy(b[76:], reversed(point[49:]))
	return b
}

// signature returns a signature in AMD's form, 512 bytes.
func signature(message []byte, key *ecdsa.PrivateKey) []byte {
	r, s := mint.SignECDSA(message, key, crypto.SHA384)
	b := make([]byte, 512)
	copy(b, reversed(r.FillBytes(make([]byte, 48))))
	copy(b[72:], reversed(s.FillBytes(make([]byte, 48))))
	return b
}

func reversed(b []byte) []byte {
	b = slices.Clone(b)
	slices.Reverse(b)
	return b
}
