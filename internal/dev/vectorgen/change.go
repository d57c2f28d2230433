package main

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
)

// Short names for what most rows are made of.
type (
	doc    = document.Object
	member = document.Member
	raw    = document.RawJSON
)

// X is the evidence of a case, which its change is made to.
type X = *exhibit

// A part is a JSON object of the evidence, changed before it is signed and encoded.
type part func(x X) *doc

var (
	envelope      part = func(x X) *doc { return &x.Envelope }
	bundle        part = func(x X) *doc { return &x.Bundle.Payload }
	bundleHeader  part = func(x X) *doc { return &x.Bundle.Header }
	manifest      part = func(x X) *doc { return &x.Manifest.Payload }
	claims        part = func(x X) *doc { return &x.receipt.Payload }
	receiptHeader part = func(x X) *doc { return &x.receipt.Header }
)

func (p part) set(name string, value any) func(X) { return func(x X) { p(x).Set(name, value) } }
func (p part) add(name string, value any) func(X) { return func(x X) { p(x).Add(name, value) } }
func (p part) drop(name string) func(X)           { return func(x X) { p(x).Drop(name) } }
func (p part) rename(name, to string) func(X)     { return func(x X) { p(x).Rename(name, to) } }

// input gives files in place of those that are made of the evidence, or none.
func input(name string, files ...[]byte) func(X) { return func(x X) { x.inputs[name] = files } }

// option sets an option of the command; nil takes it away.
func option(name string, value any) func(X) { return func(x X) { x.options[name] = value } }

// shows says what a member of the verdict must be.
func shows(name string, value any) func(X) { return func(x X) { x.result.Set(name, value) } }

// answers says what the whole verdict must be; nil: nothing of it.
func answers(result doc) func(X) { return func(x X) { x.result = result } }

// demand gives a policy file with these members along.
func demand(members ...member) func(X) { return func(x X) { x.policy(members...) } }

// sends replaces the certificates that are sent.
func sends(pick func(leaf, mid, ark []byte) [][]byte) func(X) { return func(x X) { x.chain = pick } }

func envelopeText(change func([]byte) []byte) func(X) { return func(x X) { x.EnvelopeText = change } }

func bundleSigned(sign func([]byte) []byte) func(X) { return func(x X) { x.Bundle.Sign = sign } }

// bound makes REPORT_DATA[0:32] in another way.
func bound(bind func(spki, tag [32]byte) [32]byte) func(X) { return func(x X) { x.Bind = bind } }

// altered sets a member of a JWS's payload after it was signed.
func altered(of func(x X) *document.JWS, name string, value any) func(X) {
	return func(x X) {
		j := of(x)
		j.After = func(signed []byte) []byte {
			payload, parts := j.Payload.Clone(), strings.Split(string(signed), ".")
			payload.Set(name, value)
			return []byte(parts[0] + "." + encode64url(string(payload.Text())) + "." + parts[2])
		}
	}
}

// tags makes the list of tags in the bundle of the one of this workload.
func tags(list func(own string) any) func(X) {
	return func(x X) {
		x.seal()
		x.Bundle.Payload.Set("allowed_workload_identity_tags", list(hex.EncodeToString(x.Tag[:])))
	}
}

// spaces fills a text up with spaces to so many bytes.
func spaces(size int) func([]byte) []byte {
	return func(b []byte) []byte { return append(b, strings.Repeat(" ", size-len(b))...) }
}

func policyBits(bits uint64) func(X) { return func(x X) { x.Spec.Policy |= bits } }

// withCRL gives the product's CRL along.
func (x *exhibit) withCRL() *mint.CRLSpec {
	crl := mint.CRL(x.Product)
	x.crl = &crl
	return x.crl
}

// setTCB changes the level that the chip reports, and that the leaf is for.
func (x *exhibit) setTCB(t mint.TCB) {
	x.Spec.CurrentTCB, x.Spec.CommittedTCB, x.Spec.LaunchTCB = t, t, t
	x.setReported(t)
}

// setReported changes REPORTED_TCB and the leaf.
func (x *exhibit) setReported(t mint.TCB) {
	x.Spec.ReportedTCB = t
	x.certify(t)
}

// certify changes the leaf alone: it is for that level.
func (x *exhibit) certify(t mint.TCB) {
	old := x.LeafSpec
	if x.Kind == "vlek" {
		x.LeafSpec = mint.VLEK(x.Product, t, mint.DefaultCSPID)
	} else {
		x.LeafSpec = mint.VCEK(x.Product, t, mint.DefaultHWID(x.Product))
	}
	x.LeafSpec.NotBefore, x.LeafSpec.NotAfter = old.NotBefore, old.NotAfter
}

// policy gives a policy file with these members along.
func (x *exhibit) policy(members ...member) {
	x.policyText(append(doc{{"schema", "attest.policy/v1"}}, members...).Text())
}

func (x *exhibit) policyText(text []byte) { x.inputs["policy"] = [][]byte{text} }

// patch changes bytes of the report before it is signed.
func patch(offset int, value ...byte) func(x X) {
	return func(x X) { x.BeforeSigning = func(r []byte) { copy(r[offset:], value) } }
}

// spoil changes bytes of the report after it was signed.
func spoil(offset int, value ...byte) func(x X) {
	return func(x X) { x.AfterSigning = func(r []byte) []byte { copy(r[offset:], value); return r } }
}

// flip changes one bit of a byte of the signed report.
func flip(offset int) func(x X) {
	return func(x X) { x.AfterSigning = func(r []byte) []byte { r[offset] ^= 1; return r } }
}

// both makes several changes, in their order.
func both(changes ...func(x X)) func(x X) {
	return func(x X) {
		for _, change := range changes {
			change(x)
		}
	}
}

func replace(old, with string) func([]byte) []byte {
	return func(b []byte) []byte {
		if !strings.Contains(string(b), old) {
			panic("vectorgen: no " + old + " to replace")
		}
		return []byte(strings.Replace(string(b), old, with, 1))
	}
}

func wrap(before, after string) func([]byte) []byte {
	return func(b []byte) []byte { return slices.Concat([]byte(before), b, []byte(after)) }
}
