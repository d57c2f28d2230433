package certchain

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// failure is rule.Error under a name that leaves its method Error to a struct that
// embeds it.
type failure = rule.Error

// A RevokedError says that AMD revoked a certificate of the chain. Beside the
// two members it has those of a rule.Error, and its methods.
type RevokedError struct {
	failure
	Role   Role   // ARK, ASK or ASVK
	Serial string // lower-case hex
}

// An UnsupportedError is the Cause of the refusal of an ARK, ASK or ASVK whose product
// is known by name only. It wraps snpreport.ErrUnsupported.
type UnsupportedError struct {
	Role Role
	Name string // common name of the subject, e.g. "ARK-Venice"
}

func (e *UnsupportedError) Error() string {
	return cmp.Or(e, new(UnsupportedError)).Name + " is " + e.Unwrap().Error()
}

// Unwrap returns snpreport.ErrUnsupported.
func (*UnsupportedError) Unwrap() error { return snpreport.ErrUnsupported }

// offset returns where part, a slice of raw, starts; NoOffset for nil. Slicing never
// moves the end of the capacity, so the distance from it says so.
func offset(raw, part []byte) int {
	if part == nil {
		return rule.NoOffset
	}
	return cap(raw) - cap(part)
}

// revoked says that AMD revoked the certificate of a role.
func revoked(id string, role Role, serial string) *RevokedError {
	return &RevokedError{rule.Error{
		Rule: id, Message: "AMD revoked the " + role.String(), Offset: rule.NoOffset, Actual: "serial " + serial,
	}, role, serial}
}

// quoteHex shows at most 32 bytes of input.
func quoteHex(b []byte) string {
	if len(b) <= 32 {
		return strconv.Quote(hex.EncodeToString(b))
	}
	return fmt.Sprintf("\"%x…\" (%d bytes)", b[:32], len(b))
}

// quoteText shows at most 64 bytes of input.
func quoteText(b []byte) string {
	if len(b) <= 64 {
		return strconv.Quote(string(b))
	}
	return fmt.Sprintf("%q… (%d bytes)", b[:64], len(b))
}
