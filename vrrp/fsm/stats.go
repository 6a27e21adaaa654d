package fsm

import "tandem/vrrp/packet"

// Stats are the counters of one instance, under the names that the statistics
// file uses. They survive a reload.
type Stats struct {
	Received, Sent                 uint64
	BecameMaster, ReleasedMaster   uint64
	Length, TTL, Type, Interval    uint64
	AddrList                       uint64
	AuthType, AuthMismatch         uint64
	AuthFailure, Version, Checksum uint64
	ZeroReceived, ZeroSent         uint64
	// Of authentication trailers.
	TrailerMissing, TrailerMalformed, TrailerKey uint64
	TrailerDigest, TrailerStale, TrailerReplay   uint64
}

// count adds a fault to its counter.
func (s *Stats) count(c packet.Counter) {
	switch c {
	case packet.CountLength:
		s.Length++
	case packet.CountTTL:
		s.TTL++
	case packet.CountTrailerMissing:
		s.TrailerMissing++
	case packet.CountTrailerMalformed:
		s.TrailerMalformed++
	case packet.CountTrailerKey:
		s.TrailerKey++
	case packet.CountTrailerDigest:
		s.TrailerDigest++
	case packet.CountTrailerStale:
		s.TrailerStale++
	case packet.CountTrailerReplay:
		s.TrailerReplay++
	case packet.CountType:
		s.Type++
	case packet.CountInterval:
		s.Interval++
	case packet.CountAddrList:
		s.AddrList++
	case packet.CountAuthType:
		s.AuthType++
	case packet.CountAuthMismatch:
		s.AuthMismatch++
	case packet.CountAuthFailure:
		s.AuthFailure++
	case packet.CountVersion:
		s.Version++
	case packet.CountChecksum:
		s.Checksum++
	}
}
