package attesttest

import (
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/tresorhq/attest/attesttest/internal/loopback"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/snpreport"
)

// BundlePath is where Publish has the trust bundle.
const BundlePath = "/trust-bundle.jws"

// Publish answers an HTTP request for the publisher of the trust bundle, and for
// AMD's key server: it has the documents of this enclave and no others. Server
// and leak.Witness serve it.
func (e *Enclave) Publish(w http.ResponseWriter, r *http.Request) {
	if !e.unmade() && r.Method == http.MethodGet {
		if answer, ok := e.published()[r.URL.RequestURI()]; ok {
			loopback.Write(w, answer.contentType, answer.body)
			return
		}
	}
	http.NotFound(w, r)
}

// An answer is a document that is published.
type answer struct {
	contentType string
	body        []byte
}

// published gives path and query of each document. Source of those of the key
// server: AMD 57230.
func (e *Enclave) published() map[string]answer {
	set := e.draft.Set
	product := set.Product
	documents := map[string]answer{BundlePath: {"application/jose", e.bundle}}
	for kind, authority := range map[string]string{"vcek": "SEV-", "vlek": "SEV-VLEK-"} {
		base := "/" + kind + "/v1/" + product
		chain := mint.PEM(e.draft.forge.CACert(authority+product), e.draft.forge.CACert("ARK-"+product))
		documents[base+"/cert_chain"] = answer{"application/x-pem-file", chain}
		for _, crl := range e.draft.crls {
			documents[base+"/crl"] = answer{"application/pkix-crl", crl}
		}
	}
	if set.Kind == "vcek" {
		documents[e.leafPath()] = answer{"application/pkix-cert", set.Leaf}
	}
	return documents
}

// leafPath names the chip and the level of the report.
func (e *Enclave) leafPath() string {
	set := e.draft.Set
	t, fmc := set.Spec.ReportedTCB, ""
	if e.draft.config.Product == snpreport.Turin {
		fmc = fmt.Sprintf("fmcSPL=%d&", t.FMC)
	}
	id := hex.EncodeToString(set.Spec.ChipID[:e.draft.config.Product.ChipIDSize()])
	return fmt.Sprintf("/vcek/v1/%s/%s?%sblSPL=%d&teeSPL=%d&snpSPL=%d&ucodeSPL=%d", set.Product, id, fmc, t.BootLoader, t.TEE, t.SNP, t.Microcode)
}
