package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/rule"
)

// CompareKey reads a JSON Web Key with both. Theirs must be a public one.
func CompareKey(text []byte) difftest.Outcome {
	k, err := jws.ParseJWK(text)
	o := difftest.Outcome{Ours: ruleOf(err)}
	var theirs jose.JSONWebKey
	var theirErr error
	o.Theirs, theirErr = difftest.Call(func() error {
		if err := json.Unmarshal(text, &theirs); err != nil {
			return err
		}
		if !theirs.Valid() || !theirs.IsPublic() {
			return errors.New("not a public key")
		}
		return nil
	})
	o.Detail = fmt.Sprintf("ours: %v\ntheirs: %v\nkey: %q", err, theirErr, text)
	if o.Ours != difftest.Accepts || o.Theirs != difftest.Accepts {
		return o
	}
	if k.ID() != theirs.KeyID {
		o.Fields = append(o.Fields, "kid")
	}
	if sum := k.SHA256(); !bytes.Equal(sum[:], keySum(theirs.Key)) {
		o.Fields = append(o.Fields, "key")
	}
	return o
}

// keySum is what Key.SHA256 says it is.
func keySum(key any) []byte {
	var raw []byte
	switch key := key.(type) {
	case ed25519.PublicKey:
		raw = key
	case *ecdsa.PublicKey:
		raw, _ = key.Bytes()
	}
	sum := sha256.Sum256(raw)
	return sum[:]
}

// ruleOf returns the rule of an error and, where the JSON is to blame, that of
// what is wrong with it.
func ruleOf(err error) string {
	var e *rule.Error
	if errors.As(err, &e) && e.Cause != nil {
		return e.Rule + "/" + difftest.Requirement(e.Cause)
	}
	return difftest.Requirement(err)
}

// edX is an Ed25519 key with these bytes.
func edX(digits string) string {
	raw, err := hex.DecodeString(digits)
	if err != nil {
		panic(err)
	}
	return `{"kty":"OKP","crv":"Ed25519","x":"` + base64.RawURLEncoding.EncodeToString(raw) + `"}`
}
