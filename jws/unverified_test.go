package jws_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/rule"
)

// TestUnverifiedPayload: what a hash vouches for is cut strictly, and not judged.
func TestUnverifiedPayload(t *testing.T) {
	enc := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for name, header := range map[string]string{"EdDSA": `{"alg":"EdDSA"}`, "ES256, x5c": `{"alg":"ES256","x5c":[]}`, "nothing": `{}`} {
		payload, err := jws.UnverifiedPayload([]byte(enc(header)+"."+enc("payload")+"."+enc("any signature")), 64)
		if err != nil || string(payload) != "payload" {
			t.Errorf("%s: %q %v", name, payload, err)
		}
	}
	for name, tt := range map[string]struct{ text, id string }{
		"two segments":      {enc(`{}`) + "." + enc("p"), "JWS-02"},
		"four segments":     {enc(`{}`) + "." + enc("p") + ".AA.AA", "JWS-02"},
		"no signature":      {enc(`{}`) + "." + enc("p") + ".", "JWS-03"},
		"no payload":        {enc(`{}`) + ".." + enc("s"), "JWS-03"},
		"line break":        {enc(`{}`) + "." + enc("p") + "\n." + enc("s"), "JWS-04"},
		"padding":           {enc(`{}`) + "." + enc("p") + "." + enc("s") + "=", "JWS-04"},
		"stray bits":        {enc(`{}`) + "." + enc("p") + ".AB", "JWS-04"},
		"header, padding":   {enc(`{}`) + "=." + enc("p") + "." + enc("s"), "JWS-04"},
		"header no object":  {enc(`[]`) + "." + enc("p") + "." + enc("s"), "JWS-06"},
		"header twice":      {enc(`{"a":1,"a":1}`) + "." + enc("p") + "." + enc("s"), "JWS-06"},
		"payload too large": {enc(`{}`) + "." + enc(strings.Repeat("p", 65)) + "." + enc("s"), "JWS-01"},
		"too long":          {strings.Repeat("A", 10000), "JWS-01"},
	} {
		payload, err := jws.UnverifiedPayload([]byte(tt.text), 64)
		var e *rule.Error
		if !errors.As(err, &e) || e.Rule != tt.id || payload != nil {
			t.Errorf("%s: %q %v, want %s", name, payload, err, tt.id)
		}
	}
}
