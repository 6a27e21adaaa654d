package expr

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// AddrKind is the family of an address.
type AddrKind uint8

// Families of addresses (configuration manual 2.9).
const (
	Inet      AddrKind = iota // IPv4 or IPv6, or a name that becomes one
	Unix                      // path of a unix socket
	Abstract                  // abns@: abstract name padded with NUL to the full length
	AbstractZ                 // abnsz@: abstract name without padding
	FD                        // fd@N: descriptor inherited from the parent
	SockPair                  // sockpair@N
	Reverse                   // rhttp@be/srv: reverse HTTP
)

// Addr is an address as the configuration writes it.
type Addr struct {
	Text     string
	Kind     AddrKind
	Family   byte       // '4', '6', or 0 for any
	Datagram bool       // udp@, dgram+, uxdg@
	QUIC     bool       // quic4@, quic6@, quic+
	MPTCP    bool       // mptcp@ …
	IP       netip.Addr // valid where Host is a literal, "*" or empty
	Host     string     // name, literal, path, or what follows rhttp@
	FDNum    int        // of fd@ and sockpair@
	Port     int        // first of a range; absolute value of an offset
	PortHigh int        // last of a range; equal to Port without one
	HasPort  bool
	Offset   bool // ":+N" or ":-N": relative to the client's port
	Negative bool // the offset is negative
}

// AbstractName is the name of an abstract socket as Go writes it, with "@" in
// front: that of abns@ is padded to the full length of the system's structure.
func (a *Addr) AbstractName() string {
	name := "@" + a.Host
	if a.Kind == Abstract {
		name += strings.Repeat("\x00", max(0, sunPath-len(name)))
	}
	return name
}

// sunPath is the size of sun_path (unix(7)).
const sunPath = 108

// AddrAllow says what an address may contain where it stands.
type AddrAllow uint8

// Permissions for ParseAddr.
const (
	AllowRange  AddrAllow = 1 << iota // ":1000-1010"
	AllowOffset                       // ":+1", ":-1"
	AllowFD                           // fd@ and sockpair@
	NeedPort                          // a port must be given
	NonZeroPort                       // … and not be 0
	AllowNames                        // host names; otherwise literals alone
	StreamOnly                        // udp@ and other datagram sockets are refused
)

var addrPrefixes = []struct {
	prefix string
	kind   AddrKind
	family byte
	flags  byte // 'd' datagram, 'q' quic, 'm' mptcp
}{
	{"unix@", Unix, 0, 0}, {"uxst@", Unix, 0, 0}, {"uxdg@", Unix, 0, 'd'},
	{"abns@", Abstract, 0, 0}, {"abnsz@", AbstractZ, 0, 0},
	{"ip@", Inet, 0, 0}, {"ipv4@", Inet, '4', 0}, {"ipv6@", Inet, '6', 0},
	{"tcp@", Inet, 0, 0}, {"tcp4@", Inet, '4', 0}, {"tcp6@", Inet, '6', 0},
	{"udp@", Inet, 0, 'd'}, {"udp4@", Inet, '4', 'd'}, {"udp6@", Inet, '6', 'd'},
	{"mptcp@", Inet, 0, 'm'}, {"mptcp4@", Inet, '4', 'm'}, {"mptcp6@", Inet, '6', 'm'},
	{"quic4@", Inet, '4', 'q'}, {"quic6@", Inet, '6', 'q'},
	{"fd@", FD, 0, 0}, {"sockpair@", SockPair, 0, 0}, {"rhttp@", Reverse, 0, 0},
}

// maxUnixPath is the longest path of a unix socket: sun_path less the room for
// the temporary name under which it is bound.
const maxUnixPath = 97

// maxAbstract is the longest abstract name.
const maxAbstract = 107

// ParseAddr reads one address; variables in it expand from the process's
// environment. Errors are in the original's words.
func ParseAddr(text string, allow AddrAllow) (Addr, error) {
	return ParseAddrEnv(text, allow, os.LookupEnv)
}

// ParseHostAddr is ParseAddr where a name stands too: look finds its addresses,
// and the first of the wanted family is taken. Without look (a check without
// DNS) the name stays.
func ParseHostAddr(text string, allow AddrAllow, look func(string) []netip.Addr) (Addr, error) {
	a, err := ParseAddr(text, allow|AllowNames)
	if err != nil || look == nil || !a.IsName() {
		return a, err
	}
	for _, ip := range look(a.Host) {
		if a.Family == 0 || ip.Is4() == (a.Family == '4') {
			a.IP = ip
			return a, nil
		}
	}
	return a, fmt.Errorf("invalid address: '%s' in '%s'", a.Host, a.Text)
}

// ParseAddrEnv is ParseAddr with variables from lookup: addresses alone expand
// them outside of quotes too.
func ParseAddrEnv(text string, allow AddrAllow, lookup func(string) (string, bool)) (Addr, error) {
	a := Addr{Text: text}
	rest := ExpandEnv(text, lookup)
	if rest == "" {
		return a, fmt.Errorf("'%s' resolves to an empty address (environment variable missing?)", text)
	}
	switch {
	case strings.HasPrefix(rest, "stream+"):
		rest = rest[7:]
	case strings.HasPrefix(rest, "dgram+"):
		a.Datagram, rest = true, rest[6:]
	case strings.HasPrefix(rest, "quic+"):
		a.QUIC, rest = true, rest[5:]
	}
	if i := strings.IndexByte(rest, '@'); i > 0 && i < 10 {
		for _, p := range addrPrefixes {
			if rest[:i+1] == p.prefix {
				a.Kind, a.Family, rest = p.kind, p.family, rest[i+1:]
				a.Datagram, a.QUIC, a.MPTCP = a.Datagram || p.flags == 'd', a.QUIC || p.flags == 'q', p.flags == 'm'
				break
			}
		}
	} else if strings.HasPrefix(rest, "/") {
		a.Kind = Unix
	}
	switch a.Kind {
	case Unix, Abstract, AbstractZ:
		a.Host = rest
		limit := maxAbstract
		if a.Kind == Unix {
			limit = maxUnixPath
		}
		if len(rest) > limit {
			return a, fmt.Errorf("socket path '%s' too long (max %d)", rest, limit)
		}
		return a, a.transport(allow)
	case Reverse:
		a.Host = rest
		return a, nil
	case FD, SockPair:
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 {
			return a, fmt.Errorf("file descriptor '%s' is not a valid integer in '%s'", rest, text)
		}
		if a.Kind == FD && allow&AllowFD == 0 {
			return a, fmt.Errorf("a file descriptor is not acceptable here in '%s'", text)
		}
		a.FDNum = n
		return a, a.transport(allow)
	}
	if err := a.inet(rest, allow); err != nil {
		return a, err
	}
	return a, a.transport(allow)
}

// transport refuses datagram sockets where streams alone work.
func (a *Addr) transport(allow AddrAllow) error {
	if allow&StreamOnly != 0 && a.Datagram {
		return fmt.Errorf("dgram-type address not acceptable in '%s'", a.Text)
	}
	return nil
}

// ExpandEnv replaces $NAME and ${NAME} by the variables' values, unset ones by
// nothing. A missing brace at the end is forgiven, as the original does.
func ExpandEnv(text string, lookup func(string) (string, bool)) string {
	i := strings.IndexByte(text, '$')
	if i < 0 || lookup == nil {
		return text
	}
	var b strings.Builder
	for ; i >= 0; i = strings.IndexByte(text, '$') {
		b.WriteString(text[:i])
		text = text[i+1:]
		brace := strings.HasPrefix(text, "{")
		if brace {
			text = text[1:]
		}
		n := 0
		for n < len(text) && (isNameByte(text[n]) && text[n] != '.' && text[n] != '-') {
			n++
		}
		value, _ := lookup(text[:n])
		b.WriteString(value)
		if text = text[n:]; brace {
			text = strings.TrimPrefix(text, "}")
		}
	}
	b.WriteString(text)
	return b.String()
}

// inet reads "host[:port]".
func (a *Addr) inet(s string, allow AddrAllow) error {
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		host, port, a.HasPort = s[:i], s[i+1:], true
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	if port == "" {
		a.HasPort = false
	}
	if a.HasPort {
		if err := a.port(port, allow); err != nil {
			return err
		}
	} else if allow&NeedPort != 0 {
		return fmt.Errorf("missing port specification in '%s'", a.Text)
	}
	return a.host(host, allow)
}

// host understands literals and the words for "any address".
func (a *Addr) host(host string, allow AddrAllow) error {
	a.Host = host
	switch host {
	case "", "*":
		a.IP = netip.IPv4Unspecified()
		if a.Family == '6' {
			a.IP = netip.IPv6Unspecified()
		}
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if a.Family == 0 || ip.Is4() == (a.Family == '4') {
			a.IP = ip
			return nil
		}
	}
	if ip, ok := shortAddr(host); ok && a.Family != '6' && allow&AllowNames != 0 {
		a.IP = ip
		return nil
	}
	if allow&AllowNames == 0 {
		return fmt.Errorf("invalid address: '%s' in '%s'", host, a.Text)
	}
	return nil
}

// port reads "80", "1000-1010", "+1" or "-1".
func (a *Addr) port(s string, allow AddrAllow) error {
	digits := s
	if s[0] == '+' || s[0] == '-' {
		if allow&AllowOffset == 0 {
			return fmt.Errorf("port offset not permitted here in '%s'", a.Text)
		}
		a.Offset, a.Negative, digits = true, s[0] == '-', s[1:]
	}
	low, high, isRange := strings.Cut(digits, "-")
	if isRange && (allow&AllowRange == 0 || a.Offset) {
		return fmt.Errorf("port range not permitted here in '%s'", a.Text)
	}
	var err error
	if a.Port, err = portNumber(low, digits, a.Text); err != nil {
		return err
	}
	a.PortHigh = a.Port
	if isRange {
		if strings.HasPrefix(high, "-") {
			return fmt.Errorf("invalid port '%s'", high)
		}
		if a.PortHigh, err = portNumber(high, high, a.Text); err != nil {
			return err
		}
		switch {
		case a.Port > 65535 || a.Port == 0 && allow&NonZeroPort != 0:
			return fmt.Errorf("invalid port '%s'", low)
		case a.PortHigh > 65535:
			return fmt.Errorf("invalid port '%s'", high)
		case a.PortHigh < a.Port:
			return fmt.Errorf("invalid port range '%s'", s)
		}
	}
	if a.Port > 65535 || a.PortHigh > 65535 || a.Port == 0 && allow&NonZeroPort != 0 {
		return fmt.Errorf("invalid port '%s'", s)
	}
	return nil
}

func portNumber(digits, port, text string) (int, error) {
	n := 0
	for i := range len(digits) {
		c := digits[i]
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("invalid character '%c' in port number '%s' in '%s'", c, port, text)
		}
		if n = n*10 + int(c-'0'); n > 1<<20 {
			n = 1 << 20
		}
	}
	if digits == "" {
		return 0, fmt.Errorf("invalid port ''")
	}
	return n, nil
}

// IsName says whether the host must be looked up.
func (a *Addr) IsName() bool { return a.Kind == Inet && !a.IP.IsValid() }
