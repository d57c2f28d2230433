package kds

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tresorhq/attest/snpreport"
)

const maxURL = 2048 // bytes

// ParseURL is the inverse of URL. It also accepts levels that are padded with a
// zero to two digits, and the parameters in any order, since other clients
// write them so. Nothing else is accepted: URL of the result differs from u in
// these two points or not at all.
//
// The error is a *rule.Error. Checked in this order: at most 2048 bytes; one
// of the two path prefixes; the base; the product; no VLEK certificate; the
// rest of the path; the chip id; the parameters.
func ParseURL(u string) (r Request, base string, err error) {
	if len(u) > maxURL {
		return Request{}, "", refuse("KDS-12", "URL", fmt.Sprintf("at most %d bytes", maxURL), fmt.Sprintf("%d bytes", len(u)))
	}
	base, key, rest, err := splitURL(u)
	if err != nil {
		return Request{}, "", err
	}
	if r, err = parseRest(key, rest); err != nil {
		return Request{}, "", err
	}
	return r, base, nil
}

// splitURL finds the prefix of the service in u. A base may have a path of its
// own, but what follows the prefix never holds another one: the last counts.
func splitURL(u string) (base string, key snpreport.SigningKey, rest string, err error) {
	const size = len("/vcek/v1/")
	vcekAt, vlekAt := strings.LastIndex(u, "/vcek/v1/"), strings.LastIndex(u, "/vlek/v1/")
	at, key := max(vcekAt, vlekAt), snpreport.VCEK
	if at == vlekAt {
		key = snpreport.VLEK
	}
	if at < 0 {
		return "", 0, "", refuse("KDS-07", "path", "/vcek/v1/ or /vlek/v1/", quote(u))
	}
	if err := checkBase(u[:at]); err != nil {
		return "", 0, "", err
	}
	return u[:at], key, u[at+size:], nil
}

// parseRest parses "{product}/...", what follows the prefix.
func parseRest(key snpreport.SigningKey, s string) (Request, error) {
	name, rest, _ := strings.Cut(s, "/")
	p, ok := snpreport.ParseProduct(name)
	if !ok {
		return Request{}, refuse("KDS-01", "product", "Milan, Genoa or Turin", quote(name))
	}
	switch rest {
	case "cert_chain":
		return CertChain(p, key), nil
	case "crl":
		return CRL(p, key), nil
	}
	id, query, hasQuery := strings.Cut(rest, "?")
	if key == snpreport.VLEK && id == "cert" {
		return Request{}, refuse("KDS-02", "path", "no VLEK certificate: AMD gives those to cloud providers only", quote(rest))
	}
	if key == snpreport.VLEK || !hasQuery {
		return Request{}, refuse("KDS-07", "path", "cert_chain, crl, or a chip id with its levels", quote(rest))
	}
	r := Request{kind: vcek, product: p, key: snpreport.VCEK}
	if err := parseChipID(&r, id); err != nil {
		return Request{}, err
	}
	if err := parseLevels(&r, query); err != nil {
		return Request{}, err
	}
	return r, nil
}

func parseChipID(r *Request, id string) error {
	n := r.product.ChipIDSize()
	bad := refuse("KDS-10", "chip id", fmt.Sprintf("%d lower-case hex digits, as for %v", 2*n, r.product), quote(id))
	if len(id) != 2*n || strings.ToLower(id) != id {
		return bad
	}
	if _, err := hex.Decode(r.chipID[:], []byte(id)); err != nil {
		return bad
	}
	if r.chipID == [64]byte{} {
		return refuse("KDS-04", "chip id", "the id of a chip", "zero")
	}
	return nil
}

// parseLevels parses "blSPL=4&teeSPL=0&snpSPL=24&ucodeSPL=219".
func parseLevels(r *Request, query string) error {
	levels := map[snpreport.Component]uint8{}
	for parameter := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(parameter, "=")
		c, ok := componentOf(name)
		if _, twice := levels[c]; !ok || twice {
			return refuse("KDS-08", "parameter", "each level of the TCB once", quote(parameter))
		}
		if levels[c], ok = parseSPL(value); !ok {
			return refuse("KDS-09", name, "a decimal number from 0 to 255", quote(value))
		}
	}
	var ok bool
	if r.tcb, ok = snpreport.NewTCB(r.product, levels); !ok {
		return refuse("KDS-08", "parameters", "exactly the levels that "+r.product.String()+" has", quote(query))
	}
	return nil
}

func componentOf(name string) (snpreport.Component, bool) {
	for c, n := range splNames {
		if n == name {
			return snpreport.Component(c), true
		}
	}
	return 0, false
}

// parseSPL reads 0..255 in decimal, without sign; a leading zero only to make
// two digits.
func parseSPL(s string) (level uint8, ok bool) {
	if s == "" || len(s) > 2 && s[0] == '0' {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		if n = 10*n + int(s[i]-'0'); n > 255 {
			return 0, false
		}
	}
	return uint8(n), true
}
