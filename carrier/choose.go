package carrier

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/snpreport"
)

// A Choice is what Choose took out of a larger bag.
type Choice struct {
	Certificates [][]byte // DER of leaf, intermediate and root, as far as there are any
	LeftOut      []string // every other certificate
}

// Choose takes the certificates of a report out of a larger bag: the leaf of the kind that SIGNING_KEY
// names, of the chip and the REPORTED_TCB of the report, then its issuer, then the root. Where several
// fit, one that is valid at the time at goes first, then the later notBefore, then byte order.
//
// It verifies nothing. Where no leaf fits, another one goes on, by the order of FRM-51. Rules: FRM-41, FRM-50.
func Choose(r *snpreport.Report, bag []Certificate, at time.Time) (Choice, error) {
	if r == nil {
		return Choice{}, malformed("RPT-01", "report", "a report", "none")
	}
	if len(bag) > MaxCertificates {
		return Choice{}, malformed("FRM-41", "certificates", fmt.Sprintf("at most %d", MaxCertificates), fmt.Sprint(len(bag)))
	}
	parsed := make([]*certchain.Certificate, len(bag)) // nil where that failed
	for i, c := range bag {
		parsed[i], _ = certchain.ParseCertificate(c.DER)
	}
	chosen := chooseChain(r, parsed, at)
	var out Choice
	for _, i := range chosen {
		out.Certificates = append(out.Certificates, bag[i].DER)
	}
	for i, c := range bag {
		if !slices.Contains(chosen, i) {
			out.LeftOut = append(out.LeftOut, fmt.Sprintf("%s, SHA-256 %x", c.Source, sha256.Sum256(c.DER)))
		}
	}
	return out, nil
}

// chooseChain returns the indices of leaf, intermediate and root, as far as there are any.
func chooseChain(r *snpreport.Report, parsed []*certchain.Certificate, at time.Time) []int {
	type fits = func(*certchain.Certificate) bool
	best := slices.DeleteFunc(slices.Clone(parsed), func(c *certchain.Certificate) bool { return c == nil })
	slices.SortStableFunc(best, func(a, b *certchain.Certificate) int { // Rules: FRM-52
		return cmp.Or(expired(a, at)-expired(b, at), b.NotBefore.Compare(a.NotBefore), bytes.Compare(a.Raw, b.Raw))
	})
	pick := func(f fits) int {
		if i := slices.IndexFunc(best, f); i >= 0 {
			return slices.Index(parsed, best[i])
		}
		return -1
	}
	kind := certchain.VCEK
	if r.KeyInfo.SigningKey() == snpreport.VLEK {
		kind = certchain.VLEK
	}
	leaf := pick(func(c *certchain.Certificate) bool { return c.Role == kind && isOf(c, r) })
	for _, f := range []fits{
		func(c *certchain.Certificate) bool { return c != nil && c.Role == kind },
		func(c *certchain.Certificate) bool { return c != nil && c.Role >= certchain.VCEK },
		func(c *certchain.Certificate) bool { return c == nil },
		func(c *certchain.Certificate) bool { return true },
	} {
		if leaf < 0 {
			leaf = slices.IndexFunc(parsed, f)
		}
	}
	chosen := []int{leaf}
	if leaf >= 0 && parsed[leaf] != nil {
		chosen = append(chosen, pick(func(c *certchain.Certificate) bool { return bytes.Equal(c.RawSubject, parsed[leaf].RawIssuer) }),
			pick(func(c *certchain.Certificate) bool {
				return c.Role == certchain.ARK && c.Product == parsed[leaf].Product
			}))
	}
	return slices.Compact(slices.DeleteFunc(chosen, func(i int) bool { return i < 0 }))
}

// expired returns 1 for a certificate that is not valid at the time at, otherwise 0.
func expired(c *certchain.Certificate, at time.Time) int {
	if at.Before(c.NotBefore) || at.After(c.NotAfter) {
		return 1
	}
	return 0
}

// isOf reports whether a leaf is of the TCB of a report and, but for a VLEK, of its chip.
func isOf(c *certchain.Certificate, r *snpreport.Report) bool {
	reported, _ := r.ReportedTCB.For(c.Product)
	var chip [64]byte
	copy(chip[:], c.HWID)
	return reported.Equal(c.TCB) && (c.Role == certchain.VLEK || chip == r.ChipID)
}
