package launch

import (
	"fmt"
	"slices"
)

// MaxVCPUs is the greatest number of virtual processors.
const MaxVCPUs = 512

// A Guest says what was launched, and how. It has a Firmware or an IGVM file.
// Members that are zero or empty are open: Explain searches for them.
type Guest struct {
	VMM      VMM
	Firmware *Firmware
	Kernel   *Kernel  // nil: none was given to the virtual machine monitor
	CPU      CPU      // with QEMU and a Firmware only
	Features Features // with a Firmware only; Measure takes SNPActive when it is open
	VCPUs    []int    // with a Firmware only: how many at launch, ascending, 1 to 512
	IGVM     *IGVM
}

// A Measurement is the launch digest of one launch.
type Measurement struct {
	VMM      VMM
	VCPUs    int // with an IGVM file: how many VMSAs it has
	CPU      CPU // 0 where the model is not in the digest
	Features Features
	WideVMSA bool // the VMSAs are at the highest page of 52 bits of address, not of 48
	Digest   Digest
}

// String returns the launch without the digest, e.g. "vmm=qemu vcpus=4
// cpu=0x00800f12 features=0x1".
func (m Measurement) String() string {
	s := fmt.Sprintf("vmm=%v vcpus=%d", m.VMM, m.VCPUs)
	if m.CPU != 0 {
		s += " cpu=" + m.CPU.String()
	}
	s += " features=" + m.Features.String()
	if m.WideVMSA {
		s += " vmsa=" + hexNumber(uint64(WideVMSAAddress))
	}
	return s
}

// Measure returns the digest for each number of virtual processors; of an IGVM
// file, one digest. Nothing is guessed: VMM, VCPUs and, for QEMU, CPU must be set.
// Rules: LCH-35.
func (g Guest) Measure() ([]Measurement, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	switch {
	case g.VMM == 0:
		return nil, wrong("LCH-35", "vmm", "the virtual machine monitor", "none")
	case g.IGVM == nil && len(g.VCPUs) == 0:
		return nil, wrong("LCH-35", "vcpus", "how many virtual processors there are at launch", "none")
	case vmms[g.VMM].cpu && g.CPU == 0:
		return nil, wrong("LCH-35", "cpu", "the CPU model of the guest", "none")
	case g.Features == 0:
		g.Features = SNPActive
	}
	return g.all(false), nil
}

// Explain returns every launch that gives a digest, with all that is open in g
// searched: all virtual machine monitors that fit, the CPU models of QEMU, the
// features 0x1, 0x21 and 0x201, and 1 to 512 virtual processors. None is no error.
// Rules: LCH-36.
func (g Guest) Explain(digest Digest) ([]Measurement, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(g.all(true), func(m Measurement) bool { return m.Digest != digest }), nil
}

// check judges what is set.
// Rules: LCH-33, LCH-35.
func (g Guest) check() error {
	switch igvm := g.IGVM != nil; {
	case !igvm && g.Firmware == nil:
		return wrong("LCH-35", "firmware", "firmware, or an IGVM file", "neither")
	case igvm && (g.Firmware != nil || g.Kernel != nil || g.CPU != 0 || g.Features != 0 || len(g.VCPUs) > 0):
		return wrong("LCH-35", "igvm", "the IGVM file and vmm alone", "firmware, kernel, vcpus, cpu or features too")
	case int(g.VMM) >= len(vmms) || g.VMM != 0 && vmms[g.VMM].igvm != igvm:
		return wrong("LCH-35", "vmm", "one that launches firmware, or one that launches an IGVM file, as was given", "another: "+g.VMM.String())
	case igvm:
		return nil
	case g.CPU != 0 && g.VMM != 0 && !vmms[g.VMM].cpu:
		return wrong("LCH-35", "cpu", "none for "+g.VMM.String()+", which does not measure it", g.CPU.String())
	}
	if err := g.Firmware.check(); err != nil {
		return err
	}
	if err := g.Firmware.checkKernel(g.Kernel); err != nil {
		return err
	}
	if err := g.Features.check(); g.Features != 0 && err != nil {
		return err
	}
	last := 0
	for i, n := range g.VCPUs {
		if n <= last || n > MaxVCPUs {
			return wrong("LCH-33", fmt.Sprintf("vcpus[%d]", i), fmt.Sprintf("ascending numbers from 1 to %d", MaxVCPUs), fmt.Sprint(n))
		}
		last = n
	}
	if last > 1 && g.Firmware.Metadata.APReset == 0 {
		return wrong("LCH-33", "metadata.ap_reset", "an address where virtual processors but the first start", "none: this firmware runs on one")
	}
	return nil
}

// all returns the measurements of all launches of g. Those of a search are also at
// the wide VMSA address, which nobody can ask for.
func (g Guest) all(search bool) []Measurement {
	var list []Measurement
	for _, v := range g.vmms() {
		if g.IGVM != nil {
			list = append(list, g.IGVM.measure(v))
			continue
		}
		p := &vmms[v]
		base := g.Firmware.LaunchHash
		for _, r := range g.Firmware.regions(p, g.Kernel) {
			base = base.extend(r)
		}
		features := []Features{g.Features}
		if g.Features == 0 {
			features = []Features{SNPActive, 0x21, 0x201}
		}
		for _, f := range features {
			for _, c := range g.cpus(p) {
				m := Measurement{VMM: v, CPU: c, Features: f, Digest: base}
				list = g.counts(list, m)
				if m.WideVMSA = search && p.wideVMSA; m.WideVMSA {
					list = g.counts(list, m)
				}
			}
		}
	}
	return list
}

// vmms returns the virtual machine monitors of g.
func (g Guest) vmms() []VMM {
	switch {
	case g.VMM != 0:
		return []VMM{g.VMM}
	case g.IGVM != nil:
		return []VMM{HyperV, QEMUIGVM, CHVIGVM}
	case g.CPU != 0:
		return []VMM{QEMU, QEMUOldFPU}
	}
	return []VMM{QEMU, QEMUOldFPU, EC2, EC2RDX0, GCE}
}

// cpus returns the CPU models of a virtual machine monitor.
func (g Guest) cpus(p *vmm) []CPU {
	if g.CPU != 0 || !p.cpu {
		return []CPU{g.CPU}
	}
	var list []CPU
	for _, m := range models {
		list = append(list, m.cpu)
	}
	return list
}

// counts appends the measurements of one launch, whose digest is that before the
// first VMSA: one more virtual processor is one more page, that of the first one first.
// Rules: LCH-05.
func (g Guest) counts(list []Measurement, m Measurement) []Measurement {
	most := MaxVCPUs
	switch {
	case len(g.VCPUs) > 0:
		most = g.VCPUs[len(g.VCPUs)-1]
	case g.Firmware.Metadata.APReset == 0:
		most = 1
	}
	gpa := uint64(vmsaGPA)
	if m.WideVMSA {
		gpa = WideVMSAAddress
	}
	contents, others := vmms[m.VMM].vmsas(m.CPU, m.Features, g.Firmware.Metadata.APReset)
	next := 0
	for range most {
		m.VCPUs++
		m.Digest = m.Digest.Extend(VMSA, gpa, contents)
		contents = others
		if len(g.VCPUs) == 0 || g.VCPUs[next] == m.VCPUs {
			list = append(list, m)
			next++
		}
	}
	return list
}

// A Range is a run of pages of one type, and the digest after it.
type Range struct {
	Name  string // e.g. "firmware", "SNP_SEC_MEM", "VMSA of vCPU 0"
	Type  PageType
	GPA   uint64
	Pages int // 0 for firmware that was not seen
	After Digest
}

// Ranges returns what is measured for the greatest number of virtual processors
// of a Guest that Measure accepts, in order.
func (g Guest) Ranges() ([]Range, error) {
	all, err := g.Measure()
	if err != nil {
		return nil, err
	}
	m := all[len(all)-1]
	if g.IGVM != nil {
		return ranges(nil, Digest{}, g.IGVM.launched(m.VMM)), nil
	}
	f, v := g.Firmware, &vmms[m.VMM]
	regions := f.regions(v, g.Kernel)
	reset := uint32(firstReset)
	for i := range m.VCPUs {
		page := v.registers(m.CPU, m.Features, reset, i == 0)
		regions = append(regions, region{fmt.Sprintf("VMSA of vCPU %d", i), VMSA, vmsaGPA, 1, page[:], uint16(i)})
		reset = f.Metadata.APReset
	}
	first := Range{"firmware", Normal, uint64(firmwareEnd) - uint64(f.Size), f.Size / PageSize, f.LaunchHash}
	return ranges([]Range{first}, f.LaunchHash, regions), nil
}

// ranges appends regions to list. Those of one name and type that follow each other
// are joined.
func ranges(list []Range, d Digest, regions []region) []Range {
	var last region
	for _, r := range regions {
		d = d.extend(r)
		if n := len(list); last.name == r.name && last.typ == r.typ && last.end() == r.gpa {
			list[n-1].Pages += r.pages
			list[n-1].After = d
		} else {
			list = append(list, Range{r.name, r.typ, r.gpa, r.pages, d})
		}
		last = r
	}
	return list
}
