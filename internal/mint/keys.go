package mint

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"math/big"
	"sync"
)

// CANames are the common names of the imitated authorities, each also the name
// of its key. OtherCA is the key of nobody: for rogue roots.
var CANames = []string{
	"ARK-Milan", "SEV-Milan", "SEV-VLEK-Milan",
	"ARK-Genoa", "SEV-Genoa", "SEV-VLEK-Genoa",
	"ARK-Turin", "SEV-Turin", "SEV-VLEK-Turin",
}

const OtherCA = "other"

// RSAKey is a public test key: RSA-4096, e = 65537. As a Signer it makes the
// one signature of AMD's profile, RSASSA-PSS with SHA-384 and a 48-byte salt.
type RSAKey struct {
	Name string

	p, q, dp, dq, qInv *big.Int // RFC 8017 section 3.2, second form
	public             rsa.PublicKey

	mu     sync.Mutex
	signed map[[sha256.Size]byte][]byte // SHA-256 of a message to its signature
}

const rsaExponent = 65537

// maxRemembered bounds the signatures that a key remembers.
const maxRemembered = 256

func newRSAKey(name, pHex, qHex string) *RSAKey {
	p, okP := new(big.Int).SetString(pHex, 16)
	q, okQ := new(big.Int).SetString(qHex, 16)
	if !okP || !okQ {
		panic("mint: malformed test key " + name)
	}
	one, e := big.NewInt(1), big.NewInt(rsaExponent)
	return &RSAKey{
		Name: name, p: p, q: q,
		dp:     new(big.Int).ModInverse(e, new(big.Int).Sub(p, one)),
		dq:     new(big.Int).ModInverse(e, new(big.Int).Sub(q, one)),
		qInv:   new(big.Int).ModInverse(q, p),
		public: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: rsaExponent},
		signed: map[[sha256.Size]byte][]byte{},
	}
}

// Public gives a copy of the public key.
func (k *RSAKey) Public() *rsa.PublicKey {
	return &rsa.PublicKey{N: new(big.Int).Set(k.public.N), E: k.public.E}
}

// Primes gives copies of the two primes.
func (k *RSAKey) Primes() (p, q *big.Int) { return new(big.Int).Set(k.p), new(big.Int).Set(k.q) }

// private is the RSA private operation by the Chinese remainder theorem (RFC
// 8017 section 5.1.2, step 2b), left-padded to the size of the modulus.
func (k *RSAKey) private(message []byte) []byte {
	m := new(big.Int).SetBytes(message)
	m1 := new(big.Int).Exp(m, k.dp, k.p)
	m2 := new(big.Int).Exp(m, k.dq, k.q)
	h := m1.Sub(m1, m2)
	h.Mul(h, k.qInv).Mod(h, k.p)
	return h.Mul(h, k.q).Add(h, m2).FillBytes(make([]byte, k.public.Size()))
}

// remembered gives a copy of the signature of a message that was signed before,
// or signs it.
func (k *RSAKey) remembered(message []byte, sign func([]byte) []byte) []byte {
	digest := sha256.Sum256(message)
	k.mu.Lock()
	known, ok := k.signed[digest]
	k.mu.Unlock()
	if ok {
		return bytes.Clone(known)
	}
	signature := sign(message)
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.signed) < maxRemembered {
		k.signed[digest] = bytes.Clone(signature)
	}
	return signature
}

// P384Key, P256Key and Ed25519Key derive a test key from a seed: the same seed,
// the same key. Different seeds and different kinds give unrelated keys.
func P384Key(seed string) *ecdsa.PrivateKey { return ecKey(elliptic.P384(), "P-384", seed) }

// P256Key is described at P384Key.
func P256Key(seed string) *ecdsa.PrivateKey { return ecKey(elliptic.P256(), "P-256", seed) }

// Ed25519Key is described at P384Key.
func Ed25519Key(seed string) ed25519.PrivateKey {
	hash := sha256.Sum256([]byte("mint Ed25519 key " + seed))
	return ed25519.NewKeyFromSeed(hash[:])
}

// ecKey makes d = (SHA-512(label) mod (n-1)) + 1. The bias that this leaves does
// not matter to keys that anyone can compute.
func ecKey(curve elliptic.Curve, kind, seed string) *ecdsa.PrivateKey {
	hash := sha512.Sum512([]byte("mint " + kind + " key " + seed))
	one := big.NewInt(1)
	d := new(big.Int).SetBytes(hash[:])
	d.Mod(d, new(big.Int).Sub(curve.Params().N, one)).Add(d, one)
	key, err := ecdsa.ParseRawPrivateKey(curve, d.FillBytes(make([]byte, (curve.Params().BitSize+7)/8)))
	if err != nil {
		panic(err)
	}
	return key
}

// LeafKey is the key of the default VCEK or VLEK of a product.
func LeafKey(product, kind string) *ecdsa.PrivateKey {
	return P384Key(kind + " " + find(product).name)
}

// SPKI gives the SubjectPublicKeyInfo of a public key, in the form that AMD
// uses as well: rsaEncryption with NULL, or id-ecPublicKey with the curve and
// an uncompressed point.
func SPKI(public crypto.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err)
	}
	return der
}
