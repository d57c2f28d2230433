package proxy

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
)

// checkNames refuses hosts and origins that no request can have in Host or in Origin:
// they would admit no client, and say nothing about it.
// Rules: PRX-02.
func checkNames(hosts, origins []string) error {
	for _, host := range hosts {
		if !isHost(host) {
			return cli.Usagef("--allow-host: %w", cli.Breaks("PRX-02", "%q is no HOST or HOST:PORT", printable.Short(host)))
		}
	}
	for _, origin := range origins {
		if !isOrigin(origin) {
			return cli.Usagef("--allow-origin: %w", cli.Breaks("PRX-02", "%q is no origin as browsers send it, such as https://app.example or http://localhost:3000", printable.Short(origin)))
		}
	}
	return nil
}

// isHost reports whether a text can stand in Host: a name or an address, in
// brackets when it is of IPv6, and perhaps a port. An address of IPv6 by itself
// needs no brackets.
func isHost(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = unbracketed(text), "1"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || port != strconv.FormatUint(n, 10) {
		return false
	}
	if strings.Contains(host, ":") || strings.HasPrefix(text, "[") {
		return strings.Contains(host, ":") && net.ParseIP(host) != nil
	}
	return host != "" && !strings.ContainsFunc(host, func(c rune) bool {
		return !strings.ContainsRune("-._", c) && !('0' <= c && c <= '9') && !('a' <= c && c <= 'z') && !('A' <= c && c <= 'Z')
	})
}

// unbracketed returns an address of IPv6 as package net has it.
func unbracketed(host string) string {
	if inner, ok := strings.CutSuffix(host, "]"); ok && strings.HasPrefix(inner, "[") {
		return inner[1:]
	}
	return host
}

// isOrigin reports whether a browser can send a text as Origin: scheme, host and a
// port that is not the scheme's own, or null (RFC 6454 section 7). Of schemes that
// are no browser's own the host may have capitals.
func isOrigin(text string) bool {
	if text == "null" {
		return true
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || text != u.Scheme+"://"+u.Host || !isHost(u.Host) {
		return false
	}
	own := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	return own == "" || u.Port() != own && text == strings.ToLower(text)
}

// names are what a client may call the proxy, as it stands in Host, in lower case.
func names(listen string, more []string, at net.Addr) []string {
	_, port, _ := net.SplitHostPort(at.String()) // of a listener: always
	own, _, _ := net.SplitHostPort(listen)
	var names []string
	for _, host := range append([]string{own, "127.0.0.1", "::1", "localhost"}, more...) {
		if host = strings.ToLower(host); host == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(host); err == nil {
			names = append(names, host)
			continue
		}
		withPort := net.JoinHostPort(unbracketed(host), port)
		names = append(names, withPort)
		if port == "80" || slices.ContainsFunc(more, func(name string) bool { return strings.EqualFold(name, host) }) {
			names = append(names, strings.TrimSuffix(withPort, ":"+port))
		}
	}
	return names
}
