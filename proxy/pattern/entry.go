package pattern

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
)

// Entry is one pattern of a list, with its value if the list is a map. Its
// identity survives a change of value.
type Entry struct {
	ID    uint64
	Key   string
	order int // place in its list
	dead  atomic.Bool
	value atomic.Pointer[value]
}

// value is the value of a map's entry in the forms that converters give out.
type value struct {
	text  string
	bytes []byte
	n     int64
	ip    netip.Addr
}

// newEntry makes an entry.
func newEntry(id uint64, key, val string) *Entry {
	e := &Entry{ID: id, Key: key}
	e.setValue(val)
	return e
}

func (e *Entry) setValue(s string) {
	v := &value{text: s, bytes: []byte(s)}
	v.n, _ = strconv.ParseInt(s, 10, 64)
	v.ip, _ = netip.ParseAddr(s)
	e.value.Store(v)
}

// Value returns the entry's value as written.
func (e *Entry) Value() string { return e.value.Load().text }

// span is a range of integers, both ends included.
type span struct{ lo, hi int64 }

// operator is a comparison of the configuration manual 7.1.2.
type operator uint8

const (
	opEQ operator = iota
	opGT
	opGE
	opLE
	opLT
)

func operatorOf(s string) (operator, bool) {
	for i, w := range [...]string{"eq", "gt", "ge", "le", "lt"} {
		if s == w {
			return operator(i), true
		}
	}
	// The manual has no "ne"; the original takes it and compares as eq does.
	return opEQ, s == "ne"
}

// parseSpan reads "5", "5:", ":5" or "1:5".
func parseSpan(s string, op operator, dotted bool) (span, error) {
	if s == ":" || strings.HasPrefix(s, "-") && !isNumber(s[1:]) {
		return span{}, fmt.Errorf("'%s' is not a valid number range", s)
	}
	if strings.HasPrefix(s, "+") {
		return span{}, fmt.Errorf("'%s' is not a number", s)
	}
	lo, hi, isRange := strings.Cut(s, ":")
	var x span
	var err error
	if i := strings.Index(s, "-"); !isRange && i > 0 { // the older sign between two values
		lo, hi, isRange = s[:i], s[i+1:], true
	}
	if dotted {
		x, err = dottedSpan(s, lo, hi, isRange)
	} else {
		x, err = plainSpan(s, lo, hi, isRange)
	}
	if err != nil {
		return x, err
	}
	switch op {
	case opGT:
		x = span{x.lo + 1, math.MaxInt64}
	case opGE:
		x.hi = math.MaxInt64
	case opLE:
		x.lo = math.MinInt64
	case opLT:
		x = span{math.MinInt64, x.hi - 1}
	}
	return x, nil
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func plainSpan(s, lo, hi string, isRange bool) (span, error) {
	x := span{math.MinInt64, math.MaxInt64}
	var err error
	if lo != "" {
		if x.lo, err = strconv.ParseInt(lo, 10, 64); err != nil {
			if isRange {
				return x, fmt.Errorf("'%s' is not a valid number range", s)
			}
			return x, fmt.Errorf("'%s' is not a number", s)
		}
	} else if !isRange {
		return x, fmt.Errorf("'%s' is not a number", s)
	}
	if !isRange {
		return span{x.lo, x.lo}, nil
	}
	if hi != "" {
		if x.hi, err = strconv.ParseInt(hi, 10, 64); err != nil {
			return x, fmt.Errorf("'%s' is not a valid number range", s)
		}
	}
	if x.lo > x.hi {
		return x, fmt.Errorf("'%s' is not a valid number range", s)
	}
	return x, nil
}

// dottedSpan reads versions: "3.1" is 3*65536+1, "3" is all of 3.
func dottedSpan(s, lo, hi string, isRange bool) (span, error) {
	part := func(p string, minor int64) (int64, bool) {
		a, b, dot := strings.Cut(p, ".")
		n, err := strconv.ParseUint(a, 10, 15)
		if err != nil {
			return 0, false
		}
		if dot {
			m, err := strconv.ParseUint(b, 10, 16)
			if err != nil {
				return 0, false
			}
			minor = int64(m)
		}
		return int64(n)<<16 | minor, true
	}
	x := span{math.MinInt64, math.MaxInt64}
	ok := true
	if lo != "" {
		x.lo, ok = part(lo, 0)
	}
	switch {
	case ok && !isRange:
		x.hi, ok = part(lo, 0xffff)
		if strings.Contains(lo, ".") {
			x.hi = x.lo
		}
	case ok && hi != "":
		x.hi, ok = part(hi, 0xffff)
	}
	if !ok || lo == "" && hi == "" {
		return x, fmt.Errorf("'%s' is not a dotted number", s)
	}
	return x, nil
}

// errNotAddr is the original's text for addresses that are none.
func errNotAddr(s string) error {
	return fmt.Errorf("'%s' is not a valid IPv4 or IPv6 address", s)
}

// parseNet reads an address or network. Host names are looked up where
// resolve is set.
func parseNet(s string, resolve bool) ([]netip.Prefix, error) {
	host, mask, hasMask := strings.Cut(s, "/")
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() {
		if ip.Zone() != "" {
			return nil, errNotAddr(s)
		}
		bits := 128
		if hasMask {
			n, err := strconv.Atoi(mask)
			if err != nil || n < 0 || n > 128 {
				return nil, errNotAddr(s)
			}
			bits = n
		}
		return []netip.Prefix{netip.PrefixFrom(ip, bits).Masked()}, nil
	}
	bits := 32
	if hasMask {
		var ok bool
		if bits, ok = maskBits(mask); !ok {
			return nil, errNotAddr(s)
		}
	}
	if ip, ok := shortIPv4(host); ok {
		return []netip.Prefix{netip.PrefixFrom(ip, bits).Masked()}, nil
	}
	if !resolve || host == "" || strings.ContainsAny(host, ": ") || host[len(host)-1] >= '0' && host[len(host)-1] <= '9' {
		return nil, errNotAddr(s)
	}
	var out []netip.Prefix
	ips, err := net.LookupIP(host)
	if err != nil {
		return nil, errNotAddr(s)
	}
	for _, ip := range ips {
		if a, ok := netip.AddrFromSlice(ip.To4()); ok {
			out = append(out, netip.PrefixFrom(a, bits).Masked())
		}
	}
	if len(out) == 0 {
		return nil, errNotAddr(s)
	}
	return out, nil
}

// shortIPv4 reads an address whose zero octets in the middle may be left out:
// 127.1 is 127.0.0.1 (configuration manual 7.1.6). Its last number fills all
// octets that are left, as inet_aton(3) has it.
func shortIPv4(s string) (netip.Addr, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var ip uint64
	for i, p := range parts {
		left := 8
		if i == len(parts)-1 {
			left = 32 - 8*i
		}
		n, err := strconv.ParseUint(p, 10, left)
		if err != nil || left == 8 && len(p) > 3 {
			return netip.Addr{}, false
		}
		ip |= n << (32 - 8*i - left)
	}
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)}), true
}

// maskBits reads "24" or "255.255.255.0".
func maskBits(s string) (int, bool) {
	if n, err := strconv.Atoi(s); err == nil {
		return n, n >= 0 && n <= 32
	}
	ip, err := netip.ParseAddr(s)
	if err != nil || !ip.Is4() {
		return 0, false
	}
	a := ip.As4()
	m := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3])
	n := 0
	for m&(1<<31) != 0 {
		m <<= 1
		n++
	}
	return n, m == 0
}

// regexpError gives a regular expression's error the original's frame.
func regexpError(s string, err error) error {
	text := err.Error()
	if i := strings.LastIndex(text, ": `"); i > 0 {
		text = text[:i]
	}
	text = strings.TrimPrefix(text, "error parsing regexp: ")
	return errors.New("regex '" + s + "' is invalid (error=" + text + ")")
}
