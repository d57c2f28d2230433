// Package inspect says what a file holds, field by field, as a tree. It verifies
// nothing.
package inspect

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/collateral"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/snpreport/form"
)

// MaxFile is the longest file that Detect reads, in bytes.
const MaxFile = launch.MaxFirmware

// ErrForeign is the error of a certificate that has nothing to do with reports.
var ErrForeign = errors.New("this is a certificate, and none of AMD's")

// unknown is the error of a file that is nothing that Detect knows, and why: there is
// nothing in it that could be refused.
type unknown string

func (u unknown) Error() string {
	return string(u) + "; show knows reports, certificates, certificate tables, CRLs, attestation envelopes, trust bundles, workload identity manifests, receipts, evidence, policies, pins, launch files, firmware, IGVM files, ID blocks and public keys"
}

// Malformed gives an error of a parser the type that it has in a verdict.
func Malformed(err error) error {
	if _, ok := err.(unknown); ok || attest.ErrorType(err) != "" { // it needs none, or has one
		return err
	}
	if config := (*rule.ConfigError)(nil); errors.As(err, &config) { // of a policy file, say
		fault := config.Fault()
		err = &fault
	}
	f := rule.From(err, "RPT-01", "the file is malformed")
	if strings.HasPrefix(f.Rule, "CHN-") {
		return &attest.CertChainInvalidError{Failure: f}
	}
	return &attest.ReportInvalidError{Failure: f}
}

// A File is what a file says. Nothing of it is verified.
type File struct {
	Kind    string
	Content []Node
}

// Detect finds out what a file is. The first form that fits is shown; none of them
// can be mistaken for another.
func Detect(b []byte) (*File, error) {
	kind, nodes, err := detect(b)
	if err != nil {
		kind, nodes, err = detectHeld(b, Malformed(err)) // as people hold it
	}
	if err != nil {
		return nil, err
	}
	return &File{kind, nodes}, nil
}

// Object returns what is printed as JSON.
func (f *File) Object(tool string) Node {
	content := list("content")
	for _, n := range f.Content {
		content.kids = append(content.kids, group("", n)) // an object, which names what it is
	}
	return group("", leaf("schema", "tresor.show/v1"), leaf("tool", tool), leaf("kind", f.Kind), leaf("verified", false), content)
}

// Print writes what is printed as text.
func (f *File) Print(b *printable.Builder) {
	b.Line("NOT VERIFIED: this is what the file says (%s)", f.Kind)
	for _, n := range f.Content {
		n.print(b, 0)
	}
}

func detect(b []byte) (kind string, nodes []Node, err error) {
	text := cli.TrimLine(b)
	if show := detectArtefact(b); show != nil {
		return show()
	}
	switch {
	case bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")):
		return showJSON(text)
	case bytes.HasPrefix(b, []byte("-----BEGIN X509 CRL-----")):
		if block, _ := pem.Decode(b); block != nil {
			return showDER(block.Bytes)
		}
		return "", nil, errors.New("a CRL in PEM that can not be read")
	case bytes.HasPrefix(bytes.TrimSpace(b), []byte("-----BEGIN")):
		nodes, err := pemNodes(b)
		return "certificates", nodes, err
	case len(b) > 1 && b[0] == 0x30 && b[1]&0x80 != 0:
		return showDER(b)
	}
	if isCompact(text) {
		return showCompact(text)
	}
	b = TrimText(b)
	carried, openErr := form.Open(b)
	if openErr == nil {
		return showReport(carried)
	}
	if table, err := form.ParseCertTable(b); err == nil && len(b) > 0 {
		return "certificate table", tableNodes(table), nil
	}
	return "", nil, openErr
}

func showDER(der []byte) (kind string, nodes []Node, err error) {
	nodes, certErr := certificateNodes([][]byte{der})
	if certErr == nil {
		return "certificate", nodes, nil
	}
	crl, crlErr := certchain.ParseCRL(der)
	if crlErr == nil {
		return "CRL", []Node{crlNode(crl)}, nil
	}
	if _, err := x509.ParseRevocationList(der); err == nil {
		return "", nil, crlErr
	}
	return "", nil, certErr
}

func showReport(c form.Carried) (kind string, nodes []Node, err error) {
	if isReport6(c.Report) {
		return "report version 6, which is not supported", append([]Node{report6Node(c.Report)}, tableNodes(c.Certs)...), nil
	}
	r, err := snpreport.Parse(c.Report)
	if err != nil {
		return "", nil, err
	}
	var product snpreport.Product
	for _, e := range c.Certs {
		if cert, err := certchain.ParseCertificate(e.Data); err == nil {
			product = cert.Product
		}
	}
	nodes = []Node{reportNode(r, product)}
	if where, ok := addresses(r, product); ok {
		nodes = append(nodes, where)
	}
	return "report, " + c.Form.String(), append(nodes, tableNodes(c.Certs)...), nil
}

// addresses are where AMD's key server has what vouches for a report.
func addresses(r *snpreport.Report, product snpreport.Product) (Node, bool) {
	product, _ = collateral.LikelyProduct(r, product)
	if product.ChipIDSize() == 0 {
		return Node{}, false
	}
	key := r.KeyInfo.SigningKey()
	url := func(q kds.Request) string { return kds.DefaultBase + q.Path() }
	var kids []Node
	if vcek, err := kds.VCEKFor(r, product); err == nil && key == snpreport.VCEK {
		kids = append(kids, leaf("certificate", url(vcek)))
	}
	return group("amd_addresses", append(kids, leaf("chain", url(kds.CertChain(product, key))), leaf("crl", url(kds.CRL(product, key))))...), true
}

// tableNodes shows the entries of a certificate table. What an entry does not
// hold as it should is shown as its error: the host wrote the table.
func tableNodes(table []form.TableEntry) []Node {
	nodes := []Node{}
	for _, e := range table {
		kids := []Node{leaf("guid", guid(e.GUID)), leaf("bytes", len(e.Data))}
		var content []Node
		var err error
		switch e.Kind {
		case form.TableVCEK, form.TableVLEK, form.TableASK, form.TableARK:
			if bytes.HasPrefix(e.Data, []byte("-----BEGIN")) {
				content, err = pemNodes(e.Data)
			} else {
				content, err = certificateNodes([][]byte{e.Data})
			}
		case form.TableCRL:
			var crl *certchain.CRL
			if crl, err = certchain.ParseCRL(e.Data); err == nil {
				content = []Node{crlNode(crl)}
			}
		}
		nodes = append(nodes, group("entry "+e.Kind.String(), append(kids, orError(content, err)...)...))
	}
	return nodes
}

func guid(g [16]byte) string {
	x := hex.EncodeToString(g[:])
	return fmt.Sprintf("%s-%s-%s-%s-%s", x[:8], x[8:12], x[12:16], x[16:20], x[20:])
}

// TrimText forgives a report that is text its last line break. A raw report is told by its
// size, and may end in one.
// Rules: CLI-07.
func TrimText(b []byte) []byte {
	if text := cli.TrimLine(b); len(b) != snpreport.Size && isText(text) {
		return text
	}
	return b
}

func isText(b []byte) bool {
	return !bytes.ContainsFunc(b, func(c rune) bool { return c <= ' ' || c > '~' })
}
