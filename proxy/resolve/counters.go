package resolve

import "sync/atomic"

// Counter is one of the counters of a name server, in the order in which
// "show resolvers" prints them (management manual, show resolvers).
type Counter uint8

// Counters of a name server.
const (
	Sent Counter = iota
	SendError
	Valid
	Updates
	CNames
	CNameErrors
	AnyErrors // answers without a record of the kind asked for
	NXCount
	TimeoutCount
	RefusedCount
	OtherCount
	Invalid
	TooBig    // datagrams above accepted_payload_size
	Truncated // answers that say that they were cut
	Outdated  // answers nobody waits for any more

	NumCounters
)

// CounterNames are the names in "show resolvers" and, but for SendError, in
// "show stat domain resolvers".
var CounterNames = [NumCounters]string{"sent", "snd_error", "valid", "update", "cname", "cname_error", "any_err", "nx", "timeout",
	"refused", "other", "invalid", "too_big", "truncated", "outdated"}

// Counters counts what a name server does.
type Counters [NumCounters]atomic.Uint64

func (c *Counters) add(i Counter) { c[i].Add(1) }
