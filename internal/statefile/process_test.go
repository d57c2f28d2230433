package statefile_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/dev/stress"
	"github.com/tresorhq/attest/internal/statefile"
)

// childVariable makes the test binary a process that uses a state file:
// its value is a role, a number and the path.
const childVariable = "STATEFILE_TEST_CHILD"

func TestMain(m *testing.M) {
	role, rest, _ := strings.Cut(os.Getenv(childVariable), " ")
	run, ok := children[role]
	if !ok {
		stress.Main(m)
	}
	number, path, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseUint(number, 10, 64)
	if err == nil {
		var f *statefile.File
		if f, err = statefile.Open(path); err == nil {
			err = run(f, n)
		}
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// children are what such a process does.
var children = map[string]func(f *statefile.File, n uint64) error{
	"random": acceptRandom,
	"count":  acceptCounting,
}

func child(t *testing.T, role string, n uint64, path string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Skip("no processes here: ", err)
	}
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %s", childVariable, role, n, path))
	return cmd
}

const (
	processes = 8
	accepts   = 15 // by each
)

// randomVersions are those of one process; it counts the processes from 0.
func randomVersions(process uint64) []attest.BundleVersion {
	random, list := rand.New(rand.NewPCG(process, 1)), make([]attest.BundleVersion, accepts)
	for i := range list {
		// Rising, so that to the end each is recorded sometimes; and close to each
		// other, so that processes disagree about the bytes of one version.
		list[i] = version(uint64(i)+1+random.Uint64N(12), byte(process))
	}
	return list
}

// acceptRandom accepts them, with reads in between, and prints what was recorded.
func acceptRandom(f *statefile.File, process uint64) error {
	var last uint64
	see := func(v attest.BundleVersion, err error) error {
		if err != nil {
			return err
		}
		if v.Version < last {
			return fmt.Errorf("process %d saw version %d after %d", process, v.Version, last)
		}
		last = v.Version
		if v.Version > 0 {
			fmt.Printf("recorded %d %d\n", v.Version, v.SHA256[0])
		}
		return nil
	}
	for _, mine := range randomVersions(process) {
		v, _, err := f.Highest("router")
		if err := see(v, err); err != nil {
			return err
		}
		if v, err = f.Accept("router", mine); err == nil && v.Version < mine.Version {
			err = fmt.Errorf("process %d accepted %v and got %v", process, mine, v)
		}
		if err := see(v, err); err != nil {
			return err
		}
		// What others record for themselves must not get lost.
		if _, err := f.Accept(fmt.Sprint("process ", process), mine); err != nil {
			return err
		}
	}
	return nil
}

// STA-31. Lesson: two processes updated the state at once, and the version went
// down.
func TestProcesses(t *testing.T) {
	path := newPath(t)
	var cmds [processes]*exec.Cmd
	var outputs [processes]strings.Builder
	for i := range cmds {
		cmds[i] = child(t, "random", uint64(i), path)
		cmds[i].Stdout, cmds[i].Stderr = &outputs[i], &outputs[i]
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Errorf("process %d: %v: %s", i, err, outputs[i].String())
		}
	}
	f := open(t, path)
	var highest uint64
	for i := range processes {
		var own uint64
		for _, v := range randomVersions(uint64(i)) {
			own = max(own, v.Version)
		}
		highest = max(highest, own)
		if v, _, err := f.Highest(fmt.Sprint("process ", i)); v.Version != own || err != nil {
			t.Errorf("process %d: %v, %v, want version %d", i, v, err, own)
		}
	}
	if v, ok, err := f.Highest("router"); v.Version != highest || !ok || err != nil {
		t.Errorf("%v, %v, %v, want version %d", v, ok, err, highest)
	}
	// Nobody ever saw two bundles of one version.
	digests := map[string]string{}
	for i := range outputs {
		for line := range strings.Lines(outputs[i].String()) {
			word := strings.Fields(line)
			if known, ok := digests[word[1]]; ok && known != word[2] {
				t.Errorf("version %s with digests %s and %s", word[1], known, word[2])
			}
			digests[word[1]] = word[2]
		}
	}
	wantMissing(t, path+".new")
}

// acceptCounting accepts one version after the other, prints each when it is
// recorded, and ends by being killed.
func acceptCounting(f *statefile.File, n uint64) error {
	for ; ; n++ {
		if v, err := f.Accept("router", version(n, byte(n))); err != nil || v != version(n, byte(n)) {
			return fmt.Errorf("accepted %d: %v, %v", n, v, err)
		}
		fmt.Println(n)
	}
}

// A writer is killed at random moments. What it was told is recorded stays so,
// the file is always whole, and the next writer is not locked out.
func TestKilled(t *testing.T) {
	const rounds = 25
	path := newPath(t)
	f := open(t, path)
	next := uint64(1)
	for range rounds {
		cmd := child(t, "count", next, path)
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		out := bufio.NewReader(pipe)
		first, err := out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(rand.N(15*time.Millisecond), func() { cmd.Process.Kill() })
		rest, err := io.ReadAll(out)
		if err != nil {
			t.Fatal(err)
		}
		cmd.Wait() // killed is what it is
		lines := strings.Fields(first + string(rest))
		told, err := strconv.ParseUint(lines[len(lines)-1], 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", lines, err)
		}
		v, ok, err := f.Highest("router")
		if err != nil || !ok || v.Version < told || v.Version > told+1 || v != version(v.Version, byte(v.Version)) {
			t.Fatalf("told %d, recorded %v, %v, %v", told, v, ok, err)
		}
		next = v.Version + 1
	}
	if v, err := f.Accept("router", version(next, 1)); v != version(next, 1) || err != nil {
		t.Fatal(v, err)
	}
	wantMissing(t, path+".new")
}
