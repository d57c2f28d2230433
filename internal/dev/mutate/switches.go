package main

// The environment of an instrumented test binary.
const (
	envMutant = "ATTEST_MUTANT"         // number of the one that is turned on
	envReach  = "ATTEST_MUTANT_REACHED" // folder for a file for each that would change something
	envCPU    = "ATTEST_MUTANT_CPU"     // how long the process may compute with a mutant, as a duration
)

// switches is laid over the module as one more file of each package.
const switches = `
import (
	muos "os"
	muruntime "runtime"
	mubytes "bytes"
	muiter "iter"
	mureflect "reflect"
	mustrconv "strconv"
	muatomic "sync/atomic"
	musyscall "syscall"
	mutime "time"
)

var (
	muActive  = func() int { n, _ := mustrconv.Atoi(muos.Getenv("` + envMutant + `")); return n }()
	muReach   = muos.Getenv("` + envReach + `")
	muReached [muCount]muatomic.Bool
	muWatched = muWatch()
)

// muWatch ends a process that a mutant lets grow or compute without bound. It counts
// the processor's time, which is the same however busy the machine is.
func muWatch() bool {
	if muActive == 0 {
		return false
	}
	most, _ := mutime.ParseDuration(muos.Getenv("` + envCPU + `"))
	go func() {
		for ; ; mutime.Sleep(100 * mutime.Millisecond) {
			var m muruntime.MemStats
			if muruntime.ReadMemStats(&m); m.HeapAlloc > 1<<31 {
				muos.Exit(3)
			}
			var u musyscall.Rusage
			musyscall.Getrusage(musyscall.RUSAGE_SELF, &u)
			if most > 0 && mutime.Duration(u.Utime.Nano()+u.Stime.Nano()) > most {
				muos.Exit(4)
			}
		}
	}()
	return true
}

// muNote writes down a mutant that would change something now.
func muNote(n int) {
	if muReach == "" || n == 0 || muReached[n].Swap(true) {
		return
	}
	// An empty file: a test of full disks may let none grow.
	if f, err := muos.Create(muReach + "/" + mustrconv.Itoa(n)); err == nil {
		f.Close()
	}
}

// muOn reports whether mutant n is turned on.
func muOn(n int) bool {
	if muReach != "" {
		muNote(n)
	}
	return n != 0 && muActive == n
}

// muB returns v, unless one of its two mutants is turned on.
func muB(isTrue, isFalse int, v bool) bool {
	if muReach != "" {
		if v {
			muNote(isFalse)
		} else {
			muNote(isTrue)
		}
	}
	switch muActive {
	case 0:
		return v
	case isTrue:
		return true
	case isFalse:
		return false
	}
	return v
}

// muI returns v, or its neighbour.
func muI[T interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}](plus, minus int, v T) T {
	switch {
	case muOn(plus):
		return v + 1
	case muOn(minus):
		return v - 1
	}
	return v
}

// muS returns s without the element whose mutant is turned on: the first one has
// the number first.
func muS[S ~[]E, E any](first int, s S) S {
	for i := range s {
		if muOn(first + i) {
			return append(append(S{}, s[:i]...), s[i+1:]...)
		}
	}
	return s
}

// muZ zeroes the element of an array at the index whose mutant is turned on.
func muZ[E any](first int, s []E, at ...int) {
	for i, k := range at {
		if muOn(first + i) {
			var zero E
			s[k] = zero
		}
	}
}

// muPick returns v, or the other one.
func muPick[T any](n int, v, other T) T {
	if muReach != "" && !mureflect.DeepEqual(v, other) {
		muNote(n)
	}
	if n != 0 && muActive == n {
		return other
	}
	return v
}

// muNone returns v, or the zero value.
func muNone[T any](n int, v T) T {
	var zero T
	return muPick(n, v, zero)
}

// muClone copies v, or does not.
func muClone[T any](n int, clone func(T) T, v T) T {
	if muOn(n) {
		return v
	}
	return clone(v)
}

// muShare returns the copy, or the original.
func muShare[T any](n int, copied, original T) T {
	if muOn(n) {
		return original
	}
	return copied
}

// muLeftOut reports whether a loop passes over iteration i of n.
func muLeftOut(first, last, only, i, n int) bool {
	return i == 0 && muOn(first) || i == n-1 && muOn(last) || i < n-1 && muOn(only)
}

func muEach[S ~[]E, E any](first, last, only int, s S) muiter.Seq2[int, E] {
	return func(yield func(int, E) bool) {
		for i, e := range s {
			if !muLeftOut(first, last, only, i, len(s)) && !yield(i, e) {
				return
			}
		}
	}
}

func muEachKey[M ~map[K]V, K comparable, V any](first, last, only int, m M) muiter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		i, n := 0, len(m)
		for k, v := range m {
			if i++; !muLeftOut(first, last, only, i-1, n) && !yield(k, v) {
				return
			}
		}
	}
}

func muEachInt[T interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}](first, last, only int, n T) muiter.Seq[T] {
	return func(yield func(T) bool) {
		for i := T(0); i < n; i++ {
			if !muLeftOut(first, last, only, int(i), int(n)) && !yield(i) {
				return
			}
		}
	}
}

// muEqualBytes compares, or compares the common prefix or suffix of two that are
// not empty.
func muEqualBytes(prefix, suffix int, same func(a, b []byte) bool, a, b []byte) bool {
	equal := same(a, b)
	n := min(len(a), len(b))
	if n == 0 || equal {
		return equal
	}
	if n == len(a) && n == len(b) { // of one size: all but one byte
		n = max(n-1, 1)
	}
	switch {
	case mubytes.Equal(a[:n], b[:n]) && muOn(prefix), mubytes.Equal(a[len(a)-n:], b[len(b)-n:]) && muOn(suffix):
		return true
	}
	return false
}

func muEqualText[A, B ~string](prefix, suffix int, a A, b B) bool {
	return muEqualBytes(prefix, suffix, mubytes.Equal, []byte(a), []byte(b))
}

func muEqualArray[T comparable](prefix, suffix int, a, b T) bool {
	if a == b {
		return true
	}
	whole := func(v T) []byte {
		array := mureflect.New(mureflect.TypeOf(v)).Elem()
		array.Set(mureflect.ValueOf(v))
		return array.Slice(0, array.Len()).Bytes()
	}
	return muEqualBytes(prefix, suffix, mubytes.Equal, whole(a), whole(b))
}

func muRequired[V any, O interface {
	Required(string) V
	Optional(string) (V, bool)
}](n int, o O, name string) V {
	if muOn(n) {
		v, _ := o.Optional(name)
		return v
	}
	return o.Required(name)
}

func muNonEmpty[V interface {
	NonEmpty() string
	Text() string
}](n int, v V) string {
	if muOn(n) {
		return v.Text()
	}
	return v.NonEmpty()
}

func muSet[E any, V interface {
	Set(int, int) E
	Array(int, int) E
}](n int, v V, low, high int) E {
	if muOn(n) {
		return v.Array(low, high)
	}
	return v.Set(low, high)
}
`
