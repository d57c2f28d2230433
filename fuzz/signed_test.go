package fuzz

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
	"github.com/tresorhq/attest/policy"
)

// A signedCase is an endpoint with authorities of this test's, into which faults
// are put before everything is signed again: a mutation that no signature hides.
type signedCase struct {
	*minted
	chance
	crl     mint.CRLSpec
	crlKey  *mint.RSAKey
	live    [32]byte
	reissue bool                         // the leaf's description has changed
	chain   func(ders [][]byte) [][]byte // changes what is sent
	signed  func(report []byte) []byte   // changes the report after it was signed
	known   attest.BundleVersion         // accepted before
}

// component is the level of one component that every product has.
func component(t *mint.TCB, name string) *uint8 {
	return map[string]*uint8{"bootloader": &t.BootLoader, "tee": &t.TEE, "snp": &t.SNP, "microcode": &t.Microcode}[name]
}

var components = []string{"bootloader", "snp", "microcode"} // tee is 0 everywhere

var required = []string{"schema", "workload", "snp_report_b64", "vcek_chain_pem", "tls_spki_sha256", "workload_identity_tag", "issued_at", "max_age_seconds"}

// signedFaults is in the order of the steps.
var endpointFaults = []fault[*signedCase]{
	{"member dropped", "EnvelopeInvalidError", 1, func(c *signedCase) { c.Envelope.Drop(c.oneOf(required...)) }},
	{"member null", "EnvelopeInvalidError", 1, func(c *signedCase) { c.Envelope.Set(c.oneOf(required...), document.RawJSON("null")) }},
	{"member twice", "EnvelopeInvalidError", 1, func(c *signedCase) { c.Envelope.Add(c.oneOf(required...), "x") }},
	{"member folded", "EnvelopeInvalidError", 1, func(c *signedCase) { c.Envelope.Add(strings.ToUpper(c.oneOf(required...)), "x") }},
	{"age not an integer", "EnvelopeInvalidError", 1, func(c *signedCase) {
		c.Envelope.Set("max_age_seconds", document.RawJSON(c.oneOf("0", "-1", "3e2", "300.0", "1.5", "0300", "true", `"300"`)))
	}},
	{"too old", "EnvelopeStaleError", 2, func(c *signedCase) { c.Envelope.Set("issued_at", c.moment(-48*time.Hour, -6*time.Minute-1)) }},
	{"from the future", "EnvelopeStaleError", 2, func(c *signedCase) { c.Envelope.Set("issued_at", c.moment(5*time.Minute+1, 48*time.Hour)) }},
	{"bundle by another key", "BundleSignatureInvalid", 3, func(c *signedCase) { c.Bundle.Sign = document.EdDSA(mint.Ed25519Key(fmt.Sprint("other ", c.Uint64()))) }},
	{"bundle altered", "BundleSignatureInvalid", 3, func(c *signedCase) {
		c.Bundle.After = func(jws []byte) []byte {
			parts := strings.Split(string(jws), ".")
			i := 1 + c.IntN(2)
			b := []byte(parts[i])
			at := c.IntN(len(b) - 1) // the last character may have unused bits: malformed, and refused by this step too
			b[at] = "AB"[map[bool]int{true: 1}[b[at] == 'A']]
			parts[i] = string(b)
			return []byte(strings.Join(parts, "."))
		}
	}},
	{"bundle header", "BundleSignatureInvalid", 3, func(c *signedCase) {
		switch name := c.oneOf("alg", "crit", "b64", "jwk", "jku", "x5u", "x5c", "x5t", "typ"); name {
		case "alg":
			c.Bundle.Header.Set(name, c.oneOf("none", "ES256", "HS256", "EDDSA", "Ed25519", "", "EdDSA "))
		case "typ":
			c.Bundle.Header.Set(name, c.oneOf("receipt+jwt", "jwt", "trust-bundle", "trust-bundle+jwt2"))
		default:
			c.Bundle.Header.Add(name, c.oneOf("", "x"))
		}
	}},
	{"bundle member dropped", "BundleInvalidError", 4, func(c *signedCase) {
		c.Bundle.Payload.Drop(c.oneOf("allowed_hw_measurements", "allowed_workload_identity_tags", "min_tcb", "version", "valid_until", "amd_root_ca_pem", "workload"))
	}},
	{"bundle list empty or zero", "BundleInvalidError", 4, func(c *signedCase) {
		for name, digits := range map[string]int{"allowed_hw_measurements": 96, "allowed_workload_identity_tags": 64} {
			c.Bundle.Payload.Set(name, document.RawJSON(c.oneOf("[]", "null", `"*"`, `["*"]`, `["`+strings.Repeat("0", digits)+`"]`, `["`+strings.Repeat("AB", digits/2)+`"]`)))
		}
	}},
	{"bundle floor malformed", "BundleInvalidError", 4, func(c *signedCase) {
		c.Bundle.Payload.Set("min_tcb", document.RawJSON(c.oneOf("{}", `{"snp": 256}`, `{"snp": -1}`, `{"ucode": 1}`, `{"Rome": {"snp": 1}}`, `{"snp": 1, "Milan": {"snp": 1}}`, `{"Milan": {}}`, "5", `{"19-01-01": {"snp": 1}}`)))
	}},
	{"bundle expired", "BundleExpiredError", 5, func(c *signedCase) { c.Bundle.Payload.Set("valid_until", c.moment(-1000*time.Hour, 0)) }},
	{"bundle rolled back", "BundleRollbackError", 6, func(c *signedCase) { c.known.Version = 18 + c.Uint64N(1000) }},
	{"bundle equivocates", "BundleRollbackError", 6, func(c *signedCase) { c.known = attest.BundleVersion{Version: 17, SHA256: [32]byte{byte(c.IntN(256))}} }},
	{"workload of the bundle", "WorkloadMismatchError", 7, func(c *signedCase) {
		c.Bundle.Payload.Set("workload", c.oneOf("Router", "router ", "route", "routers", "other"))
	}},
	{"workload of the envelope", "WorkloadMismatchError", 7, func(c *signedCase) {
		c.Envelope.Set("workload", c.oneOf("Router", "router ", "route", "routers", "other"))
	}},
	{"report version", "ReportInvalidError", 8, func(c *signedCase) { c.Spec.Version = []uint32{0, 1, 6, 7, 1 << 31}[c.IntN(5)] }},
	{"report reserved", "ReportInvalidError", 8, func(c *signedCase) {
		at := []int{0x4C, 0x18B, 0x1EB, 0x1EF, 0x208}[c.IntN(5)]
		bit := byte(1) << c.IntN(8)
		c.BeforeSigning = func(r []byte) { r[at] |= bit }
	}},
	{"report algorithm", "ReportInvalidError", 8, func(c *signedCase) { c.Spec.SignatureAlgo = []uint32{0, 2, 3, 0x101}[c.IntN(4)] }},
	{"report VMPL", "ReportInvalidError", 8, func(c *signedCase) { c.Spec.VMPL = 4 + c.Uint32N(1<<31) }},
	{"report size", "ReportInvalidError", 8, func(c *signedCase) {
		size := 1 + c.IntN(mint.ReportSize-1) // none at all is a member without a value, which step 1 finds
		c.signed = func(r []byte) []byte { return append(r, r...)[:[]int{size, mint.ReportSize + 1 + size/2}[c.IntN(2)]] }
	}},
	{"leaf by another authority", "CertChainInvalidError", 9, func(c *signedCase) {
		c.chain = func(d [][]byte) [][]byte {
			return [][]byte{c.LeafSpec.Encode(mint.CAKey(c.oneOf("other", "ARK-"+c.Product))), d[1], d[2]}
		}
	}},
	{"leaf expired", "CertChainInvalidError", 9, func(c *signedCase) {
		c.reissue = true
		c.LeafSpec.SetValidity(mint.NotBefore, now.Add(-time.Second*time.Duration(1+c.IntN(3))))
	}},
	{"leaf of tomorrow", "CertChainInvalidError", 9, func(c *signedCase) {
		c.reissue = true
		c.LeafSpec.SetValidity(now.Add(time.Second*time.Duration(1+c.IntN(3))), mint.NotAfterLeaf)
	}},
	{"certificate altered", "CertChainInvalidError", 9, func(c *signedCase) {
		c.chain = func(d [][]byte) [][]byte { i := c.IntN(3); d[i] = c.flipped(d[i]); return d }
	}},
	{"certificate missing", "CertChainInvalidError", 9, func(c *signedCase) {
		c.chain = func(d [][]byte) [][]byte { i := c.IntN(2); return slices.Delete(d, i, i+1) }
	}},
	{"certificate twice", "CertChainInvalidError", 9, func(c *signedCase) {
		c.chain = func(d [][]byte) [][]byte { return append(d, d[c.IntN(3)]) }
	}},
	{"CRL revokes", "CertRevokedError", 10, func(c *signedCase) {
		serial := mint.ASK(c.Product).Serial
		if c.Kind == "vlek" {
			serial = mint.ASVK(c.Product).Serial
		}
		if c.IntN(2) == 0 {
			serial = mint.ARK(c.Product).Serial
		}
		for range c.IntN(3) {
			c.crl.Revoke(9, byte(c.IntN(256)))
		}
		c.crl.Revoke(serial...)
		for range c.IntN(3) {
			c.crl.Revoke(8, byte(c.IntN(256)))
		}
	}},
	{"CRL by another key", "CRLInvalidError", 10, func(c *signedCase) { c.crlKey = mint.CAKey(c.oneOf("other", "SEV-"+c.Product)) }},
	{"CRL out of date", "CRLInvalidError", 10, func(c *signedCase) { c.crl.NextUpdate = mint.At(now.Add(-time.Second)) }},
	{"report by another key", "ReportSignatureInvalidError", 11, func(c *signedCase) {
		key := mint.P384Key(fmt.Sprint(c.IntN(100)))
		c.signed = func(r []byte) []byte { mint.Sign(r, key); return r }
	}},
	{"report altered", "ReportSignatureInvalidError", 11, func(c *signedCase) {
		at, bit := 0x0C0+c.IntN(32), byte(1)<<c.IntN(8) // HOST_DATA, which nothing judges
		c.signed = func(r []byte) []byte { r[at] ^= bit; return r }
	}},
	{"leaf of another level", "EndorsementMismatchError", 12, func(c *signedCase) {
		tcb := c.Spec.ReportedTCB
		level := component(&tcb, c.oneOf(components...))
		*level ^= 1 << c.IntN(7)
		c.setLeaf(tcb)
	}},
	{"key of the other kind", "EndorsementMismatchError", 12, func(c *signedCase) { c.Spec.KeyInfo ^= 1 << 2 }},
	{"guest policy", "PolicyViolationError", 13, func(c *signedCase) { c.Spec.Policy |= 1 << (18 + c.IntN(2)) }},
	{"guest policy unknown", "PolicyViolationError", 13, func(c *signedCase) { c.Spec.Policy |= 1 << (40 + c.IntN(24)) }},
	{"lower privilege", "PolicyViolationError", 13, func(c *signedCase) { c.Spec.VMPL = 1 + c.Uint32N(3) }},
	{"measurement", "MeasurementNotAllowedError", 14, func(c *signedCase) { copy(c.Spec.Measurement[:], c.flipped(c.Spec.Measurement[:])) }},
	{"tag not listed", "IdentityTagNotAllowedError", 15, func(c *signedCase) {
		tag := make([]byte, 32)
		tag[0], tag[c.IntN(32)] = 1, byte(1+c.IntN(255))
		c.Bundle.Payload.Set("allowed_workload_identity_tags", []string{hex.EncodeToString(tag)})
	}},
	{"manifest of another tag", "IdentityManifestMismatchError", 16, func(c *signedCase) {
		other := c.Manifest
		other.Payload = other.Payload.Clone()
		other.Payload.Set("version", fmt.Sprint("v", c.IntN(1000)))
		c.Envelope.Set("workload_identity_manifest_jws", string(other.Encode()))
	}},
	{"floor above", "TCBBelowFloorError", 17, func(c *signedCase) {
		floor := document.Floor(c.Product, c.Spec.ReportedTCB)
		name := c.oneOf(components...)
		floor.Set(name, floor.Get(name).(int)+1+c.IntN(3))
		c.Bundle.Payload.Set("min_tcb", document.Object{{c.Product, floor}})
	}},
	{"committed below the floor", "TCBBelowFloorError", 17, func(c *signedCase) { *component(&c.Spec.CommittedTCB, c.oneOf(components...)) = 0 }},
	{"bound to another key or tag", "ReportDataMismatchError", 18, func(c *signedCase) {
		c.Bind = func(spki, tag [32]byte) [32]byte {
			if c.IntN(2) == 0 {
				return document.Binding(tag, spki)
			}
			b := document.Binding(spki, tag)
			return [32]byte(c.flipped(b[:]))
		}
	}},
	{"another live key", "SPKIMismatchError", 19, func(c *signedCase) { c.live = [32]byte(c.flipped(c.live[:])) }},
}

func (c *signedCase) setLeaf(tcb mint.TCB) {
	old := c.LeafSpec
	if c.Kind == "vlek" {
		c.LeafSpec = mint.VLEK(c.Product, tcb, mint.DefaultCSPID)
	} else {
		c.LeafSpec = mint.VCEK(c.Product, tcb, mint.DefaultHWID(c.Product))
	}
	c.LeafSpec.NotBefore, c.LeafSpec.NotAfter, c.reissue = old.NotBefore, old.NotAfter, true
}

// newSignedCase is evidence without a fault, of the product, report version and
// kind of key that chance takes.
func newSignedCase(r chance) *signedCase {
	kind := []string{"vcek", "vcek", "vlek"}[r.IntN(3)]
	m := &minted{document.NewEndpoint(mint.Evidence(mint.Products[r.IntN(3)], 2+r.Uint32N(4), kind))}
	m.Bundle.Sign = document.EdDSA(release)
	own, others := hex.EncodeToString(m.Spec.Measurement[:]), make([]string, r.IntN(3))
	for i := range others {
		others[i] = fmt.Sprintf("%096x", 1+i)
	}
	at := r.IntN(len(others) + 1)
	m.Bundle.Payload.Set("allowed_hw_measurements", slices.Insert(others, at, own))
	return &signedCase{minted: m, chance: r, crl: mint.CRL(m.Product), crlKey: mint.CAKey("ARK-" + m.Product), live: m.SPKI}
}

// evidence signs everything. The order of members, certificates and CRLs is that of
// chance: it means nothing.
func (c *signedCase) evidence() attest.Evidence {
	for _, o := range []*document.Object{&c.Envelope, &c.Bundle.Payload, &c.Bundle.Header, &c.Manifest.Payload, &c.Manifest.Header} {
		*o = shuffled(c.chance, *o)
	}
	if c.reissue {
		c.Reissue()
	}
	c.Sign()
	if c.signed != nil {
		c.Report = c.signed(c.Report)
	}
	ders := c.Chain()
	if c.chain != nil {
		ders = c.chain(ders)
	} else if c.IntN(2) == 0 {
		ders = ders[:2] // the root need not be sent
	}
	c.ChainPEM = mint.PEM(shuffled(c.chance, ders)...)
	good := mint.CRL(c.Product)
	crls := [][]byte{c.crl.Encode(c.crlKey)}
	for range c.IntN(3) {
		crls = append(crls, good.Encode(mint.CAKey("ARK-"+c.Product)))
	}
	return attest.Evidence{Envelope: c.Seal(), Bundle: c.Bundle.Encode(), LiveSPKI: c.live, CRLs: shuffled(c.chance, crls)}
}

// endpointApart are steps whose faults change one thing: any member of the envelope, of
// the bundle, the workload that memory is of, bytes of the report, the leaf.
var endpointApart = map[int][]int{1: {2, 7, 16}, 4: {5, 7, 15, 17}, 7: {2, 6, 16}, 8: {9, 11, 12, 13, 14, 17, 18}, 9: {12}}

// verify asks about evidence without a cache, and then twice with one.
func (c *signedCase) verify(t *testing.T, e attest.Evidence) (answers []answer) {
	config := attest.Config{
		Policy:   policy.Default().Relax(policy.Relax{VLEK: c.Kind == "vlek"}),
		AMDRoots: signedRoots(), Workload: "router", RequireCRL: true, Memory: attest.NewBundleMemory(),
	}
	if c.known.Version > 0 {
		config.Memory.Accept("router", c.known)
	}
	for _, remembers := range []*certchain.Cache{nil, signedCache, signedCache} {
		config.Cache = remembers
		result, err := verifier(config).Verify(e, now)
		checkOutcome(t, result, err)
		answers = append(answers, answerOf(err))
	}
	return answers
}

// What all cases share: what one verified is remembered by others.
var (
	signedCache = certchain.NewCache(8)
	signedRoots = sync.OnceValue(mintedRoots)
)

func runEndpoint(t *testing.T, r chance) ([]string, answer) {
	c := newSignedCase(r)
	list := faultsOf(r.Rand, endpointFaults, endpointApart)
	want := put(c, list)
	answers := c.verify(t, c.evidence())
	judge(t, want, answers...)
	return names(list), answers[0]
}
