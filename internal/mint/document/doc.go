// Package document writes what endpoints, publishers and clients say in JSON, right and
// wrong: attestation envelopes, workload identity manifests, trust bundles, receipts, and
// the JWS and JWKs that they are made of, around the evidence of package mint. Like that
// package it shares no code with the parsers.
package document
