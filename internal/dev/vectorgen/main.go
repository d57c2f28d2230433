package main

import (
	"fmt"
	"os"

	"github.com/tresorhq/attest/internal/dev/vectorfile"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: vectorgen DIR")
		os.Exit(2)
	}
	if err := vectorfile.Write(os.Args[1], vectorfile.Encode(allCases(), nameShared)); err != nil {
		fmt.Fprintln(os.Stderr, "vectorgen:", err)
		os.Exit(1)
	}
}

// allCases gives the cases in the order of the index.
func allCases() []vectorfile.Case {
	var cases []vectorfile.Case
	for _, s := range sections() {
		cases = append(cases, s.cases()...)
	}
	return cases
}
