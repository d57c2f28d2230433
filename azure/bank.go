package azure

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
)

// A Bank is a bank of PCRs, with the value of its TPM_ALG_ID.
type Bank uint16

// The banks, by the hash that they are extended with.
const (
	SHA1   Bank = 0x0004
	SHA256 Bank = 0x000B
	SHA384 Bank = 0x000C
	SHA512 Bank = 0x000D
)

// banks are those that are known, with the size of a value in bytes.
var banks = []struct {
	bank Bank
	name string
	size int
}{{SHA1, "sha1", 20}, {SHA256, "sha256", 32}, {SHA384, "sha384", 48}, {SHA512, "sha512", 64}}

func (b Bank) String() string {
	for _, known := range banks {
		if known.bank == b {
			return known.name
		}
	}
	return fmt.Sprintf("TPM_ALG_ID %#04x", uint16(b))
}

// Size returns the size of a value of the bank in bytes, 0 for no Bank.
func (b Bank) Size() int {
	for _, known := range banks {
		if known.bank == b {
			return known.size
		}
	}
	return 0
}

// A bank has 24 registers. A file with values has at most 64 KiB.
const registers, maxPCRs = 24, 64 << 10

// A Register names one PCR.
type Register struct {
	Bank  Bank
	Index int // 0 to 23
}

// String returns e.g. "sha256:4".
func (r Register) String() string { return r.Bank.String() + ":" + strconv.Itoa(r.Index) }

// PCRs are values of PCRs as somebody wrote them down. Nobody signs them: a quote says
// whether they are those that it was made over.
type PCRs map[Register][]byte

// ParsePCRs reads values of PCRs: JSON of at most 64 KiB, an object of banks with objects of
// registers, {"sha256": {"0": "<64 hex>"}}, or an array of the 24 values of the SHA-256
// bank. Hex has either case. The error is a *rule.Error. Rules: TPM-40.
func ParsePCRs(text []byte) (PCRs, error) {
	p := PCRs{}
	most, isArray := maxPCRs, bytes.HasPrefix(text, []byte("["))
	if isArray {
		text, most = slices.Concat([]byte(`{"sha256":`), text, []byte("}")), maxPCRs+len(`{"sha256":}`)
	}
	err := strictjson.Decode(text, most, []string{"sha1", "sha256", "sha384", "sha512"}, func(o *strictjson.Object) {
		o.RefuseUnknown()
		for _, known := range banks {
			v, _ := o.Optional(known.name) // an absent one has no elements and no members
			if isArray {
				for i, value := range v.Array(registers, registers) {
					p.read(value, Register{known.bank, i})
				}
			} else {
				for m := range v.Members() {
					i, _ := strconv.Atoi(m.Name)
					if i < 0 || i >= registers || strconv.Itoa(i) != m.Name {
						m.Value.Fail("TPM-40", "registers 0 to 23", strictjson.Quote(m.Name))
					}
					p.read(m.Value, Register{known.bank, i})
				}
			}
		}
		if len(p) == 0 {
			o.Fail("TPM-40", "a value of a register", "none")
		}
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (p PCRs) read(v strictjson.Value, r Register) {
	value, err := hex.DecodeString(v.NonEmpty())
	if err != nil || len(value) != r.Bank.Size() {
		v.Fail("TPM-40", fmt.Sprintf("%d hex digits", 2*r.Bank.Size()), "something else")
	}
	p[r] = value
}

// SHA256PCRs returns the values of the SHA-256 bank that stand in a list by their index, as
// containers have them. The error is a *rule.Error. Rules: TPM-40.
func SHA256PCRs(values [][]byte) (PCRs, error) {
	if len(values) != registers || slices.ContainsFunc(values, func(v []byte) bool { return len(v) != SHA256.Size() }) {
		return nil, tpmError("TPM-40", "pcrs", rule.NoOffset, "24 values of 32 bytes", fmt.Sprintf("%d values", len(values)))
	}
	p := PCRs{}
	for i, v := range values {
		p[Register{SHA256, i}] = v
	}
	return p, nil
}

func tpmError(id, where string, offset int, expected, actual string) *rule.Error {
	return &rule.Error{Rule: id, Message: "the quote is malformed", Where: where, Offset: offset, Expected: expected, Actual: actual}
}

// AllowPCR adds an allowed value of a register to demands: "[BANK:]INDEX=HEX", sha256 where
// no bank is named. Values of one register add up; the policy judges index and value.
func AllowPCR(demands *policy.AzureRules, text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !strings.Contains(name, ":") {
		name = "sha256:" + name
	}
	bank, index, _ := strings.Cut(name, ":")
	if !ok || demands == nil || !slices.Contains([]string{"sha1", "sha256", "sha384"}, bank) {
		return fmt.Errorf("%q is not [sha1:|sha256:|sha384:]INDEX=HEX", text[:min(len(text), 64)])
	}
	if demands.PCRs == nil {
		demands.PCRs = policy.AzureRegisters{}
	}
	if demands.PCRs[bank] == nil {
		demands.PCRs[bank] = map[string][]string{}
	}
	demands.PCRs[bank][index] = append(demands.PCRs[bank][index], strings.ToLower(value))
	return nil
}
