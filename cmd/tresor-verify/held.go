package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/unread"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/verdict"
)

// held is evidence as the user holds it, in the bytes that verifiers take.
type held struct {
	attest.ReportEvidence
	form  carrier.Form
	hcl   []byte         // of an Azure VM, or nil
	quote *carrier.Quote // that came with it, or nil
	notes []string       // what was passed over or left out
}

// readHeld reads a report and certificates in any form that package carrier knows, and
// chooses the certificates of the report; with beside, it looks for a leaf beside the file
// where there is none. What cannot be parsed stays as it is: verifying
// it will say why.
// Rules: FRM-01, FRM-50.
func readHeld(r *reading, report string, certs []string, at time.Time, beside bool) *held {
	b := r.evidence("--report", "report", report, carrier.MaxSize)
	if r.err != nil {
		return nil
	}
	e, err := carrier.Open(b)
	if err != nil {
		r.fail(refusal("--report", err, unread.Report))
		return nil
	}
	r.SetCarrier(string(e.Form))
	h := &held{form: e.Form, hcl: e.HCL, quote: e.Quote, ReportEvidence: attest.ReportEvidence{Report: e.Report}}
	bag := e.Bag
	for _, name := range certs {
		addCerts(r, &bag, name)
	}
	if beside && report != "-" && !hasLeaf(bag.Certificates) && r.err == nil {
		with := bag
		if addBeside(r, &with, report); hasLeaf(with.Certificates) { // others are no help
			bag = with
		}
	}
	h.notes = prefixed("passed over: ", bag.PassedOver)
	parsed, err := snpreport.Parse(h.Report)
	if err != nil {
		for _, cert := range bag.Certificates {
			h.Certificates = append(h.Certificates, cert.DER)
		}
		return h
	}
	choice, err := carrier.Choose(parsed, bag.Certificates, at)
	if err != nil {
		r.fail(refusal("--certs", err, unread.Chain))
		return nil
	}
	h.Certificates, h.notes = choice.Certificates, append(h.notes, prefixed("certificate left out: ", choice.LeftOut)...)
	return h
}

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
func addCerts(r *reading, bag *carrier.Bag, name string) {
	info, err := os.Stat(name)
	if name == "-" || err != nil || !info.IsDir() {
		if g, err := openCerts(r, name, ""); err != nil {
			r.fail(refusal("--certs", err, unread.Chain))
		} else {
			join(bag, g, "")
		}
		return
	}
	files, err := certsIn(name)
	if r.unavailable("--certs", err) {
		return
	}
	found := false
	for _, file := range files {
		g, err := openCerts(r, filepath.Join(name, file), carrier.Folder)
		var key *carrier.PrivateKeyError
		var nothing *carrier.UnreadError
		switch {
		case errors.As(err, &key):
			bag.PassedOver = append(bag.PassedOver, file+": a private key")
		case errors.As(err, &nothing):
			bag.PassedOver = append(bag.PassedOver, file+": no certificate")
		case err != nil:
			r.fail(refusal("--certs", err, unread.Chain))
		default:
			found = true
			join(bag, g, file+" ")
		}
	}
	if !found {
		r.fail(verdict.Unavailable("--certs", fmt.Errorf("%s holds no certificate in *.pem, *.der, *.crt or *.cer", name)))
	}
}

// openCerts reads one file of certificates. In a folder its form is that of the folder.
// Rules: FRM-45.
func openCerts(r *reading, name string, form carrier.Form) (*carrier.Bag, error) {
	if r.err != nil {
		return nil, r.err
	}
	b, err := r.ReadEvidence(r.ctx, "certs", name, carrier.MaxSize)
	if err != nil {
		return nil, verdict.Unavailable("--certs", err)
	}
	g, err := carrier.OpenCertificates(b)
	switch {
	case err == nil && len(g.Certificates) == 0:
		return nil, &carrier.UnreadError{Failure: attest.Failure{Rule: "FRM-02", Message: "the file holds a CRL and no certificate", Offset: rule.NoOffset}, Convert: "give a CRL by --crl"}
	case err != nil:
		return nil, err
	case form == "":
		form = g.Form
	}
	r.SetCarrier(string(form))
	return g, nil
}

// join adds what a file holds to a bag. A certificate that is there already counts once.
func join(bag *carrier.Bag, g *carrier.Bag, prefix string) {
	for _, cert := range g.Certificates {
		if !slices.ContainsFunc(bag.Certificates, func(known carrier.Certificate) bool { return slices.Equal(known.DER, cert.DER) }) {
			bag.Certificates = append(bag.Certificates, carrier.Certificate{DER: cert.DER, Source: prefix + cert.Source})
		}
	}
	bag.PassedOver = append(bag.PassedOver, prefixed(prefix, g.PassedOver)...)
}

// refusal gives an error of package carrier its place in a verdict. A private key is a
// mistake of the caller's.
// Rules: FRM-04.
func refusal(flag string, err error, place func(what string, err error) error) error {
	if _, ok := errors.AsType[*carrier.PrivateKeyError](err); ok {
		return cli.Usagef("%s: %w", flag, rule.Config(err))
	}
	return place(flag, err)
}

// unshown is the error of a file that cannot be shown.
func unshown(command string, err error) error {
	_, unknown := errors.AsType[*carrier.UnreadError](err)
	if _, key := errors.AsType[*carrier.PrivateKeyError](err); unknown || key {
		return refusal(command, err, unread.Report)
	}
	f := rule.From(err, "CLI-03", command)
	if list := verdict.Rules(err); len(list) > 0 {
		f.Rule = list[0]
	}
	if !strings.HasPrefix(f.Message, command) {
		f.Message = command + ": " + f.Message
	}
	return &attest.EvidenceUnavailableError{Failure: f}
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
func addBeside(r *reading, bag *carrier.Bag, report string) {
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
		g, err := openCerts(r, path, "")
		if err != nil {
			bag.PassedOver = append(bag.PassedOver, path+": no certificates that can be read")
			continue
		}
		join(bag, g, name+" ")
	}
}
