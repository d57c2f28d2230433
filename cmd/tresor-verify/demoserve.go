package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/verdict"
)

// What the enclave of demo --serve was launched from: the launch file names it.
const (
	demoLaunch = `{"schema": "attest.launch/v1", "vmm": "qemu", "vcpus": [1], "cpu": "EPYC-v4", "firmware": {"file": "OVMF.fd"}}
`
	demoAnswer = "Hello from the attested demo endpoint.\n"
)

// serveDemo keeps a synthetic endpoint up until a signal comes, and writes to dir what
// a client of it trusts. It writes no private key.
func serveDemo(ctx context.Context, c *cli.Call, dir string) (int, error) {
	if err := emptyFolder(dir); err != nil {
		return 0, cli.Misuse("CLI-19", "--serve %s: %v", dir, err)
	}
	write := func(name string, data []byte) error { return c.WriteFile("--serve", filepath.Join(dir, name), data) }
	if err := errors.Join(write("OVMF.fd", attesttest.Firmware()), write("launch.json", []byte(demoLaunch))); err != nil {
		return 0, err
	}
	r := &reading{Call: c, ctx: ctx}
	measured := (&trustFlags{launch: []string{filepath.Join(dir, "launch.json")}}).launched(r)
	if r.err != nil {
		return 0, r.err
	}
	config := attesttest.Config{Now: c.Now().Truncate(time.Second), Seed: rand.Text(), Measurement: measured[0].Measurement}
	enclave, err := attesttest.New(config)
	if err != nil {
		return 0, err
	}
	config.BundleVersion = enclave.Config().BundleVersion + 1
	next, err := attesttest.New(config)
	if err != nil {
		return 0, err
	}
	server, err := enclave.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, demoAnswer) }))
	if err != nil {
		return 0, err
	}
	defer server.Close()
	key, err := x509.MarshalPKIXPublicKey(enclave.ReleaseRoot())
	if err != nil {
		return 0, err
	}
	encode := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	for _, file := range []struct {
		name string
		data []byte
	}{
		{"release.pem", encode("PUBLIC KEY", key)},
		{"ark.pem", encode("CERTIFICATE", enclave.AMDRoot())},
		{"ca.pem", encode("CERTIFICATE", enclave.WebRoot())},
		{"bundle.jws", enclave.Evidence().Bundle},
		{"bundle-next.jws", next.Evidence().Bundle},
		{"env", []byte("ENDPOINT=" + server.URL + "\nBUNDLE_URL=" + server.BundleURL + "\n")}, // last: a script that waits for it finds the rest
	} {
		if err := write(file.name, file.data); err != nil {
			return 0, err
		}
	}
	demoCommands(c, server.URL, server.BundleURL, dir)
	if err := c.Flush(c.Stdout); err != nil {
		return 0, err
	}
	<-ctx.Done()
	c.Note("the demo endpoint is gone")
	return verdict.ExitVerified, nil
}

// demoCommands prints what to try, as a shell takes it.
func demoCommands(c *cli.Call, origin, bundle, dir string) {
	quoted := func(name string) string { return shellQuote(filepath.Join(dir, name)) }
	trust := fmt.Sprintf("--demo --release-root %s --amd-root %s", quoted("release.pem"), quoted("ark.pem"))
	live := fmt.Sprintf("--url %s --ca-file %s --bundle-url %s %s", origin, quoted("ca.pem"), bundle, trust)
	c.Line("A synthetic endpoint is up at %s until Ctrl-C. Its keys are public: --demo accepts", origin)
	c.Line("them. %s has both addresses as variables of a shell. Try:", filepath.Join(dir, "env"))
	c.Line("")
	for _, command := range []string{
		"attest " + live,
		"attest " + live + " --launch " + quoted("launch.json"),
		"attest " + live + " --record " + quoted("pin.json") + " --save " + quoted("evidence.json"),
		"attest " + live + " --pin " + quoted("pin.json") + " --watch 5s",
		"attest --evidence " + quoted("evidence.json") + " --at recorded " + trust,
		"measure --launch " + quoted("launch.json"),
		fmt.Sprintf("bundle diff --release-root %s %s %s", quoted("release.pem"), quoted("bundle.jws"), quoted("bundle-next.jws")),
		"proxy " + live + " --listen 127.0.0.1:8787",
	} {
		c.Line("tresor-verify %s", command)
	}
}

// plainWord is a word that a POSIX shell reads as it stands.
var plainWord = regexp.MustCompile(`^[a-zA-Z0-9/._-]+$`)

// shellQuote writes a word as a POSIX shell reads it.
func shellQuote(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// emptyFolder makes a folder, unless it is there and empty.
func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = errors.New("the folder is not empty: give one that is absent or empty")
	}
	return err
}
