package main

import (
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

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
func patch(offset int, value ...byte) func(x *exhibit) {
	return func(x *exhibit) { x.BeforeSigning = func(r []byte) { copy(r[offset:], value) } }
}

// spoil changes bytes of the report after it was signed.
func spoil(offset int, value ...byte) func(x *exhibit) {
	return func(x *exhibit) {
		x.AfterSigning = func(r []byte) []byte { copy(r[offset:], value); return r }
	}
}

// flip changes one bit of a byte of the signed report.
func flip(offset int) func(x *exhibit) {
	return func(x *exhibit) {
		x.AfterSigning = func(r []byte) []byte { r[offset] ^= 1; return r }
	}
}

// both makes two changes.
func both(changes ...func(x *exhibit)) func(x *exhibit) {
	return func(x *exhibit) {
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
