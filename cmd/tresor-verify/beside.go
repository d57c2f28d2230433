package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/certchain"
)

// besideNames are the names of certificates that lie beside a report. NAME is that of the
// report, with or without its extension.
var besideNames = []string{
	"NAME.vek.der", "leaf.der", "vek.der", "vcek.der", "vcek.pem", "vlek.der", "chain.pem", "ask.pem", "ark.pem",
}

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
func addBeside(r *reading, bag *carrier.Bag, report string) {
	folder, base := filepath.Dir(report), filepath.Base(report)
	var names []string
	for _, name := range besideNames {
		rest, ofReport := strings.CutPrefix(name, "NAME")
		if !ofReport {
			names = append(names, name)
			continue
		}
		names = append(names, base+rest)
		if stem := strings.TrimSuffix(base, filepath.Ext(base)); stem != base {
			names = append(names, stem+rest)
		}
	}
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
		g, err := openCerts(r, path, "")
		if err != nil {
			bag.PassedOver = append(bag.PassedOver, path+": no certificates that can be read")
			continue
		}
		join(bag, g, name+" ")
	}
}
