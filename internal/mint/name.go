package mint

// RDN is one attribute of a Name, alone in its SET.
type RDN struct {
	OID   string
	Tag   byte
	Value string
}

// AMDName gives the attributes of AMD's Name for a common name, in AMD's order:
// OU, C, L, ST, O, CN. The country is a PrintableString, the rest UTF8Strings.
func AMDName(cn string) []RDN {
	return []RDN{
		{"2.5.4.11", TagUTF8String, "Engineering"},
		{"2.5.4.6", TagPrintableString, "US"},
		{"2.5.4.7", TagUTF8String, "Santa Clara"},
		{"2.5.4.8", TagUTF8String, "CA"},
		{"2.5.4.10", TagUTF8String, "Advanced Micro Devices"},
		{"2.5.4.3", TagUTF8String, cn},
	}
}

// Name gives the DER of AMD's Name for a common name.
func Name(cn string) []byte { return EncodeName(AMDName(cn)) }

// EncodeName gives the DER of a Name.
func EncodeName(rdns []RDN) []byte {
	var sets []byte
	for _, r := range rdns {
		sets = append(sets, TLV(TagSet, TLV(TagSequence, OID(r.OID), TLV(r.Tag, []byte(r.Value))))...)
	}
	return TLV(TagSequence, sets)
}
