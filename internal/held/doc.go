// Package held reads evidence from the files and folders in which people hold it: a
// report in any form that package carrier knows or, strictly, in those of SPEC.md
// section 4; the certificates that came with it; and those that lie beside it.
//
// What it returns is not verified. The error of a file that cannot be read is that of
// package verdict for unavailable evidence; that of a file whose form is wrong has the
// type that it has in a verdict; a private key is a mistake of the caller's.
package held
