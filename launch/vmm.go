package launch

import (
	"slices"

	"github.com/tresorhq/attest/internal/strictjson"
)

// A VMM is a virtual machine monitor, in a generation that launches guests alike.
type VMM uint8

// The virtual machine monitors. The last three launch IGVM files.
const (
	QEMU       VMM = iota + 1 // QEMU and Linux KVM, which copies the FPU's registers
	QEMUOldFPU                // QEMU and kernels for hosts before Linux 6.10, which do not
	EC2                       // AWS EC2 now
	EC2RDX0                   // AWS EC2 of 2023
	GCE                       // Google Compute Engine
	HyperV                    // Hyper-V, Azure
	QEMUIGVM                  // QEMU 10.1 and newer
	CHVIGVM                   // Cloud Hypervisor on KVM
)

// vmm is how one launches guests. With IGVM files, the last two members count.
type vmm struct {
	name             string
	igvm             bool   // it launches IGVM files
	cpuidLast        bool   // CPUID sections come behind all others
	secMemUnmeasured bool   // SNP_SEC_MEM is UNMEASURED, not ZERO
	cpu              bool   // RDX is the signature of the CPU model, not rdx
	rdx              uint32 // RDX
	bsp, ap          uint16 // attributes of CS, of the first and of the other processors
	ss, tr           uint16 // attributes
	pat              uint64 // G_PAT
	mxcsr            uint32 // MXCSR
	fcw              uint16 // X87_FCW
	wideVMSA         bool   // on machines with 52-bit addresses, the VMSAs are at WideVMSAAddress
	nativeZero       bool   // pages of zeros are ZERO, not NORMAL
	vmsaLast         bool   // VMSAs come behind all pages, at vmsaGPA
}

// Linux KVM measures each VMSA at the highest page of 48 bits of address, and Google
// on machines with 52 bits at that of those. G_PAT is that of the reset, or Google's.
const (
	vmsaGPA         = 0x0000_FFFF_FFFF_F000
	WideVMSAAddress = 0x000F_FFFF_FFFF_F000
	patReset        = 0x0007_0406_0007_0406
	patGoogle       = 0x0007_0106
)

// vmms has the rows of docs/spec/launch.md section 22.4, by VMM.
var vmms = [...]vmm{
	QEMU:       {name: "qemu", cpu: true, bsp: 0x9B, ap: 0x9B, ss: 0x93, tr: 0x8B, pat: patReset, mxcsr: 0x1F80, fcw: 0x037F},
	QEMUOldFPU: {name: "qemu-old-fpu", cpu: true, bsp: 0x9B, ap: 0x9B, ss: 0x93, tr: 0x8B, pat: patReset},
	EC2:        {name: "ec2", cpuidLast: true, rdx: 0x600, bsp: 0x9A, ap: 0x9B, ss: 0x92, tr: 0x83, pat: patReset},
	EC2RDX0:    {name: "ec2-rdx0", cpuidLast: true, bsp: 0x9A, ap: 0x9B, ss: 0x92, tr: 0x83, pat: patReset},
	GCE:        {name: "gce", secMemUnmeasured: true, rdx: 0x600, bsp: 0x9B, ap: 0x9B, ss: 0x93, tr: 0x8B, pat: patGoogle, wideVMSA: true},
	HyperV:     {name: "hyperv", igvm: true},
	QEMUIGVM:   {name: "qemu-igvm", igvm: true, vmsaLast: true},
	CHVIGVM:    {name: "chv-igvm", igvm: true, vmsaLast: true, nativeZero: true},
}

// String returns the name that a launch file has for v, e.g. "qemu-old-fpu".
func (v VMM) String() string {
	if int(v) >= len(vmms) {
		return ""
	}
	return vmms[v].name
}

// ParseVMM returns the VMM of a name.
// Rules: LCH-30.
func ParseVMM(name string) (VMM, error) {
	if i := slices.IndexFunc(vmms[1:], func(v vmm) bool { return v.name == name }); i >= 0 {
		return VMM(i + 1), nil
	}
	return 0, wrong("LCH-30", "vmm", "qemu, qemu-old-fpu, ec2, ec2-rdx0, gce, hyperv, qemu-igvm or chv-igvm", strictjson.Quote(name))
}
