// Package logs sends log lines where "log" lines say: syslog over UDP, unix
// sockets, stdout, rings.
package logs

// Target is a compiled "log" line.
type Target struct {
	Address  string // as written
	Len      int    // longest message in bytes; 1024 by default
	Format   string // local rfc3164 rfc5424 priority short timed iso raw
	Auto     bool   // no format was given: forwarded messages keep theirs
	File     string // where it is written
	Line     int
	Facility int
	Max, Min int // syslog levels: messages above Max are dropped, below Min raised
	Sample   *Sampling
	Profile  string
	Use      *Profile // the section of that name
	Global   bool     // "log global": replaced by the global targets
}

// Sampling is "sample <ranges>:<size>".
type Sampling struct {
	Ranges [][2]int
	Size   int
}
