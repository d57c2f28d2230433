package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/tresorhq/attest/internal/mint"
)

// crlSections are about revocation lists.
func crlSections() []section {
	type S = *mint.CRLSpec
	const err = "CRLInvalidError"
	list := func(change func(s S)) func(X) { return func(x X) { change(x.crl) } }
	base := func(kind string) func() X {
		return func() X { x := hardware("Milan", 3, kind)(); x.withCRL().Revoke(7); return x }
	}
	der := func(change func(der []byte) []byte) func(X) { return func(x X) { x.crlDER = change } }
	block := func(der []byte) []byte { return mint.PEMSpec{Type: "X509 CRL"}.Encode(der) }
	add := func(e mint.Extension) func(X) { return list(func(s S) { s.AddExt(e) }) }
	upTo := func(n int) func(X) { // extensions
		return list(func(s S) {
			for i := len(s.Extensions); i < n; i++ {
				s.AddExt(mint.Extension{OID: fmt.Sprintf("1.2.3.%d", i), Value: null})
			}
		})
	}
	entry := func(e mint.Extension) func(X) {
		return list(func(s S) { s.Entries[0].Extensions = append(s.Entries[0].Extensions, e) })
	}
	window := func(from, to time.Time) func(X) {
		return list(func(s S) { s.ThisUpdate, s.NextUpdate = mint.At(from), mint.At(to) })
	}
	signer := func(name string) func(X) { return func(x X) { x.crlSigner = mint.CAKey(name) } }
	vcek := section{"crl", base("vcek"), err, []row{
		{"names-others", yes("CRL-21"), "a list of other certificates", nil},
		{"without-entries", yes("CRL-02"), "a list of nothing", list(func(s S) { s.Entries = nil })},
		{"with-the-trailer-field-left-out", yes("CRL-04"), "as AMD's lists have it", list(func(s S) { s.SetAlgorithm(mint.OmittedTrailer().Encode()) })},
		{"without-authority-key-identifier", yes("CRL-14"), "nothing is looked up by it", list(func(s S) { s.DropExt(mint.OIDAuthorityKeyID) })},
		{"in-pem", yes("CRL-02", "CLI-07", "CHN-05"), "one block, with white space around it", der(func(der []byte) []byte { return wrap("\n", "\r\n")(block(der)) })},
		{"in-pem-twice", no("CRL-02", "CHN-04"), "two blocks are no list", der(func(der []byte) []byte { return bytes.Repeat(block(der), 2) })},
		{"with-a-line-break", no("CRL-02", "CLI-07"), "DER is no text", der(wrap("", "\n"))},
		{"names-serial-0", yes("CRL-21"), "every leaf has the serial number 0, so that a list that has it says nothing of this one", list(func(s S) { s.Revoke(0) })},
		{"names-the-asvk", yes("CRL-21"), "the chain has none", list(func(s S) { s.Revoke(mint.ASVK("Milan").Serial...) })},
		{"other-extension", yes("CRL-14"), "extensions that are not critical are ignored", add(mint.Extension{OID: "1.2.3", Value: null})},
		{"ask-revoked", as("CertRevokedError", "CRL-21"), "AMD withdrew the ASK", list(func(s S) { s.Revoke(mint.ASK("Milan").Serial...) })},
		{"ark-revoked", as("CertRevokedError", "CRL-21"), "or the root", list(func(s S) { s.Revoke(mint.ARK("Milan").Serial...) })},
		{"ask-removed-from-the-list", as("CertRevokedError", "CRL-21"), "whatever the reason says", list(func(s S) {
			s.Revoke(mint.ASK("Milan").Serial...)
			s.Entries[1].Extensions = []mint.Extension{{OID: mint.OIDReasonCode, Value: []byte{0x0A, 1, 8}}}
		})},
		{"empty", no("CRL-01"), "no list, although one was asked for", der(func([]byte) []byte { return nil })},
		{"too-long", no("CRL-01", "GEN-04"), "131072 bytes at most", der(func(der []byte) []byte { return append(der, make([]byte, 131073-len(der))...) })},
		{"trailing-byte", no("CRL-02"), "a byte behind the list", list(func(s S) { s.Trailing = []byte{0} })},
		{"element-behind-the-signature", no("CRL-02"), "an element more in the list", list(func(s S) { s.Trailer = null })},
		{"element-behind-the-extensions", no("CRL-02"), "or in what is signed", list(func(s S) { s.TBSTrailer = null })},
		{"element-behind-an-entry", no("CRL-02"), "or in an entry", list(func(s S) { s.Entries[0].Trailer = null })},
		{"element-behind-the-list-of-extensions", no("CRL-02"), "or in what is around the extensions", list(func(s S) { moreExtensions(&s.Signed, 0xA0) })},
		{"extension-without-a-value", no("CRL-02"), "also one of a kind that is ignored", add(mint.Extension{Raw: mint.TLV(0x30, mint.OID("1.2.3"), null)})},
		{"element-behind-an-extension", no("CRL-02"), "or an element more in it", add(mint.Extension{Raw: mint.TLV(0x30, mint.OID("1.2.3"), []byte{4, 0}, null)})},
		{"extension-without-an-identifier", no("CRL-02"), "an OBJECT IDENTIFIER that breaks off", list(func(s S) { s.Extensions[1].Raw = mint.TLV(0x30, []byte{6, 1, 0x80}, []byte{4, 0}) })},
		{"of-131072-bytes", no("CRL-02"), "a list may have so many bytes, of which none are behind it", der(func(der []byte) []byte { return append(der, make([]byte, 131072-len(der))...) })},
		{"without-next-update", no("CRL-02"), "a list without end was good for ever", list(func(s S) { s.NextUpdate = mint.Time{} })},
		{"without-extensions", no("CRL-02"), "a list has a number", list(func(s S) { s.Extensions = nil })},
		{"with-an-empty-list-of-extensions", no("CRL-02"), "nor is an empty list one", list(func(s S) { s.Extensions = []mint.Extension{} })},
		{"entry-with-an-empty-list-of-extensions", no("CRL-02"), "of an entry, too", list(func(s S) { s.Entries[0].Extensions = []mint.Extension{} })},
		{"version-1", no("CRL-03"), "version 2", list(func(s S) { s.Version = nil })},
		{"version-1-written", no("CRL-03"), "not the default", list(func(s S) { s.Version = mint.Integer(0) })},
		{"version-that-ends-alike", no("CRL-03"), "nor a number that ends like it", list(func(s S) { s.Version = mint.Integer(0x020101) })},
		{"pss-without-parameters", no("CRL-04"), "AMD's algorithm", list(func(s S) { s.SetAlgorithm(mint.PSSParams{}.Encode()) })},
		{"ecdsa", no("CRL-04"), "a verifier took these lists for ECDSA ones", list(func(s S) { s.SetAlgorithm(algorithm("1.2.840.10045.4.3.3")) })},
		{"algorithms-differ", no("CRL-05"), "the same inside and outside", list(func(s S) { s.OuterAlgorithm = mint.OmittedTrailer().Encode() })},
		{"algorithm-is-the-end-of-the-other", no("CRL-05"), "the parameters alone, which are a SEQUENCE too", list(func(s S) { s.OuterAlgorithm = s.OuterAlgorithm[13:] })},
		{"algorithms-differ-in-the-trailer", no("CRL-05"), "which is the last byte", list(func(s S) { s.OuterAlgorithm = lastByte(s.OuterAlgorithm, 2) })},
		{"issued-by-the-ask", no("CRL-06"), "lists are the ARK's", both(list(func(s S) { s.Issuer = mint.Name("SEV-Milan") }), signer("SEV-Milan"))},
		{"issued-by-the-ark-of-venice", no("CRL-06"), "a product that is known by name", list(func(s S) { s.Issuer = mint.Name("ARK-Venice") })},
		{"spoilt-date", no("CRL-07"), "a second that does not exist", list(func(s S) { s.ThisUpdate.Text = "260101000060Z" })},
		{"spoilt-entry-date", no("CRL-07"), "of an entry too", list(func(s S) { s.Entries[0].Date.Text = "261301000000Z" })},
		{"spoilt-second-date", no("CRL-07"), "in either date", list(func(s S) { s.NextUpdate.Text = "310101000060Z" })},
		{"spoilt-entry-behind-a-revoking-one", no("CRL-07"), "a list is read as a whole before it is used", list(func(s S) {
			s.Entries[0].Date.Text = "261301000000Z"
			s.Entries = []mint.CRLEntry{{Serial: mint.ASK("Milan").Serial, Date: s.ThisUpdate}, s.Entries[0]}
		})},
		{"signature-of-511-bytes", no("CRL-08"), "as long as the modulus", list(func(s S) { s.Mangle = func(b []byte) []byte { return b[1:] } })},
		{"serial-negative", no("CRL-09"), "a negative serial number", list(func(s S) { s.Entries[0].Serial = []byte{0x80} })},
		{"serial-of-21-bytes", no("CRL-09"), "or one that is too long", list(func(s S) { s.Entries[0].Serial = bytes.Repeat([]byte{1}, 21) })},
		{"critical-extension", no("CRL-10"), "usual parsers do not look at critical extensions of lists", add(mint.Extension{OID: "1.2.3", Critical: true, Value: null})},
		{"critical-extension-of-an-entry", no("CRL-10"), "nor of entries", entry(mint.Extension{OID: "2.5.29.29", Critical: true, Value: null})},
		{"extension-twice", no("CRL-11"), "two numbers", list(func(s S) { s.AddExt(*s.Ext(mint.OIDCRLNumber)) })},
		{"extension-twice-with-another-between", no("CRL-11"), "wherever the second one stands", list(func(s S) { s.AddExt(*s.Ext(mint.OIDAuthorityKeyID)) })},
		{"extension-that-ends-like-another", yes("CRL-11"), "whole identifiers are compared", both(add(mint.Extension{OID: "1.2.3", Value: null}), add(mint.Extension{OID: "1.3.42.3", Value: null}))},
		{"extension-of-an-entry-twice", no("CRL-11"), "of an entry too", both(entry(mint.Extension{OID: "1.2.3", Value: null}), both(entry(mint.Extension{OID: "1.2.4", Value: null}), entry(mint.Extension{OID: "1.2.3", Value: null})))},
		{"16-extensions", yes("CRL-11"), "as many as there may be", upTo(16)},
		{"17-extensions", no("CRL-11", "GEN-04"), "16 at most", upTo(17)},
		{"delta", no("CRL-12"), "changes to another list, not said to be critical", add(mint.Extension{OID: mint.OIDDeltaCRLIndicator, Value: mint.Integer(1)})},
		{"delta-critical", no("CRL-10"), "or said to be", add(mint.Extension{OID: mint.OIDDeltaCRLIndicator, Critical: true, Value: mint.Integer(1)})},
		{"part-of-a-list", no("CRL-12"), "a list of some certificates only", add(mint.Extension{OID: mint.OIDIssuingDistPoint, Value: mint.TLV(0x30)})},
		{"without-number", no("CRL-13"), "a list has a number", list(func(s S) { s.DropExt(mint.OIDCRLNumber); s.AddExt(mint.Extension{OID: "1.2.3", Value: null}) })},
		{"number-negative", no("CRL-13"), "that is not negative", list(func(s S) { s.Ext(mint.OIDCRLNumber).Value = []byte{2, 1, 0x80} })},
		{"number-negative-before-another-fault", no("CRL-13"), "extensions are judged one after the other", list(func(s S) {
			s.DropExt(mint.OIDAuthorityKeyID)
			s.Ext(mint.OIDCRLNumber).Value = []byte{2, 1, 0x80}
			s.AddExt(mint.Extension{OID: mint.OIDAuthorityKeyID, Value: null})
		})},
		{"delta-in-an-entry", yes("CRL-12"), "which says nothing there, as any other extension that is not critical", entry(mint.Extension{OID: mint.OIDDeltaCRLIndicator, Value: mint.Integer(1)})},
		{"key-identifier-of-another-form", no("CRL-14"), "an identifier of the authority's key is a SEQUENCE", list(func(s S) { s.Ext(mint.OIDAuthorityKeyID).Value = null })},
		{"reason-of-another-type", no("CRL-14"), "a reason is an ENUMERATED", entry(mint.Extension{OID: mint.OIDReasonCode, Value: []byte{2, 1, 1}})},
		{"reason-and-more", no("CRL-14"), "a reason has three bytes", entry(mint.Extension{OID: mint.OIDReasonCode, Value: []byte{0x0A, 1, 1, 0}})},
		{"reason-of-two-bytes", no("CRL-14"), "neither more nor fewer", entry(mint.Extension{OID: mint.OIDReasonCode, Value: []byte{0x0A, 0}})},
		{"reason-whose-length-is-two", no("CRL-14"), "and states one byte", entry(mint.Extension{OID: mint.OIDReasonCode, Value: []byte{0x0A, 2, 1}})},
		{"extension-of-an-entry-that-ends-like-a-reason", yes("CRL-14"), "whole identifiers are compared", entry(mint.Extension{OID: "1.2.85.29.21", Value: null})},
		{"of-another-product", no("CRL-17"), "Genoa's list for a chain of Milan", func(x X) { s := mint.CRL("Genoa"); x.crl, x.crlSigner = &s, mint.CAKey("ARK-Genoa") }},
		{"signed-by-the-ask", no("CRL-18"), "a verifier checked the list with the ASK's key", signer("SEV-Milan")},
		{"signed-by-another-ark", no("CRL-18"), "another product's root", signer("ARK-Genoa")},
		{"signed-by-nobody", no("CRL-18"), "a forged list", signer(mint.OtherCA)},
		{"altered", no("CRL-18"), "an entry that was taken out after signing", list(func(s S) {
			signed := s.TBS()
			s.Entries = nil
			s.Mangle = func([]byte) []byte { return mint.CAKey("ARK-Milan").Sign(signed) }
		})},
		{"anchor-without-crl-sign", no("CRL-19"), "a root that may not sign lists", func(x X) {
			x.ark.Ext(mint.OIDKeyUsage).Value = mint.KeyUsage(0x04)
			x.inputs["amd-root"] = [][]byte{mint.PEM(x.ark.Encode(x.arkSigner))}
		}},
		{"first-second", yes("CRL-20"), "thisUpdate is now", window(now, mint.NotAfterLeaf)},
		{"last-second", yes("CRL-20"), "nextUpdate is now", window(mint.NotBefore, now)},
		{"not-yet", no("CRL-20"), "a list of tomorrow", window(now.Add(time.Second), mint.NotAfterLeaf)},
		{"stale", no("CRL-20"), "a list that was fetched once, and never again", window(mint.NotBefore, now.Add(-time.Second))},
		{"names-near-misses", yes("CRL-21"), "serial numbers that begin or end like those of ASK and ARK", list(func(s S) {
			ask, ark := mint.ASK("Milan").Serial, mint.ARK("Milan").Serial
			for _, serial := range [][]byte{ask[:2], ask[2:], ark[:2], ark[:1], append(bytes.Clone(ask), 0), append([]byte{1}, ask...), append([]byte{2}, ark...)} {
				s.Revoke(serial...)
			}
		})},
		{"stale-and-revoked", no("CRL-20"), "a list that is no good says nothing", both(window(mint.NotBefore, now.Add(-time.Second)), list(func(s S) { s.Revoke(mint.ASK("Milan").Serial...) }))},
	}}
	without := section{"crl-none", endpoint("Milan", 3, "vcek"), err, []row{
		{"not-checked", yes("ORD-03", "CRL-01"), "without a list, revocation is said not to have been checked", shows("checks", checked("bundle_rollback", "revocation"))},
	}}
	vlek := section{"crl-vlek", base("vlek"), err, []row{
		{"names-the-ask", yes("CRL-21"), "the chain has none", list(func(s S) { s.Revoke(mint.ASK("Milan").Serial...) })},
		{"ark-revoked", as("CertRevokedError", "CRL-21"), "the root counts under an ASVK as under an ASK", list(func(s S) { s.Revoke(mint.ARK("Milan").Serial...) })},
		{"asvk-revoked", as("CertRevokedError", "CRL-21"), "the serial number of an ASVK was never looked up", list(func(s S) { s.Revoke(mint.ASVK("Milan").Serial...) })},
	}}
	serial := func(number ...byte) func(X) { return func(x X) { x.mid.Serial = number } }
	known := func(product, kind string) func() X { return hardware(product, 3, kind) }
	genoa := section{"crl-known", known("Genoa", "vcek"), "CertRevokedError", []row{
		{"asks-serial-revoked", no("CRL-23"), "AMD revoked the first ASK of Genoa, which a leaf may still name, and no list was given", serial(2, 0, 1)},
		{"asks-serial-near", yes("CRL-23"), "a number that only ends like it", serial(1, 2, 0, 1)},
	}}
	genoaVLEK := section{"crl-known-vlek", known("Genoa", "vlek"), "CertRevokedError", []row{
		{"asvks-serial-revoked", no("CRL-23"), "serial numbers are the ARK's, for every role", serial(2, 0, 1)},
	}}
	milan := section{"crl-known-milan", known("Milan", "vcek"), "CertRevokedError", []row{
		{"genoas-serial", yes("CRL-23"), "the same number under the ARK of Milan is another certificate", serial(2, 0, 1)},
	}}
	all := []section{vcek, without, vlek, genoa, genoaVLEK, milan}
	for _, product := range mint.Products {
		all = append(all, genuineSection(product))
	}
	return all
}

// genuineSection has lists of the shape that AMD's have, of synthetic keys: the trailer
// field left out, no extensions of entries, a window of 46 days to a year that does not
// begin at midnight. That of Genoa has one entry.
func genuineSection(product string) section {
	const err = "CRLInvalidError"
	window := func(number uint64, from, to string) func(x X) {
		return func(x X) {
			s := x.withCRL()
			s.SetAlgorithm(mint.OmittedTrailer().Encode())
			s.ThisUpdate, s.NextUpdate = mint.At(must(time.Parse(time.RFC3339, from))), mint.At(must(time.Parse(time.RFC3339, to)))
			s.Ext(mint.OIDCRLNumber).Value = mint.Integer(number)
			if product == "Genoa" {
				s.Revoke(2, 0, 1)
				s.Entries[0].Date = mint.At(time.Date(2022, 10, 31, 12, 0, 0, 0, time.UTC))
			}
			x.result.Set("revocation", doc{{"status", "pass"}, {"crls", []doc{{{"issuer", "ARK-" + product}, {"number", fmt.Sprint(number)}}}}})
		}
	}
	rows := []row{
		{"for-a-year", yes("CRL-04", "CRL-13", "CRL-20"), "a list of the shape of those of 2025", window(6, "2025-05-06T12:39:06Z", "2026-05-12T00:00:00Z")},
		{"for-46-days", yes("CRL-04", "CRL-13", "CRL-20"), "and of those of 2026", window(11, "2026-03-27T17:04:41Z", "2026-05-12T17:04:41Z")},
		{"number-of-two-bytes", yes("CRL-13"), "numbers go on", window(128, "2026-03-27T17:04:41Z", "2026-05-12T17:04:41Z")},
		{"of-the-year-before", no("CRL-20"), "a list that was kept", both(window(5, "2024-10-23T04:36:24Z", "2025-11-03T01:00:00Z"), answers(nil))},
	}
	if product == "Genoa" {
		rows = append(rows, row{"names-this-ask", as("CertRevokedError", "CRL-21"), "a list that has the ASK of this chain too", func(x X) {
			window(6, "2025-05-06T12:39:06Z", "2026-05-12T00:00:00Z")(x)
			x.crl.Revoke(x.mid.Serial...)
			x.result = nil
		}})
	}
	return section{"crl-genuine-" + strings.ToLower(product), hardware(product, 5, "vcek"), err, rows}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
