package form

import (
	"bytes"
	"slices"
	"time"

	"github.com/tresorhq/attest/certchain"
)

// SplitCertificates splits what may hold certificates into DER: PEM text, one DER
// certificate, or a GHCB certificate table (configfs-tsm auxblob). Bytes behind the
// DER certificate are left for ParseCertificate to refuse. The error is a *rule.Error.
// Rules: CAR-20.
func SplitCertificates(blob []byte) ([][]byte, error) {
	switch {
	case len(blob) > 1 && blob[0] == 0x30 && blob[1]&0x80 != 0: // SEQUENCE with a long length
		return [][]byte{blob}, nil
	case isPEM(blob):
		return certchain.SplitPEM(blob)
	}
	table, err := ParseCertTable(blob)
	if err != nil {
		return nil, err
	}
	return fromTable(table)
}

// isPEM reports whether a blob is to be read as PEM text: it has a BEGIN line,
// and its head, unlike that of a certificate table, has no zero byte.
func isPEM(blob []byte) bool {
	head := blob[:min(len(blob), 24)]
	return bytes.IndexByte(head, 0) < 0 && bytes.Contains(blob, []byte("-----BEGIN "))
}

// fromTable returns the certificates of a table; each entry is DER or PEM. Other
// entries, CRLs among them, are passed over: the table is the host's, which has no
// say in what is revoked.
// Rules: CAR-22.
func fromTable(table []TableEntry) ([][]byte, error) {
	var all [][]byte
	for _, e := range table {
		switch e.Kind {
		case TableVCEK, TableVLEK, TableASK, TableARK:
		default:
			continue
		}
		if !isPEM(e.Data) {
			all = append(all, e.Data)
			continue
		}
		ders, err := certchain.SplitPEM(e.Data)
		if err != nil {
			return nil, err
		}
		all = append(all, ders...)
	}
	return all, nil
}

// Collect returns the DER certificates in the table that came with a report and in
// blobs, each of which SplitCertificates splits. A certificate in two of these
// sources counts once; one that is twice in one source stays twice, and Verify
// refuses it.
//
// Collecting ends with one certificate more than a chain has, for which Verify
// refuses them: no list, however long, is compared with itself.
// Rules: GEN-04, CAR-21.
func Collect(table []TableEntry, blobs [][]byte) ([][]byte, error) {
	all, err := fromTable(table)
	if err != nil {
		return nil, err
	}
	for _, blob := range blobs {
		if len(all) > certchain.MaxChain {
			break
		}
		ders, err := SplitCertificates(blob)
		if err != nil {
			return nil, err
		}
		before := all
		for _, der := range ders {
			// No two that are too large are compared: Verify refuses the first.
			if len(der) > certchain.MaxCertificate || !slices.ContainsFunc(before, func(have []byte) bool { return bytes.Equal(have, der) }) {
				all = append(all, der)
			}
		}
	}
	return all, nil
}

// Verify is certchain.Verify for what Collect returns, with what c remembers. One PEM
// text alone, the usual form, is looked up as it is: a chain that is remembered need not
// be decoded.
func Verify(c *certchain.Cache, table []TableEntry, blobs [][]byte, roots *certchain.Roots, at time.Time) (*certchain.Chain, error) {
	if len(table) == 0 && len(blobs) == 1 && isPEM(blobs[0]) {
		return c.VerifyPEM(blobs[0], roots, at)
	}
	certs, err := Collect(table, blobs)
	if err != nil {
		return nil, err
	}
	return c.Verify(certs, roots, at)
}
