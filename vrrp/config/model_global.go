package config

import (
	"net/netip"
	"time"

	"tandem/parser/keepalived"
	"tandem/parser/source"
)

// Global is global_defs with every default filled in.
type Global struct {
	RouterID string // default: host name
	Mail     Mail

	// Processes.
	ProcessNames       bool // process_names
	ProcessName        string
	VRRPProcess        ProcessOptions
	CheckerProcess     ProcessOptions
	BFDProcess         ProcessOptions
	MaxAutoPriority    int // -1: no limit; 0: off
	MinAutoPrioDelay   time.Duration
	Umask              *uint32
	RandomSeed         *uint32
	ShutdownScript     *Command
	ShutdownTimeout    time.Duration // default 10 s
	StartupScript      *Command
	StartupTimeout     time.Duration // default 10 s
	ScriptUser         Account       // what scripts without a user run as
	ScriptUserSet      bool
	ScriptSecurity     bool // enable_script_security
	UseSymlinkPaths    bool
	SupplementaryGroup bool // set_supplementary_groups

	// What only this program has.
	Status           []string // tandem_status: addresses that the state is served at
	SplitBrain       bool     // tandem_split_brain
	RestoreAddresses bool     // tandem_restore_addresses

	// Notify FIFOs.
	FIFO           *FIFO // notify_fifo
	VRRPFIFO       *FIFO // vrrp_notify_fifo
	LVSFIFO        *FIFO // lvs_notify_fifo
	FIFOOnReload   bool  // fifo_write_vrrp_states_on_reload
	RSInitNotifies bool

	// Defaults of instances; already applied to them by link.go.
	VRRPVersion          int
	MulticastGroup4      netip.Addr // default 224.0.0.18
	MulticastGroup6      netip.Addr // default ff02::12
	DefaultInterface     string     // default eth0
	Garp                 Garp
	GarpInterval         time.Duration // between two messages on one interface
	GnaInterval          time.Duration
	MinGarp              bool
	LowerPrioNoAdvert    bool
	HigherPrioSendAdvert bool
	DownTimerAdverts     int
	CheckUnicastSource   bool
	SkipCheckAdvAddr     bool
	Strict               bool
	V3ChecksumAsV2       bool
	OwnerIgnoreAdverts   bool
	PriorityChanges      bool          // vrrp_notify_priority_changes
	StartupDelay         time.Duration // vrrp_startup_delay
	DelayAfterBoot       time.Duration // vrrp_delay_after_boot
	LogUnknownVRIDs      bool
	DynamicInterfaces    bool
	AllowIfChanges       bool
	DisableLocalIGMP     bool
	VMACPrefix           string // default vrrp
	VMACAddrPrefix       string
	RxBufsPolicy         string // "", MTU, ADVERT or a number of bytes
	RxBufsMultiplier     int    // default 3
	NetlinkBuffers       map[string]uint32
	NetlinkForce         map[string]bool
	IPRouteUsrDir        string
	IPRouteEtcDir        string

	// Firewalls; kept as written, nothing here drives them.
	Iptables         []string
	Ipsets           []string
	NFTables         string // table name; "": not used
	NFTablesPriority int
	NFTablesCounters bool
	NFTablesIfindex  bool
	NFTablesIPVS     string
	NFTablesIPVSPrio int
	NFTablesFWMark   uint32

	// LVS.
	LVSSync       *LVSSync
	LVSTimeouts   [3]int // tcp, tcpfin, udp in seconds; 0: the kernel's
	LVSFlush      bool
	LVSFlushStop  string // "", "all" or "VS"
	CheckerLogAll bool   // checker_log_all_failures

	// Reload and dumps.
	ReloadCheckConfig string // log file; "" off
	ReloadCheck       bool
	TmpConfigDir      string
	IncludeCheck      keepalived.Check
	ReloadFile        string
	ReloadFileSet     bool
	ReloadTimeFile    string
	ReloadRepeat      bool
	ConfigSaveDir     string
	DataUseInstance   bool
	JSONVersion       int // default 1
	StateDumpFile     string
	StatsDumpFile     string
	JSONDumpFile      string

	// SNMP and D-Bus; kept as written.
	SNMPSocket   string
	Traps        bool
	SNMP         map[string]bool // enable_snmp_vrrp, …
	VSUpdate     time.Duration
	RSUpdate     time.Duration
	DBus         bool
	DBusName     string
	DBusNoIfName string

	At source.Span
}

// Mail is how alerts are mailed.
type Mail struct {
	To             []string
	From           string
	Server         netip.AddrPort // zero: none, or a name
	ServerName     string         // as written
	ServerPort     uint16         // default 25
	HeloName       string
	ConnectTimeout time.Duration // default 30 s
	Alert          *bool         // smtp_alert; nil: not given
	AlertVRRP      *bool
	AlertChecker   *bool
	NoEmailFaults  bool
	NoCheckerMails bool
}

// ProcessOptions are the scheduling words of one child process.
type ProcessOptions struct {
	Name     string
	Priority int
	Nice     bool // Priority was given
	NoSwap   bool
	RTPrio   int
	RTLimit  time.Duration
	CPUs     []int
}

// FIFO is a notify FIFO with its reader.
type FIFO struct {
	Path    string
	Account Account
	Script  *Command
	At      source.Span
}

// LVSSync is lvs_sync_daemon.
type LVSSync struct {
	Interface string
	Instance  *Instance // whose state decides; nil: always master
	ID        int
	MaxLen    int
	Port      int
	TTL       int
	Group     netip.Addr
	At        source.Span

	instance nameAt
}
