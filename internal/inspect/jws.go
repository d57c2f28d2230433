package inspect

import (
	"bytes"
	"encoding/base64"
	"slices"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/capture"
	"github.com/tresorhq/attest/internal/strictjson"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/snpreport/form"
)

// jwsKinds are the signed documents, each with a member that no other one has.
var jwsKinds = []struct{ member, kind string }{
	{"routed_model", "receipt"},
	{"allowed_hw_measurements", "trust bundle"},
	{"image_digest", "workload identity manifest"},
}

// isCompact reports whether a text has the three segments of a compact JWS.
func isCompact(text []byte) bool { return isText(text) && bytes.Count(text, []byte(".")) == 2 }

// showCompact shows header and payload of a compact JWS.
func showCompact(compact []byte) (kind string, nodes []Node, err error) {
	payload, err := jws.UnverifiedPayload(compact, MaxFile)
	if err == nil {
		err = strictjson.Decode(payload, MaxFile, nil, func(*strictjson.Object) {})
	}
	if err != nil {
		return "", nil, err
	}
	segments := bytes.Split(compact, []byte("."))
	header, err := base64.RawURLEncoding.DecodeString(string(segments[0]))
	if err != nil {
		return "", nil, err
	}
	head, err := jsonTree(header, "header")
	if err != nil {
		return "", nil, err
	}
	body, err := jsonTree(payload, "payload")
	if err != nil {
		return "", nil, err
	}
	kind = "JWS"
	for _, k := range slices.Backward(jwsKinds) { // the first one counts
		if slices.ContainsFunc(body.kids, func(n Node) bool { return n.key == k.member }) {
			kind = k.kind
		}
	}
	signature := leaf("signature", string(segments[2]), "not checked")
	return kind, []Node{head, body, signature}, nil
}

// showWrapped shows the API's form of a receipt.
func showWrapped(b []byte) (kind string, nodes []Node, err error) {
	var id, compact string
	err = strictjson.Decode(b, MaxFile, []string{"id", "receipt"}, func(o *strictjson.Object) {
		id, compact = o.Required("id").NonEmpty(), o.Required("receipt").NonEmpty()
	})
	if err != nil {
		return "", nil, err
	}
	kind, nodes, err = showCompact([]byte(compact))
	return kind, append([]Node{leaf("id", id)}, nodes...), err
}

// unpackEnvelope shows what is packed into an envelope. What can not be read is
// shown as its error.
func unpackEnvelope(b []byte) []Node {
	e, err := attest.ParseEnvelope(b)
	if err != nil {
		return orError(nil, err)
	}
	carried, err := form.Open(e.Report)
	var nodes []Node
	if err == nil {
		_, nodes, err = showReport(carried)
	}
	nodes = orError(nodes, err)
	nodes = append(nodes, orError(pemNodes(e.ChainPEM))...)
	if e.ManifestJWS != nil {
		nodes = append(nodes, orError(compactGroup("workload_identity_manifest_jws", e.ManifestJWS))...)
	}
	return nodes
}

// unpackEvidence shows the envelope and the bundle of an evidence file.
func unpackEvidence(b []byte) []Node {
	c, err := capture.ParseEvidence(b)
	if err != nil {
		return orError(nil, err)
	}
	return append(unpackEnvelope(c.Envelope), orError(compactGroup("bundle_jws", c.Bundle))...)
}

// orError returns nodes, or the error in their place.
func orError(nodes []Node, err error) []Node {
	if err != nil {
		return []Node{leaf("malformed", err.Error())}
	}
	return nodes
}

func compactGroup(name string, compact []byte) ([]Node, error) {
	kind, nodes, err := showCompact(compact)
	return []Node{group(name+" ("+kind+")", nodes...)}, err
}
