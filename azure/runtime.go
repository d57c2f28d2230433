package azure

import (
	"crypto/rsa"
	"encoding/hex"
	"math/big"

	"github.com/tresorhq/attest/internal/strictjson"
)

// akSize is the modulus of the attestation key in bytes.
const akSize = 256

// RuntimeData is what a paravisor says of its VM, parsed. Whoever has an SEV-SNP machine
// can have any of it signed: it counts only behind a demand on the code at VMPL 0.
type RuntimeData struct {
	AK              *rsa.PublicKey // the attestation key of the virtual TPM, HCLAkPub
	UserData        []byte         // 64 bytes that the guest put in, or nil
	VMConfiguration VMConfiguration
}

// VMConfiguration is what the paravisor found when the VM was started. What it does not
// say is nil or empty.
type VMConfiguration struct {
	SecureBoot         *bool  `json:"secure-boot,omitempty"`
	TPMEnabled         *bool  `json:"tpm-enabled,omitempty"`
	TPMPersisted       *bool  `json:"tpm-persisted,omitempty"`
	ConsoleEnabled     *bool  `json:"console-enabled,omitempty"`
	VMUniqueID         string `json:"vmUniqueId,omitempty"`
	RootCertThumbprint string `json:"root-cert-thumbprint,omitempty"`
}

// ParseRuntimeData parses the runtime data of an HCL report: strict JSON (SPEC.md section
// 9), whose unknown members are ignored. On error the RuntimeData is nil and the error is a
// *rule.Error. Checked in this order: JSON, exactly one key with the kid HCLAkPub, its kty,
// modulus and exponent, user-data, vm-configuration. Rules: HCL-20 to HCL-26.
func ParseRuntimeData(text []byte) (*RuntimeData, error) {
	r := new(RuntimeData)
	err := strictjson.Decode(text, maxHCL, []string{"keys", "user-data", "vm-configuration"}, func(o *strictjson.Object) {
		r.readAK(o.Required("keys"))
		if v, ok := o.Optional("user-data"); ok { // in either case: paravisors differ. Rules: HCL-25.
			b, err := hex.DecodeString(v.NonEmpty())
			if r.UserData = b; err != nil || len(b) != 64 {
				v.Fail("HCL-25", "128 hex digits", "something else")
			}
		}
		if v, ok := o.Optional("vm-configuration"); ok {
			r.VMConfiguration.read(v)
		}
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// readAK finds the attestation key, by its kid and not by its place. Rules: HCL-21, HCL-22.
func (r *RuntimeData) readAK(keys strictjson.Value) {
	for _, key := range keys.Array(1, 8) {
		o := key.Object("kid", "kty", "n", "e")
		if o.Required("kid").NonEmpty() != "HCLAkPub" {
			continue
		}
		if r.AK != nil {
			key.Fail("HCL-21", "one key with the kid HCLAkPub", "a second one")
			return
		}
		if kty := o.Required("kty"); kty.NonEmpty() != "RSA" {
			kty.Fail("HCL-22", "RSA", "another kind of key")
		}
		r.AK = &rsa.PublicKey{N: modulus(o.Required("n")), E: 65537}
		if e := o.Required("e"); e.NonEmpty() != "AQAB" { // the one encoding of 65537
			e.Fail("HCL-24", "AQAB, which is 65537", "another exponent")
		}
	}
	if r.AK == nil {
		keys.Fail("HCL-21", "one key with the kid HCLAkPub", "none")
	}
}

// modulus reads the modulus of an RSA-2048 key. A paravisor that could not make a key
// writes 256 zero bytes. Rules: HCL-23.
func modulus(v strictjson.Value) *big.Int {
	b := v.Base64URL()
	switch {
	case len(b) == akSize && nonZero(b) < 0:
		v.Fail("HCL-23", "a modulus", "all zero: the paravisor has no attestation key")
	case len(b) != akSize || b[0]&0x80 == 0 || b[akSize-1]&1 == 0:
		v.Fail("HCL-23", "a modulus of 2048 bits, odd", "another number")
	}
	return new(big.Int).SetBytes(b)
}

// Rules: HCL-26.
func (c *VMConfiguration) read(v strictjson.Value) {
	o := v.Object("secure-boot", "tpm-enabled", "tpm-persisted", "console-enabled", "vmUniqueId", "root-cert-thumbprint")
	yes := func(name string) *bool {
		v, ok := o.Optional(name)
		if !ok {
			return nil
		}
		return new(v.Bool())
	}
	text := func(name string) string {
		v, _ := o.Optional(name)
		return v.Text()
	}
	*c = VMConfiguration{yes("secure-boot"), yes("tpm-enabled"), yes("tpm-persisted"), yes("console-enabled"), text("vmUniqueId"), text("root-cert-thumbprint")}
}
