// Package client puts the official client of the OpenAI API on the attested
// transport. It has nothing but tests.
package client
