package policy

import (
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
)

// The policy file's schema and its greatest size in bytes.
const (
	Schema  = "attest.policy/v1"
	MaxFile = 1 << 20
)

// Parse returns the policy of the default rules and of a policy file. The error
// is a *rule.ConfigError. Checked in this order: the text as JSON (SPEC.md section 9),
// unknown members, schema, the form of every member in the order of Rules, then
// their values as in New.
func Parse(file []byte) (Policy, error) {
	r, err := parseRules(file)
	if err != nil {
		return Policy{}, err
	}
	return New(r)
}

func parseRules(file []byte) (r Rules, err error) {
	known := []string{"schema", "measurements", "products", "signing_keys", "vmpl", "min_tcb", "min_launch_tcb",
		"guest_policy", "platform_info", "mitigations", "report_data", "report_data_tail_zero", "host_data",
		"family_id", "image_id", "report_id", "report_id_ma", "chip_ids", "leaf_keys", "csp_ids", "min_guest_svn",
		"report_versions", "firmware", "id_block"}
	err = strictjson.Decode(file, MaxFile, known, func(o *strictjson.Object) {
		f, in := reader{o}, reader{}
		o.RefuseUnknown()
		if v := o.Required("schema"); v.NonEmpty() != Schema {
			v.Fail("POL-60", strictjson.Quote(Schema), strictjson.Quote(v.Text()))
		}
		r.Measurements = f.texts("measurements")
		r.Products = f.texts("products")
		r.SigningKeys = f.texts("signing_keys")
		r.VMPL = number[uint32](f, "vmpl", 0, 3)
		r.MinTCB = f.floors("min_tcb")
		r.MinLaunchTCB = f.floors("min_launch_tcb")
		in = f.object("guest_policy", "require", "forbid", "min_abi", "allow_unknown_bits")
		r.GuestPolicy = GuestPolicyRules{in.texts("require"), in.texts("forbid"), in.text("min_abi"), in.choice("allow_unknown_bits")}
		in = f.object("platform_info", "require", "forbid", "allow_unknown_bits")
		r.PlatformInfo = PlatformInfoRules{in.texts("require"), in.texts("forbid"), in.choice("allow_unknown_bits")}
		in = f.object("mitigations", "launch", "current")
		r.Mitigations = MitigationRules{in.text("launch"), in.text("current")}
		r.ReportData = f.text("report_data")
		r.ReportDataTailZero = f.yes("report_data_tail_zero")
		r.HostData = f.texts("host_data")
		r.FamilyID = f.text("family_id")
		r.ImageID = f.text("image_id")
		r.ReportID = f.text("report_id")
		r.ReportIDMA = f.text("report_id_ma")
		r.ChipIDs = f.allowDeny("chip_ids")
		r.LeafKeys = f.allowDeny("leaf_keys")
		r.CSPIDs = f.texts("csp_ids")
		r.MinGuestSVN = value(number[uint32](f, "min_guest_svn", 0, 1<<32-1))
		in = f.object("report_versions", "min", "max")
		r.ReportVersions.Min = value(number[uint32](in, "min", minVersion, maxVersion))
		r.ReportVersions.Max = value(number[uint32](in, "max", minVersion, maxVersion))
		in = f.object("firmware", "min_version", "min_build", "committed_equals_current")
		r.Firmware = FirmwareRules{in.text("min_version"), number[uint8](in, "min_build", 0, 255), in.yes("committed_equals_current")}
		in = f.object("id_block", "require", "id_keys", "author_keys", "require_author_key", "forbid")
		r.IDBlock = IDBlockRules{in.yes("require"), in.texts("id_keys"), in.texts("author_keys"), in.yes("require_author_key"), in.yes("forbid")}
	})
	if err != nil {
		return Rules{}, rule.Config(err)
	}
	return r, nil
}

// reader reads optional members. What is absent is nil or zero, as are all
// members of an object that is absent.
type reader struct{ o *strictjson.Object }

func (r reader) object(name string, known ...string) reader {
	v, _ := r.o.Optional(name)
	o := v.Object(known...)
	o.RefuseUnknown()
	return reader{o}
}

func (r reader) text(name string) string {
	v, _ := r.o.Optional(name)
	return v.NonEmpty()
}

// texts leaves the count to New; a list that is there is never nil.
func (r reader) texts(name string) []string {
	v, ok := r.o.Optional(name)
	if !ok {
		return nil
	}
	list := []string{}
	for _, e := range v.Elements() {
		list = append(list, e.NonEmpty())
	}
	return list
}

func (r reader) yes(name string) bool { return value(r.choice(name)) }

func (r reader) choice(name string) *bool {
	v, ok := r.o.Optional(name)
	if !ok {
		return nil
	}
	return new(v.Bool())
}

func number[T uint8 | uint32](r reader, name string, low, high int64) *T {
	v, ok := r.o.Optional(name)
	if !ok {
		return nil
	}
	return new(T(v.Int(low, high)))
}

func (r reader) floors(name string) *Floors {
	v, _ := r.o.Optional(name)
	return ParseMinTCB(v)
}

func (r reader) allowDeny(name string) AllowDeny {
	f := r.object(name, "allow", "deny")
	return AllowDeny{f.texts("allow"), f.texts("deny")}
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
