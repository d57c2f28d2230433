package mint

import "math/big"

// The attestation keys of imitated virtual TPMs, by name: RSA-2048, two primes each in hex.
// PUBLIC TEST KEYS: everybody has them, and they sign nothing real.
var akPrimes = map[string][2]string{
	"ak": {
		"f6e2210ea834b98af0a3f446e8140dbe88de9b6b75556edd1ca90233410354812031109daefb3e55843f1be8cce4734a2e2c0732eaad8819a86d42f1d7d73eee" +
			"2cad94625c62fa3ec211932befc440e70005667079e1e1dd06c079fd4baf647cc34b10233b5009c6ec0ff0e282beda2a33d53f54407bb75cd63aee259782b863",
		"dc182335d26c44c5b89e86fdcd2043f48fc2b2b3574a3baf3ad12f5c086c5727e13ef1dc8f5939951b1abec55b11c283880ac3fc131eb96e34540ac16b887fbc" +
			"1b2cac3b70d3862c3a0a68d812db235fee22f2fcb7f4c4ed77b5a27ec5c5fa4ef10da673ebce79fa5978975ba6c50b204f834c97741ac2bf70e75993dbb414c7",
	},
	"other": {
		"dfccb23ee59d5c3f298244323d14e3b5e285d3f232864230ed22f6138074558d23a8a0917cfcdeddc5b49ecf1cf53c77c2b4ecdbc9635ead71d986b6d2234079" +
			"1cb6d737924dff6983f9004e4e8d5c07b7ee2be135ca9dc8c9c8d707eda94806db6859c2fc25595e54c6e916a49e6401ed309f8aa914e69a0a05d9bdaea734bb",
		"dbcfc92bcea7d80cf67509ccd07145297834581dc34c41e6f88c7871f6cb0fd81ca040285c6da52d8b1b63d54b9d579aa8bac02f90b185926816191218af5949" +
			"ec475c25f57f54d844c1da6bf792c7dd78d15580c0690a3a3134ddd2ed1d023611c078c9a71536e7fd15e8e23cf9534b475ef9a5ddfc9c08cd3515a6c5740961",
	},
}

// AKKey is an attestation key: "ak", or "other" of another machine.
func AKKey(name string) *RSAKey {
	primes, ok := akPrimes[name]
	if !ok {
		panic("mint: no attestation key " + name)
	}
	return newRSAKey(name, primes[0], primes[1])
}

// AKPrimes gives the two primes of an attestation key.
func AKPrimes(name string) (p, q *big.Int) {
	k := AKKey(name)
	return new(big.Int).Set(k.p), new(big.Int).Set(k.q)
}
