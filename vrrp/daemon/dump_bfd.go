package daemon

import (
	"bufio"
	"fmt"
	"io"
	"time"
)

// WriteData writes keepalived_bfd.data: settings and sessions.
func (s *Sessions) WriteData(w io.Writer) error {
	b := bufio.NewWriter(w)
	s.Do(func() {
		writeGlobal(b, s.cfg)
		b.WriteString("------< BFD Data >------\n------< BFD Topology >------\n")
		for _, x := range s.list {
			s.writeSession(b, x)
		}
	})
	return b.Flush()
}

// writeSession writes one session in the layout of the original, without its
// descriptors and threads.
func (s *Sessions) writeSession(b *bufio.Writer, x *session) {
	p := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	us := func(name string, d time.Duration) { p("   %s = %d us", name, d.Microseconds()) }
	c, v := x.cfg, x.View()
	p(" BFD Instance = %s", c.Name)
	p("   Neighbor IP = %s", c.Neighbour)
	if c.Source.IsValid() {
		p("   Source IP = %s", c.Source)
	}
	us("Required min RX interval", c.MinRx)
	us("Desired min TX interval", c.MinTx)
	us("Desired idle TX interval", c.IdleTx)
	p("   Detection multiplier = %d", c.Multiplier)
	p("   %s = %d", enabled(c.Neighbour.Is6(), "hop_limit", "TTL"), c.TTL)
	p("   max_hops = %d", c.MaxHops)
	p("   passive = %t", c.Passive)
	p("   send event to VRRP process = %s", enabled(c.VRRP, "Yes", "No"))
	p("   send event to checker process = %s", enabled(c.Checker, "Yes", "No"))
	p("   send error = %t", x.bad)
	p("   local state = %s", v.State)
	p("   remote state = %s", v.RemoteState)
	p("   local discriminator = 0x%x", v.Local)
	p("   remote discriminator = 0x%x", v.Remote)
	p("   local diag = %s", v.Diag)
	p("   remote diag = %s", v.RemoteDiag)
	us("remote min tx intv", v.RemoteMinTx)
	us("remote min rx intv", v.RemoteMinRx)
	p("   local demand = 0")
	p("   remote demand = %d", number01(v.RemoteDemand))
	p("   remote detect multiplier = %d", v.RemoteMult)
	p("   %spoll, !final", enabled(v.Poll, "", "!"))
	us("local tx intv", v.Interval)
	us("remote tx intv", v.RemoteInterval)
	us("local detection time", v.Detect)
	us("remote detection time", v.RemoteDetect)
	if v.Seen {
		at := time.Now().Add(v.LastSeen - s.now())
		p("   last seen = %d.%06d (%s.%06d)", at.Unix(), at.Nanosecond()/1000, at.Format(time.ANSIC), at.Nanosecond()/1000)
	} else {
		p("   last_seen = [never]")
	}
}
