package mint

import "crypto/sha512"

// TCB holds the components of a TCB_VERSION. FMC exists on Turin only and is
// not encoded for the others.
type TCB struct {
	FMC, BootLoader, TEE, SNP, Microcode uint8
}

// Encode gives the 8 bytes of a TCB_VERSION in the layout of a product (AMD
// 56860, TCB_VERSION).
func (t TCB) Encode(product string) [8]byte {
	if find(product).fmc {
		return [8]byte{t.FMC, t.BootLoader, t.TEE, t.SNP, 0, 0, 0, t.Microcode}
	}
	return [8]byte{t.BootLoader, t.TEE, 0, 0, 0, 0, t.SNP, t.Microcode}
}

// Firmware is a firmware version.
type Firmware struct{ Major, Minor, Build uint8 }

// product is what differs between the products. The values are those that were
// seen on machines in the field.
type product struct {
	name         string
	serial       byte   // first byte of the CA serials
	ask          byte   // last byte of the ASK's serial
	vcekName     string // productName in a VCEK
	fmc          bool   // Turin: FMC, structVersion 1, no spl_4
	hwid         int    // bytes of the hwID
	cpuid        [3]byte
	tcb          TCB
	firmware     Firmware
	platformInfo uint64
	mitigations  uint64
}

// Products are the names of the products, as the KDS spells them.
var Products = []string{"Milan", "Genoa", "Turin"}

var products = []product{
	{
		name: "Milan", serial: 1, ask: 1, vcekName: "Milan-B0", hwid: 64, cpuid: [3]byte{0x19, 0x01, 1},
		tcb:      TCB{BootLoader: 4, TEE: 0, SNP: 24, Microcode: 219},
		firmware: Firmware{1, 55, 29}, platformInfo: 0x25, mitigations: 0x0F,
	},
	{
		name: "Genoa", serial: 2, ask: 2, vcekName: "Genoa", hwid: 64, cpuid: [3]byte{0x19, 0x11, 1},
		tcb:      TCB{BootLoader: 10, TEE: 0, SNP: 23, Microcode: 84},
		firmware: Firmware{1, 55, 40}, platformInfo: 0x25, mitigations: 0x0B,
	},
	{
		name: "Turin", serial: 3, ask: 1, vcekName: "Turin", hwid: 8, cpuid: [3]byte{0x1A, 0x02, 1}, fmc: true,
		tcb:      TCB{FMC: 1, BootLoader: 1, TEE: 1, SNP: 4, Microcode: 81},
		firmware: Firmware{1, 55, 65}, platformInfo: 0x65, mitigations: 0x3F,
	},
}

func find(name string) *product {
	for i := range products {
		if products[i].name == name {
			return &products[i]
		}
	}
	panic("mint: no product named " + name)
}

// DefaultTCB gives the TCB of the default evidence of a product.
func DefaultTCB(product string) TCB { return find(product).tcb }

// DefaultChipID gives the CHIP_ID of the default evidence of a product. Turin
// has eight bytes and 56 zero bytes.
func DefaultChipID(product string) (id [64]byte) {
	hash := sha512.Sum512([]byte("mint chip " + product))
	copy(id[:find(product).hwid], hash[:])
	return id
}

// DefaultHWID gives the hwID that goes with DefaultChipID: 64 bytes, Turin 8.
func DefaultHWID(product string) []byte {
	id := DefaultChipID(product)
	return id[:find(product).hwid]
}
