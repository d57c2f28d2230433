package mint

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"slices"
)

// Signer signs the to-be-signed part of a certificate or a CRL and gives the
// content of the signature BIT STRING.
type Signer interface {
	Sign(tbs []byte) []byte
}

// Sign makes AMD's signature: RSASSA-PSS, SHA-384, MGF1 with SHA-384, salt of 48
// bytes. The same message has the same signature, so each is made once.
func (k *RSAKey) Sign(tbs []byte) []byte {
	return k.remembered(tbs, PSSSigner{Key: k, Hash: crypto.SHA384, MGF: crypto.SHA384, SaltLength: 48}.Sign)
}

// PSSSigner makes RSASSA-PSS signatures with other parameters than AMD's.
type PSSSigner struct {
	Key        *RSAKey
	Hash, MGF  crypto.Hash
	SaltLength int
}

// Sign is RSASSA-PSS-SIGN of RFC 8017 section 8.1.1. The salt is a hash of the
// key's name and the message, for the sake of equal bytes on each run.
func (s PSSSigner) Sign(tbs []byte) []byte {
	// One bit less than the modulus has. 4095 bits fill all 512 bytes but for
	// the first bit.
	const emBits = 4096 - 1
	return s.Key.private(emsaPSS(digest(s.Hash, tbs), s.salt(tbs), s.Hash.New(), s.MGF.New(), emBits))
}

func (s PSSSigner) salt(tbs []byte) []byte {
	seed := sha512.Sum384(slices.Concat([]byte("mint PSS salt "+s.Key.Name+"\x00"), tbs))
	salt := make([]byte, s.SaltLength)
	mgf1(salt, seed[:], sha512.New384())
	return salt
}

// emsaPSS is EMSA-PSS-ENCODE of RFC 8017 section 9.1.1, from its step 5 on; the
// comments carry the numbers of its steps. A salt that does not fit panics.
func emsaPSS(mHash, salt []byte, hash, mgf hash.Hash, emBits int) []byte {
	em := make([]byte, (emBits+7)/8)
	hLen := hash.Size()
	hash.Write(make([]byte, 8)) // 5: M' is eight zero bytes, mHash, salt
	hash.Write(mHash)
	hash.Write(salt)
	h := hash.Sum(nil) // 6
	db := em[:len(em)-hLen-1]
	db[len(db)-len(salt)-1] = 0x01 // 7, 8: DB is zero bytes, 0x01, salt
	copy(db[len(db)-len(salt):], salt)
	mgf1(db, h, mgf)                      // 9, 10
	db[0] &= 0xFF >> (8*len(em) - emBits) // 11
	copy(em[len(db):], h)                 // 12
	em[len(em)-1] = 0xBC
	return em
}

// mgf1 is MGF1 of RFC 8017 appendix B.2.1, added to out by exclusive or.
func mgf1(out, seed []byte, h hash.Hash) {
	for counter := uint32(0); len(out) > 0; counter++ {
		h.Reset()
		h.Write(seed)
		h.Write(binary.BigEndian.AppendUint32(nil, counter))
		out = out[subtle.XORBytes(out, out, h.Sum(nil)):]
	}
}

// PKCS1Signer makes RSASSA-PKCS1-v1_5 signatures with SHA-384 (RFC 8017 section
// 8.2), which AMD never does.
type PKCS1Signer struct{ Key *RSAKey }

// Sign signs tbs.
func (s PKCS1Signer) Sign(tbs []byte) []byte {
	return s.Key.SignPKCS1(SHA384(), digest(crypto.SHA384, tbs))
}

// SignPKCS1 is RSASSA-PKCS1-v1_5 over a digest of the algorithm of an AlgorithmIdentifier.
func (k *RSAKey) SignPKCS1(algorithm, digest []byte) []byte {
	info := TLV(TagSequence, algorithm, TLV(TagOctetString, digest))
	pad := bytes.Repeat([]byte{0xFF}, k.public.Size()-len(info)-3)
	return k.private(slices.Concat([]byte{0, 1}, pad, []byte{0}, info))
}

// ECDSASigner makes ECDSA signatures, which AMD's authorities never do.
type ECDSASigner struct {
	Key  *ecdsa.PrivateKey
	Hash crypto.Hash
}

// Sign signs tbs; the nonce is that of RFC 6979.
func (s ECDSASigner) Sign(tbs []byte) []byte {
	sig, err := s.Key.Sign(nil, digest(s.Hash, tbs), s.Hash)
	if err != nil {
		panic(err)
	}
	return sig
}

func digest(h crypto.Hash, message []byte) []byte {
	d := h.New()
	d.Write(message)
	return d.Sum(nil)
}

// PSSParams are the parts of an RSASSA-PSS AlgorithmIdentifier (RFC 4055 section
// 3.1), each the DER that goes into its context tag. A nil part is left out,
// and so takes its default.
type PSSParams struct {
	Hash, MGF, Salt, Trailer []byte
}

// ExplicitTrailer are the parameters as AMD's authorities carry them. They
// state trailerField = 1, which is the default and in strict DER left out.
func ExplicitTrailer() PSSParams {
	p := OmittedTrailer()
	p.Trailer = Integer(1)
	return p
}

// OmittedTrailer are the parameters as AMD's leaf certificates carry them.
func OmittedTrailer() PSSParams {
	return PSSParams{Hash: SHA384(), MGF: MGF1(SHA384()), Salt: Integer(48)}
}

// Encode gives the whole AlgorithmIdentifier.
func (p PSSParams) Encode() []byte {
	var params []byte
	for i, part := range [][]byte{p.Hash, p.MGF, p.Salt, p.Trailer} {
		if part != nil {
			params = append(params, TLV(0xA0|byte(i), part)...)
		}
	}
	return TLV(TagSequence, OID("1.2.840.113549.1.1.10"), TLV(TagSequence, params))
}

// SHA384 gives the AlgorithmIdentifier of SHA-384, with NULL as AMD has it.
func SHA384() []byte {
	return TLV(TagSequence, OID("2.16.840.1.101.3.4.2.2"), TLV(TagNull))
}

// MGF1 gives the AlgorithmIdentifier of MGF1 with a hash.
func MGF1(hash []byte) []byte {
	return TLV(TagSequence, OID("1.2.840.113549.1.1.8"), hash)
}
