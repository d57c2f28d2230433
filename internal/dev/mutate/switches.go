package main

// The environment of an instrumented test binary.
const (
	envMutant = "ATTEST_MUTANT"         // number of the one that is turned on
	envReach  = "ATTEST_MUTANT_REACHED" // file to append numbers to that would change something
)

// switches is laid over the module as one more file of each package.
const switches = `
import (
	muos "os"
	muruntime "runtime"
	mustrconv "strconv"
	muatomic "sync/atomic"
	mutime "time"
)

var (
	muActive  = func() int { n, _ := mustrconv.Atoi(muos.Getenv("` + envMutant + `")); return n }()
	muReach   = muos.Getenv("` + envReach + `")
	muReached [muCount]muatomic.Bool
	muWatched = muWatch()
)

// muWatch ends a process that a mutant lets grow without bound.
func muWatch() bool {
	if muActive == 0 {
		return false
	}
	go func() {
		for ; ; mutime.Sleep(100 * mutime.Millisecond) {
			var m muruntime.MemStats
			if muruntime.ReadMemStats(&m); m.HeapAlloc > 1<<31 {
				muos.Exit(3)
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
	f, err := muos.OpenFile(muReach, muos.O_APPEND|muos.O_CREATE|muos.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	if _, err := f.WriteString(mustrconv.Itoa(n) + "\n"); err != nil {
		panic(err)
	}
	if err := f.Close(); err != nil {
		panic(err)
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
