package text

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/strictjson"
)

// Scalar is a string that stands for something, and the rule that says for what.
type Scalar struct {
	Rule string // JSN-19 (hex, 32 bytes), JSN-20 (base64), JSN-21 (base64url), JSN-22 (time)
	Text string
}

// CompareScalar reads a scalar with us and with the standard library.
func CompareScalar(s Scalar) difftest.Outcome {
	var ok, same bool
	var theirErr error
	o := difftest.Outcome{Ours: s.Rule}
	switch s.Rule {
	case "JSN-19":
		var ours [32]byte
		var theirs []byte
		ours, ok = strictjson.ParseHex[[32]byte](s.Text)
		if theirs, theirErr = hex.DecodeString(s.Text); theirErr == nil && len(theirs) != len(ours) {
			theirErr = errors.New("another length")
		}
		same = bytes.Equal(ours[:], theirs)
	case "JSN-20", "JSN-21":
		parse, encoding := strictjson.ParseBase64[string], base64.StdEncoding
		if s.Rule == "JSN-21" {
			parse, encoding = strictjson.ParseBase64URL[string], base64.RawURLEncoding
		}
		var ours, theirs []byte
		ours, ok = parse(s.Text)
		theirs, theirErr = encoding.DecodeString(s.Text)
		same = bytes.Equal(ours, theirs)
	case "JSN-22":
		var ours, theirs time.Time
		ours, ok = strictjson.ParseTime(s.Text)
		theirs, theirErr = time.Parse(time.RFC3339, s.Text)
		same = ours.Equal(theirs)
	}
	if ok {
		o.Ours = difftest.Accepts
	}
	o.Theirs = difftest.Accepts
	if theirErr != nil {
		o.Theirs = difftest.Refuses
	}
	if ok && theirErr == nil && !same {
		o.Fields = []string{"value"}
	}
	o.Detail = fmt.Sprintf("ours: %t, theirs: %v, %s %q", ok, theirErr, s.Rule, s.Text)
	return o
}

// ScalarDifferences are those from encoding/hex, encoding/base64 and time.
var ScalarDifferences = difftest.Table[Scalar]{
	scalar("JSN-19", "upper-case hex digits", "a digest has one spelling", "AB00000000000000000000000000000000000000000000000000000000000000"),
	scalar("JSN-20", "line breaks in base64, or unused bits that are set", "bytes have one spelling", "QQ=\n="),
	scalar("JSN-21", "line breaks in base64url, or unused bits that are set", "bytes have one spelling", "QR"),
	scalar("JSN-22", "times that RFC 3339 does not have", "it takes an hour of one digit, a comma, an offset of 24 hours and more, the year 0 and fractions of any length", "2026-04-01T12:00:00,5Z"),
}

func scalar(rule, input, reason, example string) difftest.Difference[Scalar] {
	return difftest.Difference[Scalar]{
		Input: input, Ours: rule, Theirs: difftest.Accepts, Reason: reason, Right: difftest.Ours,
		Example: func() Scalar { return Scalar{rule, example} },
	}
}
