package inspect

import (
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/snpreport/form"
	"github.com/tresorhq/attest/verdict"
)

// detectHeld finds out what a file is that is none of this module's own: evidence as people
// hold it, or a part of an Azure VM's. err is of the form that was tried before. It
// stays, unless more is known of what the file is: a private key, a certificate of another
// maker, or a form that package carrier recognises.
func detectHeld(b []byte, err error) (kind string, nodes []Node, _ error) {
	e, noReport := carrier.Open(b)
	bag, noCerts := carrier.OpenCertificates(b)
	switch {
	case noReport == nil:
		_, shown, malformed := showReport(form.Carried{Form: form.Raw, Report: e.Report})
		if malformed == nil || e.HCL != nil {
			return "report, " + string(e.Form), heldNodes(e, shown, malformed), nil
		}
	case noCerts == nil:
		known := func(c carrier.Certificate) bool { _, err := certchain.ParseCertificate(c.DER); return err == nil }
		if slices.ContainsFunc(bag.Certificates, known) {
			return "certificates, " + string(bag.Form), bagNodes(bag), nil
		}
	default:
		if q, err := azure.ParseQuote(b); err == nil {
			return "TPM quote", []Node{quoteNode(q)}, nil
		}
		if r, err := azure.ParseRuntimeData(b); err == nil {
			return "runtime data", []Node{runtimeNode(r)}, nil
		}
		if p, err := azure.ParsePCRs(b); err == nil {
			return "values of PCRs", []Node{pcrNode(p)}, nil
		}
	}
	var key *carrier.PrivateKeyError
	var unread *carrier.UnreadError
	switch {
	case detectArtefact(b) != nil: // it is known, and malformed
	case errors.As(noReport, &key), errors.As(noCerts, &key):
		return "", nil, key
	case noCerts == nil && len(bag.Certificates) > 0:
		if c, foreign := x509.ParseCertificate(bag.Certificates[0].DER); foreign == nil && !strings.Contains(c.Issuer.String(), "Advanced Micro Devices") {
			return "", nil, fmt.Errorf("%w: its subject is %q, its issuer %q", ErrForeign, printable.Short(c.Subject.String()), printable.Short(c.Issuer.String()))
		}
	case len(b) > 0 && b[0] == 0x30: // DER that breaks off, say
	case errors.As(noReport, &unread) && unread.Rule == "FRM-03":
		return "", nil, unread
	case errors.As(noReport, &unread) && errors.As(noCerts, &unread) && slices.Contains(verdict.Rules(err), "RPT-01"):
		return "", nil, unknown("this is of no known form")
	}
	return "", nil, err
}

// heldNodes shows a report, or why it is malformed, with all that came with it.
func heldNodes(e *carrier.Evidence, report []Node, err error) []Node {
	var nodes []Node
	if e.HCL != nil {
		nodes = append(nodes, hclNode(e.HCL))
	}
	if err != nil {
		report = []Node{malformed("report", err)}
	}
	nodes = append(nodes, report...)
	if e.Quote != nil {
		nodes = append(nodes, group("quote", leaf("message", hex.EncodeToString(e.Quote.Message)), leaf("signature", hex.EncodeToString(e.Quote.Signature))))
		if q, err := azure.ParseQuote(e.Quote.Message); err == nil {
			nodes[len(nodes)-1] = quoteNode(q)
		}
		if p, err := azure.SHA256PCRs(e.Quote.PCRs); err == nil {
			nodes = append(nodes, pcrNode(p))
		}
	}
	return append(nodes, bagNodes(&e.Bag)...)
}

func malformed(name string, err error) Node { return group(name, orError(nil, err)...) }

// bagNodes shows certificates, and names what was passed over.
func bagNodes(g *carrier.Bag) []Node {
	nodes := []Node{}
	for _, c := range g.Certificates {
		found, err := certificateNodes([][]byte{c.DER})
		if err != nil {
			found = []Node{malformed("certificate", err)}
		}
		nodes = append(nodes, found...)
	}
	for _, p := range g.PassedOver {
		nodes = append(nodes, leaf("passed over", p))
	}
	return nodes
}

// hclNode shows an HCL report without the report in it.
func hclNode(b []byte) Node {
	h, err := azure.ParseHCL(b)
	if err != nil {
		return malformed("HCL report", err)
	}
	kids := []Node{leaf("header_version", h.HeaderVersion), leaf("bytes", len(b)), leaf("runtime_data_bytes", len(h.RuntimeData))}
	r, err := azure.ParseRuntimeData(h.RuntimeData)
	if err != nil {
		return group("HCL report", append(kids, malformed("runtime data", err))...)
	}
	return group("HCL report", append(kids, runtimeNode(r))...)
}

func runtimeNode(r *azure.RuntimeData) Node {
	kids := []Node{leaf("ak_modulus", hex.EncodeToString(r.AK.N.Bytes())), leaf("ak_exponent", r.AK.E)}
	if r.UserData != nil {
		kids = append(kids, leaf("user_data", hex.EncodeToString(r.UserData)))
	}
	c := r.VMConfiguration
	for _, said := range []struct {
		name string
		yes  *bool
	}{{"secure-boot", c.SecureBoot}, {"tpm-enabled", c.TPMEnabled}, {"tpm-persisted", c.TPMPersisted}, {"console-enabled", c.ConsoleEnabled}} {
		if said.yes != nil {
			kids = append(kids, leaf(said.name, *said.yes))
		}
	}
	return group("runtime data", append(kids, leaf("vmUniqueId", c.VMUniqueID), leaf("root-cert-thumbprint", c.RootCertThumbprint))...)
}

func quoteNode(q *azure.Quote) Node {
	selected := list("selected")
	for _, r := range q.Selected {
		selected.kids = append(selected.kids, leaf("", r.String()))
	}
	return group("quote", leaf("qualified_signer", hex.EncodeToString(q.QualifiedSigner)), leaf("qualifying_data", hex.EncodeToString(q.ExtraData)),
		leaf("clock", q.Clock, "ms"), leaf("reset_count", q.ResetCount), leaf("restart_count", q.RestartCount), leaf("safe", q.Safe),
		leaf("firmware_version", fmt.Sprintf("%#x", q.FirmwareVersion)), selected, leaf("pcr_digest", hex.EncodeToString(q.PCRDigest[:])))
}

func pcrNode(p azure.PCRs) Node {
	var kids []Node
	for _, r := range p.Registers() {
		kids = append(kids, leaf(r.String(), hex.EncodeToString(p[r])))
	}
	return group("PCRs", kids...)
}
