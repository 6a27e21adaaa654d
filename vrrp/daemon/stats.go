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
	fmt.Fprintf(b, "  Authentication Extension Errors:\n    Missing: %d\n    Malformed: %d\n    Unknown Key: %d\n"+
		"    Invalid HMAC: %d\n    Stale: %d\n    Replay: %d\n",
		s.TrailerMissing, s.TrailerMalformed, s.TrailerKey, s.TrailerDigest, s.TrailerStale, s.TrailerReplay)
	fmt.Fprintf(b, "  Priority Zero:\n    Received: %d\n    Sent: %d\n", s.ZeroReceived, s.ZeroSent)
}
