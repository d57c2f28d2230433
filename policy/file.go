package policy

import "github.com/tresorhq/attest/internal/strictjson"

// The policy file's schema and its greatest size in bytes.
const (
	Schema  = "attest.policy/v1"
	MaxFile = 1 << 20
)

// Parse returns the policy of the default rules and of a policy file. The error
// is a *FileError. Checked in this order: the text as JSON (SPEC.md section 9),
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
		f := reader{o}
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
		if f, ok := f.object("guest_policy", "require", "forbid", "min_abi", "allow_unknown_bits"); ok {
			r.GuestPolicy = GuestPolicyRules{f.texts("require"), f.texts("forbid"), f.text("min_abi"), f.choice("allow_unknown_bits")}
		}
		if f, ok := f.object("platform_info", "require", "forbid", "allow_unknown_bits"); ok {
			r.PlatformInfo = PlatformInfoRules{f.texts("require"), f.texts("forbid"), f.choice("allow_unknown_bits")}
		}
		if f, ok := f.object("mitigations", "launch", "current"); ok {
			r.Mitigations = MitigationRules{f.text("launch"), f.text("current")}
		}
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
		if f, ok := f.object("report_versions", "min", "max"); ok {
			r.ReportVersions.Min = value(number[uint32](f, "min", minVersion, maxVersion))
			r.ReportVersions.Max = value(number[uint32](f, "max", minVersion, maxVersion))
		}
		if f, ok := f.object("firmware", "min_version", "min_build", "committed_equals_current"); ok {
			r.Firmware = FirmwareRules{f.text("min_version"), number[uint8](f, "min_build", 0, 255), f.yes("committed_equals_current")}
		}
		if f, ok := f.object("id_block", "require", "id_keys", "author_keys", "require_author_key", "forbid"); ok {
			r.IDBlock = IDBlockRules{f.yes("require"), f.texts("id_keys"), f.texts("author_keys"), f.yes("require_author_key"), f.yes("forbid")}
		}
	})
	if err != nil {
		return Rules{}, fileError(err)
	}
	return r, nil
}

// reader reads optional members; what is absent is nil or zero.
type reader struct{ o *strictjson.Object }

func (r reader) object(name string, known ...string) (reader, bool) {
	v, ok := r.o.Optional(name)
	if !ok {
		return reader{}, false
	}
	o := v.Object(known...)
	o.RefuseUnknown()
	return reader{o}, true
}

func (r reader) text(name string) string {
	v, ok := r.o.Optional(name)
	if !ok {
		return ""
	}
	return v.NonEmpty()
}

// texts leaves the count to New; a list that is there is never nil.
func (r reader) texts(name string) []string {
	v, ok := r.o.Optional(name)
	if !ok {
		return nil
	}
	list := []string{}
	for _, e := range v.Array(0, MaxFile) {
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
	v, ok := r.o.Optional(name)
	if !ok {
		return nil
	}
	return ParseMinTCB(v)
}

func (r reader) allowDeny(name string) AllowDeny {
	f, ok := r.object(name, "allow", "deny")
	if !ok {
		return AllowDeny{}
	}
	return AllowDeny{f.texts("allow"), f.texts("deny")}
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
