package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"maps"

	"github.com/tresorhq/attest/internal/dev/vectorfile"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
	"github.com/tresorhq/attest/internal/mint/paravisor"
)

// noon is the time of every case that does not say otherwise.
const noon = "2026-04-01T12:00:00Z"

// An exhibit is all evidence of one case before it is signed and encoded. Each
// part can be changed; what depends on it follows, so that nothing else breaks.
type exhibit struct {
	*document.Endpoint // of "report" its Set alone
	command            string
	options            map[string]any
	inputs             map[string][][]byte // what takes the place of what is made here; nil drops it
	result             doc                 // members of the verdict

	// Certificates.
	mid, ark             mint.CertSpec
	leafSigner           mint.Signer
	midSigner, arkSigner mint.Signer
	chain                func(leaf, mid, ark []byte) [][]byte // what is sent
	pem                  func(ders ...[]byte) []byte
	crl                  *mint.CRLSpec // nil: none is given
	crlSigner            mint.Signer
	crlDER               func([]byte) []byte

	live     [32]byte // key of the connection
	isSealed bool

	receipt *document.Receipt // nil: there is none
	embed   func(d *doc)      // changes what a receipt embeds; nil: nothing
	guest   *guest            // of "measure"; nil: the inputs say all

	vm      *paravisor.VM // of Azure; nil: there is none
	rewrite func(files map[string][][]byte)
}

var (
	releaseKey  = mint.Ed25519Key("vectors release root")
	otherKey    = mint.Ed25519Key("vectors somebody else")
	manifestKey = mint.Ed25519Key("vectors manifest")
	tlsKey      = mint.P256Key("vectors tls")
)

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

// releaseRootPEM is a public key as a release root file holds it (RFC 8410).
func releaseRootPEM(key ed25519.PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: mint.SPKI(public(key))})
}

func asIs(b []byte) []byte { return b }

// hardware is a report by itself, sent with leaf and intermediate.
func hardware(product string, version uint32, kind string) func() *exhibit {
	return func() *exhibit {
		x := &exhibit{
			Endpoint: &document.Endpoint{Set: mint.Evidence(product, version, kind)}, command: "report",
			options: map[string]any{"at": noon}, inputs: map[string][][]byte{},
			crlDER: asIs,
			chain:  func(leaf, mid, _ []byte) [][]byte { return [][]byte{leaf, mid} },
			pem:    mint.PEM,
		}
		x.ark, x.arkSigner, x.midSigner = mint.ARK(product), mint.CAKey("ARK-"+product), mint.CAKey("ARK-"+product)
		x.mid, x.leafSigner = mint.ASK(product), x.LeafSigner()
		if kind == "vlek" {
			x.mid, x.options["allow-vlek"] = mint.ASVK(product), true
		}
		x.crlSigner = x.arkSigner
		return x
	}
}

// endpoint is what somebody saw of an endpoint whose report is that hardware's.
func endpoint(product string, version uint32, kind string) func() *exhibit {
	return func() *exhibit {
		x := hardware(product, version, kind)()
		x.command = "attest"
		x.Endpoint = document.NewEndpoint(x.Set)
		x.SPKI = sha256.Sum256(mint.SPKI(tlsKey.Public()))
		x.live = x.SPKI
		x.Envelope.Set("tls_spki_sha256", hex.EncodeToString(x.SPKI[:]))
		x.Bundle.Sign, x.Manifest.Sign = document.EdDSA(releaseKey), document.EdDSA(manifestKey)
		return x
	}
}

// sealed gives the signed report.
func (x *exhibit) sealed() []byte {
	x.Resign()
	return x.Report
}

// sent gives the certificates.
func (x *exhibit) sent() [][]byte {
	return x.chain(x.LeafSpec.Encode(x.leafSigner), x.mid.Encode(x.midSigner), x.ark.Encode(x.arkSigner))
}

// seal makes manifest, tag, report and certificates, and fills envelope and
// bundle with them. What a case changes later does not change these.
func (x *exhibit) seal() {
	if x.isSealed {
		return
	}
	x.isSealed = true
	x.Sign()
	x.ChainPEM = x.pem(x.sent()...)
	x.Fill()
}

// testCase encodes everything. What the row says of it is left to the caller.
func (x *exhibit) testCase() vectorfile.Case {
	inputs := map[string][][]byte{"amd-root": {mint.PEM(x.ARK)}}
	switch x.command {
	case "receipt":
		inputs = x.receiptFiles()
	case "measure":
		inputs = map[string][][]byte{}
		if x.guest != nil {
			var options map[string]any
			inputs, options = x.guest.inputs()
			maps.Copy(options, x.options)
			x.options = options
		}
	case "attest":
		x.seal()
		inputs["envelope"], inputs["bundle"] = [][]byte{x.Seal()}, [][]byte{x.Bundle.Encode()}
		inputs["release-root"] = [][]byte{releaseRootPEM(releaseKey)}
		if _, set := x.options["spki"]; !set {
			x.options["spki"] = hex.EncodeToString(x.live[:])
		}
	case "report":
		if x.vm != nil {
			maps.Copy(inputs, x.azureFiles())
			break
		}
		inputs["report"] = [][]byte{x.sealed()}
		for _, der := range x.sent() {
			inputs["certs"] = append(inputs["certs"], x.pem(der))
		}
	}
	if x.crl != nil {
		inputs["crl"] = [][]byte{x.crlDER(x.crl.Encode(x.crlSigner))}
	}
	for name, files := range x.inputs {
		inputs[name] = files
	}
	c := vectorfile.Case{Command: x.command, Options: x.options, Files: inputs}
	for name, value := range c.Options {
		if value == nil { // a case without it
			delete(c.Options, name)
		}
	}
	return c
}
