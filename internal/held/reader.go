package held

import (
	"context"
	"errors"
	"strings"

	"github.com/tresorhq/attest/carrier"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/inspect"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport/form"
	"github.com/tresorhq/attest/verdict"
)

// maxFile is the longest file in a form of SPEC.md section 4, in bytes. Parsers have lower
// limits of their own.
const maxFile = 1 << 20

// A reader reads evidence for one call of a command.
type reader struct {
	*cli.Call
	ctx context.Context
}

func (r *reader) read(flag, name string, most int64) ([]byte, error) {
	b, err := r.ReadEvidence(r.ctx, flag, name, most)
	if err != nil {
		return nil, verdict.Unavailable("--"+flag, err)
	}
	return b, nil
}

// ReadReport reads a report in one of the forms of SPEC.md section 4.
func ReadReport(ctx context.Context, c *cli.Call, name string) ([]byte, error) {
	b, err := (&reader{c, ctx}).read("report", name, maxFile)
	if err != nil {
		return nil, err
	}
	b = inspect.TrimText(b)
	if carried, err := form.Open(b); err == nil {
		c.SetCarrier(strings.ReplaceAll(strings.TrimSuffix(carried.Form.String(), " report"), " ", "-"))
	}
	return b, nil
}

// Refusal gives an error of package carrier its place in a verdict, which place knows. A
// private key is a mistake of the caller's.
// Rules: FRM-04.
func Refusal(flag string, err error, place func(what string, err error) error) error {
	var key *carrier.PrivateKeyError
	if errors.As(err, &key) {
		return cli.Usagef("%s: %w", flag, rule.Config(err))
	}
	return place(flag, err)
}
