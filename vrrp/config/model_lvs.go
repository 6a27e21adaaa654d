package config

import (
	"net/netip"
	"time"

	"tandem/parser/source"
)

// SSL is the root block SSL: the client certificate of SSL_GET.
type SSL struct {
	Password, CA, Certificate, Key string
	At                             source.Span
}

// VirtualServerGroup is one virtual_server_group.
type VirtualServerGroup struct {
	Name    string
	Entries []GroupEntry
	At      source.Span
	Used    bool
}

// GroupEntry is one line of a virtual_server_group: a range of addresses or a mark.
type GroupEntry struct {
	First, Last netip.Addr
	Port        uint16
	FWMark      uint32 // not 0: this is "fwmark n"
	IPv6        bool
	At          source.Span

	mark, familySet bool
}

// VirtualServer is one virtual_server.
type VirtualServer struct {
	// One of the three: Addr, FWMark, GroupName.
	Addr      netip.AddrPort
	FWMark    uint32
	GroupName string
	Group     *VirtualServerGroup

	IPv6      bool
	FamilySet bool
	Protocol  string // TCP, UDP, SCTP; "" for fwmark services
	Scheduler string // rr, wrr, …
	Method    Forwarding
	OnePacket bool // ops
	SchedFlag uint32

	Persistent     bool
	PersistTimeout time.Duration
	PersistGran    int // prefix length; 0: host
	PersistEngine  string

	HASuspend  bool
	Alpha      bool
	Omega      bool
	Quorum     int // default 1
	Hysteresis int
	QuorumUp   *Command
	QuorumDown *Command
	Weight     int // default of its real servers; 1
	Inhibit    bool
	SMTPAlert  *bool

	Timing Timing // defaults of its checkers

	VirtualHost   string
	SNMPName      string
	Sorry         *RealServer
	SorryInhibit  bool
	SorryMethod   *Forwarding
	Real          []*RealServer
	At            source.Span
	Text          string // as messages print it
	methodGiven   bool
	protocolGiven bool
	mark          bool
}

// Forwarding is how packets reach a real server.
type Forwarding struct {
	Kind    string // NAT, DR, TUN
	TunType string // ipip, gue, gre
	TunPort uint16
	TunCsum string // nocsum, csum, remcsum
}

// Timing is when and how often a checker runs. A negative value means "not
// given": the outer block's applies, then the checker's own default.
type Timing struct {
	DelayLoop      time.Duration
	Retry          int
	RetryDelay     time.Duration // delay_before_retry
	Warmup         time.Duration
	ConnectTimeout time.Duration
}

// RealServer is one real_server, or a sorry_server.
type RealServer struct {
	Addr        netip.AddrPort
	Weight      int
	Method      *Forwarding
	UThreshold  uint32
	LThreshold  uint32
	Inhibit     *bool
	Alpha       *bool
	NotifyUp    *Command
	NotifyDown  *Command
	SMTPAlert   *bool
	VirtualHost string
	SNMPName    string
	Timing      Timing
	Checkers    []*Checker
	At          source.Span

	vs *VirtualServer
}

// Checker is one check of a real server; which fields mean something depends on Kind.
type Checker struct {
	Kind string // TCP_CHECK, HTTP_GET, SSL_GET, SMTP_CHECK, DNS_CHECK, MISC_CHECK, BFD_CHECK, UDP_CHECK, PING_CHECK, FILE_CHECK

	ConnectIP   netip.Addr
	ConnectPort uint16
	BindIP      netip.Addr
	BindPort    uint16
	BindIf      string
	FWMark      uint32
	Timing      Timing
	Alpha       *bool
	LogAll      *bool

	// HTTP_GET, SSL_GET
	URLs         []*URL
	VirtualHost  string
	HTTPProtocol string // 1.0, 1.0C, 1.1
	FastRecovery bool
	EnableSNI    bool
	SNIName      string
	TLSCompliant bool

	HeloName string // SMTP_CHECK

	DNSType string // DNS_CHECK
	DNSName string

	Script  *Command // MISC_CHECK
	Timeout time.Duration
	Dynamic bool

	BFD *BFD // BFD_CHECK

	Payload      []byte // UDP_CHECK
	RequireReply bool
	Reply        []byte // the beginning of the answer
	ReplyMask    []byte // bits of Reply that count
	MinReply     int
	MaxReply     int

	File    *TrackFile // FILE_CHECK
	Weight  int
	Reverse bool

	At      source.Span
	refName nameAt
	rs      *RealServer
	user    *Account
	userBad bool
	named   bool
}

// URL is one url of HTTP_GET or SSL_GET.
type URL struct {
	Path         string
	Digest       string
	StatusCodes  [][2]int // empty: 200 to 299
	VirtualHost  string
	Regex        string
	RegexNot     bool
	RegexOptions []string
	RegexMin     int
	RegexMax     int
	RegexStack   [2]int
	TLSCompliant bool
	At           source.Span
}
