package strictjson

import (
	"strings"
	"time"
)

// ParseTime reads a time as in RFC 3339, section 5.6, and returns it in UTC:
//
//	YYYY-MM-DDThh:mm:ss[.f]Z   or   YYYY-MM-DDThh:mm:ss[.f]±hh:mm
//
// in upper case, with all the digits shown, year 0001 to 9999, a day that the
// month has, hour 00 to 23, minute and second 00 to 59 (no leap second), one to
// nine fraction digits behind a '.', and an offset of at most ±23:59. The
// instant must lie in the years 0001 to 9999 of UTC too, and is not the very
// first one of them, which is the zero time.Time, and so means no time.
//
// The ranges of date and time are left to time.Parse, and the form is not: it takes
// "T0:00:00", "00,5Z" and "+24:00".
func ParseTime(s string) (time.Time, bool) {
	rest, ok := cutForm(s, "0000-00-00T00:00:00")
	if fraction, found := strings.CutPrefix(rest, "."); found {
		rest = strings.TrimLeft(fraction, "0123456789")
		n := len(fraction) - len(rest)
		ok = ok && 1 <= n && n <= 9
	}
	if rest != "Z" {
		sign := strings.TrimLeft(rest, "+-")
		end, formed := cutForm(sign, "00:00")
		ok = ok && formed && end == "" && len(rest) == len("+00:00") && sign[:2] <= "23" && sign[3:] <= "59"
	}
	if !ok {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if t = t.UTC(); err != nil || s[:4] == "0000" || t.Year() < 1 || t.Year() > 9999 || t.IsZero() {
		return time.Time{}, false
	}
	return t, true
}

// cutForm cuts a text of a form, in which 0 stands for any digit, off the front.
func cutForm(s, form string) (rest string, ok bool) {
	if len(s) < len(form) {
		return "", false
	}
	for i := range len(form) {
		if digit := '0' <= s[i] && s[i] <= '9'; form[i] == '0' && !digit || form[i] != '0' && form[i] != s[i] {
			return "", false
		}
	}
	return s[len(form):], true
}
