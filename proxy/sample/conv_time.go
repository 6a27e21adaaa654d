package sample

import (
	"fmt"
	"strconv"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// timeConvs turn moments into text and back.
var timeConvs = []word[Conv]{
	conv("http_date", "[integer,string]", tx.TypeInt, tx.TypeStr, "Date as HTTP fields have it, of seconds (or ms, us) since 1970 and an offset.", newHTTPDate),
	conv("date", "", tx.TypeStr, tx.TypeInt, "Seconds since 1970 of a date as HTTP fields have it.", plain(applyDate)),
	conv("ltime", "string[,integer]", tx.TypeInt, tx.TypeStr, "Local date in a format of strftime(3), of seconds since 1970.", newTime(time.Second, time.Local)),
	conv("utime", "string[,integer]", tx.TypeInt, tx.TypeStr, "UTC date in a format of strftime(3), of seconds since 1970.", newTime(time.Second, time.UTC)),
	conv("ms_ltime", "string[,integer]", tx.TypeInt, tx.TypeStr, "Local date in a format of strftime(3), of milliseconds since 1970.", newTime(time.Millisecond, time.Local)),
	conv("ms_utime", "string[,integer]", tx.TypeInt, tx.TypeStr, "UTC date in a format of strftime(3), of milliseconds since 1970.", newTime(time.Millisecond, time.UTC)),
	conv("us_ltime", "string[,integer]", tx.TypeInt, tx.TypeStr, "Local date in a format of strftime(3), of microseconds since 1970.", newTime(time.Microsecond, time.Local)),
	conv("us_utime", "string[,integer]", tx.TypeInt, tx.TypeStr, "UTC date in a format of strftime(3), of microseconds since 1970.", newTime(time.Microsecond, time.UTC)),
}

// moment makes a time of a count of units.
func moment(n int64, unit time.Duration) time.Time {
	per := int64(time.Second / unit)
	sec, rest := n/per, n%per
	if rest < 0 {
		sec, rest = sec-1, rest+per
	}
	return time.Unix(sec, rest*int64(unit))
}

func newHTTPDate(_ *keyword.Env, a args) (evalFunc, error) {
	unit, layout := time.Second, "Mon, 02 Jan 2006 15:04:05 GMT"
	switch s := a.str(1, ""); s {
	case "", "s":
	case "ms":
		unit, layout = time.Millisecond, "Mon, 02 Jan 2006 15:04:05.000 GMT"
	case "us":
		unit, layout = time.Microsecond, "Mon, 02 Jan 2006 15:04:05.000000 GMT"
	default:
		return nil, errText("expects 's', 'ms' or 'us', got '" + s + "'")
	}
	offset := a.int(0, 0)
	return func(t *tx.Tx, v *Value) bool {
		when := moment(v.Int+offset, unit).UTC()
		if y := when.Year(); y < 0 || y > 9999 {
			return false
		}
		v.SetStr(when.AppendFormat(t.Scratch.Alloc(len(layout))[:0], layout))
		return true
	}, nil
}

// httpDates are the three forms of RFC 9110 5.6.7.
var httpDates = [...]string{"Mon, 02 Jan 2006 15:04:05 GMT", "Monday, 02-Jan-06 15:04:05 GMT", "Mon Jan _2 15:04:05 2006"}

func applyDate(_ *tx.Tx, v *Value) bool {
	for _, layout := range httpDates {
		if when, err := time.Parse(layout, text(v.B)); err == nil {
			v.SetInt(when.Unix())
			return true
		}
	}
	return false
}

func newTime(unit time.Duration, loc *time.Location) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		format, offset := a.str(0, ""), a.int(1, 0)
		return func(t *tx.Tx, v *Value) bool {
			when := moment(v.Int, unit).Add(time.Duration(offset) * unit).In(loc)
			v.SetStr(appendTime(t.Scratch.Alloc(64)[:0], format, when))
			return len(v.B) > 0
		}, nil
	}
}

// layouts are the conversions of strftime(3) that package time can do.
var layouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'h': "Jan", 'B': "January", 'c': "Mon Jan _2 15:04:05 2006",
	'd': "02", 'D': "01/02/06", 'e': "_2", 'F': "2006-01-02", 'H': "15", 'I': "03", 'j': "002", 'm': "01", 'M': "04",
	'p': "PM", 'P': "pm", 'r': "03:04:05 PM", 'R': "15:04", 'S': "05", 'T': "15:04:05", 'x': "01/02/06", 'X': "15:04:05",
	'y': "06", 'Y': "2006", 'z': "-0700", 'Z': "MST",
}

// appendTime is strftime(3) with %N for fractions: %3N are milliseconds.
func appendTime(dst []byte, format string, t time.Time) []byte {
	for i := 0; i < len(format); i++ {
		c := format[i]
		if c != '%' || i+1 == len(format) {
			dst = append(dst, c)
			continue
		}
		i++
		digits := 9
		if format[i] >= '1' && format[i] <= '9' && i+1 < len(format) && format[i+1] == 'N' {
			digits = int(format[i] - '0')
			i++
		}
		switch c := format[i]; c {
		case '%':
			dst = append(dst, '%')
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 's':
			dst = strconv.AppendInt(dst, t.Unix(), 10)
		case 'N':
			dst = append(dst, fmt.Sprintf("%09d", t.Nanosecond())[:digits]...)
		case 'C':
			dst = append(dst, fmt.Sprintf("%02d", t.Year()/100)...)
		case 'G':
			y, _ := t.ISOWeek()
			dst = strconv.AppendInt(dst, int64(y), 10)
		case 'g':
			y, _ := t.ISOWeek()
			dst = append(dst, fmt.Sprintf("%02d", y%100)...)
		case 'V':
			_, w := t.ISOWeek()
			dst = append(dst, fmt.Sprintf("%02d", w)...)
		case 'u':
			dst = strconv.AppendInt(dst, int64((t.Weekday()+6)%7+1), 10)
		case 'w':
			dst = strconv.AppendInt(dst, int64(t.Weekday()), 10)
		case 'U':
			dst = append(dst, fmt.Sprintf("%02d", (t.YearDay()+6-int(t.Weekday()))/7)...)
		case 'W':
			dst = append(dst, fmt.Sprintf("%02d", (t.YearDay()+6-int(t.Weekday()+6)%7)/7)...)
		case 'k':
			dst = append(dst, fmt.Sprintf("%2d", t.Hour())...)
		case 'l':
			dst = append(dst, fmt.Sprintf("%2d", (t.Hour()+11)%12+1)...)
		default:
			if layout, ok := layouts[c]; ok {
				dst = t.AppendFormat(dst, layout)
			} else {
				dst = append(dst, '%', c)
			}
		}
	}
	return dst
}
