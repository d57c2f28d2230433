package vectors

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// CommandLine writes the inputs into dir, which must not be there, and returns the
// arguments of tresor-verify that name them, in the order of their names.
func (c *Case) CommandLine(dir string) ([]string, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	args, operands := []string{c.Command, "--json"}, []string(nil)
	for _, name := range slices.Sorted(maps.Keys(c.Options)) {
		if c.Options[name] == true {
			args = append(args, "--"+name)
		} else {
			args = append(args, "--"+name, fmt.Sprint(c.Options[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		for i, data := range c.Files[name] {
			path := filepath.Join(dir, fmt.Sprintf("%s-%d", name, i))
			if err := os.WriteFile(path, data, 0o600); err != nil {
				return nil, err
			}
			if name == "receipt" { // that command's operand
				operands = append(operands, path)
				continue
			}
			args = append(args, "--"+name, path)
		}
	}
	return append(args, operands...), nil
}
