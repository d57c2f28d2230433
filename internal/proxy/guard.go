package proxy

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/printable"
)

// A guard knows who may come.
type guard struct {
	hosts   []string // by which clients call the proxy, in lower case
	anyHost bool     // set where only a program of this user can connect
	origins []string // of web pages that may use it
	maxBody int64    // of a request, in bytes
}

// admit refuses what no client of the proxy sends: requests that a web page could
// have made, that are for somebody else, or that want to leave HTTP. It reads
// nothing of the body.
func (g *guard) admit(r *http.Request) (status int, err error) {
	allowed := g.allows(r)
	path, _, _ := strings.Cut(r.RequestURI, "?")
	switch {
	case !g.anyHost && !slices.Contains(g.hosts, strings.ToLower(r.Host)):
		// A page whose name was changed to point here (DNS rebinding) still says its
		// own name.
		return http.StatusMisdirectedRequest, cli.Misuse("PRX-10", "%q is not an accepted Host of this proxy; add it with --allow-host", printable.Short(r.Host))
	case len(r.Header.Values("Origin")) > 0 && !allowed:
		return http.StatusForbidden, cli.Misuse("PRX-11", "web pages of %q may not use this proxy; --allow-origin lets them", printable.Short(r.Header.Get("Origin")))
	case slices.ContainsFunc(r.Header.Values("Sec-Fetch-Site"), crosses) && !allowed:
		return http.StatusForbidden, cli.Misuse("PRX-11", "a web page of another origin may not use this proxy")
	case r.Method == http.MethodConnect:
		return http.StatusMethodNotAllowed, cli.Misuse("PRX-13", "CONNECT is refused: a tunnel can not be attested")
	case slices.ContainsFunc(r.Header["Upgrade"], otherProtocol):
		return http.StatusNotImplemented, cli.Misuse("PRX-13", "Upgrade is refused: a connection that changes its protocol can not be attested again")
	case !strings.HasPrefix(r.RequestURI, "/"):
		return http.StatusBadRequest, cli.Misuse("PRX-14", "this is no proxy for every address: use it as the base URL")
	case r.URL.EscapedPath() != path: // it would not arrive as it came
		return http.StatusBadRequest, cli.Misuse("PRX-14", "the path has characters that RFC 3986 does not allow there: percent-encode them")
	case r.ContentLength > g.maxBody:
		return http.StatusRequestEntityTooLarge, cli.Misuse("PRX-12", "the body is longer than %d bytes", g.maxBody)
	}
	return 0, nil
}

// otherProtocol reports whether a value of Upgrade asks for more than HTTP/2, which a
// server may leave aside.
func otherProtocol(value string) bool { return !strings.EqualFold(strings.TrimSpace(value), "h2c") }

// crosses reports whether a value of Sec-Fetch-Site is of a page of another site.
func crosses(site string) bool { return site != "same-origin" && site != "none" }

// allows reports whether a request is of a web page that may use the proxy.
func (g *guard) allows(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	return len(origins) == 1 && slices.Contains(g.origins, origins[0])
}

// noPageReads takes out of an answer what lets web pages read it.
func noPageReads(header http.Header) {
	maps.DeleteFunc(header, func(name string, _ []string) bool {
		return strings.HasPrefix(strings.TrimPrefix(name, http.TrailerPrefix), "Access-Control-")
	})
}
