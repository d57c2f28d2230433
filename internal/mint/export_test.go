package mint

import (
	"crypto/rsa"
	"math/big"
)

const MaxRemembered = maxRemembered

func (k *RSAKey) Remembered(message []byte, sign func([]byte) []byte) []byte {
	return k.remembered(message, sign)
}

// Private gives the key in the form of the standard library.
func (k *RSAKey) Private() *rsa.PrivateKey {
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(k.p, one), new(big.Int).Sub(k.q, one))
	key := &rsa.PrivateKey{PublicKey: *k.Public(), D: new(big.Int).ModInverse(big.NewInt(rsaExponent), phi), Primes: []*big.Int{k.p, k.q}}
	key.Precompute()
	return key
}
