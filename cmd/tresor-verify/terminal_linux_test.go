package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// terminal opens a pseudo terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { master.Close() })
	ioctl := func(request uintptr, p *int32) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(p))); errno != 0 {
			t.Skip(errno)
		}
	}
	var number, unlocked int32
	ioctl(syscall.TIOCSPTLCK, &unlocked)
	ioctl(syscall.TIOCGPTN, &number)
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	return master, slave
}

// TestTerminal: the same is printed with and without a terminal, whatever
// NO_COLOR and TERM say, and never an escape sequence.
func TestTerminal(t *testing.T) {
	t.Parallel()
	program := built(t)
	f := newFolder(t)
	pass := slices.Clip(append(endpoint(t, f, 17), "--at", at))
	for _, args := range [][]string{
		pass, append(pass, "--explain"), append(pass, "--json"), append(pass, "--vmpl", "1"), {"help"}, {"help", "attest"}, {"show", f.path("bundle.jws")}, {"nothing"},
	} {
		piped, _ := exec.Command(program, args...).CombinedOutput()
		for _, environment := range [][]string{nil, {"NO_COLOR=1"}, {"TERM=dumb"}, {"TERM=xterm-256color", "COLORTERM=truecolor", "CLICOLOR_FORCE=1", "FORCE_COLOR=1"}} {
			master, slave := terminal(t)
			cmd := exec.Command(program, args...)
			cmd.Env = append(os.Environ(), environment...)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			slave.Close()
			var shown bytes.Buffer
			io.Copy(&shown, master) // ends with an error when the program does
			cmd.Wait()
			if got := strings.ReplaceAll(shown.String(), "\r\n", "\n"); got != string(piped) || strings.ContainsRune(got, '\x1b') || got == "" {
				t.Errorf("%v %v: a terminal sees\n%s\na pipe\n%s", environment, args, got, piped)
			}
		}
	}
}
