package launch_test

import (
	"errors"
	"testing"

	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/rule"
)

// Rules: LCH-33, LCH-35.
func TestGuestFaults(t *testing.T) {
	f, err := launch.ParseFirmware(boot.AmdSev().Encode())
	if err != nil {
		t.Fatal(err)
	}
	igvm, err := launch.ParseIGVM(boot.DefaultIGVM().Encode())
	if err != nil {
		t.Fatal(err)
	}
	alone := *f
	alone.Metadata.APReset = 0
	good := launch.Guest{VMM: launch.QEMU, Firmware: f, CPU: 1, VCPUs: []int{1}}
	for _, c := range []struct {
		id, where string
		change    func(g *launch.Guest)
	}{
		{"LCH-35", "firmware", func(g *launch.Guest) { *g = launch.Guest{} }},
		{"LCH-35", "firmware", func(g *launch.Guest) { g.Firmware = nil }},
		{"LCH-35", "vmm", func(g *launch.Guest) { g.VMM = 0 }},
		{"LCH-35", "vmm", func(g *launch.Guest) { g.VMM = launch.HyperV }},
		{"LCH-35", "vmm", func(g *launch.Guest) { g.VMM = 9 }},
		{"LCH-35", "vmm", func(g *launch.Guest) { g.VMM = 255 }},
		{"LCH-35", "vcpus", func(g *launch.Guest) { g.VCPUs = nil }},
		{"LCH-35", "cpu", func(g *launch.Guest) { g.CPU = 0 }},
		{"LCH-35", "cpu", func(g *launch.Guest) { g.VMM = launch.EC2 }},
		{"LCH-32", "features", func(g *launch.Guest) { g.Features = 2 }},
		{"LCH-33", "vcpus[0]", func(g *launch.Guest) { g.VCPUs = []int{0} }},
		{"LCH-33", "vcpus[1]", func(g *launch.Guest) { g.VCPUs = []int{1, 1} }},
		{"LCH-33", "vcpus[1]", func(g *launch.Guest) { g.VCPUs = []int{2, 1} }},
		{"LCH-33", "vcpus[0]", func(g *launch.Guest) { g.VCPUs = []int{513} }},
		{"LCH-33", "metadata.ap_reset", func(g *launch.Guest) { g.VCPUs = []int{2}; g.Firmware = &alone }},
		{"LCH-35", "igvm", func(g *launch.Guest) { g.IGVM = igvm }},
		{"LCH-35", "igvm", func(g *launch.Guest) { *g = launch.Guest{IGVM: igvm, VMM: launch.HyperV, VCPUs: []int{1}} }},
		{"LCH-35", "igvm", func(g *launch.Guest) { *g = launch.Guest{IGVM: igvm, VMM: launch.HyperV, Features: 1} }},
		{"LCH-35", "igvm", func(g *launch.Guest) { *g = launch.Guest{IGVM: igvm, VMM: launch.HyperV, CPU: 1} }},
		{"LCH-35", "igvm", func(g *launch.Guest) { *g = launch.Guest{IGVM: igvm, VMM: launch.HyperV, Kernel: emptyKernel(t, "")} }},
		{"LCH-35", "vmm", func(g *launch.Guest) { *g = launch.Guest{IGVM: igvm} }},
		{"LCH-35", "vmm", func(g *launch.Guest) { *g = launch.Guest{IGVM: igvm, VMM: launch.GCE} }},
		{"", "", func(g *launch.Guest) {}},
		{"", "", func(g *launch.Guest) { g.Firmware = &alone }},
		{"", "", func(g *launch.Guest) { g.VCPUs = []int{1, 512} }},
		{"", "", func(g *launch.Guest) { *g = launch.Guest{IGVM: igvm, VMM: launch.HyperV} }},
	} {
		g := good
		c.change(&g)
		list, err := g.Measure()
		var e *rule.Error
		if ruleOf(err) != c.id || errors.As(err, &e) && e.Where != c.where || (err == nil) != (len(list) > 0) {
			t.Errorf("%+v: %v, %v, want %s", g, list, err, c.where)
		}
		if ranges, err2 := g.Ranges(); (err == nil) != (err2 == nil) || err == nil && ranges[len(ranges)-1].After != list[len(list)-1].Digest {
			t.Errorf("%+v: %v, %v", g, ranges, err2)
		}
	}
	if found, err := (launch.Guest{}).Explain(launch.Digest{1}); ruleOf(err) != "LCH-35" || found != nil {
		t.Errorf("nothing explained as %v, %v", found, err)
	}
	single := &launch.Firmware{LaunchHash: launch.Digest{1}, Metadata: launch.Metadata{Sections: []launch.Section{{GPA: 0x1000, Size: 0x1000, Type: launch.SecretsPage}}}}
	if _, err := (launch.Guest{VMM: launch.EC2, Firmware: single, VCPUs: []int{1}}).Measure(); ruleOf(err) != "LCH-17" {
		t.Errorf("one section: %v", err)
	}
	for _, features := range []launch.Features{0x1, 0x21, 0x201} {
		g := launch.Guest{VMM: launch.GCE, Firmware: f, Features: features, VCPUs: []int{2}}
		list, err := g.Measure()
		if err != nil {
			t.Fatal(err)
		}
		g.Features = 0
		if found, err := g.Explain(list[0].Digest); err != nil || len(found) != 1 || found[0] != list[0] {
			t.Errorf("features %v: %v, %v", features, found, err)
		}
	}
	found, err := launch.Guest{Firmware: &alone}.Explain(launch.Digest{1})
	if err != nil || len(found) != 0 {
		t.Errorf("explained as %v, %v", found, err)
	}
}
