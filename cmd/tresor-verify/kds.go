package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/snpreport"
)

// kdsFlags say where collateral is fetched from.
type kdsFlags struct {
	netFlags
	base  string
	cache string
}

func kdsDocs() []flagDoc {
	return append(netDocs(),
		flagDoc{"kds-url", "URL", "a mirror of AMD's key server"},
		flagDoc{"cache", "DIR", "keep what the key server sends"},
	)
}

func (k *kdsFlags) declare(fs *flagSet) {
	k.base = kds.DefaultBase
	k.netFlags.declare(fs)
	fs.text(&k.base, "kds-url")
	fs.text(&k.cache, "cache")
}

// kdsClient fetches collateral; what it is asked for is decided by evidence that
// nobody has verified yet, and what it brings is verified like anything else.
type kdsClient struct {
	client *kds.Client
	u      *ui
	what   string // what asks: a flag or a command, for errors

	mu    sync.Mutex // connections of the proxy may be attested at the same time
	asked []kds.Request
}

// Fetch asks for one thing. What is not even of its form is forgotten at once,
// so that a cache never keeps it.
func (c *kdsClient) Fetch(ctx context.Context, r kds.Request, form func([]byte) error) ([]byte, error) {
	done := c.u.slow("asking the key server for %s", r.Path())
	defer done()
	b, err := c.client.Fetch(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := form(b); err != nil {
		return nil, errors.Join(fmt.Errorf("the key server sent something else: %w", err), c.client.Forget(r))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.asked, r) { // it may go on for months
		c.asked = append(c.asked, r)
	}
	return b, nil
}

// What the key server sends has one of these forms.
func isCertificate(b []byte) error { _, err := certchain.ParseCertificate(b); return err }
func isChain(b []byte) error       { _, err := certchain.SplitPEM(b); return err }
func isCRL(b []byte) error         { _, err := certchain.ParseCRL(b); return err }

// forget removes from the cache what did not lead to a PASS, so that the next
// run asks again.
func (c *kdsClient) forget(u *ui) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.asked {
		if err := c.client.Forget(r); err != nil {
			u.note("cache: %v", err)
		}
	}
}

func (k *kdsFlags) client(w world, u *ui) (*kdsClient, error) {
	config := kds.Config{
		Base: k.base, CacheDir: k.cache, Timeout: k.timeout,
		Wait: func(d time.Duration, reason string) { u.note("waiting %v: %s", d.Round(time.Millisecond), reason) },
		Warn: func(err error) { u.note("cache: %v", err) },
	}
	var err error
	if config.WebRoots, err = k.webRoots(w); err != nil {
		return nil, err
	}
	client, err := kds.NewClient(config)
	if err != nil {
		return nil, usagef("--kds-url: %v", err)
	}
	return &kdsClient{client: client, u: u, what: "--fetch"}, nil
}

// parsed is what can be said of evidence before it is verified.
type parsed struct {
	report       *snpreport.Report
	leaf         *certchain.Certificate // or nil
	intermediate bool
}

func parseEvidence(e attest.ReportEvidence) (parsed, error) {
	carried, err := snpreport.Open(e.Report)
	if err != nil {
		return parsed{}, err
	}
	p := parsed{}
	if p.report, err = snpreport.Parse(carried.Report); err != nil {
		return parsed{}, err
	}
	ders, err := e.DER()
	if err != nil {
		return parsed{}, err
	}
	for _, der := range ders {
		c, err := certchain.ParseCertificate(der)
		if err != nil {
			return parsed{}, err
		}
		switch c.Role {
		case certchain.VCEK, certchain.VLEK:
			p.leaf = c
		case certchain.ASK, certchain.ASVK:
			p.intermediate = true
		}
	}
	return p, nil
}

// products returns the products that the report may be of, likeliest first.
func (p parsed) products() ([]snpreport.Product, error) {
	if p.leaf != nil {
		return []snpreport.Product{p.leaf.Product}, nil
	}
	if die, ok := p.report.Die(); ok {
		product, err := die.Product()
		return []snpreport.Product{product}, err
	}
	if guess, _ := layoutOf(p.report, 0); guess == snpreport.Turin {
		return []snpreport.Product{snpreport.Turin}, nil
	}
	return []snpreport.Product{snpreport.Milan, snpreport.Genoa}, nil // version 2 does not say
}

// complete returns the certificates of e with those that are missing. Evidence
// that can not be parsed is left as it is: verifying it will say why.
func (c *kdsClient) complete(ctx context.Context, e attest.ReportEvidence, customRoots bool) ([][]byte, error) {
	p, err := parseEvidence(e)
	if err != nil {
		return e.Certificates, nil
	}
	certs := e.Certificates
	if p.leaf == nil {
		der, err := c.leaf(ctx, p)
		if err != nil {
			return nil, err
		}
		if p.leaf, err = certchain.ParseCertificate(der); err != nil {
			return nil, unavailable(c.what+": not a certificate of AMD's", err)
		}
		certs = append(certs, der)
	}
	if customRoots && !p.intermediate { // the built-in table has the others
		ders, err := c.chain(ctx, p.leaf)
		if err != nil {
			return nil, err
		}
		certs = append(certs, ders...)
	}
	return certs, nil
}

// leaf fetches the VCEK of a report, of each product that it may be of.
func (c *kdsClient) leaf(ctx context.Context, p parsed) ([]byte, error) {
	products, err := p.products()
	if err != nil {
		return nil, unavailable(c.what, err)
	}
	var first error
	for _, product := range products {
		request, err := kds.VCEKFor(p.report, product)
		if err != nil {
			return nil, unavailable(c.what, err)
		}
		der, err := c.Fetch(ctx, request, isCertificate)
		if err == nil {
			return der, nil
		}
		if first == nil {
			first = err
		}
		var f *kds.FetchError
		if !errors.As(err, &f) || f.Status != 404 {
			break
		}
	}
	return nil, unavailable(c.what, first)
}

// chain fetches the intermediate of a leaf. The ARK that AMD sends with it is
// left out: the anchor is never taken from the network.
// Rules: CLI-09.
func (c *kdsClient) chain(ctx context.Context, leaf *certchain.Certificate) ([][]byte, error) {
	text, err := c.Fetch(ctx, kds.CertChain(leaf.Product, signingKey(leaf)), isChain)
	if err != nil {
		return nil, unavailable(c.what, err)
	}
	ders, err := certchain.SplitPEM(text)
	if err != nil {
		return nil, unavailable(c.what+": cert_chain", err)
	}
	var intermediates [][]byte
	for _, der := range ders {
		if cert, err := certchain.ParseCertificate(der); err == nil && cert.Role != certchain.ARK {
			intermediates = append(intermediates, der)
		}
	}
	return intermediates, nil
}

// crls fetches the list that covers the intermediate of the evidence's leaf.
func (c *kdsClient) crls(ctx context.Context, e attest.ReportEvidence) ([][]byte, error) {
	p, err := parseEvidence(e)
	if err != nil || p.leaf == nil {
		return nil, nil // there is no chain that it could belong to; verifying says so
	}
	der, err := c.Fetch(ctx, kds.CRL(p.leaf.Product, signingKey(p.leaf)), isCRL)
	if err != nil {
		return nil, unavailable("--crl fetch", err)
	}
	return [][]byte{der}, nil
}

func signingKey(leaf *certchain.Certificate) snpreport.SigningKey {
	if leaf.Role == certchain.VLEK {
		return snpreport.VLEK
	}
	return snpreport.VCEK
}
