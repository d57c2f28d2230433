package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/inspect"
	"github.com/tresorhq/attest/verdict"
)

// kinds are what the files of a flag hold, in words of package inspect; the first is also
// for people. Reports and the certificates beside them are left to package carrier.
var kinds = map[string][]string{
	"envelope": {"attestation envelope"}, "bundle": {"trust bundle", "JWS"}, "crl": {"CRL"}, "evidence": {"evidence"}, "receipt": {"receipt", "JWS"},
	"policy": {"policy"}, "pin": {"pin"}, "release-root": {"public key"}, "amd-root": {"certificate"},
	"cert": {"TLS certificate", "certificate"}, "ca-file": {"web root", "certificate"}, "jwks": {"key set"},
}

// misplaced names the file that is empty, or of a known kind which its flag does not take.
func misplaced(c *cli.Call, e *verdict.Error) string {
	for _, f := range c.Subject.Read {
		due, ok := kinds[f.Flag]
		if ok && len(f.Data) == 0 {
			return f.Name + ": the file is empty"
		}
		foreign := f.Flag == "certs" && e.Type == "CertChainInvalidError"
		if !ok && !foreign {
			continue
		}
		file, err := inspect.Detect(f.Data)
		if foreign && errors.Is(err, inspect.ErrForeign) {
			return f.Name + ": " + err.Error()
		}
		if ok && err == nil && !slices.ContainsFunc(due, func(kind string) bool { return strings.HasPrefix(file.Kind, kind) }) {
			return fmt.Sprintf("%s holds no %s: \"tresor-verify show\" calls it %q", f.Name, due[0], file.Kind)
		}
	}
	return ""
}
