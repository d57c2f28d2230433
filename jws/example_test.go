package jws_test

import (
	"errors"
	"fmt"

	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/rule"
)

// The example of RFC 8037: A.2 and A.4.
const (
	exampleKey     = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	exampleMessage = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc." +
		"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)

func ExampleMessage_Verify() {
	key, err := jws.ParseJWK([]byte(exampleKey))
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := jws.Parse([]byte(exampleMessage), jws.Kind{Algorithm: jws.EdDSA, MaxPayload: 1024})
	if err != nil {
		fmt.Println(err)
		return
	}
	payload, index, err := m.Verify(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s, by key %d\n", payload, index)
	// Output: Example of Ed25519 signing, by key 0
}

func ExampleParse_refused() {
	_, err := jws.Parse([]byte(exampleMessage), jws.Kind{Algorithm: jws.ES256, MaxPayload: 1024})
	var e *rule.Error
	if errors.As(err, &e) {
		fmt.Println(e)
	}
	// Output: header.alg: expected ES256, got "EdDSA" [JWS-08]
}

func ExampleNewEd25519Key() {
	_, err := jws.NewEd25519Key([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	fmt.Println(err)
	// Output: Ed25519 key: expected a point of large order, got 0100000000000000000000000000000000000000000000000000000000000000 [JWK-03]
}
