package resolve

import (
	"net"
	"strings"
	"sync"
	"time"
)

// Accepted returns the families that "dns-accept-family" lists; "auto" and ""
// are IPv4, and IPv6 where the system has a way to it (configuration manual 3.1).
func Accepted(list string) Families {
	var f Families
	for w := range strings.SplitSeq(list, ",") {
		switch w {
		case "ipv4":
			f.IPv4 = true
		case "ipv6":
			f.IPv6 = true
		default:
			f.IPv4, f.IPv6 = true, routable()
		}
	}
	return f
}

var route struct {
	mu sync.Mutex
	at time.Time
	is bool
}

// routeLife is for how long the answer to routable is good.
const routeLife = 30 * time.Second

// routable says whether the system knows a way to IPv6 addresses. Connecting
// a datagram socket sends nothing.
func routable() bool {
	route.mu.Lock()
	defer route.mu.Unlock()
	if now := time.Now(); route.at.IsZero() || now.Sub(route.at) > routeLife {
		c, err := net.Dial("udp6", "[2001:db8::1]:53")
		if route.at, route.is = now, err == nil; err == nil {
			_ = c.Close()
		}
	}
	return route.is
}
