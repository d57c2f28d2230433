// Package releaseroot reads release roots, the public keys that may sign trust
// bundles, and holds those that ship with a release, for a program that names none of
// its own.
//
// The latter are in keys.txt, one key per line: 64 lower-case hex digits, the 32 bytes
// of an Ed25519 public key (RFC 8032 section 5.1.5). Empty lines and lines that
// begin with "#" are comments. To add a key, add its line there and nothing
// else; the tests of this package refuse a line that is no key. To rotate, let the old
// and the new key stand together until no bundle of the old one is in use.
//
// The set is empty now. Keys then returns ErrNone, so that no program trusts a
// key that its user did not choose.
package releaseroot
