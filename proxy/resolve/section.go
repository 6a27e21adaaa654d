// Package resolve finds the addresses of names: at start by the methods that
// a server's line lists, while the process runs by the name servers of a
// "resolvers" section. It knows no servers: what it finds goes to functions.
package resolve

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// Section is a "resolvers" section (configuration manual 5.3.2).
type Section struct {
	Name        string
	NameServers []NameServer
	Hold        Hold
	Retries     int
	Resolve     time.Duration // between two resolutions of a name
	Retry       time.Duration // until a question is asked again
	Payload     int           // largest answer over UDP, in bytes
}

// NameServer is one name server of a section.
type NameServer struct {
	Name, Addr string // Addr is "host:port"
	TCP        bool
	at         string // where it was declared
}

// Hold says for how long an older answer outweighs a failure.
type Hold struct{ Valid, Obsolete, NX, Refused, Timeout, Other time.Duration }

// NewSection returns a section with the defaults of the manual.
func NewSection(name string) *Section {
	return &Section{
		Name: name, Retries: 3, Resolve: time.Second, Retry: time.Second, Payload: 512,
		Hold: Hold{Valid: 10 * time.Second, NX: 30 * time.Second, Refused: 30 * time.Second, Timeout: 30 * time.Second, Other: 30 * time.Second},
	}
}

// Setting is what a line of the section makes.
type Setting func(*Section) error

// Words is the table of the section's lines.
var Words = keyword.NewTable("resolvers", []*keyword.Def[Setting]{
	acceptedPayload, hold, nameServer, parseResolvConf, poolSize, resolveRetries, timeout,
})

// args takes the words of a line.
type args struct {
	list  []string
	first int
}

// Usage is what the reference prints.
func (*args) Usage() string { return "<args>*" }

// ParseArgs takes all words.
func (a *args) ParseArgs(in *keyword.Args) error {
	a.first = in.Pos
	for _, w := range in.Rest() {
		a.list = append(a.list, w.Text)
	}
	return nil
}

func (a *args) at(i int) string {
	if i < len(a.list) {
		return a.list[i]
	}
	return ""
}

func line(name, doc string, build func(e *keyword.Env, a *args) (Setting, error)) *keyword.Def[Setting] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Resolvers, Doc: doc}, build)
}

func bad(i int, format string, v ...any) error {
	return &keyword.Error{Index: i, Code: diag.BadArguments, Text: fmt.Sprintf(format, v...)}
}

var nameServer = line("nameserver", "A name server to ask.", func(e *keyword.Env, a *args) (Setting, error) {
	name, addr := a.at(0), a.at(1)
	if name == "" || addr == "" {
		return nil, bad(-1, "'nameserver' expects <name> and <addr>[:<port>] as arguments.")
	}
	x, err := expr.ParseAddr(addr, expr.NeedPort|expr.AllowNames)
	if err != nil {
		return nil, bad(a.first+1, "'nameserver %s' : %s", name, err)
	}
	ns := NameServer{Name: name, Addr: net.JoinHostPort(hostOf(&x), strconv.Itoa(x.Port)), at: e.LineSpan().String(),
		TCP: strings.HasPrefix(addr, "tcp") || strings.HasPrefix(addr, "stream+")}
	return func(s *Section) error {
		for _, o := range s.NameServers {
			if o.Name == name {
				return bad(a.first, "nameserver '%s' has same name as another nameserver (declared at %s).", name, o.at)
			}
		}
		s.NameServers = append(s.NameServers, ns)
		return nil
	}, nil
})

func hostOf(a *expr.Addr) string {
	if a.IP.IsValid() {
		return a.IP.String()
	}
	return a.Host
}

var parseResolvConf = line("parse-resolv-conf", "Ask the name servers of /etc/resolv.conf too.", func(*keyword.Env, *args) (Setting, error) {
	return func(s *Section) error {
		f, err := os.Open("/etc/resolv.conf")
		if err != nil {
			return bad(-1, "failed to open /etc/resolv.conf.")
		}
		defer func() { _ = f.Close() }()
		for sc := bufio.NewScanner(f); sc.Scan(); {
			w := strings.Fields(sc.Text())
			if len(w) >= 2 && w[0] == "nameserver" && net.ParseIP(w[1]) != nil {
				s.NameServers = append(s.NameServers, NameServer{Name: w[1], Addr: net.JoinHostPort(w[1], "53")})
			}
		}
		return nil
	}, nil
})

var hold = line("hold", "How long an older answer outweighs a failure.", func(_ *keyword.Env, a *args) (Setting, error) {
	event, value := a.at(0), a.at(1)
	if event == "" || value == "" {
		return nil, bad(-1, "'hold' expects an <event> and a <time> as arguments.\n<event> can be either 'valid', 'nx', 'refused', 'timeout', or 'other'")
	}
	d, err := expr.ParseTime(value, time.Millisecond)
	if err != nil {
		return nil, bad(a.first+1, "%s", timeError(err, value, "hold"))
	}
	return func(s *Section) error {
		dst := map[string]*time.Duration{"valid": &s.Hold.Valid, "obsolete": &s.Hold.Obsolete, "nx": &s.Hold.NX,
			"refused": &s.Hold.Refused, "timeout": &s.Hold.Timeout, "other": &s.Hold.Other}[event]
		if dst == nil {
			return bad(a.first, "'hold' unknown <event>: '%s', expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'.", event)
		}
		*dst = d
		return nil
	}, nil
})

// timeError is the original's complaint about a time.
func timeError(err error, value, what string) string {
	switch err {
	case expr.TimeOverflow:
		return fmt.Sprintf("timer overflow in argument <%s> to <%s>, maximum value is 2147483647 ms (~24.8 days).", value, what)
	case expr.TimeUnderflow:
		return fmt.Sprintf("timer underflow in argument <%s> to <%s>, minimum non-null value is 1 ms.", value, what)
	}
	odd := strings.TrimLeft(value, "0123456789")
	if odd != "" {
		odd = odd[:1]
	}
	return fmt.Sprintf("unexpected character '%s' in argument to <%s>.", odd, what)
}

var resolveRetries = line("resolve_retries", "Questions asked before a resolution fails.", func(_ *keyword.Env, a *args) (Setting, error) {
	if a.at(0) == "" {
		return nil, bad(-1, "'resolve_retries' expects <nb> as argument.")
	}
	n, _ := strconv.Atoi(a.at(0))
	return func(s *Section) error { s.Retries = n; return nil }, nil
})

var timeout = line("timeout", "Time between resolutions, or until a question is asked again.", func(_ *keyword.Env, a *args) (Setting, error) {
	event, value := a.at(0), a.at(1)
	switch {
	case event == "":
		return nil, bad(-1, "'timeout' expects 'retry' or 'resolve' and <time> as arguments.")
	case event != "resolve" && event != "retry":
		return nil, bad(a.first, "'timeout' expects 'retry' or 'resolve' and <time> as arguments got '%s'.", event)
	case value == "":
		return nil, bad(a.first, "'timeout %s' expects <time> as argument.", event)
	}
	d, err := expr.ParseTime(value, time.Millisecond)
	if err != nil {
		return nil, bad(a.first+1, "%s", timeError(err, value, "timeout "+event))
	}
	return func(s *Section) error {
		if event == "resolve" {
			s.Resolve = d
		} else {
			s.Retry = d
		}
		return nil
	}, nil
})

var acceptedPayload = line("accepted_payload_size", "Largest answer over UDP, in bytes.", func(_ *keyword.Env, a *args) (Setting, error) {
	v := a.at(0)
	if v == "" {
		return nil, bad(-1, "'accepted_payload_size' expects <nb> as argument.")
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 12 || n > 65535 {
		return nil, bad(a.first, "'accepted_payload_size' must be between 12 and 65535 inclusive (was %s).", v)
	}
	return func(s *Section) error { s.Payload = n; return nil }, nil
})

var poolSize = keyword.Define(keyword.Spec{Name: "resolution_pool_size", In: keyword.Resolvers, Flags: keyword.NotDumped, Doc: "Refused: it never was in a stable release."},
	func(*keyword.Env, *args) (Setting, error) {
		return nil, bad(0, "'resolution_pool_size' directive is not supported anymore (it never appeared in a stable release).")
	})
