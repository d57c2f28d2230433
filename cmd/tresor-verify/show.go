package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/snpreport"
)

func showCommand() command {
	return command{
		name: "show", usage: "FILE|- [--json]", operand: "FILE|-", run: runShow,
		summary: "print what a file says, verifying nothing",
		about: `Prints a report (in any form that "report" takes), certificates, a certificate
table, a CRL, an attestation envelope, a trust bundle, a workload identity manifest,
a receipt, an evidence, policy or pin file, field by field. What it is, is detected.
Nothing is verified: anyone can write a file that says this.`,
		flags:    []flagDoc{{"json", "", "the same as JSON"}},
		examples: []string{"show report.bin", "show vcek.der --json", "show receipt.json"},
	}
}

// unknownFile is what show says of a file that is nothing it knows: there is
// nothing in it that could be refused.
func unknownFile(why string) error {
	return usagef("%s; show knows reports, certificates, certificate tables, CRLs, attestation envelopes, trust bundles, workload identity manifests, receipts, evidence, policies and pins", why)
}

func runShow(_ context.Context, w world, u *ui, args []string) (int, error) {
	fs := newFlagSet("show")
	var asJSON bool
	fs.yes(&asJSON, "json")
	files, err := fs.parse(args, 1)
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, usagef("a file is missing, or - for standard input")
	}
	b, err := w.evidence(files[0], maxShowFile)
	if err != nil {
		return 0, unavailable("show", err)
	}
	kind, nodes, err := detect(b)
	if err != nil {
		return 0, err
	}
	if asJSON {
		content := list("content")
		for _, n := range nodes {
			content.kids = append(content.kids, group("", n)) // an object, which names what it is
		}
		u.object(group("",
			leaf("schema", "tresor.show/v1"), leaf("tool", toolName()), leaf("kind", kind), leaf("verified", false), content))
		return exitVerified, nil
	}
	u.line("NOT VERIFIED: this is what the file says (%s)", kind)
	for _, n := range nodes {
		u.tree(n, 0)
	}
	return exitVerified, nil
}

// detect finds out what a file is. The first form that fits is shown; none of
// them can be mistaken for another.
func detect(b []byte) (kind string, nodes []node, err error) {
	text := trimLine(b)
	switch {
	case bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")):
		return showJSON(text)
	case bytes.HasPrefix(b, []byte("-----BEGIN X509 CRL-----")):
		if block, _ := pem.Decode(b); block != nil {
			return showDER(block.Bytes)
		}
		return "", nil, malformed(errors.New("a CRL in PEM that can not be read"))
	case bytes.HasPrefix(bytes.TrimSpace(b), []byte("-----BEGIN")):
		ders, err := certchain.SplitPEM(b)
		if err != nil {
			return "", nil, malformed(err)
		}
		nodes, err := certificateNodes(ders)
		return "certificates", nodes, err
	case len(b) > 1 && b[0] == 0x30 && b[1]&0x80 != 0:
		return showDER(b)
	}
	if isCompact(text) {
		return showCompact(text)
	}
	if len(b) != snpreport.Size && isText(text) {
		b = text
	}
	carried, openErr := snpreport.Open(b)
	if openErr == nil {
		return showReport(carried)
	}
	if table, err := snpreport.ParseCertTable(b); err == nil && len(b) > 0 {
		return "certificate table", tableNodes(table), nil
	}
	return "", nil, malformed(openErr)
}

func showDER(der []byte) (kind string, nodes []node, err error) {
	nodes, certErr := certificateNodes([][]byte{der})
	if certErr == nil {
		return "certificate", nodes, nil
	}
	crl, crlErr := certchain.ParseCRL(der)
	if crlErr == nil {
		return "CRL", []node{crlNode(crl)}, nil
	}
	return "", nil, malformed(fmt.Errorf("neither a certificate of AMD's (%v) nor a CRL of AMD's (%w)", certErr, crlErr))
}

func showReport(c snpreport.Carried) (kind string, nodes []node, err error) {
	r, err := snpreport.Parse(c.Report)
	if err != nil {
		return "", nil, malformed(err)
	}
	var product snpreport.Product
	for _, e := range c.Certs {
		if cert, err := certchain.ParseCertificate(e.Data); err == nil {
			product = cert.Product
		}
	}
	return "report, " + c.Form.String(), append([]node{reportNode(r, product)}, tableNodes(c.Certs)...), nil
}

// tableNodes shows the entries of a certificate table. What an entry does not
// hold as it should is shown as its error: the host wrote the table.
func tableNodes(table []snpreport.TableEntry) []node {
	nodes := []node{}
	for _, e := range table {
		kids := []node{leaf("guid", guid(e.GUID)), leaf("bytes", len(e.Data))}
		var content []node
		var err error
		switch e.Kind {
		case snpreport.TableVCEK, snpreport.TableVLEK, snpreport.TableASK, snpreport.TableARK:
			ders := [][]byte{e.Data}
			if bytes.HasPrefix(e.Data, []byte("-----BEGIN")) {
				ders, err = certchain.SplitPEM(e.Data)
			}
			if err == nil {
				content, err = certificateNodes(ders)
			}
		case snpreport.TableCRL:
			var crl *certchain.CRL
			if crl, err = certchain.ParseCRL(e.Data); err == nil {
				content = []node{crlNode(crl)}
			}
		}
		if err != nil {
			content = []node{leaf("malformed", err.Error())}
		}
		nodes = append(nodes, group("entry "+e.Kind.String(), append(kids, content...)...))
	}
	return nodes
}

func guid(g [16]byte) string {
	x := hex.EncodeToString(g[:])
	return fmt.Sprintf("%s-%s-%s-%s-%s", x[:8], x[8:12], x[12:16], x[16:20], x[20:])
}
