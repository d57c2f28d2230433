package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/verdict"
)

// practice starts demo --serve, and returns its folder and the flags of attest that
// lead to it.
func practice(t *testing.T) (dir string, live []string) {
	t.Helper()
	dir = t.TempDir()
	ctx, cancel := context.WithCancel(ctx())
	ended := make(chan int, 1)
	said := &waiter{said: make(chan struct{})}
	var stderr bytes.Buffer
	go func() {
		ended <- run(ctx, []string{"demo", "--serve", dir}, cli.Env{Stdin: strings.NewReader(""), Stdout: said, Stderr: &stderr, Now: time.Now})
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("demo --serve: exit code %d, %s", code, &stderr)
		}
	})
	select {
	case <-said.said: // the commands are printed when everything is there
	case code := <-ended:
		ended <- code
		t.Fatalf("exit code %d", code)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(mustRead(t, dir+"/env"))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[name] = value
	}
	return dir, []string{
		"attest", "--url", values["ENDPOINT"], "--bundle-url", values["BUNDLE_URL"], "--ca-file", dir + "/ca.pem",
		"--release-root", dir + "/release.pem", "--amd-root", dir + "/ark.pem",
	}
}

// TestDemoServe: the endpoint is attested with --demo, says so, and without it its
// roots are refused; the launch file gives its measurement; no private key is written.
// Rules: CLI-11.
func TestDemoServe(t *testing.T) {
	t.Parallel()
	dir, live := practice(t)
	now := func(args ...string) outcome {
		var stdout, stderr bytes.Buffer
		code := run(ctx(), args, cli.Env{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Now: time.Now})
		return outcome{code: code, stdout: stdout.String(), stderr: stderr.String()}
	}
	if o := now(append(live, "--demo", "--launch", dir+"/launch.json")...); o.code != 0 || !strings.HasPrefix(o.stdout, "DEMO PASS\n") || !strings.Contains(o.stdout, "relaxed:               demo") {
		t.Errorf("%+v", o)
	}
	if v := now(append(live, "--demo", "--json")...).verdict(t); !v.Demo || v.ExitCode != 0 || len(v.Relaxed) != 1 || v.Relaxed[0] != "demo" {
		t.Errorf("%+v", v)
	}
	if o := now(append(live, "--demo", "--brief")...); !strings.HasSuffix(o.stdout, "\tdemo\n") {
		t.Errorf("%+v", o)
	}
	if v := now(append(live, "--json")...).verdict(t); v.ExitCode != verdict.ExitUsage || v.Error.Requirement != "CLI-11" || v.Demo {
		t.Errorf("without --demo: %+v", v.Error)
	}
	f := newFolder(t)
	f.write("ark.pem", mustRead(t, "../../testdata/sample/ark.pem"))
	if o := now(append(replaceFlag(live, []string{"--amd-root", f.path("ark.pem")}), "--demo")...); o.code != verdict.ExitUsage {
		t.Errorf("--demo with another root: %+v", o)
	}
	if o := now("report", "--report", "../../testdata/sample/report.bin", "--certs", "../../testdata/sample/chain.pem", "--demo"); o.code != verdict.ExitUsage {
		t.Errorf("--demo without a root: %+v", o)
	}
	if o := now("demo", "--serve", dir); o.code != verdict.ExitUsage || !strings.Contains(o.stderr, "not empty") {
		t.Errorf("a folder with something in it: %+v", o)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 8 {
		t.Errorf("%v %v", entries, err)
	}
	for _, e := range entries {
		if bytes.Contains(mustRead(t, dir+"/"+e.Name()), []byte("PRIVATE")) {
			t.Errorf("%s holds a private key", e.Name())
		}
	}
}
