package lvs

import (
	"net/netip"
	"time"

	"tandem/vrrp/notify"
)

// Config says what is balanced and how it is checked. It is never changed
// after it was handed over.
type Config struct {
	Services []*Service
	Timeouts Timeouts
	// Sync are the daemons that run as long as the configuration is in force.
	Sync []Sync
	// Flush empties the kernel's table at start.
	Flush bool
	// FlushAtStop empties it at stop; ServicesAtStop removes services without
	// a word about each server.
	FlushAtStop, ServicesAtStop bool
	// InitNotifies tells the first state of every server.
	InitNotifies bool
	// NoMail silences checks that leave their server as it is: only servers
	// that come and go are mailed, and quorums.
	NoMail bool
}

// Service is a virtual service with its servers.
type Service struct {
	Name string // as messages print it; unique
	// Members are what the kernel knows of it: one, or all of a group.
	Members []Member
	Opt     ServiceOpt

	Quorum, Hysteresis   int64
	QuorumUp, QuorumDown *notify.Command
	Mail                 bool
	Omega                bool // say at stop that everything is down
	// Suspend is the address without which this machine does not check;
	// invalid: it always does.
	Suspend netip.Addr

	Sorry        *Server
	SorryInhibit bool // the sorry server stays, with weight 0
	Servers      []*Server
}

// Member is one service of the kernel.
type Member struct {
	ID ServiceID
	// Group says that it stands in a group, with servers that may listen on
	// other ports; Text is the line of the group that it comes from.
	Group string
	Text  string
}

// Server is a server of a service.
type Server struct {
	Name     string // as messages print it
	Dest     Dest   // with the configured weight
	Inhibit  bool   // stays when it is down, with weight 0
	Alpha    bool   // is down until checked
	Up, Down *notify.Command
	Mail     bool
	Checks   []*Check
}

// Check is one check of a server.
type Check struct {
	Kind  *Kind
	Probe Prober
	// Identity is equal for checks that do the same: a reload keeps their
	// state.
	Identity string
	// About names what is checked where messages want more than the server.
	About string

	Delay      time.Duration // between two checks
	RetryDelay time.Duration // before a further try
	Retry      uint32        // further tries before a check counts as failed
	Warmup     time.Duration // most of the random wait before the first
	Alpha      bool          // counts as failed until it succeeded
	LogAll     bool
	// Weight is what it adds to the weight of its server from the start.
	Weight int64
	// Fast checks all steps at once until they have succeeded.
	Fast bool
}

// firstDelay is how long after its activation a check begins, before the
// random wait.
const firstDelay = time.Second
