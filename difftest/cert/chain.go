package cert

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
)

// Chain is a leaf and an intermediate under the synthetic root of Milan.
type Chain struct {
	Leaf, Intermediate []byte
	At                 time.Time
}

// CompareChain verifies a chain with both.
func CompareChain(c Chain) difftest.Outcome {
	ark := mint.CACert("ARK-Milan")
	roots, err := certchain.NewRoots(ark)
	if err != nil {
		return difftest.Outcome{Detail: err.Error()}
	}
	_, err = certchain.Verify([][]byte{c.Leaf, c.Intermediate}, roots, c.At)
	o := difftest.Outcome{Ours: difftest.Requirement(err)}
	var theirs error
	o.Theirs, theirs = difftest.Call(func() error { return verifyX509(c, ark) })
	o.Detail = fmt.Sprintf("ours: %v\ntheirs: %v\nat %v\nleaf: %x\nintermediate: %x", err, theirs, c.At, c.Leaf, c.Intermediate)
	return o
}

func verifyX509(c Chain, ark []byte) error {
	options := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(),
		CurrentTime: c.At, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	root, err := x509.ParseCertificate(ark)
	if err != nil {
		return err
	}
	options.Roots.AddCert(root)
	intermediate, err := x509.ParseCertificate(c.Intermediate)
	if err != nil {
		return err
	}
	options.Intermediates.AddCert(intermediate)
	leaf, err := x509.ParseCertificate(c.Leaf)
	if err != nil {
		return err
	}
	_, err = leaf.Verify(options)
	return err
}

// ChainDifferences are those of the rules about more than one certificate; what
// one certificate may be is in Differences.
var ChainDifferences = append(difftest.Table[Chain]{
	{
		Input: "no leaf", Ours: "CHN-40", Theirs: difftest.Accepts, Right: difftest.Both,
		Reason:  "crypto/x509 verifies any certificate; only a VCEK or VLEK signs reports",
		Example: func() Chain { return Chain{mint.CACert("SEV-Milan"), mint.CACert("ARK-Milan"), difftest.At} },
	},
	{
		Input: "an intermediate with a pathLenConstraint other than 0", Ours: "CHN-49", Theirs: difftest.Accepts, Right: difftest.Both,
		Reason: "AMD's is 0: no authority stands between it and a leaf",
		Example: chain(nil, func(s *mint.CertSpec) {
			s.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(true, 1)
		}),
	},
	{
		Input: "an intermediate that may sign more than certificates", Ours: "CHN-50", Theirs: difftest.Accepts, Right: difftest.Both,
		Reason:  "AMD's may not: its CRLs are the ARK's",
		Example: chain(nil, func(s *mint.CertSpec) { s.Ext(mint.OIDKeyUsage).Value = mint.KeyUsage(0x06) }),
	},
}, inherited("CHN-12", "CHN-15", "CHN-18", "CHN-20", "CHN-23", "CHN-25", "CHN-26", "CHN-28", "CHN-29", "CHN-30", "CHN-31",
	"CHN-32", "CHN-33", "CHN-34")...)

// inherited are the rows of Differences about one certificate of a good chain,
// signed.
func inherited(rules ...string) (rows difftest.Table[Chain]) {
	for _, rule := range rules {
		for _, d := range Differences {
			if d.Ours != rule {
				continue
			}
			rows = append(rows, difftest.Difference[Chain]{
				Input: d.Input, Ours: rule, Theirs: difftest.Accepts, Reason: d.Reason, Right: d.Right,
				Example: func() Chain { return signed(d.Example()) },
			})
		}
	}
	return rows
}

// signed puts an unsigned certificate into a chain, and signs it.
func signed(der []byte) Chain {
	c := chain(nil, nil)()
	x, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	signature := append([]byte{0}, mint.CAKey(x.Issuer.CommonName).Sign(x.RawTBSCertificate)...)
	der = mint.TLV(mint.TagSequence, x.RawTBSCertificate, mint.ExplicitTrailer().Encode(), mint.TLV(mint.TagBitString, signature))
	if x.Subject.CommonName == "SEV-Milan" {
		c.Intermediate = der
	} else {
		c.Leaf = mint.TLV(mint.TagSequence, x.RawTBSCertificate, mint.OmittedTrailer().Encode(), mint.TLV(mint.TagBitString, signature))
	}
	return c
}

// chain is a good chain with changes to leaf and intermediate.
func chain(leaf, intermediate func(*mint.CertSpec)) func() Chain {
	return func() Chain {
		l, i := mint.VCEK("Milan", mint.DefaultTCB("Milan"), mint.DefaultHWID("Milan")), mint.ASK("Milan")
		if leaf != nil {
			leaf(&l)
		}
		if intermediate != nil {
			intermediate(&i)
		}
		return Chain{l.Encode(mint.CAKey("SEV-Milan")), i.Encode(mint.CAKey("ARK-Milan")), difftest.At}
	}
}
