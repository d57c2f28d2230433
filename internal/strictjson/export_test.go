package strictjson

import "encoding/json"

// Tree returns the document as encoding/json would with UseNumber, so that the
// two can be compared.
func Tree(data []byte, maxSize int) (tree any, err error) {
	err = Decode(data, maxSize, nil, func(o *Object) { tree = treeOf(o.Value()) })
	return tree, err
}

func treeOf(v Value) any {
	switch v.kind() {
	case 'n':
		return nil
	case 't':
		return v.Bool()
	case '0':
		return json.Number(v.text())
	case '[':
		list := []any{}
		for _, e := range v.Array(0, 1<<30) {
			list = append(list, treeOf(e))
		}
		return list
	case '{':
		object := map[string]any{}
		for m := range v.Members() {
			object[m.Name] = treeOf(m.Value)
		}
		return object
	}
	return v.Text()
}

// Paths returns the path of every value, and of every name, in the order of the text.
func Paths(data []byte) (paths []string, err error) {
	err = Decode(data, len(data), nil, func(o *Object) { paths = pathsOf(o.Value(), nil) })
	return paths, err
}

func pathsOf(v Value, paths []string) []string {
	paths = append(paths, v.d.path(v.at))
	if k := v.kind(); k == '{' || k == '[' {
		for m := range v.d.parts(v.at) {
			if k == '{' {
				paths = append(paths, v.d.path(m.at))
			}
			paths = pathsOf(m.Value, paths)
		}
	}
	return paths
}
