package launch

// RegistersOf returns the VMSA of a processor.
func RegistersOf(v VMM, c CPU, f Features, reset uint32, first bool) [PageSize]byte {
	return vmms[v].registers(c, f, reset, first)
}

// FirstReset is where the first processor starts.
const FirstReset = firstReset

// PageOf returns the page with the kernel hash table.
func (k *Kernel) PageOf(base uint32) []byte { return k.page(base) }

// CPUModels returns the names of all CPU models, and their signatures.
func CPUModels() map[string]CPU {
	list := map[string]CPU{}
	for _, m := range models {
		list[m.names] = m.cpu
	}
	return list
}
