package receipt

// MaxPayload is the greatest size of a payload in bytes.
const MaxPayload = maxPayload

// ParseClaims reads a payload whose signature nobody has checked. It returns the
// members that are strings, by their names.
func ParseClaims(payload []byte) (map[string]string, int64, error) {
	c, err := parseClaims(payload)
	if err != nil {
		return nil, 0, err
	}
	return map[string]string{
		"jti": c.id, "requested_route": c.route, "routed_model": c.model,
		"request_digest": c.request, "response_digest": c.response,
		"trust_bundle_jws": string(c.router.bundle), "workload": c.router.workload,
	}, c.issuedAt.Unix(), nil
}
