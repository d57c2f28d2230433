package repo

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/attesttest/leak"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/bulletin"
	"github.com/tresorhq/attest/capture"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/receipt"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/snpreport/form"
	"github.com/tresorhq/attest/transport"
	"github.com/tresorhq/attest/verdict"
)

// exported has a value of every exported type of the packages that other modules can
// import, in the order of the packages.
var exported = []any{
	new(attest.Audit), new(attest.Bundle), new(attest.BundleExpiredError), new(attest.BundleInvalidError), new(attest.BundleRollbackError),
	new(attest.BundleSignatureInvalid), new(attest.BundleVersion), new(attest.CRLInvalidError), new(attest.CertChainInvalidError),
	new(attest.CertRevokedError), new(attest.Config), new(attest.EndorsementMismatchError), new(attest.Envelope),
	new(attest.EnvelopeInvalidError), new(attest.EnvelopeStaleError), new(attest.Evidence), new(attest.EvidenceUnavailableError),
	new(attest.IdentityManifestMismatchError), new(attest.IdentityTagNotAllowedError), new(attest.LaunchMeasurement), new(attest.Manifest),
	new(attest.MeasurementNotAllowedError), new(attest.NoMemory), new(attest.PinChangedError), new(attest.PolicyViolationError),
	new(attest.ReportConfig), new(attest.ReportDataMismatchError), new(attest.ReportEvidence), new(attest.ReportInvalidError),
	new(attest.ReportSignatureInvalidError), new(attest.ReportVerifier), new(attest.Result), new(attest.SPKIMismatchError),
	new(attest.TCBBelowFloorError), new(attest.Verifier), new(attest.Warning), new(attest.WorkloadMismatchError),
	new(snpreport.Bit), new(snpreport.CPUID), new(snpreport.Component), new(snpreport.Firmware), new(snpreport.GuestPolicy),
	new(snpreport.KeyInfo), new(snpreport.PlatformInfo), new(snpreport.Product), new(snpreport.Report), new(snpreport.ReportSignature),
	new(snpreport.SigningKey), new(snpreport.State), new(snpreport.TCB), new(snpreport.TCBVersion),
	new(form.Carried), new(form.Carrier), new(form.TableEntry), new(form.TableKind),
	new(certchain.CRL), new(certchain.Cache), new(certchain.Certificate), new(certchain.Chain), new(certchain.KeyUsage),
	new(certchain.RevokedError), new(certchain.Role), new(certchain.Roots), new(certchain.UnsupportedError),
	new(jws.Algorithm), new(jws.Key), new(jws.Kind), new(jws.Message),
	new(policy.AllowDeny), new(policy.AzureRegisters), new(policy.AzureRules), new(policy.Enforced), new(policy.Facts), new(policy.File),
	new(policy.FirmwareRules), new(policy.Floor), new(policy.Floors), new(policy.GuestPolicyRules), new(policy.IDBlockRules), new(policy.Kind),
	new(policy.MitigationRules), new(policy.Outcome), new(policy.PlatformInfoRules), new(policy.Policy), new(policy.Relax), new(policy.Rules),
	new(policy.Unchecked), new(policy.VersionRange), new(policy.Violation),
	new(rule.ConfigError), new(rule.Error),
	new(receipt.Attestation), new(receipt.Audit), new(receipt.Config), new(receipt.Evidence), new(receipt.ReceiptDigestMismatchError),
	new(receipt.ReceiptInvalidError), new(receipt.ReceiptSignatureInvalidError), new(receipt.Result), new(receipt.Verifier),
	new(kds.Client), new(kds.Config), new(kds.FetchError), new(kds.Request),
	new(transport.Config), new(transport.Evidence), new(transport.OriginError), new(transport.RequestError), new(transport.Transport),
	new(transport.VerdictEndedError),
	new(verdict.Attestation), new(verdict.Azure), new(verdict.Bundle), new(verdict.BundleChange), new(verdict.BundleDiff),
	new(verdict.BundleFacts), new(verdict.CRL), new(verdict.Change), new(verdict.Demand), new(verdict.Document), new(verdict.Error),
	new(verdict.Explained), new(verdict.File), new(verdict.Frame), new(verdict.Leaf), new(verdict.Manifest), new(verdict.Quote),
	new(verdict.Receipt), new(verdict.Report), new(verdict.Revocation), new(verdict.Roots), new(verdict.Step), new(verdict.Subject),
	new(verdict.Summary), new(verdict.TCB), new(verdict.VMConfiguration), new(verdict.Violation), new(verdict.Warning),
	new(capture.Evidence), new(capture.Pin),
	new(carrier.Bag), new(carrier.Certificate), new(carrier.Choice), new(carrier.Evidence), new(carrier.Form), new(carrier.PrivateKeyError),
	new(carrier.Quote), new(carrier.UnreadError),
	new(azure.Audit), new(azure.Bank), new(azure.Config), new(azure.Evidence), new(azure.Facts), new(azure.HCL), new(azure.HCLInvalidError),
	new(azure.PCRMismatchError), new(azure.PCRs), new(azure.QualifyingDataMismatchError), new(azure.Quote), new(azure.QuoteEvidence),
	new(azure.QuoteInvalidError), new(azure.QuoteSignatureInvalidError), new(azure.Register), new(azure.Result), new(azure.RuntimeData),
	new(azure.VMConfiguration), new(azure.Verifier),
	new(launch.CPU), new(launch.Digest), new(launch.Features), new(launch.File), new(launch.Firmware), new(launch.Guest), new(launch.IDAuth),
	new(launch.IDBlock), new(launch.IDBlockInvalidError), new(launch.IGVM), new(launch.Kernel), new(launch.Measurement), new(launch.Metadata),
	new(launch.PageType), new(launch.Range), new(launch.Section), new(launch.SectionType), new(launch.VMM),
	new(bulletin.Assessment), new(bulletin.Bulletin), new(bulletin.Condition), new(bulletin.Grade), new(bulletin.Status),
	new(attesttest.AzureFault), new(attesttest.Config), new(attesttest.Enclave), new(attesttest.Fault), new(attesttest.ReceiptFault),
	new(attesttest.Server),
	new(leak.Leak), new(leak.Report), new(leak.Scenario), new(leak.Target), new(leak.Witness),
}

// TestZeroAndNil: no method of an exported type panics when it is called with zero
// values, on the type's zero value or on a nil pointer.
// Rules: GEN-02.
func TestZeroAndNil(t *testing.T) {
	listed := map[string]bool{}
	for _, v := range exported {
		p := reflect.TypeOf(v)
		listed[p.Elem().String()] = true
		for i := range p.NumMethod() {
			call(t, reflect.ValueOf(v), p.Method(i))
			call(t, reflect.Zero(p), p.Method(i))
		}
	}
	for name := range exportedTypes(t) {
		if !listed[name] {
			t.Errorf("%s is not among the exported types above", name)
		}
	}
}

// call calls a method with zero values, a context and a recorder.
func call(t *testing.T, receiver reflect.Value, m reflect.Method) {
	name, code := m.Name, m.Func.Pointer()
	if file, _ := runtime.FuncForPC(code).FileLine(code); file == "<autogenerated>" && receiver.IsNil() {
		return // a method of the value, or of a struct in it: Go refuses it before any of it runs
	}
	method := receiver.MethodByName(name)
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("(%s).%s, nil %t: panic: %v", receiver.Type(), name, receiver.IsNil(), p)
		}
	}()
	var arguments []reflect.Value
	for i := range method.Type().NumIn() {
		in := method.Type().In(i)
		switch {
		case method.Type().IsVariadic() && i == method.Type().NumIn()-1:
		case in == reflect.TypeFor[context.Context]():
			arguments = append(arguments, reflect.ValueOf(context.Background()))
		case in == reflect.TypeFor[http.ResponseWriter]():
			arguments = append(arguments, reflect.ValueOf(httptest.NewRecorder()))
		default:
			arguments = append(arguments, reflect.Zero(in))
		}
	}
	method.Call(arguments)
}

// exportedTypes yields the names of the exported types that are declared outside of
// internal folders, commands and nested modules, but for interfaces, functions,
// aliases and generic ones.
func exportedTypes(t *testing.T) map[string]bool {
	names := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"internal", "cmd", "difftest", "examples", "testdata", "web", "fuzz", ".git"}, d.Name()):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.TypeSpec); ok && s.Name.IsExported() && !s.Assign.IsValid() && s.TypeParams == nil {
				switch s.Type.(type) {
				case *ast.InterfaceType, *ast.FuncType:
				default:
					names[f.Name.Name+"."+s.Name.Name] = true
				}
			}
			_, function := n.(*ast.FuncDecl)
			return !function
		})
		return nil
	})
	if err != nil || len(names) < 100 {
		t.Fatalf("%d types: %v", len(names), err)
	}
	return names
}
