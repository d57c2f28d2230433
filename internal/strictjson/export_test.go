package strictjson

import "encoding/json"

// Tree returns the document as encoding/json would with UseNumber, so that the
// two can be compared.
func Tree(data []byte, maxSize int) (tree any, err error) {
	err = Decode(data, maxSize, nil, func(o *Object) { tree = treeOf(Value{o.d, o.tok}) })
	return tree, err
}

func treeOf(v Value) any {
	switch t := v.token(); t.kind {
	case kindNull:
		return nil
	case kindFalse, kindTrue:
		return v.Bool()
	case kindNumber:
		return json.Number(v.d.text[t.start:t.end])
	case kindArray:
		list := []any{}
		for _, e := range v.Array(0, maxText) {
			list = append(list, treeOf(e))
		}
		return list
	case kindObject:
		object := map[string]any{}
		for _, m := range v.Members() {
			object[m.Name] = treeOf(m.Value)
		}
		return object
	}
	return v.Text()
}

// Paths returns the path of every token, in the order of the text.
func Paths(data []byte) (paths []string, err error) {
	err = Decode(data, len(data), nil, func(o *Object) {
		for i := range o.d.tokens {
			paths = append(paths, o.d.path(int32(i)))
		}
	})
	return paths, err
}
