package main

import "github.com/tresorhq/attest/internal/mint"

// Short names for what most rows are made of.
type (
	doc    = mint.Object
	member = mint.Member
	raw    = mint.RawJSON
)
