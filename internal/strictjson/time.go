package strictjson

import "time"

// ParseTime reads a time as in RFC 3339, section 5.6, and returns it in UTC:
//
//	YYYY-MM-DDThh:mm:ss[.f]Z   or   YYYY-MM-DDThh:mm:ss[.f]±hh:mm
//
// in upper case, with all the digits shown, year 0001 to 9999, a day that the
// month has, hour 00 to 23, minute and second 00 to 59 (no leap second), one to
// nine fraction digits behind a '.', and an offset of at most ±23:59. The
// instant must lie in the years 0001 to 9999 of UTC too, and is not the very
// first one of them, which is how a time.Time says that there is none.
//
// time.Parse is more lenient: it takes "T0:00:00", "00,5Z" and "+24:00".
func ParseTime(s string) (time.Time, bool) {
	p := timeParser{s}
	year := p.digits(4, 1, 9999)
	p.byte('-')
	month := p.digits(2, 1, 12)
	p.byte('-')
	day := p.digits(2, 1, 31)
	p.byte('T')
	hour := p.digits(2, 0, 23)
	p.byte(':')
	minute := p.digits(2, 0, 59)
	p.byte(':')
	second := p.digits(2, 0, 59)
	nano := p.fraction()
	offset := p.offset()
	if p.rest != "" {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nano, time.UTC)
	if t.Day() != day { // Date turns February 30 into March
		return time.Time{}, false
	}
	t = t.Add(-offset)
	if t.Year() < 1 || t.Year() > 9999 || t.IsZero() {
		return time.Time{}, false
	}
	return t, true
}

// timeParser takes fields off the front of a text. After a failure the rest is
// never empty again.
type timeParser struct{ rest string }

const broken = "\x00"

// digits takes n digits whose value is in [low, high].
func (p *timeParser) digits(n, low, high int) int {
	if len(p.rest) < n {
		p.rest = broken
		return 0
	}
	v := 0
	for _, c := range []byte(p.rest[:n]) {
		if c < '0' || c > '9' {
			p.rest = broken
			return 0
		}
		v = 10*v + int(c-'0')
	}
	if v < low || v > high {
		p.rest = broken
		return 0
	}
	p.rest = p.rest[n:]
	return v
}

func (p *timeParser) next() byte {
	if p.rest == "" {
		return 0
	}
	return p.rest[0]
}

func (p *timeParser) byte(c byte) {
	if p.next() != c {
		p.rest = broken
		return
	}
	p.rest = p.rest[1:]
}

// fraction takes an optional fraction of a second, in nanoseconds.
func (p *timeParser) fraction() int {
	if p.next() != '.' {
		return 0
	}
	p.rest = p.rest[1:]
	nano, unit := p.digits(1, 0, 9)*100_000_000, 10_000_000
	for unit > 0 && '0' <= p.next() && p.next() <= '9' {
		nano += p.digits(1, 0, 9) * unit
		unit /= 10
	}
	return nano
}

// offset takes 'Z' or the offset of local time from UTC.
func (p *timeParser) offset() time.Duration {
	sign := time.Duration(1)
	switch p.next() {
	case 'Z':
		p.rest = p.rest[1:]
		return 0
	case '-':
		sign = -1
	case '+':
	default:
		p.rest = broken
		return 0
	}
	p.rest = p.rest[1:]
	hours := p.digits(2, 0, 23)
	p.byte(':')
	minutes := p.digits(2, 0, 59)
	return sign * (time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute)
}
