package main

// Sizes above which a file is not read, in bytes. What is read as a whole has limits of
// its own, which are lower: the parsers refuse what is above them.
const (
	maxFile     = 1 << 20  // a report, certificates beside it, a CRL, an envelope, a trust bundle
	maxCertFile = 64 << 10 // roots, the certificate of a connection
)
