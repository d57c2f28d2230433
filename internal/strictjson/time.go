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
// time.Parse is more lenient: it takes "T0:00:00", "00,5Z", fractions of any length
// and "+24:00".
func ParseTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || s[len("YYYY-MM-DDThh")] != ':' || s[:4] == "0000" {
		return time.Time{}, false
	}
	const seconds, fraction = len("YYYY-MM-DDThh:mm:ss"), len(".123456789")
	zone := strings.TrimLeft(s[seconds:], ".0123456789")
	if len(s)-seconds-len(zone) > fraction || zone[0] == ',' || zone != "Z" && (zone[1:3] > "23" || zone[4:] > "59") {
		return time.Time{}, false
	}
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 || t.IsZero() {
		return time.Time{}, false
	}
	return t, true
}
