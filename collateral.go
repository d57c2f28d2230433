package attest

import (
	"bytes"
	"slices"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/snpreport"
)

// The limits of package certchain, which refuses what is above them: the
// certificates of a chain, and the bytes of each. Of longer ones, no two are compared.
const (
	mostCertificates   = 3
	largestCertificate = 8 << 10
)

// certificates returns the DER certificates in blobs, each of which is PEM
// text, one DER certificate or a certificate table, and in the table that came
// with the report. The same certificate from two sources counts once; twice in
// one source it is passed on, and the chain refuses it. Collecting ends with more
// certificates than a chain has, which refuses them for their number: what is never
// verified must not cost a comparison with all others.
// Rules: GEN-04, CAR-21.
func certificates(table []snpreport.TableEntry, blobs [][]byte) ([][]byte, error) {
	all, err := fromTable(table)
	if err != nil {
		return nil, err
	}
	for _, blob := range blobs {
		if len(all) > mostCertificates {
			break
		}
		ders, err := Certificates(blob)
		if err != nil {
			return nil, err
		}
		before := len(all)
		for _, der := range ders {
			if len(der) > largestCertificate || !slices.ContainsFunc(all[:before], func(have []byte) bool { return bytes.Equal(have, der) }) {
				all = append(all, der)
			}
		}
	}
	return all, nil
}

// Certificates splits what may hold certificates into DER: PEM text, one DER
// certificate, or a GHCB certificate table (configfs-tsm auxblob). What follows
// the PEM or the DER is not checked here but by package certchain.
// Rules: CAR-20.
func Certificates(blob []byte) ([][]byte, error) {
	switch {
	case len(blob) > 1 && blob[0] == 0x30 && blob[1]&0x80 != 0: // SEQUENCE with a long length
		return [][]byte{blob}, nil
	case isPEM(blob):
		return certchain.SplitPEM(blob)
	}
	table, err := snpreport.ParseCertTable(blob)
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

// fromTable returns the certificates of a table; each entry is DER or PEM.
// Other entries, CRLs among them, are passed over: nobody vouches for the host
// that wrote the table.
// Rules: CAR-22.
func fromTable(table []snpreport.TableEntry) ([][]byte, error) {
	var all [][]byte
	for _, e := range table {
		switch e.Kind {
		case snpreport.TableVCEK, snpreport.TableVLEK, snpreport.TableASK, snpreport.TableARK:
		default:
			continue
		}
		if isPEM(e.Data) {
			ders, err := certchain.SplitPEM(e.Data)
			if err != nil {
				return nil, err
			}
			all = append(all, ders...)
			continue
		}
		all = append(all, e.Data)
	}
	return all, nil
}

// DER returns the certificates of the evidence, those of the report's table
// first, as the verifier will see them. They are not verified.
func (e ReportEvidence) DER() ([][]byte, error) {
	carried, err := snpreport.Open(e.Report)
	if err != nil {
		return nil, err
	}
	return certificates(carried.Certs, e.Certificates)
}
