// Package collateral fetches what a report lacks, and AMD's lists, from AMD's key
// server. What it asks for is decided by evidence that is not verified yet, and what
// it brings is verified like anything else.
package collateral

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/snpreport"
	"github.com/tresorhq/attest/snpreport/form"
	"github.com/tresorhq/attest/verdict"
)

// A Client asks the key server. Its members must be set.
type Client struct {
	KDS  *kds.Client
	What string // what asks: a flag or a command, for errors
	Note func(format string, args ...any)
	Slow func(format string, args ...any) (done func()) // is told of each request

	Once bool // each thing is asked for once, however many reports need it

	mu    sync.Mutex // connections of the proxy may be attested at the same time
	once  map[kds.Request]func() ([]byte, error)
	asked []kds.Request
}

// Fetch asks for one thing. What is not even of its form is forgotten at once, so that a
// cache never keeps it.
func (c *Client) Fetch(ctx context.Context, r kds.Request, form func([]byte) error) ([]byte, error) {
	get := func() ([]byte, error) { return c.fetch(ctx, r, form) }
	if c.Once { // the first one is bounded by the same time as all
		c.mu.Lock()
		if c.once[r] == nil {
			if c.once == nil {
				c.once = map[kds.Request]func() ([]byte, error){}
			}
			c.once[r] = sync.OnceValues(get)
		}
		get = c.once[r]
		c.mu.Unlock()
	}
	return get()
}

func (c *Client) fetch(ctx context.Context, r kds.Request, form func([]byte) error) ([]byte, error) {
	done := c.Slow("asking the key server for %s", r.Path())
	defer done()
	b, err := c.KDS.Fetch(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := form(b); err != nil {
		return nil, errors.Join(&formError{fmt.Errorf("the key server sent something else: %w", err)}, c.KDS.Forget(r))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Once || !slices.Contains(c.asked, r) { // it may go on for months
		c.asked = append(c.asked, r)
	}
	return b, nil
}

// A formError is an answer of a server that is not AMD's, or that a portal gave in its place.
type formError struct{ error }

func (e *formError) Unwrap() error { return errors.Unwrap(e.error) }
func (e *formError) Hint() string {
	return "what answers there is no key server, but the sign-in page of a network, perhaps: check the connection{, and --kds-url}"
}

// What the key server sends has one of these forms.
func IsCertificate(b []byte) error { _, err := certchain.ParseCertificate(b); return err }
func IsChain(b []byte) error       { _, err := certchain.SplitPEM(b); return err }
func IsCRL(b []byte) error         { _, err := certchain.ParseCRL(b); return err }

// Forget removes from the cache what did not lead to a PASS, so that the next
// run asks again.
func (c *Client) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.asked {
		if err := c.KDS.Forget(r); err != nil {
			c.Note("cache: %v", err)
		}
	}
}

// An Outline is what can be said of a report and its certificates before they are
// verified.
type Outline struct {
	Report       *snpreport.Report
	Leaf         *certchain.Certificate // nil: there is none
	Intermediate bool
}

// Parse parses a report in any form that form.Open knows, and the certificates
// beside it.
func Parse(e attest.ReportEvidence) (*Outline, error) {
	carried, err := form.Open(e.Report)
	if err != nil {
		return nil, err
	}
	o := new(Outline)
	if o.Report, err = snpreport.Parse(carried.Report); err != nil {
		return nil, err
	}
	blobs := slices.Clone(e.Certificates)
	for _, entry := range carried.Certs {
		switch entry.Kind {
		case form.TableVCEK, form.TableVLEK, form.TableASK, form.TableARK:
			blobs = append(blobs, entry.Data)
		}
	}
	for _, blob := range blobs {
		ders, err := form.SplitCertificates(blob)
		if err != nil {
			return nil, err
		}
		for _, der := range ders {
			if err := o.add(der); err != nil {
				return nil, err
			}
		}
	}
	return o, nil
}

func (o *Outline) add(der []byte) error {
	c, err := certchain.ParseCertificate(der)
	if err != nil {
		return err
	}
	switch c.Role {
	case certchain.VCEK, certchain.VLEK:
		o.Leaf = c
	case certchain.ASK, certchain.ASVK:
		o.Intermediate = true
	}
	return nil
}

// LikelyProduct returns the product that a report is of, and what says so. It is a
// guess where nothing says it. fromCertificate is the product of a certificate that came
// with the report, or 0.
func LikelyProduct(r *snpreport.Report, fromCertificate snpreport.Product) (p snpreport.Product, source string) {
	if fromCertificate != 0 {
		return fromCertificate, "by the certificate"
	}
	if die, ok := r.Die(); ok {
		p, err := die.Product()
		if err != nil {
			return 0, "CPUID " + die.String()
		}
		return p, "by CPUID"
	}
	if [56]byte(r.ChipID[8:]) == [56]byte{} && r.ChipID != [64]byte{} {
		return snpreport.Turin, "a guess: version 2 does not say, and CHIP_ID is as short as Turin's"
	}
	return snpreport.Milan, "a guess: version 2 does not say; Genoa has the same layout"
}

// products returns the products that the report may be of, likeliest first.
func (o *Outline) products() ([]snpreport.Product, error) {
	if o.Leaf != nil {
		return []snpreport.Product{o.Leaf.Product}, nil
	}
	if die, ok := o.Report.Die(); ok {
		product, err := die.Product()
		return []snpreport.Product{product}, err
	}
	if guess, _ := LikelyProduct(o.Report, 0); guess == snpreport.Turin {
		return []snpreport.Product{snpreport.Turin}, nil
	}
	return []snpreport.Product{snpreport.Milan, snpreport.Genoa}, nil // version 2 does not say
}

// Complete returns the certificates that o lacks, and makes o name the leaf.
func (c *Client) Complete(ctx context.Context, o *Outline, customRoots bool) ([][]byte, error) {
	var certs [][]byte
	if o.Leaf == nil {
		if err := c.FetchLeaf(ctx, o); err != nil {
			return nil, err
		}
		certs = append(certs, o.Leaf.Raw)
	}
	if customRoots && !o.Intermediate { // the built-in table has the others
		ders, err := c.chain(ctx, o.Leaf)
		if err != nil {
			return nil, err
		}
		certs = append(certs, ders...)
	}
	return certs, nil
}

// FetchLeaf fetches the VCEK of a report, of each product that it may be of.
func (c *Client) FetchLeaf(ctx context.Context, o *Outline) error {
	products, err := o.products()
	if err != nil {
		return verdict.Unavailable(c.What, err)
	}
	var asked []string
	for i, product := range products {
		request, err := kds.VCEKFor(o.Report, product)
		if err != nil {
			return verdict.Unavailable(c.What, err)
		}
		der, err := c.Fetch(ctx, request, IsCertificate)
		if err == nil {
			o.Leaf, err = certchain.ParseCertificate(der) // which Fetch has found good
			return err
		}
		f, ok := errors.AsType[*kds.FetchError](err)
		if i+1 == len(products) || !ok || f.Status != 404 {
			if len(asked) > 0 {
				err = fmt.Errorf("%w; before that, with status 404: %s", err, strings.Join(asked, ", "))
			}
			return verdict.Unavailable(c.What, err)
		}
		asked = append(asked, f.URL)
	}
	return verdict.Unavailable(c.What, errors.New("the report is of no known product"))
}

// chain fetches the intermediate of a leaf. The ARK that AMD sends with it is
// left out: the anchor is never taken from the network.
// Rules: CLI-09.
func (c *Client) chain(ctx context.Context, leaf *certchain.Certificate) ([][]byte, error) {
	text, err := c.Fetch(ctx, kds.CertChain(leaf.Product, SigningKey(leaf)), IsChain)
	if err != nil {
		return nil, verdict.Unavailable(c.What, err)
	}
	ders, err := certchain.SplitPEM(text) // which Fetch has found good
	var intermediates [][]byte
	for _, der := range ders {
		if cert, err := certchain.ParseCertificate(der); err == nil && cert.Role != certchain.ARK {
			intermediates = append(intermediates, der)
		}
	}
	return intermediates, err
}

// CRLs fetches the list that covers the intermediate of the leaf. Without a leaf
// there is no chain that it could belong to.
func (c *Client) CRLs(ctx context.Context, o *Outline) ([][]byte, error) {
	if o.Leaf == nil {
		return nil, nil
	}
	der, err := c.Fetch(ctx, kds.CRL(o.Leaf.Product, SigningKey(o.Leaf)), IsCRL)
	if err != nil {
		return nil, verdict.Unavailable("--crl fetch", err)
	}
	return [][]byte{der}, nil
}

// SigningKey returns the kind of a leaf certificate's key.
func SigningKey(leaf *certchain.Certificate) snpreport.SigningKey {
	if leaf.Role == certchain.VLEK {
		return snpreport.VLEK
	}
	return snpreport.VCEK
}
