package printable

import (
	"fmt"
	"strings"
)

// A Builder collects lines of text. What its methods write is escaped.
type Builder struct{ strings.Builder }

// Line adds a line. Arguments are escaped, the format is not.
func (b *Builder) Line(format string, args ...any) {
	fmt.Fprintf(b, format+"\n", EscapeAll(args)...)
}

// Field adds "name: value", unless there is no value.
func (b *Builder) Field(name, value string) {
	if value != "" {
		b.Line("%-22s %s", name+":", value)
	}
}

// EscapeAll returns the arguments of a format with each text escaped. Integers stay
// as they are, for %d and %*s.
func EscapeAll(args []any) []any {
	escaped := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
			escaped[i] = a
		default:
			escaped[i] = Escape(fmt.Sprint(a))
		}
	}
	return escaped
}
