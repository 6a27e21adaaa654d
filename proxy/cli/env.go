// Package cli answers operators: the stats socket with its commands
// (management manual 9.3) and the statistics page. It changes the run time
// objects of the rooms below it and owns none of them.
package cli

import (
	"net"
	"net/netip"
	"time"

	"tandem/proxy/certs"
	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/logs"
	"tandem/proxy/pattern"
	"tandem/proxy/server"
	"tandem/proxy/tx"
	"tandem/stats"
)

// Env is what the commands ask of the rest of the process. Config is
// required; every other member may be nil, and what needs it then answers
// that it is not there.
type Env struct {
	// Config returns the configuration that is in force.
	Config func() *config.Config
	// Process counts for the whole process.
	Process *stats.Process
	// Now is the clock; nil: the system's.
	Now func() time.Time
	// NowMS is the clock that the rate counters are fed with, milliseconds;
	// nil: Unix time of Now.
	NowMS func() int64
	// Start is when the process began; Boot how long it took to be ready.
	Start time.Time
	Boot  time.Duration

	// Product, Version, ReleaseDate and BuildInfo are what "show info" prints.
	Product, Version, ReleaseDate, BuildInfo string
	// Info adds what only the process's owner knows: limits, jobs.
	Info func(*stats.Info)
	// Listeners returns the open sockets of a frontend, for socket-stats.
	Listeners func(*listen.Frontend) []*listen.Listener
	// Streams calls f for every stream that is being served.
	Streams func(f func(Stream))
	// BadMessages returns how many malformed messages were captured, and the
	// last ones, in the order in which they are shown.
	BadMessages func() (total uint64, list []*tx.BadMessage)
	// Certs holds the certificates of binds and servers.
	Certs *certs.Store
	// AddServer makes a server of a backend out of the words of "add server";
	// the error is the answer. RemoveServer takes it out again.
	AddServer    func(p *config.Proxy, name string, words []string) error
	RemoveServer func(p *config.Proxy, s *server.Server)
	// Rename makes a server follow another host name; the result is the answer.
	Rename func(s *server.Server, host string) string
	// Sinks are the places that log messages go to.
	Sinks *logs.Sinks
	// StartupLogs returns what was reported while starting.
	StartupLogs func() string
	// Frontend pauses, resumes or stops the listeners of a frontend.
	Frontend FrontendControl
	// Limits receives the process-wide limits that commands change.
	Limits func(Limit, int64)
	// Log sends a line to the logs of the global section.
	Log func(text string)
	// GetSocks hands the listening descriptors over ("_getsocks").
	GetSocks func(c net.Conn) error
}

// FrontendControl starts and stops listeners at run time.
type FrontendControl interface {
	// Pause closes the frontend's sockets until Resume; it returns false
	// where that failed.
	Pause(*config.Proxy) bool
	// Resume opens them again.
	Resume(*config.Proxy) bool
	// Stop closes them for good.
	Stop(*config.Proxy)
	// Paused says whether Resume could help.
	Paused(*config.Proxy) bool
}

// Limit names a process-wide limit that a command changes.
type Limit uint8

// Limits of the whole process.
const (
	MaxConn     Limit = iota // concurrent connections
	ConnRate                 // connections per second
	SessRate                 // sessions per second
	SSLRate                  // TLS sessions per second
	CompressBps              // bytes per second into the compressor
)

// Stream is one request or TCP session that is being served.
type Stream struct {
	ID       uint64
	Proto    string // "tcpv4", "tcpv6", "unix_stream"
	Src      netip.AddrPort
	Unix     int // number of the socket where Src is not valid
	Front    *config.Proxy
	Back     *config.Proxy // nil: none chosen
	Server   string        // "" : none
	Listener string
	Begin    time.Time
	Requests int
	URI      string
	BytesIn  uint64
	BytesOut uint64
	Kill     func() // ends the stream at once
}

func (e *Env) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now()
}

func (e *Env) nowMS() int64 {
	if e.NowMS != nil {
		return e.NowMS()
	}
	return e.now().UnixMilli()
}

// process returns the counters of the process, empty ones where none are kept.
func (e *Env) process() *stats.Process {
	if e.Process != nil {
		return e.Process
	}
	return &stats.Process{}
}

// product is the name that pages and "show info" begin with.
func (e *Env) product() string {
	if e.Product != "" {
		return e.Product
	}
	return "HAProxy"
}

// patterns returns the registry of maps and ACLs, an empty one where none is kept.
func (e *Env) patterns() *pattern.Registry {
	if r := e.Config().Patterns; r != nil {
		return r
	}
	return pattern.NewRegistry()
}
