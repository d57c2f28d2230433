// Package client puts clients that many programs use on the attested transport: the
// official one of the OpenAI API, go-retryablehttp, OpenTelemetry, OAuth 2, connect,
// the SDK of the Model Context Protocol and the reverse proxy of the standard
// library. It has nothing but tests.
package client
