package carrier

import (
	"bytes"
	"cmp"
	"fmt"

	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/snpreport/form"
)

// OpenCertificates takes certificates and CRLs out of what carries them: THIM, DER, PEM, a
// certificate table, or hex or base64 of DER or of THIM. It copies b. On error the Bag is nil;
// an input with neither is an UnreadError. Rules: FRM-01 to FRM-04, FRM-40.
func OpenCertificates(b []byte) (*Bag, error) {
	g := new(Bag)
	b, err := prepare(b)
	if err == nil {
		err = g.open(b)
	}
	if err == nil && len(g.Certificates)+len(g.CRLs) == 0 {
		err = unknown("the input holds no certificate", "a certificate", fmt.Sprintf("%.200q", g.PassedOver))
	}
	return whole(g, err)
}

// open decides the form by the first case that fits, and tries no other. Rules: FRM-40.
func (g *Bag) open(b []byte) error {
	switch {
	case startsWith("{")(b):
		return g.openTHIM(THIM, b)
	case isDER(b):
		return g.addDER(DER, b)
	case bytes.Contains(b, []byte("-----BEGIN ")) && !hasZero(b[:min(len(b), 24)]): // CAR-20
		g.Form = PEM
		return g.addPEM(b, "PEM")
	case hasZero(b):
		g.Form = Table
		entries, err := form.ParseCertTable(b)
		switch {
		case err == nil:
			return g.addTable(entries)
		case len(b) == snpreport.Size:
			return unread("as long as a report", swapped)
		case !isUnread(b):
			return err
		}
	}
	if _, err := refuseUnread(b); err != nil {
		return err
	}
	decoded, problem := decodeText(b)
	switch _, err := refuseUnread(decoded); {
	case startsWith("{")(decoded):
		return g.openTHIM(Text, decoded)
	case isDER(decoded):
		return g.addDER(Text, decoded)
	case err != nil:
		return err
	}
	return unknown("this is of no known form", "certificates", problem)
}

// addTable adds what entries of a table hold. A CRL and an unknown GUID are passed over (CAR-22).
func (g *Bag) addTable(entries []form.TableEntry) error {
	for i, entry := range entries {
		source := fmt.Sprintf("table entry %d (%v)", i, entry.Kind)
		var err error
		switch {
		case entry.Kind == form.TableCRL, entry.Kind == form.TableUnknown:
			g.PassedOver = append(g.PassedOver, source)
		case bytes.Contains(entry.Data, []byte("-----BEGIN ")):
			err = g.addPEM(entry.Data, source)
		default:
			err = g.add(entry.Data, source)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// openTHIM reads an answer of Azure's service, whose tcbm is shown and never used. Rules: FRM-43.
func (g *Bag) openTHIM(form Form, text []byte) error {
	g.Form = form
	var fault error
	err := strictjson.Decode(text, len(text), []string{"vcekCert", "certificateChain", "tcbm"}, func(o *strictjson.Object) {
		fault = g.addPEM([]byte(o.Required("vcekCert").NonEmpty()), "vcekCert")
		if v, ok := o.Optional("certificateChain"); ok && fault == nil {
			fault = g.addPEM([]byte(v.NonEmpty()), "certificateChain")
		}
		if v, ok := o.Optional("tcbm"); ok {
			g.PassedOver = append(g.PassedOver, "tcbm "+strictjson.Quote(v.NonEmpty()))
		}
	})
	return cmp.Or(err, fault)
}

// addDER adds DER that stands one behind the other. Rules: FRM-42.
func (g *Bag) addDER(form Form, b []byte) error {
	g.Form = form
	for n := 1; len(b) > 0; n++ {
		tag, _, rest := element(b)
		if tag == 0 {
			return malformed("FRM-42", "DER", "one element behind the other", fmt.Sprintf("something else as element %d", n))
		}
		if err := g.add(b[:len(b)-len(rest)], fmt.Sprintf("DER %d", n)); err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// add adds DER by its kind. Of another kind it is for the verifier to refuse. Rules: FRM-04, FRM-41.
func (g *Bag) add(der []byte, source string) error {
	switch kind := kindOf(der); {
	case kind == kindPrivateKey:
		return privateKey(source)
	case kind == kindCRL:
		g.CRLs = append(g.CRLs, der)
	default:
		if g.Certificates = append(g.Certificates, Certificate{der, source}); len(g.Certificates) > MaxCertificates {
			return malformed("FRM-41", "certificates", fmt.Sprintf("at most %d", MaxCertificates), "more")
		}
	}
	return nil
}
