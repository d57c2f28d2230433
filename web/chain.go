package web

import (
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/verdict"
)

// A link is one arrow of the chain of trust: what vouches, for what, and the steps
// that prove it.
type link struct {
	from, to string
	steps    []string // ids of verdict.Step; an id that the verification does not have is passed over
}

// The two branches of the chain of trust: who vouches for the hardware, and who for
// the code. Both end at the connection's key.
var (
	hardwareLinks = []link{
		{"AMD's root key (ARK)", "the intermediate key (ASK or ASVK) and the chip's key (VCEK or VLEK)", []string{"chain", "revocation"}},
		{"the chip's key", "the report", []string{"report", "report_signature"}},
		{"the certificate of the chip's key", "kind, product, firmware levels and chip of the report", []string{"endorsement"}},
		{"the report", "how the guest was started, on which firmware", []string{"policy", "min_tcb"}},
		{"MEASUREMENT", "the code that was started", []string{"measurement"}},
		{"REPORT_DATA", "what the guest bound to the report: the TLS key and the identity tag", []string{"report_data"}},
		{"the attested TLS key", "the connection that showed the evidence", []string{"live_key"}},
	}
	publisherLinks = []link{
		{"the release root that you pinned", "the trust bundle", []string{"bundle_signature", "bundle"}},
		{"the trust bundle", "this moment and this workload", []string{"bundle_validity", "bundle_rollback", "workload"}},
		{"the trust bundle", "the workload identity tag", []string{"identity_tag"}},
		{"the workload identity tag", "the manifest: version, image and binary", []string{"manifest"}},
		{"the envelope", "its own age", []string{"envelope", "freshness"}},
	}
	azureLinks = []link{
		{"REPORT_DATA", "the runtime data of the paravisor, and the TPM's key in it", []string{"hcl", "runtime_data", "ak", "vmpl0_code"}},
		{"the TPM's key", "the quote", []string{"user_data", "quote", "quote_signer", "quote_signature", "qualifying_data"}},
		{"the quote", "the values of the PCRs", []string{"pcr_digest", "pcrs"}},
	}
)

// chain draws the chain of trust. Each link is passed, failed or open, in words, with
// its rule and both values.
func (v *View) chain() node {
	if len(v.Document.Checks) == 0 {
		return fragment(nil)
	}
	return el("section", at("aria-labelledby", "h-chain"),
		el("h2", at("id", "h-chain"), "Who vouches for what"),
		el("div", class("branches"),
			v.branch("The hardware", hardwareLinks), v.branch("The publisher", publisherLinks), v.branch("The TPM of Azure", azureLinks)))
}

func (v *View) branch(title string, links []link) node {
	var items fragment
	for _, l := range links {
		if item := v.item(l); item != nil {
			items = append(items, item)
		}
	}
	if items == nil {
		return items
	}
	return el("div", el("h3", title), el("ol", class("chain"), items))
}

// item draws one link, or nothing when none of its steps applies.
func (v *View) item(l link) node {
	var said fragment
	kind, word, applies := "pass", "holds", false
	for _, id := range l.steps {
		s, ok := v.step(id)
		if !ok || s.Status == attest.NotApplicable {
			continue
		}
		applies = true
		switch s.Status {
		case attest.Pass:
		case attest.Fail:
			kind, word = "fail", "broken"
		default:
			if kind == "pass" {
				kind, word = "open", "not proven"
			}
		}
		said = append(said, el("li", strings.ReplaceAll(s.ID, "_", " ")+": "+strings.ReplaceAll(string(s.Status), "_", " ")+ofRule(s.Requirement)+labelled("; ", found(s))))
	}
	if !applies {
		return nil
	}
	return el("li", class(kind), el("b", class("word"), word), el("span", l.from+" → "+l.to), el("ul", class("tree"), said))
}

func (v *View) step(id string) (verdict.Step, bool) {
	for _, s := range v.Document.Checks {
		if s.ID == id {
			return s, true
		}
	}
	return verdict.Step{}, false
}
