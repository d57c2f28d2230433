package certchain_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
)

// now is a time at which everything that mint makes is valid.
var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// unsigned is a signer for what is only parsed: it fills in zeros.
type unsigned struct{}

func (unsigned) Sign([]byte) []byte { return make([]byte, 512) }

// encode is spec.Encode that signs the same thing once, because RSA is slow.
func encode(spec mint.CertSpec, signer mint.Signer) []byte {
	key, ok := signer.(*mint.RSAKey)
	if !ok || spec.Mangle != nil {
		return spec.Encode(signer)
	}
	name := key.Name + "\x00" + string(spec.Encode(unsigned{}))
	encoded.Lock()
	defer encoded.Unlock()
	if encoded.certs[name] == nil {
		encoded.certs[name] = spec.Encode(signer)
	}
	return encoded.certs[name]
}

var encoded = struct {
	sync.Mutex
	certs map[string][]byte
}{certs: map[string][]byte{}}

// second returns the error of a call.
func second[T any](_ T, err error) error { return err }

// wantRule fails unless err carries the rule; "" wants no error.
func wantRule(t testing.TB, rule string, err error) {
	t.Helper()
	var r interface{ Requirement() string }
	switch {
	case err == nil && rule == "":
	case err == nil:
		t.Errorf("accepted, want %s", rule)
	case !errors.As(err, &r):
		t.Errorf("%v: no rule, want %q", err, rule)
	case r.Requirement() != rule:
		t.Errorf("%v: rule %s, want %q", err, r.Requirement(), rule)
	}
}

// rootsOf returns custom roots with the ARKs that mint makes for the products.
func rootsOf(t testing.TB, products ...string) *certchain.Roots {
	t.Helper()
	names := strings.Join(products, " ")
	if known, ok := knownRoots.Load(names); ok {
		return known.(*certchain.Roots)
	}
	var arks [][]byte
	for _, p := range products {
		arks = append(arks, mint.CACert("ARK-"+p))
	}
	roots, err := certchain.NewRoots(arks...)
	if err != nil {
		t.Fatal(err)
	}
	knownRoots.Store(names, roots)
	return roots
}

var knownRoots sync.Map // names of products to what rootsOf made of them

// spec returns the valid description of a role of a product.
func spec(role certchain.Role, product string) mint.CertSpec {
	switch role {
	case certchain.ARK:
		return mint.ARK(product)
	case certchain.ASK:
		return mint.ASK(product)
	case certchain.ASVK:
		return mint.ASVK(product)
	case certchain.VCEK:
		return mint.VCEK(product, mint.DefaultTCB(product), mint.DefaultHWID(product))
	}
	return mint.VLEK(product, mint.DefaultTCB(product), mint.DefaultCSPID)
}

// oid and tlv as mint writes them, with the rest of an Extension by hand.
func rawExtension(oid string, parts ...[]byte) mint.Extension {
	all := append([][]byte{mint.OID(oid)}, parts...)
	return mint.Extension{OID: oid, Raw: mint.TLV(mint.TagSequence, all...)}
}

func octets(b ...byte) []byte { return mint.TLV(mint.TagOctetString, b) }
func ia5(s string) []byte     { return mint.TLV(mint.TagIA5String, []byte(s)) }
