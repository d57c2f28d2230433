// Package boot makes what a guest is launched from, right and wrong, and computes its
// MEASUREMENT: firmware, IGVM files, direct boot of a kernel, ID blocks. Like package mint
// it shares no code with the parsers.
package boot
