// Package config compiles a keepalived configuration into an immutable model:
// one file per block holds its keywords and what each of them sets, compile.go
// walks the blocks in the order of the original's passes, link.go turns names
// into pointers and says what is wrong between blocks.
package config

import (
	"net/netip"
	"time"

	"tandem/parser/source"
)

// Config is one whole configuration, read, checked and linked. It is never
// changed after Load returned it; a reload makes a new one.
type Config struct {
	// ConfigID is what "@id" lines and ${_INSTANCE} were compared with: the
	// -i option, or the host name up to its first dot.
	ConfigID string
	// Files are all files that were read, in order.
	Files []*source.File

	Process Process // root keywords that are not blocks
	Global  Global  // global_defs

	Instances    []*Instance // vrrp_instance, in file order
	SyncGroups   []*SyncGroup
	GarpGroups   []*GarpGroup
	Scripts      []*Script       // vrrp_script
	TrackFiles   []*TrackFile    // track_file
	TrackProcs   []*TrackProcess // vrrp_track_process
	BFDs         []*BFD          // bfd_instance
	StaticGroups []*StaticGroup  // track_group

	StaticAddresses []*Address // static_ipaddress
	StaticRoutes    []*Route   // static_routes
	StaticRules     []*Rule    // static_rules

	LinkbeatInterfaces []LinkbeatInterface // linkbeat_interfaces
	InterfaceDelays    []InterfaceDelay    // interface_up_down_delays

	SSL            *SSL
	VirtualGroups  []*VirtualServerGroup
	VirtualServers []*VirtualServer
}

// Process holds the root keywords that are about the process itself; they
// cannot change on reload.
type Process struct {
	NetNamespace        string        // net_namespace; "" is the current one
	NetNamespaceIPVS    string        // net_namespace_ipvs; "" is NetNamespace
	NamespaceIPVSSet    bool          // net_namespace_ipvs was given
	NamespaceWithIPsets bool          // namespace_with_ipsets
	Instance            string        // instance: suffix of pid files and syslog idents
	UsePIDDir           bool          // use_pid_dir: pid files below /run/keepalived
	ChildWaitTime       time.Duration // child_wait_time; default 5 s
	LinkbeatUsePolling  bool          // linkbeat_use_polling
}

// Account is a user and a group that a script runs as.
type Account struct {
	Name string // as written; "" where the account is a default
	UID  uint32
	GID  uint32
	// Group is the group as written; "" is the user's own.
	Group string
	// Supplementary asks for the user's supplementary groups (":group").
	Supplementary bool
}

// Command is a script with its arguments and account.
type Command struct {
	Argv    []string // words after quotes and escapes; Argv[0] is the program
	Text    string   // the command as one string, as messages print it
	Account Account
	Path    string // Argv[0] as it was found: with its directory, symbolic links resolved
	At      source.Span
	// Disabled is why the command will never run ("not found/accessible",
	// "insecure"); "" for commands that may run.
	Disabled string

	ownAccount bool // a user was written with the script
}

// Notify is the set of scripts of an instance, a group or a real server.
type Notify struct {
	Master  *Command // notify_master
	Backup  *Command // notify_backup
	Fault   *Command // notify_fault
	Stop    *Command // notify_stop
	Deleted *Command // notify_deleted
	Any     *Command // notify: gets INSTANCE|GROUP name STATE priority appended

	MasterRxLowerPri *Command // notify_master_rx_lower_pri
	PriorityChanges  bool     // notify_priority_changes
	DeletedState     bool     // notify_deleted without a script: say DELETED, not FAULT
}

// Empty says whether no script is set.
func (n *Notify) Empty() bool {
	return n.Master == nil && n.Backup == nil && n.Fault == nil && n.Stop == nil &&
		n.Deleted == nil && n.Any == nil && n.MasterRxLowerPri == nil
}

// Script is one vrrp_script.
type Script struct {
	Name     string
	Command  *Command
	Interval time.Duration // default 1 s
	Timeout  time.Duration // default Interval
	Weight   int           // -253 to 253, 0: failure means FAULT
	Reverse  bool          // weight … reverse
	Rise     int           // successes until it counts as up; default 1
	Fall     int           // failures until it counts as down; default 1
	InitFail bool          // init_fail
	At       source.Span
	Used     bool // at least one instance or group tracks it

	user    *Account
	userBad bool
}

// TrackFile is one track_file.
type TrackFile struct {
	Name    string
	Path    string
	Weight  int  // -254 to 254; default 1
	Reverse bool // weight … reverse
	At      source.Span
	Used    bool

	InitFile      bool // init_file: create it at start
	InitValue     int  // its value; 0 where none was given
	InitOverwrite bool // init_file … overwrite
}

// TrackProcess is one vrrp_track_process.
type TrackProcess struct {
	Name           string
	Path           string   // process: the program
	Params         []string // process: its parameters
	ParamMatch     ParamMatch
	FullCommand    bool // full_command: compare argv[0] whole
	Weight         int  // -254 to 254; default 0
	Reverse        bool
	Quorum         int // default 1
	QuorumMax      int // -1: no limit
	ForkDelay      time.Duration
	TerminateDelay time.Duration
	At             source.Span
	Used           bool

	weightGiven bool
}

// ParamMatch is how the parameters of a tracked process are compared.
type ParamMatch uint8

// The ways of vrrp_track_process param_match.
const (
	ParamNone    ParamMatch = iota // parameters are not compared
	ParamExact                     // all parameters, in full
	ParamPartial                   // the last given one may be a prefix
	ParamInitial                   // the process may have further parameters
)

// BFD is one bfd_instance.
type BFD struct {
	Name         string
	Neighbour    netip.Addr
	Source       netip.Addr
	MinRx        time.Duration // default 10 ms
	MinTx        time.Duration // default 10 ms
	IdleTx       time.Duration // default 1 s
	Multiplier   int           // default 5
	Passive      bool
	TTL          int // default 255, multihop 64
	MaxHops      int // -1: not checked
	Multihop     bool
	Weight       int
	Reverse      bool
	VRRP         bool // vrrp: only for the VRRP process
	Checker      bool // checker: only for the checkers
	badNeighbour bool
	At           source.Span
}

// Tracked is one entry of track_interface, track_script, track_file,
// track_process or track_bfd: a thing of type T and the weight it has here.
type Tracked[T any] struct {
	Target T
	// Weight is the weight of this entry; the target's own where none was
	// given. 0: failure means FAULT.
	Weight  int
	Reverse bool
	Set     bool // a weight was given here
	At      source.Span
	Name    string // as written
}

// Tracks is all that an instance or a sync group tracks.
type Tracks struct {
	Interfaces []Tracked[string]
	Scripts    []Tracked[*Script]
	Files      []Tracked[*TrackFile]
	Procs      []Tracked[*TrackProcess]
	BFDs       []Tracked[*BFD]
}

// SyncGroup is one vrrp_sync_group.
type SyncGroup struct {
	Name    string
	Members []*Instance // group { }, linked
	Tracks  Tracks
	Notify  Notify

	SMTPAlert         bool
	TrackingWeight    bool // sync_group_tracking_weight: members may have weighted trackers
	At                source.Span
	memberNames       []nameAt
	smtpAlertGiven    bool
	priorityNotifySet bool
}

// StaticGroup is one track_group: instances that tie static addresses,
// routes and rules to their interface state.
type StaticGroup struct {
	Name    string
	Members []*Instance
	At      source.Span

	memberNames []nameAt
}

// GarpGroup is one garp_group: interfaces that share intervals between
// gratuitous ARPs and unsolicited neighbour advertisements.
type GarpGroup struct {
	GarpInterval time.Duration
	GnaInterval  time.Duration
	Interfaces   []string
	At           source.Span

	delaySet bool
	pending  []string // names of the interfaces block being read
}

// LinkbeatInterface is one line of linkbeat_interfaces.
type LinkbeatInterface struct {
	Name string
	Kind string // "MII", "ETHTOOL", "IOCTL" or "": the first that works
	At   source.Span
}

// InterfaceDelay is one line of interface_up_down_delays.
type InterfaceDelay struct {
	Name     string
	Down, Up time.Duration
	At       source.Span
}

// nameAt is a name that link.go will resolve.
type nameAt struct {
	name string
	at   source.Span
}
