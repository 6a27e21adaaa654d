// Package resolve finds the addresses of names: at start by the methods that
// a server's line lists, while the process runs by the name servers of a
// "resolvers" section (configuration manual 5.3). It knows no servers: what it
// finds goes to followers.
package resolve

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"time"
)

// Section is a "resolvers" section (configuration manual 5.3.2).
type Section struct {
	Name        string
	NameServers []NameServer
	Hold        Hold
	Retries     int           // questions, or pairs of them, before a resolution fails
	Resolve     time.Duration // between two resolutions of a name
	Retry       time.Duration // until a question is asked again
	Payload     int           // largest answer over UDP, in bytes
}

// NameServer is one name server of a section.
type NameServer struct {
	Name, Addr string      // Addr is "host:port", or the path of a datagram socket
	TCP        bool        // questions are pipelined over a connection (RFC 7766)
	TLS        *tls.Config // nil: none
}

// Hold says for how long an older answer outweighs a failure; Valid is for how
// long do-resolve uses an answer again, Obsolete for how long an address is
// kept that answers no longer have.
type Hold struct{ Valid, Obsolete, NX, Refused, Timeout, Other time.Duration }

// NewSection returns a section with the defaults of the manual.
func NewSection(name string) *Section {
	return &Section{
		Name: name, Retries: 3, Resolve: time.Second, Retry: time.Second, Payload: 512,
		Hold: Hold{Valid: 10 * time.Second, NX: 30 * time.Second, Refused: 30 * time.Second, Timeout: 30 * time.Second, Other: 30 * time.Second},
	}
}

// Period returns what "hold <event>" sets, nil for an unknown event.
func (h *Hold) Period(event string) *time.Duration {
	return map[string]*time.Duration{"valid": &h.Valid, "obsolete": &h.Obsolete, "nx": &h.NX,
		"refused": &h.Refused, "timeout": &h.Timeout, "other": &h.Other}[event]
}

// after returns for how long an older answer outweighs a failure.
func (h *Hold) after(s Status) time.Duration {
	switch s {
	case NX:
		return h.NX
	case Refused:
		return h.Refused
	case Timeout:
		return h.Timeout
	}
	return h.Other
}

// ReadResolvConf returns the name servers of a resolv.conf(5).
func ReadResolvConf(r io.Reader) []NameServer {
	var list []NameServer
	for sc := bufio.NewScanner(r); sc.Scan(); {
		w := strings.Fields(sc.Text())
		if len(w) >= 2 && w[0] == "nameserver" && net.ParseIP(w[1]) != nil {
			list = append(list, NameServer{Name: w[1], Addr: net.JoinHostPort(w[1], "53")})
		}
	}
	return list
}
