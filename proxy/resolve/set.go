package resolve

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Set is what the answers to a question have said lately: a name server may
// not tell all records in each answer, so that one which is missing stays for
// the time of "hold obsolete".
type Set struct {
	addrs   []known[netip.Addr]
	targets []known[Target]
}

type known[T any] struct {
	is   T
	seen time.Time
}

// add takes the records of an answer and drops those not seen for longer than
// obsolete.
func (s *Set) add(r *Reply, obsolete time.Duration, now time.Time) {
	s.addrs = merge(s.addrs, r.Addrs, obsolete, now, func(a, b netip.Addr) bool { return a == b })
	s.targets = merge(s.targets, r.Targets, obsolete, now, func(a, b Target) bool {
		return a.Port == b.Port && strings.EqualFold(a.Host, b.Host)
	})
}

func merge[T any](have []known[T], got []T, obsolete time.Duration, now time.Time, same func(a, b T) bool) []known[T] {
	for _, x := range got {
		i := slices.IndexFunc(have, func(k known[T]) bool { return same(k.is, x) })
		if i < 0 {
			have = append(have, known[T]{x, now})
		} else {
			have[i] = known[T]{x, now}
		}
	}
	return slices.DeleteFunc(have, func(k known[T]) bool { return now.Sub(k.seen) > obsolete })
}

// clear forgets everything.
func (s *Set) clear() { s.addrs, s.targets = nil, nil }

// Addrs returns the addresses.
func (s *Set) Addrs() []netip.Addr { return values(s.addrs) }

// Targets returns the SRV records.
func (s *Set) Targets() []Target { return values(s.targets) }

func values[T any](list []known[T]) []T {
	out := make([]T, len(list))
	for i := range list {
		out[i] = list[i].is
	}
	return out
}
