package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/internal/unread"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/snpreport/form"
	"github.com/tresorhq/attest/verdict"
)

// A Request is what the page asks for, as JSON. Its members beside Files and Now are
// the flags of the command.
type Request struct {
	Files []struct {
		Name string `json:"name"`
		Role string `json:"role"` // a flag of the command that names a file; "": it is recognised
	} `json:"files"`
	Now            string `json:"now"` // the browser's clock
	At             string `json:"at"`
	Measurement    string `json:"measurement"` // several by spaces
	ReportData     string `json:"report-data"`
	HostData       string `json:"host-data"`
	ChipID         string `json:"chip-id"`
	QualifyingData string `json:"qualifying-data"` // of an Azure VM, as the next two
	UserData       string `json:"user-data"`
	PCR            string `json:"pcr"` // several by spaces
	Workload       string `json:"workload"`
	SPKI           string `json:"spki"`
	VMPL           string `json:"vmpl"`
	AllowVLEK      bool   `json:"allow-vlek"`
	AllowDebug     bool   `json:"allow-debug"`
	AllowMigration bool   `json:"allow-migration"`
	Strict         bool   `json:"strict"` // SPEC.md section 4 and nothing else
}

// An Answer is a verdict as the command's JSON object and as HTML.
type Answer struct {
	JSON []byte
	HTML string
}

// Judge carries out a request about these files, which stand in the order of its
// member files. A panic is answered as an internal error.
func Judge(request []byte, files [][]byte) (a Answer) {
	defer func() {
		if cause := recover(); cause != nil {
			a = answer(&View{Document: verdict.Failed(fmt.Errorf("the verifier failed: %v", cause), verdict.Frame{Tool: Tool})})
		}
	}()
	var r Request
	if err := json.Unmarshal(request, &r); err != nil || len(r.Files) != len(files) {
		return answer(&View{Document: verdict.Failed(usage("the page asked for what the verifier does not know"), verdict.Frame{Tool: Tool})})
	}
	j := &judgement{request: &r}
	return answer(j.judge(files))
}

func answer(v *View) Answer { return Answer{[]byte(v.Document.JSON()), render(v.content())} }

// A usageError is a mistake in what the page was given beside evidence.
type usageError struct{ error }

func (usageError) VerdictType() string { return "UsageError" }
func (e usageError) Unwrap() error     { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// misuse is a usage error that breaks a rule of its own.
func misuse(id, message string) error {
	return usageError{rule.Config(&rule.Error{Rule: id, Message: message, Offset: rule.NoOffset})}
}

// A judgement is one request on its way.
type judgement struct {
	request *Request
	inputs  map[string][]input // by role
	frame   verdict.Frame
	view    View
	azure   *azure.Audit // of an Azure confidential VM; nil: there is none
}

type input struct {
	name string
	data []byte
}

// judge returns the view of a verdict, whatever it is.
func (j *judgement) judge(files [][]byte) *View {
	audit, err := j.audit(files)
	switch {
	case j.azure != nil:
		j.view.Document = verdict.NewAzure(j.azure, j.frame)
	case audit != nil:
		j.view.Document = verdict.New(audit, j.frame)
	case err == nil:
		err = errors.New("no verdict was reached")
		fallthrough
	default:
		j.view.Document = verdict.Failed(err, j.frame)
	}
	return &j.view
}

func (j *judgement) audit(files [][]byte) (*attest.Audit, error) {
	j.inputs = map[string][]input{}
	for i, f := range j.request.Files {
		role := f.Role
		if role == "" {
			role = recognise(files[i])
		}
		j.inputs[role] = append(j.inputs[role], input{f.Name, files[i]})
	}
	j.frame = verdict.Frame{Tool: Tool, Mode: "offline", TimeSource: "clock", Subject: j.subject(files)}
	if err := j.when(); err != nil {
		return nil, err
	}
	pol, err := j.policy()
	if err != nil {
		return nil, err
	}
	j.frame.Relaxed, j.frame.Enforced = pol.Relaxed(), verdict.Enforced(pol, j.further()...)
	roots, err := j.amdRoots()
	if err != nil {
		return nil, err
	}
	switch endpoints := len(j.inputs["evidence"]) + len(j.inputs["envelope"]); {
	case endpoints > 1:
		return nil, misuse("CLI-06", "one endpoint at a time: there are several envelopes or evidence files")
	case endpoints > 0:
		return j.endpoint(pol, roots)
	case len(j.inputs["report"]) > 0:
		return j.report(pol, roots)
	}
	return nil, verdict.Unavailable("files", errors.New("none of them is a report, an evidence file or an envelope"))
}

// when decides for what time the verdict is.
func (j *judgement) when() error {
	text := j.request.Now
	if j.request.At == "recorded" {
		return nil // with the evidence file
	}
	if j.request.At != "" {
		text, j.frame.TimeSource = j.request.At, "given"
	}
	at, ok := strictjson.ParseTime(text)
	if !ok {
		return usage("the time %q is no RFC 3339 time, such as 2026-04-01T12:00:00Z", text)
	}
	j.frame.At = at
	return nil
}

// policy is the defaults, what the form demands and the policy file, intersected.
func (j *judgement) policy() (policy.Policy, error) {
	r := j.request
	demands := policy.Rules{Measurements: strings.Fields(strings.ToLower(r.Measurement))}
	if r.ReportData != "" {
		data := strings.ToLower(r.ReportData)
		demands.ReportData = &data
	}
	if len(demands.Measurements) == 0 {
		demands.Measurements = nil
	}
	if r.HostData != "" {
		demands.HostData = []string{strings.ToLower(r.HostData)}
	}
	if r.ChipID != "" {
		id := strings.ToLower(r.ChipID)
		if len(id) == 16 { // of Turin: zeros follow
			id += strings.Repeat("0", 112)
		}
		demands.ChipIDs.Allow = []string{id}
	}
	if r.QualifyingData != "" {
		demands.Azure.QualifyingData = new(strings.ToLower(r.QualifyingData))
	}
	if r.UserData != "" {
		demands.Azure.UserData = new(strings.ToLower(r.UserData))
	}
	for _, register := range strings.Fields(r.PCR) {
		if err := azure.AllowPCR(&demands.Azure, register); err != nil {
			return policy.Policy{}, usage("PCR: %w", err)
		}
	}
	form, err := policy.New(demands)
	if err != nil {
		return policy.Policy{}, usage("%w", err)
	}
	all := []policy.Policy{policy.Default(), form}
	for _, file := range j.inputs["policy"] {
		if len(file.data) == 0 {
			return policy.Policy{}, usage("policy %s: the file is empty", file.name)
		}
		p, err := policy.Parse(trimLine(file.data))
		if err != nil {
			return policy.Policy{}, usage("policy %s: %w", file.name, err)
		}
		all = append(all, p)
	}
	relax := policy.Relax{Debug: r.AllowDebug, Migration: r.AllowMigration, VLEK: r.AllowVLEK}
	switch r.VMPL {
	case "", "0":
	case "1", "2", "3":
		relax.VMPL = uint32(r.VMPL[0] - '0')
	default:
		return policy.Policy{}, usage("a VMPL is 0, 1, 2 or 3")
	}
	return policy.Intersect(all...).Relax(relax), nil
}

// amdRoots are the caller's, or nil for the built-in ones.
func (j *judgement) amdRoots() (*certchain.Roots, error) {
	var arks [][]byte
	for _, file := range j.inputs["amd-root"] {
		ders, err := form.SplitCertificates(file.data)
		if err != nil {
			return nil, usage("AMD root %s: %w", file.name, err)
		}
		arks = append(arks, ders...)
	}
	if len(arks) == 0 {
		return nil, nil
	}
	for _, der := range arks {
		if ark, err := certchain.ParseCertificate(der); err == nil && publicRoots[hex.EncodeToString(hash(ark.RawSPKI))] {
			return nil, usage("this is the root of the test kit: its private key is public, and so it vouches for nothing")
		}
	}
	roots, err := certchain.NewRoots(arks...)
	if err != nil {
		return nil, usage("AMD root: %w", err)
	}
	return roots, nil
}

func hash(b []byte) []byte { s := sha256.Sum256(b); return s[:] }

// crls are the lists that were given, which are then required.
func (j *judgement) crls(more ...[]byte) [][]byte {
	for _, file := range j.inputs["crl"] {
		if der, err := certchain.SplitCRLPEM(file.data); err == nil {
			more = append(more, der)
			continue
		}
		more = append(more, file.data)
	}
	return more
}

// report verifies the first report; a second one is shown beside it.
func (j *judgement) report(pol policy.Policy, roots *certchain.Roots) (*attest.Audit, error) {
	e := attest.ReportEvidence{CRLs: j.crls()}
	config := attest.ReportConfig{Policy: pol, AMDRoots: roots, RequireCRL: len(e.CRLs) > 0}
	v, err := attest.NewReportVerifier(config)
	if err != nil {
		return nil, usage("%w", err)
	}
	if j.request.Strict {
		j.strict(&e)
		return v.Audit(e, j.frame.At), nil
	}
	carried, err := j.open(&e)
	switch {
	case verdict.ExitCode(err) == verdict.ExitRefused:
		return unread.Audit(config, err, j.frame.At), nil
	case err != nil:
		return nil, err
	case j.ofAzure(pol, carried):
		return nil, j.verifyAzure(config, e, carried)
	}
	return v.Audit(e, j.frame.At), nil
}

// strict takes the report and its certificates as they are: in the forms of SPEC.md
// section 4 and no other.
func (j *judgement) strict(e *attest.ReportEvidence) {
	e.Report = j.inputs["report"][0].data
	if t := trimLine(e.Report); len(e.Report) != snpreport.Size && isText(t) {
		e.Report = t
	}
	for _, file := range j.inputs["certs"] {
		e.Certificates = append(e.Certificates, file.data)
	}
	if c, err := form.Open(e.Report); err == nil {
		j.view.Report, _ = snpreport.Parse(c.Report)
	}
}

// open reads the report and its certificates as people hold them.
func (j *judgement) open(e *attest.ReportEvidence) (*carrier.Evidence, error) {
	reports := j.inputs["report"]
	first, err := carrier.Open(reports[0].data)
	if err != nil {
		return nil, refusal("report "+reports[0].name, err, unread.Report)
	}
	e.Report = first.Report
	bag := first.Certificates
	e.CRLs = append(e.CRLs, first.CRLs...)
	for _, file := range j.inputs["certs"] {
		more, err := carrier.OpenCertificates(file.data)
		if err != nil {
			return nil, refusal("certificates "+file.name, err, unread.Chain)
		}
		bag = append(bag, more.Certificates...)
		e.CRLs = append(e.CRLs, more.CRLs...)
	}
	j.view.Report, _ = snpreport.Parse(e.Report)
	if j.view.Report == nil {
		return first, nil // verifying it will say why
	}
	if len(reports) > 1 {
		if second, err := carrier.Open(reports[1].data); err == nil {
			j.view.Other, _ = snpreport.Parse(second.Report)
		}
	}
	if len(bag) == 0 {
		return nil, verdict.Unavailable("certificates", errors.New("there is none for this report: add the file of the VCEK or VLEK"))
	}
	choice, err := carrier.Choose(j.view.Report, bag, j.frame.At)
	if err != nil {
		return nil, refusal("certificates", err, unread.Chain)
	}
	e.Certificates = choice.Certificates
	j.look(e.Certificates)
	return first, nil
}

// look parses certificates that are shown beside the verdict.
func (j *judgement) look(ders [][]byte) {
	for _, der := range ders {
		if c, err := certchain.ParseCertificate(der); err == nil {
			j.view.Certificates = append(j.view.Certificates, c)
		}
	}
}

// refusal gives an error of package carrier its place in a verdict. A private key is a
// mistake of the caller's.
// Rules: FRM-04.
func refusal(what string, err error, place func(what string, err error) error) error {
	var private *carrier.PrivateKeyError
	if errors.As(err, &private) {
		return usage("%s: %w", what, rule.Config(err))
	}
	return place(what, err)
}
