// Package launch computes MEASUREMENT, the launch digest of SEV-SNP guests, from
// what was launched: firmware, kernel, initial RAM disk and command line, or an
// IGVM file, and the registers that the virtual machine monitor sets.
//
// The digest starts as 48 zero bytes. Each page that is launched replaces it by the
// SHA-384 of a PAGE_INFO structure of 112 bytes, in which the digest so far, the
// SHA-384 of the page, its type and its guest-physical address stand (SPEC.md
// section 22; AMD 56860, SNP_LAUNCH_UPDATE). So the order of pages counts, and one
// more virtual processor costs one more hash.
//
// ParseFirmware or ParseIGVM reads the one, a Kernel holds the digests of the
// others, and a Guest says how they were launched: Measure computes, Explain
// searches for the launch that gives a digest. ParseFile reads all of it from a
// launch file. ParseIDBlock and ParseIDAuth read what the guest's owner signed.
//
// Integers are little-endian. The package reads no file and no clock. Its errors are
// *rule.Error, which name the field and its offset in the input.
package launch
