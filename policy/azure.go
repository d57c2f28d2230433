package policy

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/internal/strictjson"
)

// AzureRules are demands on the data of an Azure confidential VM behind its report. Package
// azure holds them against it; a report by itself, and an endpoint, meet none of them.
type AzureRules struct {
	QualifyingData *string        `json:"qualifying_data,omitzero"` // of the quote: 2 to 128 hex digits
	UserData       *string        `json:"user_data,omitzero"`       // 2 to 128 hex digits, not all zero; zeros follow up to 64 bytes
	PCRs           AzureRegisters `json:"pcrs,omitzero"`
	SecureBoot     bool           `json:"secure_boot,omitzero"` // vm-configuration says so
}

// AzureRegisters are the values that PCRs may have, in hex: by bank ("sha1", "sha256",
// "sha384", "sha512") and register ("0" to "23", without "16" and "23").
type AzureRegisters map[string]map[string][]string

// Azure returns the demands of the policies that p was made of. Each must be met.
func (p Policy) Azure() []AzureRules {
	var list []AzureRules
	for _, s := range p.sets {
		if s.azure != nil {
			list = append(list, s.azure.clone())
		}
	}
	return list
}

func (a AzureRules) clone() AzureRules {
	a.QualifyingData, a.UserData, a.PCRs = copyOf(a.QualifyingData), copyOf(a.UserData), maps.Clone(a.PCRs)
	for bank, registers := range a.PCRs {
		a.PCRs[bank] = maps.Clone(registers)
		for r, values := range registers {
			a.PCRs[bank][r] = slices.Clone(values)
		}
	}
	return a
}

// WithoutAzure returns p without these demands, for a caller that holds the evidence
// against them itself.
func (p Policy) WithoutAzure() Policy {
	p.sets = slices.Clone(p.sets)
	for i, old := range p.sets {
		s := *old
		s.azure, s.checks = nil, slices.Clone(s.checks)
		for j := range table {
			if strings.HasPrefix(table[j].name, "azure.") {
				s.checks[j] = check{}
			}
		}
		p.sets[i] = &s
	}
	return p
}

// ofAzure is a demand that no report meets by itself. Rules: AZR-16.
func (c *compiler) ofAzure(r *Rules, demanded bool, value string) check {
	if demanded {
		c.set.azure = new(r.Azure.clone())
	}
	return one(when(demanded, value), func(*evaluation) string { return "a report by itself, or of an endpoint" })
}

func demandQualifyingData(c *compiler, r *Rules) check {
	return c.azureBytes(r, r.Azure.QualifyingData)
}

func demandUserData(c *compiler, r *Rules) check {
	check := c.azureBytes(r, r.Azure.UserData)
	if s := r.Azure.UserData; s != nil && strings.Trim(*s, "0") == "" {
		c.fail("AZR-10", c.member, "not all zero", strictjson.Quote(*s))
	}
	return check
}

// azureBytes reads 1 to 64 bytes. Rules: AZR-10.
func (c *compiler) azureBytes(r *Rules, s *string) check {
	if s == nil {
		return check{}
	}
	if b, err := hex.DecodeString(*s); err != nil || len(b) < 1 || len(b) > 64 || strings.ToLower(*s) != *s {
		c.fail("AZR-10", c.member, "2 to 128 lower-case hex digits", strictjson.Quote(*s))
	}
	return c.ofAzure(r, true, *s)
}

func demandSecureBoot(c *compiler, r *Rules) check {
	return c.ofAzure(r, r.Azure.SecureBoot, "true")
}

// demandPCRs reads banks and registers. Rules: AZR-11.
func demandPCRs(c *compiler, r *Rules) check {
	if r.Azure.PCRs == nil {
		return check{}
	}
	var said []string
	for _, bank := range slices.Sorted(maps.Keys(r.Azure.PCRs)) {
		size := map[string]int{"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}[bank]
		if size == 0 || len(r.Azure.PCRs[bank]) == 0 {
			c.fail("AZR-11", c.member, "registers of a known bank", strictjson.Quote(bank)+" with "+strconv.Itoa(len(r.Azure.PCRs[bank]))+" of them")
		}
		for _, register := range slices.Sorted(maps.Keys(r.Azure.PCRs[bank])) {
			values := r.Azure.PCRs[bank][register]
			n, _ := strconv.ParseUint(register, 10, 8) // a text that is no number is not its own decimal form
			if register != strconv.FormatUint(n, 10) || n > 22 || n == 16 {
				c.fail("AZR-11", c.member, "a register 0 to 22, but 16", strictjson.Quote(bank+":"+register))
			}
			for _, v := range decodeList(c, values, 0, func(_, s string) string { return s }) {
				if b, err := hex.DecodeString(v); err != nil || len(b) != size || strings.ToLower(v) != v {
					c.fail("AZR-11", c.member, fmt.Sprintf("values of %d lower-case hex digits", 2*size), strictjson.Quote(v))
				}
			}
			said = append(said, bank+":"+register+" "+strings.Join(values, " or "))
		}
	}
	if len(said) == 0 {
		c.fail("AZR-11", c.member, "at least one register", "none")
	}
	return c.ofAzure(r, true, strings.Join(said, ", "))
}
