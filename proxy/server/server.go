// Package server holds what is known of backends and their servers while the
// process runs: addresses, health, weights, queues, sessions, counters. The
// objects live in a Registry keyed by name, so that a new configuration
// adopts them. It decides nothing about requests.
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
	Renamed        Admin = 0x40 // the host name is not that of the line; no reason to keep it out

	// AnyMaint and AnyDrain group the reasons.
	AnyMaint = ForcedMaint | InheritedMaint | ConfigMaint | ResolveMaint
	AnyDrain = ForcedDrain | InheritedDrain
)

// Endpoint is where a server is reached; replaced whole, never changed.
type Endpoint struct {
	Network string // "tcp4", "tcp6", "tcp", "unix"
	Host    string // literal address, or path; abstract names begin with "@" (NUL)
	Port    int    // 0: the client's port
	MapPort int    // offset added to the client's port where Mapped
	Mapped  bool
	Name    string // host name it was resolved from; "" for literals
}

// Identity is what a server is called elsewhere: the host name whose address
// it has, and the SRV record that gave it that name; either may be "".
type Identity struct{ Host, Record string }

// WeightScale is how finely effective weights are kept: a server of weight 1
// has an effective weight of 16, so that a slow start has steps.
const WeightScale = 16

// Server is one server of one backend for the life of the process.
type Server struct {
	Backend *Backend
	Name    string
	ID      int
	Stats   stats.Server
	Params  *Params // words of its line; replaced whole on reload

	addr     atomic.Pointer[Endpoint]
	cur      atomic.Int64           // requests now
	waiting  atomic.Int64           // in its own queue
	maxConn  atomic.Int64           // run time limit; 0: none
	uw       atomic.Int32           // user weight, 0 to 256
	ew       atomic.Int32           // effective weight × WeightScale
	willing  atomic.Bool            // takes persistent traffic
	chosen   atomic.Bool            // stands in the backend's farm
	cookie   atomic.Pointer[string] // dynamic
	errs     atomic.Int32           // consecutive observed errors
	lost     atomic.Pointer[func()] // told when checks cannot reach it
	starting atomic.Int32           // percent of a slow start; 0: none is running

	// The fields below are guarded by the registry's state lock.
	op         OpState
	admin      Admin
	check      Health
	agent      Health
	lastChange time.Time
	downTime   time.Duration // counted until the last recovery
	iweight    int           // weight of the configuration
	tracked    *Server
	trackers   []*Server
	warming    *time.Timer
	dynamic    bool // added at run time
	named      bool // the configuration names it elsewhere than on its line
	id         Identity
	written    Endpoint // what its line says, without an address
	line       Endpoint // the same with the port that it has now
	Check      CheckState
	Agent      CheckState

	queue    waitList // guarded by the backend's queue lock
	sessions sessionSet
}

// Settings are the words of a backend that this room acts on.
type Settings struct {
	AllBackups      bool
	FullConn        int // 0: minconn has no effect
	LogHealthChecks bool
	ForcedID        bool
	Mode            string
	Ranked          bool   // the farm says which servers have been in it for longest
	DynamicCookies  bool   // servers without a cookie of their own get one
	CookieKey       string // that it depends on
}

// Backend is a set of servers with a queue.
type Backend struct {
	Name  string
	ID    int
	Stats stats.Backend

	reg      *Registry
	own      sync.Mutex // state lock of a backend without registry
	servers  atomic.Pointer[[]*Server]
	byName   atomic.Pointer[map[string]*Server]
	farm     atomic.Pointer[Farm]
	settings atomic.Pointer[Settings]
	cur      atomic.Int64 // requests now, for the ramp between minconn and maxconn

	lastChange time.Time // state lock
	downTotal  time.Duration
	// Unpublished keeps other proxies' use_backend and default_backend rules
	// from choosing the backend.
	Unpublished atomic.Bool

	restoring bool // states are taken from a file: nobody is told that servers lack

	qmu     sync.Mutex
	queue   waitList // requests that any server may take
	waiting atomic.Int64
}

// Registry keeps backends by name across configurations.
type Registry struct {
	mu     sync.Mutex
	m      map[string]*Backend
	state  sync.Mutex // guards the state of all servers: tracking crosses backends
	notify atomic.Pointer[func(Event)]
}

// Event is a change of state in the words that logs print.
type Event struct {
	Backend *Backend
	Server  *Server // nil for events of the backend itself
	Level   int     // syslog level: 0 emerg, 1 alert, 5 notice
	Mail    int     // level of the mail about it; 0: none is sent
	Text    string
	Console string // text for stderr where it differs, else ""
	Quiet   bool   // not for stderr
}

// OnEvent makes f receive all changes of state from now on. f is called with
// the state lock held: it must not call back into this package.
func (r *Registry) OnEvent(f func(Event)) { r.notify.Store(&f) }

// Has says whether there is a backend of that name.
func (r *Registry) Has(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.m[name] != nil
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
		b = &Backend{Name: name, reg: r, lastChange: time.Now()}
		r.m[name] = b
	}
	return b
}

// Remove forgets a backend.
func (r *Registry) Remove(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.m, name)
}

// lock takes the lock that guards states and returns the function that gives
// it back.
func (b *Backend) lock() func() {
	mu := &b.own
	if b.reg != nil {
		mu = &b.reg.state
	}
	mu.Lock()
	return mu.Unlock
}

// emit hands an event to whoever listens.
func (b *Backend) emit(e Event) {
	if b.reg == nil {
		return
	}
	if f := b.reg.notify.Load(); f != nil {
		e.Backend = b
		(*f)(e)
	}
}

// Settings returns what the configuration says of the backend.
func (b *Backend) Settings() Settings {
	if s := b.settings.Load(); s != nil {
		return *s
	}
	return Settings{}
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
	if m := b.byName.Load(); m != nil {
		return (*m)[name]
	}
	return nil
}

// Cur returns the requests that the server handles now.
func (s *Server) Cur() int64 { return s.cur.Load() }

// Waiting returns the requests in the server's own queue.
func (s *Server) Waiting() int64 { return s.waiting.Load() }

// Cur returns the requests that the backend's servers handle now.
func (b *Backend) Cur() int64 { return b.cur.Load() }

// Waiting returns the requests in the backend's queue and in its servers'.
func (b *Backend) Waiting() int64 {
	n := b.waiting.Load()
	for _, s := range b.Servers() {
		n += s.waiting.Load()
	}
	return n
}

// Addr returns where the server is reached, nil while it has no address.
func (s *Server) Addr() *Endpoint { return s.addr.Load() }

// SetAddr changes where the server is reached and returns the former address.
func (s *Server) SetAddr(e *Endpoint) *Endpoint {
	old := s.addr.Swap(e)
	s.bake()
	return old
}

// Weight returns the weight that the configuration or an operator gave.
func (s *Server) Weight() int { return int(s.uw.Load()) }

// EffectiveWeight returns the weight × WeightScale that balancing uses.
func (s *Server) EffectiveWeight() int { return int(s.ew.Load()) }

// MaxConn returns the limit of concurrent requests; 0: none.
func (s *Server) MaxConn() int64 { return s.maxConn.Load() }

// SetMaxConn changes the limit of concurrent requests and lets waiting ones
// in where it grew.
func (s *Server) SetMaxConn(n int64) {
	s.maxConn.Store(n)
	s.dispatch()
}

// Willing says whether persistent requests may go to the server: it is up,
// or up and draining.
func (s *Server) Willing() bool { return s.willing.Load() }
