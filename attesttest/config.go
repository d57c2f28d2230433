package attesttest

import (
	"cmp"
	"crypto/rand"
	"crypto/sha512"
	"fmt"
	"time"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/snpreport"
)

// Config says what to imitate. Every zero field has a default.
type Config struct {
	Product       snpreport.Product    // Genoa by default
	ReportVersion uint32               // 2 to 5; 5 by default
	SigningKey    snpreport.SigningKey // VCEK by default, or VLEK
	Workload      string               // "router" by default
	Now           time.Time            // when the enclave starts: 2024-06-02 to 2049-05-31; time.Now() by default
	MaxAge        time.Duration        // of the envelope, whole seconds; five minutes by default
	BundleVersion uint64               // 2 to 2^53-2; 17 by default
	BundleLife    time.Duration        // until the bundle's valid_until; 90 days by default
	Hosts         []string             // DNS names and IP addresses of the TLS certificate; loopback by default
	Measurement   [48]byte             // of what runs; by the Workload by default

	// Seed decides every key that is not an RSA key, and the chip. Two enclaves of
	// one seed have the same publisher. By default each has its own. With a Seed and
	// a Now that were used before New is much faster: certificates are remembered.
	Seed string
}

func (c Config) withDefaults() (Config, error) {
	c.Product = cmp.Or(c.Product, snpreport.Genoa)
	c.ReportVersion = cmp.Or(c.ReportVersion, 5)
	c.Workload = cmp.Or(c.Workload, "router")
	c.MaxAge = cmp.Or(c.MaxAge, 5*time.Minute)
	c.BundleVersion = cmp.Or(c.BundleVersion, 17)
	c.BundleLife = cmp.Or(c.BundleLife, 90*day)
	c.Measurement = cmp.Or(c.Measurement, sha512.Sum384([]byte("attesttest measurement "+c.Workload)))
	c.Seed = cmp.Or(c.Seed, rand.Text())
	if c.Now.IsZero() {
		c.Now = time.Now()
	}
	if c.Hosts == nil {
		c.Hosts = []string{"127.0.0.1", "::1", "localhost"}
	}
	return c, c.check()
}

func (c Config) check() error {
	_, known := snpreport.ParseProduct(c.Product.String())
	for _, rule := range []struct {
		ok   bool
		what string
	}{
		{known, "Product: not Milan, Genoa or Turin"},
		{2 <= c.ReportVersion && c.ReportVersion <= 5, "ReportVersion: not 2 to 5"},
		{c.SigningKey == snpreport.VCEK || c.SigningKey == snpreport.VLEK, "SigningKey: not VCEK or VLEK"},
		{c.Now.After(mint.NotBefore.Add(day)) && c.Now.Before(mint.NotAfterCA.Add(-day)), "Now: outside the validity of the test certificates"},
		{c.MaxAge >= time.Second && c.MaxAge%time.Second == 0, "MaxAge: not a positive number of seconds"},
		{2 <= c.BundleVersion && c.BundleVersion <= 1<<53-2, "BundleVersion: not 2 to 2^53-2"},
		{c.BundleLife > 0, "BundleLife: negative"},
		{len(c.Hosts) > 0, "Hosts: empty"},
	} {
		if !rule.ok {
			return fmt.Errorf("attesttest: %s", rule.what)
		}
	}
	return nil
}

const day = 24 * time.Hour
