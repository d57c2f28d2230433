package kds

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/snpreport"
)

// DefaultBase is AMD's own key server. Source: AMD 57230.
const DefaultBase = "https://kdsintf.amd.com"

type kind uint8

const (
	vcek kind = iota + 1
	certChain
	crl
)

// A Request names one thing that the key server has. Requests are equal (==)
// when they name the same thing. The zero Request names nothing and is refused.
type Request struct {
	kind    kind
	product snpreport.Product
	key     snpreport.SigningKey
	chipID  [64]byte // zero behind ChipIDSize
	tcb     snpreport.TCB
}

// splNames are the parameters, AMD 57230, in the order of the constants. (One
// revision prints ucodSPL for Turin; the server knows ucodeSPL only.)
var splNames = [...]string{
	snpreport.FMC:        "fmcSPL",
	snpreport.BootLoader: "blSPL",
	snpreport.TEE:        "teeSPL",
	snpreport.SNP:        "snpSPL",
	snpreport.Microcode:  "ucodeSPL",
}

// VCEKFor returns the Request for the certificate of the key that signed r, a
// report of product p. The chip is CHIP_ID; the levels are those of
// REPORTED_TCB, the one the key is derived from.
//
// The error is a *rule.Error. Checked in this order: there is a report, and p
// is a product; SIGNING_KEY is the VCEK; the die, which reports from version 3
// on carry, is one of p's; CHIP_ID is not zero, as it is when the host masks
// it; it is zero behind p's ChipIDSize; REPORTED_TCB is zero where p has no
// component, because the address has no place for the rest.
func VCEKFor(r *snpreport.Report, p snpreport.Product) (Request, error) {
	if r == nil {
		return Request{}, refuse("KDS-01", "report", "a report", "none")
	}
	tcb, ok := r.ReportedTCB.For(p)
	if !ok {
		return Request{}, refuse("KDS-01", "product", "Milan, Genoa or Turin", p.String())
	}
	if key := r.KeyInfo.SigningKey(); key != snpreport.VCEK {
		return Request{}, refuse("KDS-02", "SIGNING_KEY", "vcek, the only key whose certificate AMD gives to verifiers", key.String())
	}
	if die, ok := r.Die(); ok {
		if of, err := die.Product(); err != nil || of != p {
			return Request{}, refuse("KDS-03", "CPUID", "a die of "+p.String(), die.String())
		}
	}
	if r.ChipID == [64]byte{} {
		return Request{}, refuse("KDS-04", "CHIP_ID", "the id of a chip", "64 zero bytes: the host masks it, so the certificate has to come with the evidence")
	}
	n := p.ChipIDSize()
	if tail := r.ChipID[n:]; strings.Trim(string(tail), "\x00") != "" {
		return Request{}, refuse("KDS-05", "CHIP_ID", fmt.Sprintf("zero bytes behind the first %d, as on %v", n, p), hex.EncodeToString(tail))
	}
	if !tcb.ReservedZero() {
		return Request{}, refuse("KDS-06", "REPORTED_TCB", "zero bytes where "+p.String()+" has no component", fmt.Sprintf("%x", tcb.Raw()))
	}
	return Request{kind: vcek, product: p, key: snpreport.VCEK, chipID: r.ChipID, tcb: tcb}, nil
}

// CertChain returns the Request for the certificates above a product's VCEKs
// (ASK and ARK) or VLEKs (ASVK and ARK). For an unknown product or another key
// it is the zero Request.
func CertChain(p snpreport.Product, key snpreport.SigningKey) Request {
	return above(certChain, p, key)
}

// CRL returns the Request for the revocation list that covers a product's ASK
// (key VCEK) or ASVK (key VLEK). For an unknown product or another key it is the
// zero Request.
func CRL(p snpreport.Product, key snpreport.SigningKey) Request {
	return above(crl, p, key)
}

func above(k kind, p snpreport.Product, key snpreport.SigningKey) Request {
	if p.ChipIDSize() == 0 || (key != snpreport.VCEK && key != snpreport.VLEK) {
		return Request{}
	}
	return Request{kind: k, product: p, key: key}
}

// Path returns what follows the base in the URL: path and query, in the one
// canonical form. It is empty for the zero Request.
func (r Request) Path() string {
	if r.kind == 0 {
		return ""
	}
	b := []byte("/" + r.key.String() + "/v1/" + r.product.String() + "/")
	switch r.kind {
	case certChain:
		return string(b) + "cert_chain"
	case crl:
		return string(b) + "crl"
	}
	b = hex.AppendEncode(b, r.chipID[:r.product.ChipIDSize()])
	separator := byte('?')
	for _, c := range r.tcb.Components() {
		level, _ := r.tcb.Level(c)
		b = append(b, separator)
		b = append(b, splNames[c]...)
		b = append(b, '=')
		b = strconv.AppendUint(b, uint64(level), 10)
		separator = '&'
	}
	return string(b)
}

// URL returns the address behind a base, which has the form of Config.Base. It
// is empty for the zero Request. The base is not checked; NewClient does that.
func (r Request) URL(base string) string {
	if r.kind == 0 {
		return ""
	}
	return base + r.Path()
}
