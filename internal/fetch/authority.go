package fetch

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// An Authority is host and port of an https URL.
type Authority struct {
	Host string // lower case; IPv6 without brackets
	Port string // never empty
}

// ParseAuthority reads the authority of an https URL. Names that need IDNA, a zone, a
// dot at the end and spellings that only some resolvers understand are refused.
func ParseAuthority(authority string) (Authority, bool) {
	host, port := authority, "443"
	// The colons of an IPv6 address stand in brackets.
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
			return Authority{}, false
		}
	}
	host = strings.ToLower(host)
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		ip, err := netip.ParseAddr(inner)
		return Authority{ip.String(), port}, ok && err == nil && ip.Is6() && ip.Zone() == ""
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return Authority{host, port}, ip.Is4()
	}
	return Authority{host, port}, validName(host)
}

// validName reports whether host is a DNS name in lower-case ASCII. A last label
// of digits only is the old spelling of an IPv4 address (inet_aton).
func validName(host string) bool {
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if len(label) == 0 || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
		last = label
	}
	return len(host) <= 253 && strings.Trim(last, "0123456789") != "" && !strings.HasPrefix(last, "0x")
}

// CheckURL checks the address of a trust bundle. One that an envelope
// names must have a DNS name: no caller vouches for it.
func CheckURL(address string, fromEnvelope bool) (expected string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Opaque != "" || u.User != nil || u.Fragment != "" || len(address) > 2048 {
		return "an https URL without user name and fragment", false
	}
	o, ok := ParseAuthority(u.Host)
	if !ok {
		return "a host: a name in ASCII or an IP address", false
	}
	if _, err := netip.ParseAddr(o.Host); err == nil && fromEnvelope {
		return "a DNS name", false
	}
	return "", true
}

// Shown quotes an address for a message, but not one that may hold a password.
func Shown(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Opaque != "" {
		return "an address that is not shown, since it may hold a secret"
	}
	if u.RawQuery != "" { // may hold a token, as a fragment may
		u.RawQuery = "..."
	}
	if u.Fragment != "" {
		u.Fragment = "..."
	}
	return Quote(u.String())
}
