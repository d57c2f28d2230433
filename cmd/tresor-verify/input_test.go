package main

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// TestCAFile: the file is part of the trust configuration, whether the network
// is used or not, and each block in it counts.
func TestCAFile(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args := endpoint(t, f, 17)
	good := string(mint.PEM(mint.CACert("ARK-Milan")))
	broken := "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	for name, tt := range map[string]struct {
		file string
		code int
	}{
		"one":                  {good, 0},
		"two":                  {good + good, 0},
		"with text":            {"# a comment\n" + good + "# another\n", 0},
		"DER":                  {string(mint.CACert("ARK-Milan")), 0},
		"empty":                {"", verdict.ExitUsage},
		"garbage":              {"garbage", verdict.ExitUsage},
		"broken":               {broken, verdict.ExitUsage},
		"broken behind":        {good + broken, verdict.ExitUsage},
		"broken before":        {broken + good, verdict.ExitUsage},
		"no base64":            {good + strings.Replace(broken, "AAAA", "!", 1), verdict.ExitUsage},
		"cut":                  {good + good[:len(good)-20], verdict.ExitUsage},
		"a key":                {good + strings.ReplaceAll(good, "CERTIFICATE", "PUBLIC KEY"), verdict.ExitUsage},
		"DER and a byte":       {string(mint.CACert("ARK-Milan")) + "x", verdict.ExitUsage},
		"DER and then the PEM": {string(mint.CACert("ARK-Milan")) + broken, verdict.ExitUsage},
	} {
		if o := tool(append(args, "--ca-file", f.write("ca", []byte(tt.file)))...); o.code != tt.code {
			t.Errorf("%s: %+v", name, o)
		}
	}
	receipt, receiptArgs := receiptFolder(t)
	for _, args := range [][]string{receiptArgs, {"bundle", "verify", "--release-root", receipt.path("release.hex"), f.path("bundle.jws")}} { // which have no use for them
		if o := tool(append(args, "--ca-file", f.path("none"))...); o.code != verdict.ExitUsage || !strings.Contains(o.stderr, "--ca-file: ") {
			t.Errorf("%+v", o)
		}
	}
	if o := tool(append(args, "--ca-file", f.path("none"))...); o.code != verdict.ExitUsage {
		t.Errorf("%+v", o)
	}
}

// TestStandardInputOnce: read for one thing, it is empty for another, which would
// then be blamed.
func TestStandardInputOnce(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args := endpoint(t, f, 17)
	flags := []string{"--envelope", "--bundle", "--release-root", "--amd-root", "--ca-file", "--policy", "--crl", "--pin"}
	for i, first := range flags {
		for _, second := range flags[i+1:] {
			given := slices.Clone(args)
			for _, flag := range []string{first, second} {
				if slices.Contains(given, flag) {
					given = removeFlag(given, flag)
				}
				given = append(given, flag, "-")
			}
			if o := tool(given...); o.code != verdict.ExitUsage || !strings.Contains(o.stderr, "standard input can only be one") {
				t.Errorf("%s and %s: %+v", first, second, o)
			}
		}
	}
	for _, flag := range []string{"--certs", "--amd-root", "--ca-file", "--policy", "--crl"} {
		if o := tool("report", "--report", "-", flag, "-"); o.code != verdict.ExitUsage || !strings.Contains(o.stderr, "standard input can only be one") {
			t.Errorf("%s: %+v", flag, o)
		}
	}
}

// TestTimeoutWhileReading: --timeout bounds the whole run, and a pipe that nobody
// writes to is no evidence.
func TestTimeoutWhileReading(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write("report.bin", make([]byte, 1184))
	args := endpoint(t, f, 17)
	kept, _ := receiptFolder(t)
	var all sync.WaitGroup // each takes its second
	for _, tt := range []struct {
		code int
		args []string
	}{
		{verdict.ExitUndecided, append(removeFlag(args, "--envelope"), "--envelope", "-")},
		{verdict.ExitUndecided, append(removeFlag(args, "--bundle"), "--bundle", "-")},
		{verdict.ExitUsage, append(removeFlag(args, "--release-root"), "--release-root", "-")},
		{verdict.ExitUndecided, []string{"receipt", "--jwks", kept.path("jwks.json"), "-"}},
		{verdict.ExitUndecided, []string{"bundle", "verify", "--release-root", kept.path("release.hex"), "-"}},
		{verdict.ExitUndecided, []string{"bundle", "diff", "--release-root", kept.path("release.hex"), kept.path("request"), "-"}},
		{verdict.ExitUndecided, []string{"report", "--report", "-"}},
		{verdict.ExitUndecided, []string{"report", "--report", f.path("report.bin"), "--certs", "-"}},
		{verdict.ExitUndecided, []string{"report", "--report", f.path("report.bin"), "--crl", "-"}},
	} {
		all.Go(func() {
			silent, end := io.Pipe()
			defer end.Close()
			if o := toolWith(silent, append(tt.args, "--timeout", "1s")...); o.code != tt.code || !strings.Contains(o.stdout+o.stderr, "(--timeout)") {
				t.Errorf("%q: %+v", tt.args, o)
			}
		})
	}
	all.Wait()
}

// TestSignalWhileReading: the first signal ends a command that waits for a pipe.
func TestSignalWhileReading(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	for _, given := range [][]string{{"show", "-"}, {"report", "--report", "-"}, {"receipt", "--jwks", "-", f.path("report.bin")}, {"bundle", "verify", "--release-root", "-", f.path("report.bin")}} {
		silent, end := io.Pipe()
		signalled, stop := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, stop)
		var stdout, stderr bytes.Buffer
		code := run(signalled, append(given, "--json"), cli.Env{Stdin: silent, Stdout: &stdout, Stderr: &stderr, Now: time.Now})
		if code != verdict.ExitUndecided && code != verdict.ExitUsage || !strings.Contains(stdout.String(), "signal") {
			t.Errorf("%q: %d, %s", given, code, &stdout)
		}
		end.Close()
	}
}

// TestNotChecked: what nobody demanded is listed, in text and in JSON.
func TestNotChecked(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args := endpoint(t, f, 17)
	if o := tool(append(args, "--explain")...); !strings.Contains(o.stdout, "\nnot checked:           ") || !strings.Contains(o.stdout, "bundle_rollback, revocation\n") || !strings.Contains(o.stdout, "\nNOT demanded:          revocation, bundle rollback\n") {
		t.Error(o.stdout)
	}
	if v := tool(append(args, "--json")...).verdict(t); !slices.Contains(v.NotChecked, "bundle_rollback") || !slices.Contains(v.NotChecked, "revocation") {
		t.Error(v.NotChecked)
	}
	if v := tool(append(args, "--json", "--state", f.path("state.json"))...).verdict(t); slices.Contains(v.NotChecked, "bundle_rollback") {
		t.Error(v.NotChecked)
	}
}
