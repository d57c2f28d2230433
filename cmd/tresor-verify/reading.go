package main

import (
	"context"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/verdict"
)

// A reading reads what the flags of a command name: whom to trust, what to demand, and
// evidence. Its first error stays, and nothing is read after it.
type reading struct {
	*cli.Call
	ctx context.Context // a pipe may never end
	err error
}

// reads makes the Run of a command out of a function that reads, and returns the exit code
// unless there is an error.
func reads(run func(r *reading) (code int)) func(context.Context, *cli.Call) (int, error) {
	return func(ctx context.Context, c *cli.Call) (int, error) {
		r := &reading{Call: c, ctx: ctx}
		code := run(r)
		return code, r.err
	}
}

// within bounds what is read from now on, until done is called.
func (r *reading) within(d time.Duration) (done func()) {
	r.ctx, done = context.WithTimeout(r.ctx, d)
	return done
}

// fail keeps an error, unless it is nil or there is one. It reports whether there is one.
func (r *reading) fail(err error) bool {
	if r.err == nil {
		r.err = err
	}
	return r.err != nil
}

// refuse makes a command line that is wrong as a whole an error, by a rule of SPEC.md.
func (r *reading) refuse(wrong bool, rule, text string) {
	if wrong {
		r.fail(cli.Misuse(rule, "%s", text))
	}
}

// usage is fail for an error of the trust configuration, for which format has a verb.
func (r *reading) usage(format string, err error) bool {
	if err != nil {
		err = cli.Usagef(format, err)
	}
	return r.fail(err)
}

// unavailable is fail for an error of evidence, without which there is no verdict. what
// names the evidence.
func (r *reading) unavailable(what string, err error) bool {
	if err != nil {
		err = verdict.Unavailable(what, err)
	}
	return r.fail(err)
}

// config reads the file of a flag of the trust configuration.
func (r *reading) config(flag, name string, most int64) []byte {
	if r.err != nil {
		return nil
	}
	b, err := r.ReadConfig(r.ctx, flag, name, most)
	r.usage("--"+flag+": %v", err)
	return b
}

// configured reads the file of a flag of the trust configuration, and what it says.
func configured[T any](r *reading, flag, name string, most int64, parse func([]byte) (T, error)) (v T) {
	b := r.config(flag, name, most)
	if r.err != nil {
		return v
	}
	parsed, err := parse(b)
	if err != nil {
		r.fail(cli.Usagef("--%s %s: %w", flag, name, err))
		return v
	}
	return parsed
}

// evidence reads the file of a flag, or of an operand, without which there is no verdict.
// what names it in the error.
func (r *reading) evidence(what, flag, name string, most int64) []byte {
	if r.err != nil {
		return nil
	}
	b, err := r.ReadEvidence(r.ctx, flag, name, most)
	r.unavailable(what, err)
	return b
}

// given counts what holds.
func given(flags ...bool) (n int) {
	for _, yes := range flags {
		if yes {
			n++
		}
	}
	return n
}

// trimmed forgives what parse reads a final line break.
func trimmed[T any](parse func([]byte) (T, error)) func([]byte) (T, error) {
	return func(b []byte) (T, error) { return parse(cli.TrimLine(b)) }
}

// Sizes above which a file is not read, in bytes. What is read as a whole has limits of
// its own, which are lower: the parsers refuse what is above them.
const (
	maxFile     = 1 << 20  // a CRL, an envelope, a trust bundle
	maxCertFile = 64 << 10 // roots, the certificate of a connection
)
