// Package vectorfile writes conformance vectors in the format of testdata/vectors: a file of
// each case, files that several cases share, and an index.
package vectorfile
