package attesttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"

	"github.com/tresorhq/attest/internal/mint"
)

// webCA is the certificate authority that browsers would know.
type webCA struct {
	seed string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// The web certificates are valid as long as the imitated AMD roots: they are
// judged by the clock of the machine, whatever Config.Now is.
func (c *webCA) template(name string) *x509.Certificate {
	serial := sha256.Sum256([]byte(c.seed + name))
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial[:15]),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    mint.NotBefore, NotAfter: mint.NotAfterCA,
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

func newWebCA(c Config) (*webCA, error) {
	ca := &webCA{seed: c.Seed, key: mint.P256Key(c.secret("web"))}
	t := ca.template("attesttest web root " + c.Seed)
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
	var err error
	ca.cert, err = ca.sign(t, t, &ca.key.PublicKey)
	return ca, err
}

// issue makes the certificate of a server.
func (c *webCA) issue(key *ecdsa.PrivateKey, hosts []string) (tls.Certificate, error) {
	t := c.template("attesttest server")
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, host)
		}
	}
	leaf, err := c.sign(t, c.cert, &key.PublicKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// sign gives no source of randomness: the nonce is then that of RFC 6979, and
// the same seed gives the same certificate.
func (c *webCA) sign(t, parent *x509.Certificate, key crypto.PublicKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(nil, t, parent, key, c.key)
	if err != nil {
		return nil, fmt.Errorf("attesttest: web certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}
