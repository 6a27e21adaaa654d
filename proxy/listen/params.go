package listen

import (
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// Option is what a word of a "bind" line makes.
type Option func(*Bind) error

// Bind is what a bind line says; one per line, shared by all its addresses.
type Bind struct {
	Addrs                   []string    // as written, split at commas
	Endpoints               []expr.Addr // parsed, port ranges expanded
	Span                    string      // "file:line", for messages
	Name                    string
	ForcedID                int
	MaxConn                 int
	Backlog                 int
	Interface               string
	AcceptProxy             bool
	AcceptCIP               uint32 // accept-netscaler-cip magic; 0: none
	Transparent             bool
	V6Only, V4V6            bool
	DeferAccept             bool
	TFO                     bool
	MSS                     int
	TCPUserTimeout          time.Duration
	Nice                    int
	Mode                    uint32 // unix socket; 0: umask
	User, Group             string
	UID, GID                int    // -1: unset
	Level                   string // stats sockets: user operator admin
	ExposeFD                bool
	SeverityOutput          string
	Process, Thread         string
	Shards                  string
	Namespace               string
	Proto                   string
	GUID, CongestionControl string
	IdlePing                time.Duration
	TLS                     TLS
	TCPMD5                  string
	QUIC                    bool
	Label                   string
	Default                 *keyword.Ref
}

// TLS is the server side of TLS of a bind line.
type TLS struct {
	Enabled                                                      bool
	Certs                                                        []string // crt, in order
	CrtLists                                                     []string
	StrictSNI                                                    bool
	ALPN, NPN                                                    []string
	NoALPN                                                       bool
	CAFile                                                       string
	CAVerifyFile                                                 string
	CRLFile                                                      string
	Verify                                                       string // "", none, optional, required
	CrtIgnoreErr, CAIgnoreErr                                    string
	MinVer, MaxVer                                               string
	NoVer                                                        []string
	Ciphers, CipherSuites, Curves, ECDHE, SigAlgs, ClientSigAlgs string
	NoTickets                                                    bool
	PreferClientCiphers                                          bool
	AllowZeroRTT                                                 bool
	GenerateCerts                                                bool
	CASignFile, CASignPass                                       string
	DHParam                                                      string
	TicketKeys                                                   string
	NoCANames                                                    bool
	DefaultCrt                                                   []string // those of Certs that are defaults
	NoCerts                                                      bool     // the files that the line names hold none
}
