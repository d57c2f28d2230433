// Package carrier reads evidence as people hold it: base64 with line breaks, the output
// of xxd -p, a JSON container of another tool, an Azure HCL report, a folder of
// certificates. It turns that into the bytes that package attest verifies, and says which
// form it was and what it passed over. It judges nothing.
//
// It is for commands whose user names a file; no verifier of this module reads through it.
// An input has at most 1 MiB and three layers (text or JSON, base64, gzip). Work and memory
// are linear in its size. docs/spec/carrier.md has the rules.
package carrier
