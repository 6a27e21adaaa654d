package server

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// identify takes over the name of a server's line; a name that the server was
// given at run time stays while its line says the same. The state lock is held.
func (s *Server) identify(d *Declared, known bool) {
	line := d.Line
	if d.Addr != nil && line.Name == "" {
		line = *d.Addr
	}
	line.Host = ""
	if known && line == s.written {
		return
	}
	s.line, s.written, s.id = line, line, Identity{}
	switch {
	case !strings.HasPrefix(line.Name, "_"):
		s.id.Host = line.Name
	case d.Addr != nil: // the target that it had, from a state file
		s.id = Identity{Host: d.Addr.Name, Record: line.Name}
		s.line.Port, s.line.Mapped, s.line.MapPort = d.Addr.Port, false, 0
	default:
		s.id.Record = line.Name
	}
}

// Identity returns the server's names, and the port that it has without an
// address too.
func (s *Server) Identity() (id Identity, port int) {
	unlock := s.Backend.lock()
	defer unlock()
	e := s.addr.Load()
	if e == nil {
		e = &s.line
	}
	if port = e.Port; e.Mapped {
		port = e.MapPort
	}
	return s.id, port
}

// Move gives the server the address that its name has now, and a port if it is
// not 0; by says who found it. It says whether anything changed. A server that
// had no address stays in maintenance until Resolved.
func (s *Server) Move(ip netip.Addr, port int, by string) bool {
	unlock := s.Backend.lock()
	defer unlock()
	old := s.addr.Load()
	e, was := s.line, "(none)"
	if old != nil {
		e, was = *old, old.Host
	}
	before := portText(&e)
	e.Host, e.Network, e.Name = ip.String(), "tcp4", s.id.Host
	if ip.Is6() {
		e.Network = "tcp6"
	}
	if port != 0 {
		e.Port, e.Mapped, e.MapPort = port, false, 0
	}
	var parts []string
	if was != e.Host {
		parts = append(parts, "IP changed from '"+was+"' to '"+e.Host+"'")
	}
	if after := portText(&e); port != 0 && after != before {
		parts = append(parts, "port changed from '"+before+"' to '"+after+"'")
	}
	if len(parts) == 0 {
		return false
	}
	s.addr.Store(&e)
	s.bake()
	s.Backend.refarm()
	s.Backend.emit(Event{Server: s, Level: levelNotice, Text: s.full() + ": " + strings.Join(parts, ", ") + " by '" + by + "'."})
	return true
}

// OnLost has f called when a check gets no connection in time (configuration
// manual 5.3.1).
func (s *Server) OnLost(f func()) { s.lost.Store(&f) }

// portText is a port as messages show it: "+5" for an offset to the client's.
func portText(e *Endpoint) string {
	switch {
	case !e.Mapped:
		return strconv.Itoa(e.Port)
	case e.MapPort < 0:
		return strconv.Itoa(e.MapPort)
	}
	return "+" + strconv.Itoa(e.MapPort)
}

// Resolved ends the maintenance of a server that had no address.
func (s *Server) Resolved(now time.Time) {
	unlock := s.Backend.lock()
	defer unlock()
	if s.admin&ResolveMaint == 0 {
		return
	}
	s.clearAdmin(ResolveMaint, now)
	s.Backend.emit(Event{Server: s, Level: levelNotice, Text: s.kind() + s.full() + " administratively READY thanks to valid DNS answer."})
}

// Unresolved takes the address from a server and puts it into maintenance;
// cause is what messages say of it.
func (s *Server) Unresolved(cause string, now time.Time) {
	unlock := s.Backend.lock()
	defer unlock()
	if s.admin&ResolveMaint != 0 {
		return
	}
	if e := s.addr.Swap(nil); e != nil {
		s.line.Port, s.line.Mapped, s.line.MapPort = e.Port, e.Mapped, e.MapPort
	}
	s.bake()
	s.enterMaint(ResolveMaint, cause, now)
}

// Rename gives the server another host name and, where it is an SRV record's,
// another port; it returns what to say of that, which is logged for an SRV
// record. An empty name is none.
func (s *Server) Rename(host string, port int, by string) string {
	unlock := s.Backend.lock()
	defer unlock()
	was := s.id.Host
	if was == "" {
		was = "(null)"
	}
	s.id.Host = host
	s.admin |= Renamed
	if port != 0 {
		s.line.Port, s.line.Mapped, s.line.MapPort = port, false, 0
	}
	if host == "" {
		s.line = s.written
		return ""
	}
	text := s.full() + " changed its FQDN from " + was + " to " + host + " by '" + by + "'"
	if s.id.Record != "" {
		s.Backend.emit(Event{Server: s, Level: levelNotice, Text: text, Quiet: true})
	}
	return text
}

// SetSRVWeight gives the server the weight of its SRV record, 0 to 256.
func (s *Server) SetSRVWeight(w int, now time.Time) {
	if s.Weight() != w {
		s.SetWeight(w, now)
	}
}

// Has says whether a server other than s of its backend has the address, by
// the same name: then s is not to take it too (resolve-opts prevent-dup-ip).
func (s *Server) Has(ip netip.Addr) bool {
	unlock := s.Backend.lock()
	defer unlock()
	text := ip.String()
	for _, o := range s.Backend.Servers() {
		if o == s || o.id.Host != s.id.Host {
			continue
		}
		if e := o.addr.Load(); e != nil && e.Host == text {
			return true
		}
	}
	return false
}
