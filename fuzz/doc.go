// Package fuzz has the fuzz targets that go across packages: from an envelope, a
// trust bundle, a policy file or a whole piece of evidence to the verdict. Those
// of one parser are beside it.
//
// Each target knows what a mutated input may not do. Nothing is accepted unless
// the signed content is what was signed; a trust bundle or a policy that is
// signed or written anew is read a second time, by encoding/json, and must allow
// what was accepted; every refusal is one of the declared error types, comes
// without a result, and names a rule; Verify and Audit agree; nothing is written
// to; what nobody signed does not make anybody allocate much.
//
// Beside the targets are the properties of the whole: every bit of evidence, inputs
// that are made to be expensive, and the memory of bundles through any order.
//
// TestSigned puts up to three faults into evidence of an endpoint or of an Azure VM,
// receipts, policies, and files of state, pins and evidence, signs everything again,
// and knows the error by the faults that it put in. A million cases take some hours;
// a run that was ended goes on where it was, and writes its numbers into docs/tested.md:
//
//	ATTEST_CASES=1000000 ATTEST_PROGRESS=/tmp/cases ATTEST_FIGURES=../docs/tested.md go test ./fuzz -run TestSigned$ -timeout 0 -v
//
// The seeds are made in code, so that a change of a format reaches them.
// testdata has dictionaries in the form that AFL and libFuzzer read: the words of
// JSON, JWS and DER, which the targets put where they do not belong.
//
//	sh fuzz/run.sh 10m      run every target of the module for that long
//
// and print how often each was executed.
package fuzz
