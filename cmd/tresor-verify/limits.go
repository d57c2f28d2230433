package main

// Sizes above which a file is refused, in bytes.
const (
	maxReportFile   = 1 << 20 // the library's own limit is lower, and refuses
	maxCertFile     = 64 << 10
	maxCRLFile      = 1 << 20
	maxEnvelopeFile = 1 << 20 // as for a report, and so for the next
	maxBundleFile   = 1 << 20
)
