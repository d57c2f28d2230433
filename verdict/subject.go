package verdict

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/policy"
)

// A Subject is what a verdict is about: an endpoint that was asked, or files.
// Rules: CLI-17.
type Subject struct {
	Origin        string `json:"origin,omitempty"`
	ClaimedOrigin string `json:"claimed_origin,omitempty"` // by saved evidence
	Files         []File `json:"files,omitempty"`
}

// A File is one that was read.
type File struct {
	Flag    string `json:"flag"`
	Name    string `json:"name"`
	SHA256  string `json:"sha256,omitempty"`  // of what was read
	Carrier string `json:"carrier,omitempty"` // in which form it came, where there are several
}

// String returns the origin, or the name of the first file.
func (s *Subject) String() string {
	switch {
	case s == nil:
		return ""
	case s.Origin != "" || len(s.Files) == 0:
		return s.Origin
	}
	return s.Files[0].Name
}

// A Demand is one thing that was enforced: a rule that always applies and was not
// lifted, a member of the policy file, or what stands beside a policy.
type Demand = policy.Enforced

// Revocation is the demand that CRLs are given.
var RevocationDemand = Demand{Name: "revocation", Value: "a CRL is given and revokes nothing"}

// RollbackDemand is the demand that no trust bundle is older than one accepted before.
var RollbackDemand = Demand{Name: "bundle_rollback", Value: "no older trust bundle than before"}

// LaunchDemand is the demand that MEASUREMENT is one that was computed. Each name is of
// what one launch was computed from.
func LaunchDemand(names ...string) Demand {
	return Demand{Name: "launch", Value: "computed from " + strings.Join(names, "; or ")}
}

// EndpointDemands are what a trust bundle and the live key demand of an endpoint.
var EndpointDemands = []Demand{
	{Name: "measurements", Value: "allowed_hw_measurements of the trust bundle"},
	{Name: "products", Value: "allowed_products of the trust bundle"},
	{Name: "min_tcb", Value: "min_tcb of the trust bundle"},
	{Name: "report_data", Value: "SHA-256 of TLS key and workload identity tag"},
}

// Enforced lists what a policy enforces, with further demands, in the order of SPEC.md.
func Enforced(p policy.Policy, further ...Demand) []Demand {
	list := slices.Concat(p.Demands(), further)
	for i, d := range list {
		if d.Name == "bulletins" {
			list[i].Name = "baseline" // from the flag of that name or from a policy file
		}
	}
	slices.SortStableFunc(list, policy.CompareDemands)
	return list
}

// words are how demands are named in text. Others are named as they are.
var words = map[string]string{
	"debug": "no debug", "migration": "no migration", "vlek": "a VCEK", "guest_policy.allow_unknown_bits": "no unknown bits",
	"measurements": "measurement", "report_data": "report data", "report_data_prefix": "report data (first 32 bytes)", "bundle_rollback": "bundle rollback",
	"azure.qualifying_data": "qualifying data (freshness)", "azure.user_data": "user data", "azure.pcrs": "PCRs", "azure.secure_boot": "Secure Boot", "min_guest_svn": "guest SVN",
}

// Demanded names what was enforced.
func (d *Document) Demanded() string {
	var names []string
	for _, e := range d.made().Enforced {
		name := cmp.Or(words[e.Name], e.Name)
		if e.Name == "vmpl" {
			name = "VMPL " + e.Value
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// NotDemanded names those of the important demands that were not made.
func (d *Document) NotDemanded() string {
	d = d.made()
	var names []string
	for _, important := range [][]string{{"measurements", "launch"}, {"report_data", "report_data_prefix"}, {"min_tcb"}, {"revocation"}, {"bundle_rollback"}, {"azure.qualifying_data"}, {"azure.pcrs"}, {"min_guest_svn"}} {
		made := slices.ContainsFunc(d.Enforced, func(e Demand) bool { return slices.Contains(important, e.Name) })
		switch important[0] {
		case "bundle_rollback":
			made = made || !d.ofEndpoint()
		case "azure.qualifying_data", "azure.pcrs", "min_guest_svn":
			made = made || !d.ofAzure()
		}
		if !made {
			names = append(names, cmp.Or(words[important[0]], important[0]))
		}
	}
	return strings.Join(names, ", ")
}

// ofEndpoint reports whether a verification was of an endpoint.
func (d *Document) ofEndpoint() bool {
	return slices.ContainsFunc(d.Checks, func(s Step) bool { return s.ID == "bundle_rollback" && s.Status != attest.NotApplicable })
}

// ofAzure reports whether a verification was of an Azure confidential VM.
func (d *Document) ofAzure() bool { return len(d.Checks) == 30 }
