package attesttest

import (
	"crypto/hmac"
	"crypto/sha512"
)

// hs512 makes an HMAC, which is as long as an Ed25519 signature.
func hs512(key []byte) func([]byte) []byte {
	return func(signed []byte) []byte {
		mac := hmac.New(sha512.New, key)
		mac.Write(signed)
		return mac.Sum(nil)
	}
}
