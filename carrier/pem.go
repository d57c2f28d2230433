package carrier

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/snpreport"
)

// A block is one block of PEM: its label, and its lines without white space.
type block struct {
	label string
	body  []byte
}

// blocks returns the blocks of PEM as people hold it: with text, blank lines and leading blanks around
// and in blocks, and literal \n for line breaks. A private key is refused. Rules: FRM-04, FRM-44.
func blocks(text []byte) ([]block, error) {
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte(`\r`), nil), []byte(`\n`), []byte("\n"))
	var list []block
	open := false
	for line := range bytes.Lines(text) {
		line = bytes.Trim(line, " \t\r\n\"'")
		begin, isBegin := boundary(line, "-----BEGIN ")
		end, isEnd := boundary(line, "-----END ")
		switch {
		case isBegin && strings.Contains(begin, "PRIVATE KEY"):
			return nil, privateKey(fmt.Sprintf("PEM block %d", len(list)+1))
		case isBegin && !open:
			list, open = append(list, block{label: begin}), true
		case isEnd && open && end == list[len(list)-1].label:
			open = false
		case isBegin, isEnd:
			return nil, malformed("FRM-44", "PEM", "an END behind each BEGIN, of its label", fmt.Sprintf("%.64q", line))
		case open:
			list[len(list)-1].body = append(list[len(list)-1].body, line...)
		}
	}
	if open || len(list) == 0 || len(list) > 64 {
		return nil, malformed("FRM-44", "PEM", "1 to 64 blocks, and an END behind each BEGIN", fmt.Sprintf("%d blocks", len(list)))
	}
	return list, nil
}

// boundary reads "-----BEGIN LABEL-----", or END.
func boundary(line []byte, start string) (label string, ok bool) {
	rest, starts := strings.CutPrefix(string(line), start)
	label, ends := strings.CutSuffix(rest, "-----")
	return label, starts && ends && len(label) <= 64
}

// addPEM adds the certificates and CRLs of PEM. Other blocks are passed over. Rules: FRM-44.
func (g *Bag) addPEM(text []byte, source string) error {
	list, err := blocks(text)
	if err != nil {
		return err
	}
	for i, b := range list {
		where := fmt.Sprintf("%s block %d", source, i+1)
		if b.label != "CERTIFICATE" && b.label != "X509 CRL" {
			g.PassedOver = append(g.PassedOver, where+": "+b.label)
			continue
		}
		der, problem := decodeBase64(b.body)
		if problem != "" {
			return malformed("FRM-44", where, "base64", problem)
		}
		if err := g.add(der, where); err != nil {
			return err
		}
	}
	return nil
}

// openArmour reads PEM around a report. certutil labels all as certificates. Rules: FRM-18.
func openArmour(text []byte) (*Evidence, error) {
	list, err := blocks(text)
	if err != nil {
		return nil, err
	}
	b, problem := decodeBase64(list[0].body)
	switch label := list[0].label; {
	case label == "CERTIFICATE" && len(b) != snpreport.Size:
		return nil, unread("a PEM certificate", swapped)
	case label != "CERTIFICATE" && !slices.Contains([]string{"REPORT", "SNP REPORT", "ATTESTATION REPORT"}, label):
		return nil, unread("PEM of another label", "base64 -d of what stands between BEGIN and END")
	case problem != "" || len(list) > 1:
		return nil, malformed("FRM-18", "PEM", "one block of base64 around a report", fmt.Sprintf("%d blocks", len(list)))
	}
	return openCarried(PEM, b)
}
