// Package releaseroot holds the release roots that ship with a release: the
// public keys that may sign trust bundles when a program names none of its own.
//
// They are in keys.txt, one key per line: 64 lower-case hex digits, the 32 bytes
// of an Ed25519 public key (RFC 8032 section 5.1.5). Empty lines and lines that
// begin with "#" are comments. To add a key, add its line there and nothing
// else; the tests of this package refuse what is no key. To rotate, let the old
// and the new key stand together until no bundle of the old one is in use.
//
// The set is empty now. Keys then returns ErrNone, so that nobody trusts a key
// that nobody chose.
package releaseroot
