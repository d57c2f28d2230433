package inspect

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/capture"
	"github.com/tresorhq/attest/internal/printable"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/policy"
)

// documents are the JSON files that show knows, by their schema: what refuses a
// malformed one, and what shows the documents that are packed into it, or nil.
var documents = map[string]struct {
	kind   string
	check  func([]byte) error
	unpack func([]byte) []Node
}{
	policy.Schema:           {"policy", refusal(policy.Parse), nil},
	launch.Schema:           {"launch file", refusal(launch.ParseFile), nil},
	capture.PinSchema:       {"pin", refusal(capture.ParsePin), nil},
	capture.EvidenceSchema:  {"evidence", refusal(capture.ParseEvidence), unpackEvidence},
	"tresor.attestation/v1": {"attestation envelope", refusal(attest.ParseEnvelope), unpackEnvelope},
}

// refusal returns the error of a parser alone.
func refusal[T any](parse func([]byte) (T, error)) func([]byte) error {
	return func(b []byte) error { _, err := parse(b); return err }
}

func showJSON(b []byte) (kind string, nodes []Node, err error) {
	var head struct {
		Schema  string          `json:"schema"`
		Receipt json.RawMessage `json:"receipt"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return "", nil, unknown("this is no JSON object, or its schema is no string")
	}
	d, ok := documents[head.Schema]
	switch {
	case head.Schema == "" && head.Receipt != nil:
		return showWrapped(b)
	case head.Schema == "":
		return "", nil, unknown("this is JSON without a schema, and no receipt with its id")
	case !ok:
		return "", nil, unknown(fmt.Sprintf("this is JSON of the schema %q", printable.Short(head.Schema)))
	}
	if err := d.check(b); err != nil {
		return "", nil, err
	}
	n, err := jsonTree(b, d.kind)
	if err != nil {
		return "", nil, err
	}
	nodes = []Node{n}
	if d.unpack != nil {
		nodes = append(nodes, d.unpack(b)...)
	}
	return d.kind, nodes, nil
}

// jsonTree turns a JSON text into a node.
func jsonTree(b []byte, key string) (Node, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	return jsonNode(dec, key)
}

// jsonNode turns the next value into a node, keeping the order of members.
func jsonNode(dec *json.Decoder, key string) (Node, error) {
	token, err := dec.Token()
	if err != nil {
		return Node{}, err
	}
	open, ok := token.(json.Delim)
	if !ok {
		return leaf(key, token), nil
	}
	n := Node{key: key, list: open == '[', kids: []Node{}}
	for i := 0; dec.More(); i++ {
		name := fmt.Sprint(i)
		if open == '{' {
			token, err := dec.Token()
			if err != nil {
				return Node{}, err
			}
			name = token.(string)
		}
		kid, err := jsonNode(dec, name)
		if err != nil {
			return Node{}, err
		}
		n.kids = append(n.kids, kid)
	}
	_, err = dec.Token() // the closing bracket
	return n, err
}
