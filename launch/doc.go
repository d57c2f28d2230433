// Package launch computes MEASUREMENT, the launch digest of SEV-SNP guests, from
// what was launched: firmware, kernel, initial RAM disk and command line, or an
// IGVM file, and the registers that the virtual machine monitor sets.
//
// The digest starts as 48 zero bytes. Each page that is launched replaces it by the
// SHA-384 of a PAGE_INFO structure, in which the digest so far, the SHA-384 of the
// page, its type and its address stand (docs/spec/launch.md; AMD 56860,
// SNP_LAUNCH_UPDATE). A Guest says what was launched and how: its method Measure
// computes, and Explain searches for the launch that gives a digest.
//
// Integers are little-endian. The package reads no file and no clock. Its errors are
// *rule.Error, which name the field and its offset in the input.
package launch
