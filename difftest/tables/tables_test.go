package main

import (
	"os"
	"testing"
)

// TestDocument: DIFFERENCES.md is what the tables say.
func TestDocument(t *testing.T) {
	got, err := os.ReadFile("../DIFFERENCES.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != document() {
		t.Error("DIFFERENCES.md is not what go run ./tables prints")
	}
}
