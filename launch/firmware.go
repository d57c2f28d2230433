package launch

import (
	"fmt"
	"slices"

	"github.com/tresorhq/attest/rule"
)

// MaxFirmware is the greatest size of a firmware file or an IGVM file, in bytes.
const MaxFirmware = 16 << 20

// firmwareEnd is the guest-physical address behind the last byte of the firmware.
const firmwareEnd = 1 << 32

// A Firmware is what the launch takes of an OVMF image.
type Firmware struct {
	LaunchHash Digest // the launch digest after its pages; not the SHA-384 of the file
	Size       int    // of the image in bytes; 0 when it was not seen
	Metadata   Metadata
}

// ParseFirmware reads a whole OVMF image, as it is given to the virtual machine
// monitor. Checked in this order: size; footer table; SEV metadata; sections; the
// kernel hash area. Only then are the pages hashed.
// Rules: LCH-10, LCH-04.
func ParseFirmware(image []byte) (*Firmware, error) {
	if pages := len(image) / PageSize; pages == 0 || pages > MaxFirmware/PageSize || len(image)%PageSize != 0 {
		return nil, refuse("LCH-10", "size of the firmware", 0, fmt.Sprintf("a multiple of 4096 from %d to %d", PageSize, MaxFirmware), fmt.Sprint(len(image)))
	}
	f, err := parseFooter(image)
	if err != nil {
		return nil, err
	}
	pointer, ok := f[guidMetadata]
	if !ok {
		return nil, wrong("LCH-15", "SEV metadata offset", "an entry of the footer table", "none: the firmware is built without SEV-SNP")
	}
	sections, at, err := parseSections(image, pointer.at, f.u32(guidMetadata, 0))
	if err != nil {
		return nil, err
	}
	gpa := uint64(firmwareEnd) - uint64(len(image))
	m := Metadata{sections, f.u32(guidHashes, 0), f.u32(guidReset, 0)}
	if err := m.check(gpa, at); err != nil {
		return nil, err
	}
	if area := f.u32(guidHashes, 4); m.HashTable != 0 && area < hashTableSize {
		return nil, refuse("LCH-13", "kernel hash area", f[guidHashes].at+4, fmt.Sprintf("at least %d bytes", hashTableSize), fmt.Sprint(area))
	}
	hash := Digest{}.extend(region{typ: Normal, gpa: gpa, pages: len(image) / PageSize, data: image})
	return &Firmware{hash, len(image), m}, nil
}

// check judges a firmware of which the caller may have written every member.
// Rules: LCH-19.
func (f *Firmware) check() error {
	if f.LaunchHash == (Digest{}) {
		return wrong("LCH-19", "firmware.launch_hash", "a digest", "48 zero bytes")
	}
	return f.Metadata.check(uint64(firmwareEnd)-uint64(f.Size), rule.NoOffset)
}

// regions returns what is launched behind the firmware itself, in the order of one
// virtual machine monitor, whose kernel may be nil.
// Rules: LCH-04.
func (f *Firmware) regions(v *vmm, k *Kernel) []region {
	var first, last []region
	for _, s := range f.Metadata.Sections {
		t := sectionTypes[s.Type]
		r := region{name: t.name, typ: t.page, gpa: uint64(s.GPA), pages: int(s.Size / PageSize)}
		switch {
		case s.Type == SecMem && v.secMemUnmeasured:
			r.typ = Unmeasured
		case s.Type == KernelHashes && k != nil:
			r.typ, r.data = Normal, k.page(f.Metadata.HashTable)
		case s.Type == CPUIDPage && v.cpuidLast:
			last = append(last, r)
			continue
		}
		first = append(first, r)
	}
	return append(first, last...)
}

// checkKernel refuses a kernel that the firmware would not measure, or a digest that
// was not set. No kernel is none of them.
// Rules: LCH-22, LCH-23.
func (f *Firmware) checkKernel(k *Kernel) error {
	if k == nil {
		return nil
	}
	unset := [32]byte{}
	base := f.Metadata.HashTable
	i := slices.IndexFunc(f.Metadata.Sections, func(s Section) bool { return s.Type == KernelHashes })
	switch {
	case k.Kernel == unset || k.Initrd == unset || k.Cmdline == unset:
		return wrong("LCH-23", "kernel", "a SHA-256 of kernel, initrd and cmdline", "32 zero bytes of one")
	case i < 0:
		return wrong("LCH-22", "kernel", "firmware with a section SNP_KERNEL_HASHES, such as OvmfPkg/AmdSev", "firmware without one, which does not measure a kernel")
	case base == 0:
		return wrong("LCH-22", "metadata.hash_table", "the address of the kernel hash table", "none: this firmware does not measure a kernel")
	case base&^(PageSize-1) != f.Metadata.Sections[i].GPA:
		return wrong("LCH-22", "metadata.hash_table", fmt.Sprintf("an address in the section SNP_KERNEL_HASHES at %#x", f.Metadata.Sections[i].GPA), hexNumber(base))
	case base%PageSize+hashTableSize > PageSize:
		return wrong("LCH-22", "metadata.hash_table", fmt.Sprintf("%d bytes up to the end of the page", hashTableSize), fmt.Sprint(PageSize-base%PageSize))
	}
	return nil
}
