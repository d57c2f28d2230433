package launch

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
)

// The layout of ID authentication information. AMD 56860, SNP_LAUNCH_FINISH and
// chapter 10.
const (
	idSignatureAt    = 0x040
	idKeyAt          = 0x240
	idKeySignatureAt = 0x680
	authorKeyAt      = 0x880
	keySize          = 0x404 // u32 curve, 2; x and y, 72 bytes each, little-endian; zero
	signatureSize    = 512   // r and s, 72 bytes each, little-endian; zero
	coordinate       = 72
	curveP384        = 2
	algorithmP384    = 1 // ECDSA on P-384 with SHA-384
)

// An IDAuth is ID authentication information: a key and its signature of the ID
// block, and, of some, an author's key and its signature of the first key.
type IDAuth struct {
	IDKeyDigest     Digest // ID_KEY_DIGEST of a report
	AuthorKeyDigest Digest // AUTHOR_KEY_DIGEST; zero without an author's key
	raw             [IDAuthSize]byte
	idKey, author   *ecdsa.PublicKey // author may be nil
}

// ParseIDAuth reads ID authentication information of 4096 bytes. Checked in this
// order: size; algorithms; reserved bytes; ID key; author's key, unless it is zero;
// that no author's signature stands without the key. It verifies no signature.
// Rules: LCH-50, LCH-52, LCH-53, LCH-54.
func ParseIDAuth(auth []byte) (*IDAuth, error) {
	if len(auth) != IDAuthSize {
		return nil, refuse("LCH-50", "size of the ID authentication information", 0, "4096 bytes", fmt.Sprint(len(auth)))
	}
	a := &IDAuth{raw: [IDAuthSize]byte(auth)}
	for i, name := range []string{"ID_KEY_ALGO", "AUTH_KEY_ALGO"} {
		if v := binary.LittleEndian.Uint32(auth[4*i:]); v != algorithmP384 {
			return nil, refuse("LCH-52", name, 4*i, "1 (ECDSA P-384 with SHA-384)", fmt.Sprint(v))
		}
	}
	for _, r := range [][2]int{{0x008, idSignatureAt}, {authorKeyAt + keySize, IDAuthSize}} {
		if err := zero("LCH-52", "reserved bytes", auth, r[0], r[1]); err != nil {
			return nil, err
		}
	}
	var err error
	if a.idKey, err = parseKey("ID_KEY", auth, idKeyAt); err != nil {
		return nil, err
	}
	a.IDKeyDigest = sha512.Sum384(a.keyBytes(idKeyAt))
	if [keySize]byte(a.keyBytes(authorKeyAt)) == [keySize]byte{} {
		if err := zero("LCH-54", "ID_KEY_SIG", auth, idKeySignatureAt, idKeySignatureAt+signatureSize); err != nil {
			return nil, err
		}
		return a, nil
	}
	if a.author, err = parseKey("AUTHOR_KEY", auth, authorKeyAt); err != nil {
		return nil, err
	}
	a.AuthorKeyDigest = sha512.Sum384(a.keyBytes(authorKeyAt))
	return a, nil
}

func (a *IDAuth) keyBytes(at int) []byte { return a.raw[at : at+keySize] }

// verify checks a signature at an offset: the ID key's over the 96 bytes of the
// block, or the author's over the 1028 bytes of the ID key. Without a key, that of an
// author, there is nothing to check.
// Rules: LCH-54.
func (a *IDAuth) verify(name string, at int, key *ecdsa.PublicKey, message []byte) error {
	if key == nil {
		return nil
	}
	digest := sha512.Sum384(message)
	if !ecdsa.Verify(key, digest[:], integer(a.raw[at:]), integer(a.raw[at+coordinate:])) { // which holds r and s to [1, n-1]
		return refuse("LCH-54", name, at, "a signature by the key beside it", "none")
	}
	return zero("LCH-54", name, a.raw[:], at+2*coordinate, at+signatureSize)
}

// parseKey reads a public key.
// Rules: LCH-53.
func parseKey(name string, auth []byte, at int) (*ecdsa.PublicKey, error) {
	if c := binary.LittleEndian.Uint32(auth[at:]); c != curveP384 {
		return nil, refuse("LCH-53", name+".curve", at, "2 (P-384)", fmt.Sprint(c))
	}
	if err := zero("LCH-53", name, auth, at+4+2*coordinate, at+keySize); err != nil {
		return nil, err
	}
	point := []byte{4} // uncompressed
	for i := range 2 {
		n := integer(auth[at+4+i*coordinate:])
		if n.BitLen() > 384 {
			return nil, refuse("LCH-53", name, at+4+i*coordinate, "a coordinate of 384 bits", "a longer one")
		}
		point = append(point, n.FillBytes(make([]byte, 48))...)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P384(), point)
	if err != nil {
		return nil, refuse("LCH-53", name, at+4, "a point on P-384", "none")
	}
	return key, nil
}

// KeyDigest returns the ID_KEY_DIGEST, or AUTHOR_KEY_DIGEST, of a public key. The
// error says that it is not a P-384 key.
// Rules: LCH-55.
func KeyDigest(key *ecdsa.PublicKey) (Digest, error) {
	//lint:ignore SA1019 a key without coordinates makes Bytes panic
	if key == nil || key.Curve != elliptic.P384() || key.X == nil || key.Y == nil {
		return Digest{}, wrong("LCH-53", "key", "a P-384 key", "another one")
	}
	point, err := key.Bytes() // 4, x, y
	if err != nil {
		return Digest{}, wrong("LCH-53", "key", "a point on P-384", "none")
	}
	raw := make([]byte, keySize)
	raw[0] = curveP384
	for i := range 2 {
		le := point[1+48*i:][:48]
		slices.Reverse(le)
		copy(raw[4+coordinate*i:], le)
	}
	return sha512.Sum384(raw), nil
}

// integer reads 72 little-endian bytes.
func integer(le []byte) *big.Int {
	be := slices.Clone(le[:coordinate])
	slices.Reverse(be)
	return new(big.Int).SetBytes(be)
}

// zero refuses bytes [from, to) of b unless all are zero.
func zero(id, where string, b []byte, from, to int) error {
	if i := slices.IndexFunc(b[from:to], func(c byte) bool { return c != 0 }); i >= 0 {
		return refuse(id, where, from+i, "zero", fmt.Sprintf("%#02x", b[from+i]))
	}
	return nil
}
