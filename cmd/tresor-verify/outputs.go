package main

import (
	"regexp"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/collateral"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/web"
)

func replaceRow(to *bool) cli.Flag {
	return cli.Row("replace", "", "let an output take the place of a file of its own kind", cli.Switch(to))
}

// checkOutputs is CheckOutputs of a command line that is right until then.
func (r *reading) checkOutputs(replace bool, inputs []string, outputs ...cli.Output) {
	if r.err == nil {
		r.fail(r.CheckOutputs(replace, inputs, outputs...))
	}
}

func htmlOutput(path string) cli.Output {
	return cli.Output{Flag: "--html", Path: path, Kind: "a page of a verdict", Known: web.IsPage}
}

// fetchedForms are what fetch writes.
var fetchedForms = []struct {
	name, kind string
	form       func([]byte) error
}{
	{"leaf.der", "a certificate", collateral.IsCertificate},
	{"chain.pem", "a certificate chain", collateral.IsChain},
	{"crl.der", "a CRL", collateral.IsCRL},
}

// ofSchema reports whether a file is a JSON object with this member schema.
func ofSchema(schema string, most int) func([]byte) bool {
	return func(b []byte) bool {
		found := ""
		err := strictjson.Decode(cli.TrimLine(b), most, []string{"schema"}, func(o *strictjson.Object) {
			found = o.Required("schema").Text()
		})
		return err == nil && found == schema
	}
}

var compactJWS = regexp.MustCompile(`^[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*(\r?\n)?$`)
