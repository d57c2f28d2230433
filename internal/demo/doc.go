// Package demo is what the command demo shows: a synthetic enclave that is attested over
// loopback, attacks that are refused, and an endpoint to practise on. Its keys are public.
package demo
