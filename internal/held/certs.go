package held

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/unread"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/verdict"
)

func prefixed(prefix string, list []string) (out []string) {
	for _, s := range list {
		out = append(out, prefix+s)
	}
	return out
}

// certExtensions are those of certificates in a folder.
var certExtensions = []string{".pem", ".der", ".crt", ".cer"}

// certsIn returns the names of the regular files in a folder that hold certificates by their
// names, in order.
func certsIn(folder string) (names []string, err error) {
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		if entry.Type().IsRegular() && slices.Contains(certExtensions, filepath.Ext(entry.Name())) {
			names = append(names, entry.Name())
		}
	}
	return names, err
}

// addCerts reads a file or a folder of certificates into a bag.
func (r *reader) addCerts(bag *carrier.Bag, name string) error {
	info, err := os.Stat(name)
	if name == "-" || err != nil || !info.IsDir() {
		opened, err := r.openCerts(name, "")
		if err != nil {
			return Refusal("--certs", err, unread.Chain)
		}
		join(bag, opened, "")
		return nil
	}
	files, err := certsIn(name)
	if err != nil {
		return verdict.Unavailable("--certs", err)
	}
	found := false
	for _, file := range files {
		opened, err := r.openCerts(filepath.Join(name, file), carrier.Folder)
		var key *carrier.PrivateKeyError
		var nothing *carrier.UnreadError
		switch {
		case errors.As(err, &key):
			bag.PassedOver = append(bag.PassedOver, file+": a private key")
		case errors.As(err, &nothing):
			bag.PassedOver = append(bag.PassedOver, file+": no certificate")
		case err != nil:
			return Refusal("--certs", err, unread.Chain)
		default:
			found = true
			join(bag, opened, file+" ")
		}
	}
	if !found {
		return verdict.Unavailable("--certs", fmt.Errorf("%s holds no certificate in *.pem, *.der, *.crt or *.cer", name))
	}
	return nil
}

// openCerts reads one file of certificates. In a folder its form is that of the folder.
// Rules: FRM-45.
func (r *reader) openCerts(name string, form carrier.Form) (*carrier.Bag, error) {
	b, err := r.read("certs", name, carrier.MaxSize)
	if err != nil {
		return nil, err
	}
	bag, err := carrier.OpenCertificates(b)
	switch {
	case err == nil && len(bag.Certificates) == 0:
		return nil, &carrier.UnreadError{Failure: attest.Failure{Rule: "FRM-02", Message: "the file holds a CRL and no certificate", Offset: rule.NoOffset}, Convert: "give a CRL by --crl"}
	case err != nil:
		return nil, err
	case form == "":
		form = bag.Form
	}
	r.SetCarrier(string(form))
	return bag, nil
}

// join adds what a file holds to a bag. A certificate that is there already counts once.
func join(bag, opened *carrier.Bag, prefix string) {
	for _, cert := range opened.Certificates {
		if !slices.ContainsFunc(bag.Certificates, func(known carrier.Certificate) bool { return slices.Equal(known.DER, cert.DER) }) {
			bag.Certificates = append(bag.Certificates, carrier.Certificate{DER: cert.DER, Source: prefix + cert.Source})
		}
	}
	bag.PassedOver = append(bag.PassedOver, prefixed(prefix, opened.PassedOver)...)
}

// besideSuffix follows the name of a report, with or without its extension, in that of its
// certificate. besideNames are further names of certificates that lie beside a report.
const besideSuffix = ".vek.der"

var besideNames = []string{"leaf.der", "vek.der", "vcek.der", "vcek.pem", "vlek.der", "chain.pem", "ask.pem", "ark.pem"}

// maxBeside is the longest file that is looked at beside a report, in bytes.
const maxBeside = 65536

// hasLeaf reports whether there is a certificate of a key that signs reports.
func hasLeaf(certs []carrier.Certificate) bool {
	return slices.ContainsFunc(certs, func(c carrier.Certificate) bool {
		parsed, err := certchain.ParseCertificate(c.DER)
		return err == nil && (parsed.Role == certchain.VCEK || parsed.Role == certchain.VLEK)
	})
}

// addBeside adds the certificates beside a report to a bag: regular files, no links. What
// holds none is passed over and named.
// Rules: CLI-22.
func (r *reader) addBeside(bag *carrier.Bag, report string) {
	folder, base := filepath.Dir(report), filepath.Base(report)
	names := []string{base + besideSuffix}
	if stem := strings.TrimSuffix(base, filepath.Ext(base)); stem != base {
		names = append(names, stem+besideSuffix)
	}
	names = append(names, besideNames...)
	if info, err := os.Lstat(filepath.Join(folder, "certs")); err == nil && info.IsDir() {
		files, _ := certsIn(filepath.Join(folder, "certs")) // what cannot be read is not there
		for _, file := range files {
			names = append(names, filepath.Join("certs", file))
		}
	}
	for _, name := range names {
		path := filepath.Join(folder, name)
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || info.Size() > maxBeside {
			continue
		}
		opened, err := r.openCerts(path, "")
		if err != nil {
			bag.PassedOver = append(bag.PassedOver, path+": no certificates that can be read")
			continue
		}
		join(bag, opened, name+" ")
	}
}
