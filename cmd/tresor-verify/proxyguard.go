package main

import (
	"net/http"
	"slices"
	"strings"
)

// admit refuses what no client of the proxy sends: requests that a web page could
// have made, that are for somebody else, or that want to leave HTTP. It reads
// nothing of the body.
func (p *proxy) admit(r *http.Request) (status int, err error) {
	origin, crossing := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	allowed := slices.Contains(p.origins, origin)
	switch {
	case !slices.Contains(p.hosts, strings.ToLower(r.Host)):
		// A page whose name was changed to point here (DNS rebinding) still says its
		// own name.
		return http.StatusMisdirectedRequest, usagef("%w", breaks("PRX-10", "nobody calls this proxy %q; --allow-host lets them", short(r.Host)))
	case len(r.Header.Values("Origin")) > 1 || origin != "" && !allowed:
		return http.StatusForbidden, usagef("%w", breaks("PRX-11", "web pages of %q may not use this proxy; --allow-origin lets them", short(origin)))
	case crossing != "" && crossing != "same-origin" && crossing != "none" && !allowed:
		return http.StatusForbidden, usagef("%w", breaks("PRX-11", "a web page of another origin may not use this proxy"))
	case r.Method == http.MethodConnect:
		return http.StatusMethodNotAllowed, usagef("%w", breaks("PRX-13", "CONNECT is refused: a tunnel can not be attested"))
	case r.Header["Upgrade"] != nil:
		return http.StatusNotImplemented, usagef("%w", breaks("PRX-13", "Upgrade is refused: a connection that changes its protocol can not be attested again"))
	case !strings.HasPrefix(r.RequestURI, "/"):
		return http.StatusBadRequest, usagef("%w", breaks("PRX-14", "this is no proxy for every address: use it as the base URL"))
	case r.ContentLength > p.maxBody:
		return http.StatusRequestEntityTooLarge, usagef("%w", breaks("PRX-12", "the body is longer than %d bytes", p.maxBody))
	}
	return 0, nil
}
