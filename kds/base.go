package kds

import (
	"net/netip"
	"strconv"
	"strings"
)

// checkBase checks the address of a key server: "https://", a host, and
// optionally ":" with a port and a path without trailing slash. Only one
// spelling of each is accepted, so that URLs can be compared as strings. There
// is no place for user names, queries, fragments or escapes.
func checkBase(base string) error {
	rest, ok := strings.CutPrefix(base, "https://")
	if !ok {
		return badBase("https://", base)
	}
	authority, path, hasPath := strings.Cut(rest, "/")
	host, port, hasPort := authority, "", false
	// The colons of an IPv6 address stand in brackets.
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port, hasPort = authority[:i], authority[i+1:], true
	}
	if !validHost(host) {
		return badBase("a host: a name in lower-case ASCII or an IP address", host)
	}
	if n, err := strconv.ParseUint(port, 10, 16); hasPort && (err != nil || n == 0 || strconv.FormatUint(n, 10) != port) {
		return badBase("a port from 1 to 65535", port)
	}
	if hasPath && !validPath(path) {
		return badBase("a path of plain segments, without a slash at the end", path)
	}
	return nil
}

func badBase(expected, actual string) error {
	if strings.Contains(actual, "@") {
		return refuse("KDS-11", "base", expected, "one with user information, which is not shown")
	}
	return refuse("KDS-11", "base", expected, quote(actual))
}

// validHost accepts DNS names without a dot at the end and IP addresses, IPv6
// in brackets and without a zone.
func validHost(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		ip, err := netip.ParseAddr(inner)
		return ok && err == nil && ip.Is6() && ip.Zone() == "" && ip.String() == inner
	}
	for label := range strings.SplitSeq(host, ".") {
		if len(label) == 0 || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return len(host) <= 253
}

func validPath(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
		for i := range len(segment) {
			c := segment[i]
			if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0) {
				return false
			}
		}
	}
	return true
}
