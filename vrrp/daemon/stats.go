package daemon

import (
	"bufio"
	"fmt"
	"io"

	"tandem/vrrp/fsm"
)

// WriteStats writes the counters of all instances in the layout of
// keepalived.stats; clear sets them to zero afterwards. It runs in the loop.
func (d *Daemon) WriteStats(w io.Writer, clear bool) error {
	b := bufio.NewWriter(w)
	ok := d.Do(func() {
		d.m.Instances(func(v fsm.View) { writeStats(b, v.Config.Name, &v.Stats) })
		if clear {
			d.m.ClearStats()
		}
	})
	if !ok {
		return io.ErrClosedPipe
	}
	return b.Flush()
}

func writeStats(b *bufio.Writer, name string, s *fsm.Stats) {
	fmt.Fprintf(b, "VRRP Instance: %s\n", name)
	fmt.Fprintf(b, "  Advertisements:\n    Received: %d\n    Sent: %d\n", s.Received, s.Sent)
	fmt.Fprintf(b, "  Became master: %d\n  Released master: %d\n", s.BecameMaster, s.ReleasedMaster)
	fmt.Fprintf(b, "  Packet Errors:\n    Length: %d\n    TTL: %d\n    Invalid Type: %d\n", s.Length, s.TTL, s.Type)
	fmt.Fprintf(b, "    Advertisement Interval: %d\n    Address List: %d\n", s.Interval, s.AddrList)
	fmt.Fprintf(b, "  Authentication Errors:\n    Invalid Type: %d\n    Type Mismatch: %d\n    Failure: %d\n",
		s.AuthType, s.AuthMismatch, s.AuthFailure)
	// auth_hmac is not spoken; its counters stand still.
	b.WriteString("  Authentication Extension Errors:\n    Missing: 0\n    Malformed: 0\n    Unknown Key: 0\n" +
		"    Invalid HMAC: 0\n    Stale: 0\n    Replay: 0\n")
	fmt.Fprintf(b, "  Priority Zero:\n    Received: %d\n    Sent: %d\n", s.ZeroReceived, s.ZeroSent)
}
