// Package repo has the tests of this repository as a whole: which package may
// import which, that the documents say what is so, that RECIPE.md finds every
// fault, and that the library agrees with the conformance vectors.
//
// They run in the top folder of the module. Those of RECIPE.md run programs for
// half a minute, and only when ATTEST_STRESS is set.
package repo
