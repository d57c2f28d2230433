package launch

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// add adds a region to what is launched, with data at the file offset in the header
// at fileOffset unless that is 0. A page that the file breaks off is refused.
// Rules: LCH-46.
func (r *igvmReader) add(h header, g region, fileOffset int) error {
	if g.gpa%PageSize != 0 || g.gpa/PageSize > WideVMSAAddress/PageSize-uint64(g.pages) {
		return h.refuse("LCH-46", "gpa", 0, fmt.Sprintf("a multiple of 4096, with all pages below %#x", uint64(WideVMSAAddress)), hexNumber(g.gpa))
	}
	if fileOffset != 0 {
		offset, size := int64(h.u32(fileOffset)), g.pages*PageSize
		if offset < int64(r.end) || offset+int64(size) > int64(len(r.image)) {
			return h.refuse("LCH-46", "file offset", fileOffset, fmt.Sprintf("%d to %d", r.end, len(r.image)-size), fmt.Sprint(offset))
		}
		g.data = r.image[offset:][:size]
		r.data += g.pages
	}
	if r.pages += g.pages; r.pages > maxIGVMPages || r.data > maxIGVMData {
		return h.refuse("LCH-46", "gpa", 0, fmt.Sprintf("at most %d pages, and %d with data", maxIGVMPages, maxIGVMData), "more")
	}
	r.result.regions = append(r.result.regions, g)
	return nil
}

// pageData reads a page, or 512 of them.
// Rules: LCH-44.
func (r *igvmReader) pageData(h header) error {
	flags, kind := h.u32(16), h.u16(20)
	g := region{name: "PAGE_DATA", typ: Normal, gpa: h.u64(0), pages: 1}
	if flags&flagLarge != 0 {
		g.pages = largePage
	}
	switch {
	case flags&^(flagLarge|flagUnmeasured) != 0: // 4: shared
		return h.refuse("LCH-44", "flags", 16, "2 MiB (1) and unmeasured (2) at most", hexNumber(flags))
	case flags&flagLarge != 0 && g.gpa%(largePage*PageSize) != 0:
		return h.refuse("LCH-46", "gpa", 0, "a multiple of 2 MiB", hexNumber(g.gpa))
	case kind > dataLast:
		return h.refuse("LCH-44", "data type", 20, "0 to 3", fmt.Sprint(kind))
	case kind == dataSecrets:
		g.typ = Secrets
	case kind != dataNormal:
		g.typ = CPUID
	case flags&flagUnmeasured != 0:
		g.typ = Unmeasured
	}
	if h.u32(12) == 0 || g.typ != Normal { // zeros, or content that is not measured
		return r.add(h, g, 0)
	}
	return r.add(h, g, 12)
}

// parameterArea reads how large an area is that the loader fills.
// Rules: LCH-45.
func (r *igvmReader) parameterArea(h header) error {
	size, index := h.u64(0), h.u32(8)
	if size == 0 || size%PageSize != 0 || size/PageSize > maxIGVMPages {
		return h.refuse("LCH-45", "size", 0, "a multiple of 4096, up to 256 MiB", hexNumber(size))
	}
	_, twice := r.areas[index]
	r.areas[index] = int(size / PageSize)
	if twice || len(r.areas) > maxAreas {
		return h.refuse("LCH-45", "index", 8, fmt.Sprintf("at most %d areas, each once", maxAreas), fmt.Sprint(index))
	}
	return nil
}

// parameterInsert launches an area: its content is the host's.
// Rules: LCH-45.
func (r *igvmReader) parameterInsert(h header) error {
	index := h.u32(12)
	pages := r.areas[index]
	if pages == 0 {
		return h.refuse("LCH-45", "index", 12, "an area that stands before and was not inserted yet", fmt.Sprint(index))
	}
	r.areas[index] = 0
	return r.add(h, region{name: "PARAMETER_INSERT", typ: Unmeasured, gpa: h.u64(0), pages: pages}, 0)
}

// context reads the VMSA of a virtual processor.
// Rules: LCH-47.
func (r *igvmReader) context(h header) error {
	cpu := h.u16(16)
	twice := r.cpus[cpu]
	r.cpus[cpu] = true
	if twice || len(r.cpus) > MaxVCPUs {
		return h.refuse("LCH-47", "VP index", 16, fmt.Sprintf("at most %d processors, each once", MaxVCPUs), fmt.Sprint(cpu))
	}
	g := region{name: fmt.Sprintf("VMSA of vCPU %d", cpu), typ: VMSA, gpa: h.u64(0), pages: 1, cpu: cpu}
	if err := r.add(h, g, 12); err != nil {
		return err
	}
	if f := r.result.regions[len(r.result.regions)-1].features(); f.check() != nil {
		return refuse("LCH-47", "VP_CONTEXT.SEV_FEATURES", int(h.u32(12))+featuresAt, "bit 0 (SNPActive) set", f.String())
	}
	return nil
}

// features returns SEV_FEATURES of a VMSA.
func (r region) features() Features {
	return Features(binary.LittleEndian.Uint64(r.data[featuresAt:]))
}

// conclude checks all of it together. VMSAs are no part of what may not overlap:
// KVM launches all of them at one address.
// Rules: LCH-48.
func (r *igvmReader) conclude() error {
	if len(r.cpus) == 0 {
		return wrong("LCH-48", "VP_CONTEXT", "a VMSA for SEV-SNP", "none")
	}
	vmsas := slices.DeleteFunc(slices.Clone(r.result.regions), func(g region) bool { return g.typ != VMSA })
	r.result.cpus, r.result.features = len(vmsas), slices.MinFunc(vmsas, byCPU).features()
	pages := slices.DeleteFunc(slices.Clone(r.result.regions), func(g region) bool { return g.typ == VMSA })
	slices.SortFunc(pages, func(a, b region) int { return cmp.Compare(a.gpa, b.gpa) })
	for i := 1; i < len(pages); i++ {
		if pages[i].overlaps(pages[i-1]) {
			return wrong("LCH-48", pages[i].name+".gpa", "pages that do not overlap", hexNumber(pages[i].gpa))
		}
	}
	return nil
}

// launched returns the regions in the order and with the types of one virtual
// machine monitor.
// Rules: LCH-49.
func (g *IGVM) launched(m VMM) []region {
	v := &vmms[m]
	var pages, last []region
	for _, r := range g.regions {
		switch {
		case r.typ == VMSA && v.vmsaLast:
			r.gpa = vmsaGPA
			last = append(last, r)
			continue
		case r.typ == Normal && r.data == nil && v.nativeZero:
			r.typ = Zero
		}
		pages = append(pages, r)
	}
	slices.SortFunc(last, byCPU)
	return append(pages, last...)
}

func (g *IGVM) measure(v VMM) Measurement {
	m := Measurement{VMM: v, VCPUs: g.cpus, Features: g.features}
	for _, r := range g.launched(v) {
		m.Digest = m.Digest.extend(r)
	}
	return m
}

func byCPU(a, b region) int { return cmp.Compare(a.cpu, b.cpu) }
