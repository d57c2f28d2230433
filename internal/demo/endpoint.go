package demo

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"

	"github.com/tresorhq/attest/attesttest"
)

// A File is a file of a client of the endpoint.
type File struct {
	Name string
	Data []byte
}

// Launch returns the firmware that the enclave is launched from, and a launch file that
// names it.
func Launch() []File {
	return []File{{"OVMF.fd", attesttest.Firmware()}, {LaunchFile, []byte(
		`{"schema": "attest.launch/v1", "vmm": "qemu", "vcpus": [1], "cpu": "EPYC-v4", "firmware": {"file": "OVMF.fd"}}` + "\n",
	)}}
}

// LaunchFile is the name of the launch file of Launch.
const LaunchFile = "launch.json"

const answer = "Hello from the attested demo endpoint.\n"

// An Endpoint is a synthetic endpoint that is up until Close.
type Endpoint struct {
	*attesttest.Server
	Files []File // what a client of it trusts; no private key
}

// Start starts an endpoint of an enclave. Its next trust bundle is one of the files, and
// is not served.
func Start(config attesttest.Config) (*Endpoint, error) {
	enclave, err := attesttest.New(config)
	if err != nil {
		return nil, err
	}
	config.BundleVersion = enclave.Config().BundleVersion + 1
	next, err := attesttest.New(config)
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKIXPublicKey(enclave.ReleaseRoot())
	if err != nil {
		return nil, err
	}
	server, err := enclave.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, answer) }))
	if err != nil {
		return nil, err
	}
	encode := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	return &Endpoint{server, []File{
		{"release.pem", encode("PUBLIC KEY", key)},
		{"ark.pem", encode("CERTIFICATE", enclave.AMDRoot())},
		{"ca.pem", encode("CERTIFICATE", enclave.WebRoot())},
		{"bundle.jws", enclave.Evidence().Bundle},
		{"bundle-next.jws", next.Evidence().Bundle},
		{"env", []byte("ENDPOINT=" + server.URL + "\nBUNDLE_URL=" + server.BundleURL + "\n")}, // last: a script that waits for it finds the rest
	}}, nil
}
