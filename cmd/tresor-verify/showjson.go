package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/policy"
)

// documents are the JSON files that show knows, by their schema: what refuses a
// malformed one, and what shows the documents that are packed into it, or nil.
var documents = map[string]struct {
	kind   string
	check  func([]byte) error
	unpack func([]byte) []node
}{
	policy.Schema:           {"policy", func(b []byte) error { _, err := policy.Parse(b); return err }, nil},
	pinSchema:               {"pin", func(b []byte) error { _, err := parsePin(b); return err }, nil},
	evidenceSchema:          {"evidence", func(b []byte) error { _, err := parseEvidenceFile(b); return err }, unpackEvidence},
	"tresor.attestation/v1": {"attestation envelope", func(b []byte) error { _, err := attest.ParseEnvelope(b); return err }, unpackEnvelope},
}

func showJSON(b []byte) (kind string, nodes []node, err error) {
	var head struct {
		Schema  string          `json:"schema"`
		Receipt json.RawMessage `json:"receipt"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return "", nil, unknownFile("this is no JSON object, or its schema is no string")
	}
	d, ok := documents[head.Schema]
	switch {
	case head.Schema == "" && head.Receipt != nil:
		return showWrapped(b)
	case head.Schema == "":
		return "", nil, unknownFile("this is JSON without a schema, and no receipt with its id")
	case !ok:
		return "", nil, unknownFile(fmt.Sprintf("this is JSON of the schema %q", short(head.Schema)))
	}
	if err := d.check(b); err != nil {
		return "", nil, malformed(err)
	}
	n, err := jsonTree(b, d.kind)
	if err != nil {
		return "", nil, malformed(err)
	}
	nodes = []node{n}
	if d.unpack != nil {
		nodes = append(nodes, d.unpack(b)...)
	}
	return d.kind, nodes, nil
}

// jsonTree turns a JSON text into a node.
func jsonTree(b []byte, key string) (node, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	return jsonNode(dec, key)
}

// jsonNode turns the next value into a node, keeping the order of members.
func jsonNode(dec *json.Decoder, key string) (node, error) {
	token, err := dec.Token()
	if err != nil {
		return node{}, err
	}
	open, ok := token.(json.Delim)
	if !ok {
		return leaf(key, token), nil
	}
	n := node{key: key, list: open == '[', kids: []node{}}
	for i := 0; dec.More(); i++ {
		name := fmt.Sprint(i)
		if open == '{' {
			token, err := dec.Token()
			if err != nil {
				return node{}, err
			}
			name = token.(string)
		}
		kid, err := jsonNode(dec, name)
		if err != nil {
			return node{}, err
		}
		n.kids = append(n.kids, kid)
	}
	_, err = dec.Token() // the closing bracket
	return n, err
}
