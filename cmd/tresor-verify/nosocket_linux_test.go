//go:build amd64 || arm64

package main

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/tresorhq/attest/verdict"
)

// noSockets names the program that init turns this one into, without the right
// to make a socket.
const noSockets = "TRESOR_VERIFY_TEST_NO_SOCKETS"

const noFilter = 97 // exit code: the kernel has no filters

func init() {
	program := os.Getenv(noSockets)
	if program == "" {
		return
	}
	os.Unsetenv(noSockets)
	runtime.LockOSThread()
	// Linux, Documentation/userspace-api/seccomp_filter.rst: the number of the system
	// call is at offset 0; kill the process for one, allow the others.
	const (
		setSeccomp, setNoNewPrivs, modeFilter = 22, 38, 2
		load, jumpIfEqual, give               = 0x20, 0x15, 0x06
		kill, allow                           = 0x80000000, 0x7fff0000
	)
	filter := []syscall.SockFilter{
		{Code: load},
		{Code: jumpIfEqual, Jf: 1, K: syscall.SYS_SOCKET},
		{Code: give, K: kill},
		{Code: give, K: allow},
	}
	rules := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, setNoNewPrivs, 1, 0, 0, 0, 0); e != 0 {
		os.Exit(noFilter)
	}
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, setSeccomp, modeFilter, uintptr(unsafe.Pointer(&rules)), 0, 0, 0); e != 0 {
		os.Exit(noFilter)
	}
	syscall.Exec(program, append([]string{program}, os.Args[1:]...), os.Environ())
	os.Exit(noFilter)
}

// TestReplayWithoutSockets: saved evidence verifies again in a process that dies
// if it asks for a socket, of whatever kind. One that would fetch dies.
func TestReplayWithoutSockets(t *testing.T) {
	t.Parallel()
	program := built(t)
	f := newFolder(t)
	if o := tool(append(withCert(f, endpoint(t, f, 17)), "--save", f.path("evidence.json"))...); o.code != 0 {
		t.Fatalf("%+v", o)
	}
	trust := []string{"--release-root", f.path("release.pem"), "--amd-root", f.path("ark.pem")}
	without := func(args ...string) (string, *os.ProcessState) {
		cmd := exec.Command(os.Args[0], append(args, trust...)...)
		cmd.Env = append(os.Environ(), noSockets+"="+program)
		out, err := cmd.Output()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if cmd.ProcessState.ExitCode() == noFilter {
			t.Skip("no seccomp here")
		}
		return string(out), cmd.ProcessState
	}
	if out, state := without("attest", "--url", "https://127.0.0.1:1", "--bundle", f.path("bundle.jws")); state.Sys().(syscall.WaitStatus).Signal() != syscall.SIGSYS {
		t.Fatalf("a live run makes no socket: %v\n%s", state, out)
	}
	if out, state := without("attest", "--evidence", f.path("evidence.json"), "--at", "recorded"); state.ExitCode() != 0 || !strings.HasPrefix(out, "PASS\n") {
		t.Errorf("%v\n%s", state, out)
	}
	if out, state := without("attest", "--evidence", f.path("evidence.json"), "--at", "recorded", "--workload", "other"); state.ExitCode() != verdict.ExitRefused || !strings.HasPrefix(out, "FAIL: WorkloadMismatchError\n") {
		t.Errorf("%v\n%s", state, out)
	}
}
