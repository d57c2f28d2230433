package policy

import (
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
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
		"guest_policy", "platform_info", "mitigations", "report_data", "report_data_prefix", "report_data_tail_zero", "host_data",
		"family_id", "image_id", "report_id", "report_id_ma", "chip_ids", "leaf_keys", "csp_ids", "min_guest_svn",
		"report_versions", "firmware", "id_block", "azure", "bulletins"}
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
		r.ReportDataPrefix = f.text("report_data_prefix")
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
		in = f.object("azure", "qualifying_data", "user_data", "pcrs", "secure_boot")
		r.Azure = AzureRules{in.text("qualifying_data"), in.text("user_data"), in.registers("pcrs"), in.yes("secure_boot")}
		r.Bulletins = f.texts("bulletins")
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

// optional reads a member that may be absent.
func optional[T any](r reader, name string, read func(strictjson.Value) T) *T {
	v, ok := r.o.Optional(name)
	if !ok {
		return nil
	}
	return new(read(v))
}

func (r reader) text(name string) *string { return optional(r, name, strictjson.Value.NonEmpty) }

func (r reader) choice(name string) *bool { return optional(r, name, strictjson.Value.Bool) }

func (r reader) yes(name string) bool { return value(r.choice(name)) }

func number[T uint8 | uint32](r reader, name string, low, high int64) *T {
	return optional(r, name, func(v strictjson.Value) T { return T(v.Int(low, high)) })
}

// texts leaves the count to New; a list that is there is never nil.
func (r reader) texts(name string) []string {
	v, ok := r.o.Optional(name)
	if !ok {
		return nil
	}
	return texts(v)
}

func texts(v strictjson.Value) []string {
	list := []string{}
	for e := range v.Elements() {
		if list = append(list, e.NonEmpty()); len(list) == maxList+1 { // which New refuses
			break
		}
	}
	return list
}

// maxRegisters is more than there are banks, and registers of a bank, so that New
// refuses every object that has as many.
const maxRegisters = 32

// registers reads what an object of banks has of registers: of a hostile one, as many
// as New needs to refuse it.
func (r reader) registers(name string) AzureRegisters {
	v, ok := r.o.Optional(name)
	if !ok {
		return nil
	}
	list := AzureRegisters{}
	for bank := range v.Members() {
		registers := map[string][]string{}
		for m := range bank.Value.Members() {
			if registers[m.Name] = texts(m.Value); len(registers) == maxRegisters {
				break
			}
		}
		if list[bank.Name] = registers; len(list) == maxRegisters {
			break
		}
	}
	return list
}

func (r reader) floors(name string) *Floors {
	v, _ := r.o.Optional(name)
	return readFloors(v)
}

func (r reader) allowDeny(name string) AllowDeny {
	f := r.object(name, "allow", "deny")
	return AllowDeny{f.texts("allow"), f.texts("deny")}
}

// ParseFloors reads the JSON form of Floors, as in a policy file and in a trust
// bundle: an object either of components ("bootloader", "tee", "snp", "microcode",
// "fmc") with levels 0 to 255, or of such objects under products ("Milan", "Genoa",
// "Turin") and dies ("19-a0-2", see snpreport.CPUID). It has at most 1 MiB. The
// error is a *rule.ConfigError.
func ParseFloors(text []byte) (*Floors, error) {
	var f *Floors
	err := strictjson.Decode(text, MaxFile, nil, func(o *strictjson.Object) { f = readFloors(o.Value()) })
	if err != nil {
		return nil, rule.Config(err)
	}
	return f, nil
}

// readFloors returns nil when it fails, and the document is refused.
func readFloors(v strictjson.Value) *Floors {
	f := new(Floors)
	for m := range v.Members() {
		if c, ok := snpreport.ParseComponent(m.Name); ok {
			put(&f.Any, c, uint8(m.Value.Int(0, 255)))
		} else if p, ok := snpreport.ParseProduct(m.Name); ok {
			put(&f.ByProduct, p, readFloor(m.Value))
		} else if die, ok := parseDie(m.Name); ok {
			put(&f.ByDie, die, readFloor(m.Value))
		} else {
			m.Value.Fail("POL-67", "a component, a product, or a die such as 19-a0-2", strictjson.Quote(m.Name))
			return nil
		}
	}
	if expected, actual := f.check(); expected != "" {
		v.Fail("POL-67", expected, actual)
		return nil
	}
	return f
}

func readFloor(v strictjson.Value) Floor {
	f := Floor{}
	for m := range v.Members() {
		c, ok := snpreport.ParseComponent(m.Name)
		if !ok {
			m.Value.Fail("POL-67", "a component", strictjson.Quote(m.Name))
			return nil
		}
		f[c] = uint8(m.Value.Int(0, 255))
	}
	return f
}

// put is m[k] = v for a map that may be nil.
func put[M ~map[K]V, K comparable, V any](m *M, k K, v V) {
	if *m == nil {
		*m = M{}
	}
	(*m)[k] = v
}
