package certchain

import (
	"bytes"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tresorhq/attest/snpreport"
)

// structVersions are those that leaves have. Either generation's is accepted in a VLEK
// of Turin.
var structVersions = [numProfiles][]uint8{ofVCEK: {0}, ofVCEKTurin: {1}, ofVLEK: {0}, ofVLEKTurin: {0, 1}}

// parseLeaf decodes the extensions of a VCEK or VLEK certificate. That all of
// the profile p are there has been checked.
func (c *Certificate) parseLeaf(v *extensions, p profile) error {
	version, ok := parseUint8(v[extStructVersion])
	if known := structVersions[p]; !ok || !slices.Contains(known, version) {
		return c.fail("CHN-30", "structVersion", v[extStructVersion], fmt.Sprintf("an INTEGER out of %d", known), quoteHex(v[extStructVersion]))
	}
	c.StructVersion = version

	// AMD writes "Milan-B0" for B1 dies and no stepping at all for others: what
	// follows the hyphen means nothing.
	c.ProductName, _ = ia5String(v[extProductName])
	if line, _, _ := bytes.Cut(c.ProductName, []byte("-")); string(line) != c.Product.String() {
		return c.fail("CHN-31", "productName", v[extProductName], "an IA5String of "+c.Product.String(), quoteText(v[extProductName]))
	}

	if err := c.parseTCB(v); err != nil {
		return err
	}
	switch c.Role {
	case VCEK:
		if c.HWID, ok = hardwareID(v[extHWID], c.Product.ChipIDSize()); !ok {
			return c.fail("CHN-34", "hwID", v[extHWID], fmt.Sprintf("%d bytes, or an OCTET STRING of so many", c.Product.ChipIDSize()), quoteHex(v[extHWID]))
		}
	case VLEK:
		if c.CSPID, ok = ia5String(v[extCSPID]); !ok {
			return c.fail("CHN-35", "cspID", v[extCSPID], "an IA5String of 1 to 255 printable characters", quoteText(v[extCSPID]))
		}
	}
	return nil
}

// levels has the extension for the level of each component. AMD 57230, VCEK
// certificate extensions.
var levels = [...]extension{
	snpreport.FMC:        extFMC,
	snpreport.BootLoader: extBootLoader,
	snpreport.TEE:        extTEE,
	snpreport.SNP:        extSNP,
	snpreport.Microcode:  extMicrocode,
}

func (c *Certificate) parseTCB(v *extensions) error {
	tcb := make(map[snpreport.Component]uint8)
	for component, e := range levels {
		if v[e] == nil { // a component that the product lacks
			continue
		}
		level, ok := parseUint8(v[e])
		if !ok {
			return c.fail("CHN-32", extensionTable[e].name, v[e], "an INTEGER of 0 to 255", quoteHex(v[e]))
		}
		tcb[snpreport.Component(component)] = level
	}
	for e := extSPL4; e <= extSPL7; e++ {
		if value := v[e]; value != nil && string(value) != "\x02\x01\x00" {
			return c.fail("CHN-33", extensionTable[e].name, value, "the INTEGER 0", quoteHex(value))
		}
	}
	c.TCB, _ = snpreport.NewTCB(c.Product, tcb) // the profile requires the product's components
	return nil
}

// hardwareID returns the chip identifier of n bytes. AMD stores it bare in
// extnValue; the OCTET STRING around it is what X.509 would want, and accepted.
// The length decides which it is, never the first byte: an identifier may well
// begin with 0x04.
func hardwareID(v []byte, n int) (id []byte, ok bool) {
	switch {
	case len(v) == n:
		return v, true
	case len(v) == n+2 && v[0] == byte(asn1.OCTET_STRING) && v[1] == byte(n):
		return v[2:], true
	}
	return nil, false
}

// ia5String decodes a whole element.
func ia5String(v []byte) (text []byte, ok bool) {
	s := cryptobyte.String(v)
	var body cryptobyte.String
	if !s.ReadASN1(&body, asn1.IA5String) || !s.Empty() || !isPrintable(body) {
		return nil, false
	}
	return body, true
}
