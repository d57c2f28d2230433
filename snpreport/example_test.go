package snpreport_test

import (
	"errors"
	"fmt"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// exampleReport stands for what a guest got from its firmware.
func exampleReport() []byte {
	b := make([]byte, snpreport.Size)
	b[0x000] = 3                                       // VERSION
	b[0x00A] = 0x03                                    // POLICY: SMT, and the bit that is always one
	b[0x034] = 1                                       // SIGNATURE_ALGO
	b[0x040] = 0x25                                    // PLATFORM_INFO
	copy(b[0x180:], []byte{4, 0, 0, 0, 0, 0, 24, 219}) // REPORTED_TCB
	copy(b[0x188:], []byte{0x19, 0x01, 0x01})          // CPUID
	copy(b[0x1E8:], []byte{29, 55, 1})                 // CURRENT_BUILD, _MINOR, _MAJOR
	return b
}

func ExampleParse() {
	r, err := snpreport.Parse(exampleReport())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("version %d, signed by a %v, VMPL %d\n", r.Version, r.KeyInfo.SigningKey(), r.VMPL)

	die, ok := r.Die()
	if !ok {
		fmt.Println("too old to name its product")
		return
	}
	product, err := die.Product()
	if err != nil {
		fmt.Println(err)
		return
	}
	tcb, _ := r.ReportedTCB.For(product)
	fmt.Printf("%v (%v), firmware %v: %v\n", product, die, r.CurrentFirmware, tcb)
	for _, bit := range snpreport.PlatformInfoBits() {
		fmt.Printf("%s: %v\n", bit.Name, r.PlatformInfoState(bit))
	}
	// Nothing of this is true before VerifySignature says so.

	// Output:
	// version 3, signed by a vcek, VMPL 0
	// Milan (19-01-1), firmware 1.55.29: bootloader=4 tee=0 snp=24 microcode=219
	// smt_en: yes
	// tsme_en: no
	// ecc_en: yes
	// rapl_dis: no
	// ciphertext_hiding_dram_en: no
	// alias_check_complete: yes
	// iommu_write_safe: unknown
	// tio_en: unknown
}

func ExampleParse_refused() {
	b := exampleReport()
	b[0x1EB] = 7 // reserved

	_, err := snpreport.Parse(b)
	var refusal *rule.Error
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Requirement())
		fmt.Println(refusal)
	}
	// Output:
	// RPT-10
	// reserved byte at offset 0x1eb: expected 0x00, got 0x07 [RPT-10]
}
