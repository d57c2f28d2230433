package verdict_test

import (
	"strings"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/receipt"
	"github.com/tresorhq/attest/verdict"
)

// TestZeroValues: what no verification made is an internal error, and no pass.
func TestZeroValues(t *testing.T) {
	for _, d := range []*verdict.Document{nil, new(verdict.Document)} {
		if text := d.Text(true); !strings.HasPrefix(text, "ERROR: InternalError") || !strings.HasPrefix(d.Brief(), "ERROR\t") || !strings.Contains(d.JSON(), `"exit_code": 5`) || d.Cause() == nil {
			t.Errorf("%s%s%s", text, d.Brief(), d.JSON())
		}
	}
	var f verdict.Frame
	changed := verdict.Frame{Changed: new(attest.PinChangedError)}
	for name, d := range map[string]*verdict.Document{
		"audit nil": verdict.New(nil, f), "audit": verdict.New(new(attest.Audit), f), "audit, changed": verdict.New(new(attest.Audit), changed),
		"result":    verdict.New(&attest.Audit{Result: new(attest.Result)}, f),
		"azure nil": verdict.NewAzure(nil, f), "azure": verdict.NewAzure(new(azure.Audit), f), "azure result": verdict.NewAzure(&azure.Audit{Result: new(azure.Result)}, f),
		"receipt nil": verdict.NewReceipt(nil, f), "receipt": verdict.NewReceipt(new(receipt.Audit), f),
		"receipt result": verdict.NewReceipt(&receipt.Audit{Result: new(receipt.Result)}, f),
		"bundle nil":     verdict.NewBundle(nil, nil, nil, f), "bundle": verdict.NewBundle(new(attest.Bundle), nil, nil, f),
		"error": verdict.Failed(nil, f),
	} {
		if d.Verdict != "error" || d.ExitCode != verdict.ExitInternal || d.Error == nil || d.Error.Type != "InternalError" {
			t.Errorf("%s: %s, exit code %d, %+v", name, d.Verdict, d.ExitCode, d.Error)
		}
	}
}
