package lvs

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Protocols of services, by the numbers of IP.
const (
	TCP  uint8 = 6
	UDP  uint8 = 17
	SCTP uint8 = 132
)

// ServiceID tells virtual services of the kernel apart: by mark, or by
// protocol, address and port.
type ServiceID struct {
	IPv6     bool
	Protocol uint8 // 0: by mark
	Addr     netip.Addr
	Port     uint16
	FWMark   uint32
}

// String is the service as ipvsadm(8) takes it.
func (s ServiceID) String() string {
	if s.Protocol == 0 {
		if s.IPv6 {
			return fmt.Sprintf("-f %d -6", s.FWMark)
		}
		return fmt.Sprintf("-f %d", s.FWMark)
	}
	flag := map[uint8]string{TCP: "-t", UDP: "-u", SCTP: "--sctp-service"}[s.Protocol]
	return flag + " " + netip.AddrPortFrom(s.Addr, s.Port).String()
}

// Flags of a service (linux/ip_vs.h).
const (
	FlagPersistent uint32 = 0x1
	FlagHashed     uint32 = 0x2
	FlagOnePacket  uint32 = 0x4
	FlagSched1     uint32 = 0x8
	FlagSched2     uint32 = 0x10
	FlagSched3     uint32 = 0x20
)

// ServiceOpt is how a service schedules.
type ServiceOpt struct {
	Scheduler string
	Flags     uint32
	Timeout   uint32 // of persistence, in seconds
	Prefix    int    // of one persistent client; 0: its whole address
	Engine    string // of persistence
}

// text is the options as ipvsadm(8) takes them.
func (o ServiceOpt) text() string {
	var b strings.Builder
	b.WriteString("-s " + o.Scheduler)
	if o.Flags&FlagPersistent != 0 {
		fmt.Fprintf(&b, " -p %d", o.Timeout)
		if o.Prefix != 0 {
			fmt.Fprintf(&b, " -M %d", o.Prefix)
		}
		if o.Engine != "" {
			b.WriteString(" --pe " + o.Engine)
		}
	}
	if o.Flags&FlagOnePacket != 0 {
		b.WriteString(" -o")
	}
	var flags []string
	for i, f := range []uint32{FlagSched1, FlagSched2, FlagSched3} {
		if o.Flags&f != 0 {
			flags = append(flags, fmt.Sprintf("flag-%d", i+1))
		}
	}
	if flags != nil {
		b.WriteString(" -b " + strings.Join(flags, ","))
	}
	return b.String()
}

// Forwarding methods (linux/ip_vs.h).
const (
	Masquerade uint32 = 0
	Tunnel     uint32 = 2
	DirectRt   uint32 = 3
)

// Kinds of tunnels and what they carry as checksums (linux/ip_vs.h).
const (
	TunnelIPIP uint8 = 0
	TunnelGUE  uint8 = 1
	TunnelGRE  uint8 = 2

	TunnelNoCsum  uint16 = 0
	TunnelCsum    uint16 = 1
	TunnelRemCsum uint16 = 2
)

// Method is how packets reach a server.
type Method struct {
	Forward  uint32
	TunType  uint8
	TunPort  uint16
	TunFlags uint16
}

// text is the method as ipvsadm(8) takes it.
func (m Method) text() string {
	switch m.Forward {
	case DirectRt:
		return "-g"
	case Tunnel:
		out := "-i"
		switch m.TunType {
		case TunnelGUE:
			out += fmt.Sprintf(" --tun-type gue --tun-port %d", m.TunPort)
		case TunnelGRE:
			out += " --tun-type gre"
		}
		return out + map[uint16]string{TunnelCsum: " --tun-csum", TunnelRemCsum: " --tun-remcsum"}[m.TunFlags]
	}
	return "-m"
}

// Dest is a server of a service.
type Dest struct {
	Addr   netip.Addr
	Port   uint16
	Weight uint32
	Method Method
	// Upper and Lower are numbers of connections: at Upper the kernel sends no
	// new ones, below Lower again. 0: no limit.
	Upper, Lower uint32
}

// Key is what makes a server of a service unique.
func (d Dest) Key() netip.AddrPort { return netip.AddrPortFrom(d.Addr, d.Port) }

// text is the server as ipvsadm(8) takes it.
func (d Dest) text() string {
	out := fmt.Sprintf("-r %s %s -w %d", d.Key(), d.Method.text(), d.Weight)
	if d.Upper != 0 {
		out += fmt.Sprintf(" -x %d", d.Upper)
	}
	if d.Lower != 0 {
		out += fmt.Sprintf(" -y %d", d.Lower)
	}
	return out
}

// Timeouts are those of all connections, in seconds; 0 leaves one as it is.
type Timeouts struct{ TCP, TCPFin, UDP uint32 }

// Sync is a daemon that sends or takes the state of connections.
type Sync struct {
	Backup    bool // takes it
	Interface string
	ID        uint32
	MaxLen    uint16
	Port      uint16
	TTL       uint8
	Group     netip.Addr
}

// text is the daemon as ipvsadm(8) takes it.
func (s Sync) text() string {
	out := map[bool]string{false: "master", true: "backup"}[s.Backup]
	out += " --mcast-interface " + s.Interface + fmt.Sprintf(" --syncid %d", s.ID)
	if s.MaxLen != 0 {
		out += fmt.Sprintf(" --sync-maxlen %d", s.MaxLen)
	}
	if s.Group.IsValid() {
		out += " --mcast-group " + s.Group.String()
	}
	if s.Port != 0 {
		out += fmt.Sprintf(" --mcast-port %d", s.Port)
	}
	if s.TTL != 0 {
		out += fmt.Sprintf(" --mcast-ttl %d", s.TTL)
	}
	return out
}

// Op is what a command does.
type Op uint8

// The commands.
const (
	AddService Op = iota
	SetService
	DelService
	AddDest
	SetDest
	DelDest
	Flush
	SetTimeouts
	StartDaemon
	StopDaemon
)

// Command is one thing to tell the kernel. Which fields mean something depends
// on Op.
type Command struct {
	Op       Op
	Service  ServiceID
	Opt      ServiceOpt
	Dest     Dest
	Timeouts Timeouts
	Sync     Sync
}

// String is the command as ipvsadm(8) takes it.
func (c Command) String() string {
	switch c.Op {
	case AddService:
		return "-A " + c.Service.String() + " " + c.Opt.text()
	case SetService:
		return "-E " + c.Service.String() + " " + c.Opt.text()
	case DelService:
		return "-D " + c.Service.String()
	case AddDest:
		return "-a " + c.Service.String() + " " + c.Dest.text()
	case SetDest:
		return "-e " + c.Service.String() + " " + c.Dest.text()
	case DelDest:
		return "-d " + c.Service.String() + " -r " + c.Dest.Key().String()
	case Flush:
		return "-C"
	case SetTimeouts:
		return fmt.Sprintf("--set %d %d %d", c.Timeouts.TCP, c.Timeouts.TCPFin, c.Timeouts.UDP)
	case StartDaemon:
		return "--start-daemon " + c.Sync.text()
	}
	return "--stop-daemon " + c.Sync.text()
}

// Kernel performs commands.
type Kernel interface {
	// Do performs one. Errors are those of the kernel, as [syscall.Errno].
	Do(Command) error
	// Timeouts reads those that are set.
	Timeouts() (Timeouts, error)
	Close() error
}

// Fake is a kernel for tests: it records commands and keeps the table that a
// real one would have.
type Fake struct {
	Log   []string
	Table Table
	// Set are the timeouts.
	Set Timeouts
	// Err, if it is set, answers every command instead.
	Err func(Command) error
}

// Do implements [Kernel].
func (f *Fake) Do(c Command) error {
	f.Log = append(f.Log, c.String())
	if f.Err != nil {
		if err := f.Err(c); err != nil {
			return err
		}
	}
	if f.Table == nil {
		f.Table = Table{}
	}
	f.Table.apply(c)
	if c.Op == SetTimeouts {
		f.Set = c.Timeouts
	}
	return nil
}

// Timeouts implements [Kernel].
func (f *Fake) Timeouts() (Timeouts, error) { return f.Set, nil }

// Close implements [Kernel].
func (f *Fake) Close() error { return nil }

// Take returns what was recorded since the last call.
func (f *Fake) Take() []string {
	out := f.Log
	f.Log = nil
	return out
}

// Table is what the kernel holds.
type Table map[ServiceID]*Entry

// Entry is one service of a table.
type Entry struct {
	Opt   ServiceOpt
	Dests []Dest
}

// find returns the index of a server, or -1.
func (e *Entry) find(k netip.AddrPort) int {
	return slices.IndexFunc(e.Dests, func(d Dest) bool { return d.Key() == k })
}

// apply does what a command does to the table.
func (t Table) apply(c Command) {
	e := t[c.Service]
	switch c.Op {
	case AddService, SetService:
		if e == nil {
			t[c.Service] = &Entry{Opt: c.Opt}
		} else {
			e.Opt = c.Opt
		}
	case DelService:
		delete(t, c.Service)
	case Flush:
		clear(t)
	}
	if e == nil {
		return
	}
	i := e.find(c.Dest.Key())
	switch {
	case c.Op == DelDest && i >= 0:
		e.Dests = slices.Delete(e.Dests, i, i+1)
	case (c.Op == AddDest || c.Op == SetDest) && i >= 0:
		e.Dests[i] = c.Dest
	case c.Op == AddDest || c.Op == SetDest:
		e.Dests = append(e.Dests, c.Dest)
	}
}

// Lines is the table as "ipvsadm -Sn" prints it, sorted.
func (t Table) Lines() []string {
	var out []string
	for id, e := range t {
		out = append(out, Command{Op: AddService, Service: id, Opt: e.Opt}.String())
		for _, d := range e.Dests {
			out = append(out, Command{Op: AddDest, Service: id, Dest: d}.String())
		}
	}
	slices.Sort(out)
	return out
}
