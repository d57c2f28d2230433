// Package attesttest makes attested endpoints for tests, as net/http/httptest
// makes servers: a synthetic enclave with its SEV-SNP report, AMD's certificates
// and CRL, workload identity manifest, attestation envelope, trust bundle,
// receipts, and real TLS on loopback. Nothing is wrong with it, or exactly what a
// test asks for.
//
//	func TestClient(t *testing.T) {
//		e, err := attesttest.New(attesttest.Config{})
//		if err != nil {
//			t.Fatal(err)
//		}
//		server, err := e.Serve(application)
//		if err != nil {
//			t.Fatal(err)
//		}
//		defer server.Close()
//
//		// Give the client under test: server.URL, server.BundleURL, e.WebRoots(),
//		// e.ReleaseRoot(), e.AMDRoot(). It must accept. Then, for each fault f of
//		// attesttest.Faults(), it must answer with an error of type f.ErrorType():
//		liar, err := attesttest.New(attesttest.Config{Seed: "x"}, attesttest.LiveKey)
//	}
//
// # What it is made of
//
// The hardware's side comes from a generator that shares no code with the
// parsers of this module. The JSON documents are written by encoding/json, the
// signatures by the crypto packages of the standard library. A misreading in a
// parser can so not hide behind the same misreading here.
//
// Each Enclave has keys of its own, from Config.Seed or at random. Only the RSA
// keys of the imitated AMD authorities are fixed, since making one takes a
// second: they are in testkeys.txt, so everybody has them, and whoever trusts
// them trusts everybody. Programs that let their users choose AMD roots should
// refuse those of TestRoots.
//
// # Time
//
// An enclave starts at Config.Now. Evidence is that of this very moment, so with
// a Seed and a Now the same calls give the same bytes. A Server's clock goes on
// from there: its envelopes are issued when they are asked for. Web certificates
// alone are judged by the machine's clock; they are valid until 2049.
//
// # Several enclaves of one publisher
//
// Enclaves with one Seed have the same keys, thus the same release root, chip
// and web root. Change BundleVersion, and you have an older or a newer bundle;
// change BundleLife alone, and you have two bundles of one version. Give them the
// same Now too: it is in the bundle, and two bundles of one version are one bundle
// or a fault.
package attesttest
