// Package server holds what is known of backends and their servers while the
// process runs: addresses, health, weights, queues, idle connections,
// counters. The objects live in a Registry keyed by name, so that a new
// configuration adopts them. It decides nothing about requests.
package server

import (
	"sync"
	"sync/atomic"
	"time"

	"tandem/stats"
)

// OpState is the operational state (management manual, show servers state).
type OpState uint8

// Operational states with the numbers that "show servers state" prints.
const (
	Stopped  OpState = iota // down
	Starting                // up, weight still rising (slowstart)
	Running
	Stopping // up, takes persistent traffic only (404 under disable-on-404)
)

// Admin is the administrative state: why a server is kept out on purpose.
type Admin uint32

// Administrative flags with the numbers that "show servers state" prints.
const (
	ForcedMaint    Admin = 0x01 // set server … state maint
	InheritedMaint Admin = 0x02 // the tracked server is in maintenance
	ConfigMaint    Admin = 0x04 // "disabled" on its line
	ForcedDrain    Admin = 0x08 // set server … state drain
	InheritedDrain Admin = 0x10
	ResolveMaint   Admin = 0x20 // no address
	HostnameMaint  Admin = 0x40

	// AnyMaint and AnyDrain group the reasons.
	AnyMaint = ForcedMaint | InheritedMaint | ConfigMaint | ResolveMaint | HostnameMaint
	AnyDrain = ForcedDrain | InheritedDrain
)

// Endpoint is where a server is reached; replaced whole, never changed.
type Endpoint struct {
	Network string // "tcp4", "tcp6", "tcp", "unix"
	Host    string // literal address, or path; abstract names begin with "@" (NUL)
	Port    int    // 0: the client's port
	MapPort int    // offset added to the client's port where Mapped
	Mapped  bool
}

// Server is one server of one backend for the life of the process.
type Server struct {
	Backend *Backend
	Name    string
	ID      int
	Stats   stats.Server
	Params  *Params // words of its line; replaced whole on reload

	addr  atomic.Pointer[Endpoint]
	cur   atomic.Int64 // sessions now
	ready atomic.Uint32
	uw    atomic.Int32 // user weight, 0 to 256
	ew    atomic.Int32 // effective weight × 16 (slowstart, agent)

	mu         sync.Mutex // protects below
	op         OpState
	admin      Admin
	health     int // 0 to rise+fall-1
	lastChange time.Time
	downSince  time.Duration // downtime counted so far
	trackers   []*Server
	idle       idlePool
	Check      CheckState
	Agent      CheckState
	streams    sessionSet
}

// Backend is a set of servers with a queue.
type Backend struct {
	Name  string
	ID    int
	Stats stats.Backend

	mu         sync.Mutex // protects below and the health fields of its servers' transitions
	servers    atomic.Pointer[[]*Server]
	lastChange time.Time
	downTotal  time.Duration
	queue      queue
	onChange   []func() // balance policies listen for changes of the server set
}

// Servers returns the backend's servers in the order of the configuration;
// the slice is never changed.
func (b *Backend) Servers() []*Server {
	if p := b.servers.Load(); p != nil {
		return *p
	}
	return nil
}

// Server returns the server of that name, nil if there is none.
func (b *Backend) Server(name string) *Server {
	for _, s := range b.Servers() {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Registry keeps backends by name across configurations.
type Registry struct {
	mu sync.Mutex
	m  map[string]*Backend
}

// Backend returns the backend of that name, made on first use.
func (r *Registry) Backend(name string) *Backend {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		r.m = map[string]*Backend{}
	}
	b := r.m[name]
	if b == nil {
		b = &Backend{Name: name, lastChange: time.Now()}
		r.m[name] = b
	}
	return b
}
