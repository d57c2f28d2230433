package vectors

import (
	"maps"
	"slices"
	"strconv"
)

// What a vector may ask for. Vectors may come from anyone: they choose neither
// addresses nor places on disk, and start no other command.
var (
	commands = []string{"attest", "report", "receipt", "measure"}
	options  = []string{
		"at", "spki", "workload", "strict", "vmpl", "allow-debug", "allow-migration", "allow-vlek",
		"measurement", "report-data", "report-data-prefix", "host-data", "chip-id", "min-tcb", "qualifying-data", "user-data", "pcr", "max-age", "vmm", "vcpus", "cpu", "features", "cmdline",
	}
	inputs = []string{
		"envelope", "bundle", "evidence", "cert", "release-root", "amd-root", "report", "certs", "crl", "quote", "quote-signature", "pcrs",
		"policy", "state", "pin", "receipt", "jwks", "request", "response",
		"launch", "firmware", "kernel", "initrd", "cmdline-file", "igvm", "match", "id-block", "id-auth",
	}
)

// Foreign says what makes a case one that is not of this format, or "". It is not to be run.
// Rules: VEC-04.
func (c *Case) Foreign() string {
	if c.Schema != Schema {
		return "its schema is " + c.Schema
	}
	for _, f := range []struct {
		what        string
		names, know []string
	}{
		{"command", []string{c.Command}, commands},
		{"option", slices.Sorted(maps.Keys(c.Options)), options},
		{"input", slices.Sorted(maps.Keys(c.Inputs)), inputs},
	} {
		for _, name := range f.names {
			if !slices.Contains(f.know, name) {
				return "no vector has the " + f.what + " " + strconv.Quote(name)
			}
		}
	}
	return ""
}
