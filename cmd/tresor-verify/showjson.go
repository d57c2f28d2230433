package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tresorhq/attest/policy"
)

// documents are the JSON files that show knows, by their schema, with what
// refuses a malformed one.
var documents = map[string]struct {
	kind  string
	check func([]byte) error
}{
	policy.Schema: {"policy", func(b []byte) error { _, err := policy.Parse(b); return err }},
}

func showJSON(b []byte) (kind string, nodes []node, err error) {
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return "", nil, malformed(errUnknownFile)
	}
	d, ok := documents[head.Schema]
	if !ok {
		return "", nil, malformed(fmt.Errorf("JSON of the schema %q, which is none that is shown", short(head.Schema)))
	}
	if err := d.check(b); err != nil {
		return "", nil, malformed(err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	n, err := jsonNode(dec, d.kind)
	return d.kind, []node{n}, err
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
