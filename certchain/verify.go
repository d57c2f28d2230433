package certchain

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// Verify checks that DER certificates lead from one VCEK or VLEK to an anchor of
// roots, all of them valid at the time at. They may come in any order: subject
// names give the role of each, and signatures prove it. The ASK or ASVK that roots
// knows may be absent, and is not verified again when it is sent; an ARK is not
// needed, and one that is sent must be the anchor's certificate.
//
// On error the Chain is nil and the error is a *rule.Error. Checked in this order: a
// time is given; number of certificates; size and profile of each; one leaf, at
// most one of each other role; the anchor is known; an ARK that was sent is
// it; the intermediate is sent or known; issuer names; dates of leaf,
// intermediate and anchor; CA, pathLen and keyUsage of the intermediate; the
// signatures of intermediate and leaf; the leaf's key is on the curve.
func Verify(certs [][]byte, roots *Roots, at time.Time) (*Chain, error) {
	if at.IsZero() {
		return nil, rule.Broken("CHN-01", "chain: time", rule.NoOffset, "a time to verify at", "none")
	}
	if len(certs) == 0 || len(certs) > MaxChain {
		return nil, rule.Broken("CHN-02", "chain: number of certificates", rule.NoOffset, fmt.Sprintf("1 to %d", MaxChain), fmt.Sprint(len(certs)))
	}
	parsed := make([]*Certificate, len(certs))
	for i, der := range certs {
		var err error
		if parsed[i], err = roots.parse(der, i+1); err != nil {
			return nil, err
		}
	}
	found, err := link(parsed, roots, at)
	if err != nil {
		return nil, err
	}
	return found.chain(), nil
}

// VerifyPEM is Verify for PEM text, as SplitPEM accepts it.
func VerifyPEM(text []byte, roots *Roots, at time.Time) (*Chain, error) {
	certs, err := SplitPEM(text)
	if err != nil {
		return nil, err
	}
	return Verify(certs, roots, at)
}

// link is Verify from the roles on.
func link(certs []*Certificate, roots *Roots, at time.Time) (*proof, error) {
	leaf, sent, root, err := assign(certs)
	if err != nil {
		return nil, err
	}
	anchor := roots.find(ARK, leaf.Product)
	if anchor == nil {
		return nil, rule.Broken("CHN-42", "chain: anchor", rule.NoOffset, "a root of "+leaf.Product.String(), "none among the roots")
	}
	if root != nil {
		if sum := sha256.Sum256(root.Raw); sum != anchor.sha256 {
			if root.Product != leaf.Product {
				e := root.fail("CHN-43", "certificate", nil, "the ARK of "+leaf.Product.String()+", the leaf's product", "the ARK of "+root.Product.String())
				e.Message = "the ARK is of another product than the leaf"
				return nil, e
			}
			return nil, root.fail("CHN-43", "certificate", nil, fmt.Sprintf("the anchor's, SHA-256 %x", anchor.sha256), fmt.Sprintf("%x", sum))
		}
	}
	known := roots.find(leaf.Role.issuer(), leaf.Product)
	intermediate := known
	if sent != nil {
		intermediate = sent.authority()
	}
	if intermediate == nil {
		return nil, rule.Broken("CHN-44", "chain: intermediate", rule.NoOffset, "the "+leaf.Role.issuer().String()+", which the roots do not hold", "none")
	}

	if !bytes.Equal(leaf.RawIssuer, intermediate.RawSubject) {
		return nil, leaf.fail("CHN-45", "issuer", leaf.RawIssuer, "the subject of the "+intermediate.Role.String(), "another Name")
	}
	if !bytes.Equal(intermediate.RawIssuer, anchor.RawSubject) {
		return nil, intermediate.fail("CHN-46", "issuer", intermediate.RawIssuer, "the subject of the anchor", "another Name")
	}
	valid := dates{{leaf.Role, leaf.validity()}, {intermediate.Role, intermediate.validity()}, {ARK, anchor.validity()}}
	if err := valid.check(at); err != nil {
		return nil, err
	}
	if err := intermediate.checkCA(); err != nil {
		return nil, err
	}
	// The table vouches for its intermediate, whether it was sent or not.
	builtin := known != nil && intermediate.sha256 == known.sha256
	if !builtin && !verifyPSS(anchor.key, sent.RawTBS, sent.signature) {
		return nil, sent.fail("CHN-51", "signatureValue", sent.signature, "a signature by the anchor", "another")
	}
	if !verifyPSS(intermediate.key, leaf.RawTBS, leaf.signature) {
		return nil, leaf.fail("CHN-52", "signatureValue", leaf.signature, "a signature by the "+intermediate.Role.String(), "another")
	}
	key, err := p384Key(leaf.RawSPKI)
	if err != nil {
		return nil, leaf.fail("CHN-53", "subjectPublicKeyInfo", leaf.RawSPKI, "a point on P-384", "another")
	}

	found := &proof{key: key, dates: valid, Chain: Chain{
		Product:             leaf.Product,
		SigningKey:          map[Role]snpreport.SigningKey{VCEK: snpreport.VCEK, VLEK: snpreport.VLEK}[leaf.Role],
		TCB:                 leaf.TCB,
		HWIDSize:            len(leaf.HWID),
		CSPID:               string(leaf.CSPID),
		NotBefore:           leaf.NotBefore,
		NotAfter:            leaf.NotAfter,
		LeafSHA256:          sha256.Sum256(leaf.Raw),
		LeafKeySHA256:       sha256.Sum256(leaf.RawSPKI),
		IntermediateRole:    intermediate.Role,
		IntermediateSerial:  hex.EncodeToString(intermediate.Serial),
		IntermediateSHA256:  intermediate.sha256,
		IntermediateBuiltin: builtin,
		RootSHA256:          anchor.sha256,
	}}
	copy(found.HWID[:], leaf.HWID)
	return found, nil
}

// assign finds the place of each certificate: one leaf, then at most one ASK or ASVK
// and at most one ARK.
func assign(certs []*Certificate) (leaf, intermediate, root *Certificate, err error) {
	var first, second [MaxChain]*Certificate // of leaf, intermediate, root
	for _, c := range certs {
		place := map[Role]int{VCEK: 0, VLEK: 0, ASK: 1, ASVK: 1, ARK: 2}[c.Role]
		if first[place] == nil {
			first[place] = c
		} else {
			second[place] = c
		}
	}
	if first[0] == nil {
		return nil, nil, nil, rule.Broken("CHN-40", "chain: leaf", rule.NoOffset, "a VCEK or VLEK", "none")
	}
	for place, id := range [MaxChain]string{"CHN-40", "CHN-41", "CHN-41"} {
		if c := second[place]; c != nil {
			return nil, nil, nil, c.fail(id, "subject", c.RawSubject, "one certificate of this place", "a second one")
		}
	}
	return first[0], first[1], first[2], nil
}

// checkCA refuses an authority that its own certificate does not let sign what
// is below it: an ARK without pathLen, an ASK or ASVK with pathLen 0; keyCertSign,
// for an ARK also cRLSign, and no other use.
func (a *authority) checkCA() error {
	if !a.IsCA {
		return a.fail("CHN-48", "basicConstraints", nil, "cA TRUE", "FALSE")
	}
	pathLen, uses := 0, KeyCertSign
	if a.Role == ARK {
		pathLen, uses = -1, KeyCertSign|CRLSign
	}
	if a.PathLen != pathLen {
		return a.fail("CHN-49", "pathLenConstraint", nil, showPathLen(pathLen), showPathLen(a.PathLen))
	}
	if a.KeyUsage&KeyCertSign == 0 || a.KeyUsage&^uses != 0 {
		return a.fail("CHN-50", "keyUsage", nil, "keyCertSign, and none but "+uses.String(), a.KeyUsage.String())
	}
	return nil
}

func showPathLen(n int) string {
	if n < 0 {
		return "none"
	}
	return fmt.Sprint(n)
}
