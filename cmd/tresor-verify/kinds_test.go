package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// foreignCert is a certificate that has nothing to do with reports.
func foreignCert(t *testing.T) []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "web.example\x1b[31m"}}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestWrongFiles: what is given in place of what is due is named, and what to do.
func TestWrongFiles(t *testing.T) {
	f, keys, genoa := newFolder(t), newFolder(t), newFolder(t)
	milan := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(milan)
	genoa.writeEvidence(mint.Evidence("Genoa", 3, "vcek"))
	report, attest := f.report(), endpoint(t, keys, 17)
	web := f.write("web.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: foreignCert(t)}))
	webDER := f.write("web.der", foreignCert(t))
	_, receipt := receiptFolder(t)
	lone := newFolder(t)
	lone.write("chain.pem", mint.PEM(milan.Intermediate, milan.ARK))
	lone.write("x.bin", milan.Report)
	crl := f.write("crl", mint.CRL("Milan").Encode(mint.CAKey("ARK-Milan")))
	bin, empty := f.path("report.bin"), f.write("empty", nil)
	without := func(args []string, flags ...string) []string {
		args = slices.Clone(args)
		for _, flag := range flags {
			args = removeFlag(args, flag)
		}
		return args
	}
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"policy", append(report, "--policy", bin), 2, `report.bin holds no policy: "tresor-verify show" calls it "report, raw"`},
		{"CRL", append(report, "--crl", f.path("leaf.der")), 1, `leaf.der holds no CRL: "tresor-verify show" calls it "certificate"`},
		{"empty CRL", append(report, "--crl", empty), 1, "empty: the file is empty"},
		{"web certificate", append(without(report, "--report", "--certs"), lone.path("x.bin"), "--certs", web), 1, "web.pem: this is a certificate, and none of AMD's"},
		{"folder", append(without(report, "--report"), f.dir), 3, "this is a folder, and a file is due; --dir takes a folder of reports"},
		{"no leaf beside", append(without(report, "--report", "--certs"), lone.path("x.bin")), 3, "there is no certificate to judge this report by"},
		{"list of the report's product", append(without(report, "--certs", "--amd-root"), "--certs", genoa.path("leaf.der"), "--amd-root", genoa.path("ark.pem"), "--crl", crl), 1, "the report says Milan, and the leaf certificate is of Genoa"},
		{"leaf of another product", append(without(report, "--certs", "--amd-root"), "--certs", genoa.path("leaf.der"), "--amd-root", f.path("ark.pem")), 1, "the report says Milan, and the leaf certificate is of Genoa: give the certificate of this report"},
		{"envelope", append(without(attest, "--envelope"), "--envelope", bin), 1, `report.bin holds no attestation envelope: "tresor-verify show" calls it "report, raw"`},
		{"bundle", append(without(attest, "--bundle"), "--bundle", bin), 1, "report.bin holds no trust bundle"},
		{"bundle of a live endpoint", []string{"attest", "--url", "https://127.0.0.1:1", "--release-root", keys.path("release.pem"), "--bundle", empty}, 3, "empty: the file is empty"},
		{"pin", append(attest, "--pin", bin), 3, "report.bin holds no pin"},
		{"release root", append(attest, "--release-root", bin), 2, "report.bin holds no public key"},
		{"receipt", append(receipt[:len(receipt)-1:len(receipt)-1], bin), 1, "report.bin holds no receipt"},
		{"key set", append(without(receipt, "--jwks"), "--jwks", bin), 2, "report.bin holds no key set"},
		{"address", []string{"attest", "--url", "http://127.0.0.1:1", "--release-root", keys.path("release.pem")}, 2, "give the endpoint as https://HOST[:PORT]"},
		{"show a private key", []string{"show", f.write("key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}))}, 2, "this is a private key"},
		{"show a web certificate", []string{"show", web}, 3, "this is a certificate, and none of AMD's: its subject is"},
		{"show a web certificate in DER", []string{"show", webDER}, 3, "this is a certificate, and none of AMD's: its subject is"},
		{"show gzip", []string{"show", f.write("gz", []byte("\x1f\x8b\x08\x00"))}, 3, "gunzip"},
		{"show a cut certificate", []string{"show", f.write("cut", milan.Leaf[:500])}, 3, "show: the file is malformed: certificate"},
		{"show what nobody knows", []string{"show", f.write("what", []byte("what"))}, 3, "this is of no known form; show knows reports"},
		{"JSON without a report", append(without(report, "--report"), f.write("a.json", []byte(`{"a": 1}`))), 3, "jq -r .MEMBER FILE"},
		{"JSON string", append(without(report, "--report"), f.write("s.json", []byte(`"AA=="`))), 3, "jq -r . FILE"},
		{"vectors", []string{"vectors", f.path("none")}, 3, f.path("none") + ": open index.json"},
		{"help", []string{"help", "foo"}, 2, `"tresor-verify help" lists the commands`},
		{"verify", []string{"verify", bin}, 2, "attest verifies an endpoint, report a report"},
	} {
		o := tool(tt.args...)
		if said := o.stdout + o.stderr; o.code != tt.code || !strings.Contains(said, tt.want) || strings.Count(said, " [CHN-") > 1 || strings.Contains(said, "\x1b") {
			t.Errorf("%s: exit code %d, no %q in\n%s", tt.name, o.code, tt.want, said)
		}
	}
	// The right files do not make a hint.
	if o := tool(append(report, "--vmpl", "1", "--crl", crl)...); o.code != verdict.ExitRefused || strings.Contains(o.stdout, " holds no ") {
		t.Errorf("%+v", o)
	}
}
