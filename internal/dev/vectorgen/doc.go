// Vectorgen writes the conformance vectors of testdata/vectors.
//
//	go run ./internal/dev/vectorgen testdata/vectors
//
// Each vector is valid evidence with one fault, or with something unusual that
// must be accepted, and what a verifier has to say of it. What is expected was
// written down by hand next to the fault. Like package mint, from which its
// evidence comes, this program imports nothing of what it is to judge: were a
// rule misread in one place, both sides would agree and no vector would notice.
//
// The same program writes the same bytes on each machine and each run: keys, salts
// and nonces are derived, times are constants, and what JSON leaves open is fixed.
package main
