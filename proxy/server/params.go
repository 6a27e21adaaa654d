package server

import (
	"time"

	"tandem/parser/keyword"
)

// Option is what a word of a "server" or "default-server" line makes.
type Option func(*Params) error

// Params is what a server's line says; immutable once compiled.
type Params struct {
	Addr string // as written

	Weight                          int // 1 by default, 0 to 256
	Backup, Disabled                bool
	Cookie, Redir                   string
	MaxConn, MinConn                int
	MaxQueue                        int
	SlowStart                       time.Duration
	ForcedID                        int
	Track                           *keyword.Ref
	SendProxy                       SendProxy
	Source                          Source
	TLS                             TLS
	InitAddr                        []string
	Resolvers                       *keyword.Ref
	ResolvePrefer                   string
	PoolMaxConn, PoolLowConn        int // -1: no limit
	PoolPurgeDelay                  time.Duration
	MaxReuse                        int // -1: no limit
	Proto                           string
	WebSocket                       string
	TCPUserTimeout                  time.Duration
	GUID                            string
	Check, Agent                    CheckParams
	OnError                         string // fastinter fail-check sudden-death mark-down
	OnMarkedDown, OnMarkedUp        string
	Observe                         string // "", layer4, layer7
	ErrorLimit                      int
	Rise, Fall                      int
	LogProto                        string
	Namespace                       string
	TFO                             bool
	Socks4                          string
	CheckPoolConnName, PoolConnName string
	Set                             map[string]bool // words given on the line itself
}

// CheckParams are the words that steer health and agent checks.
type CheckParams struct {
	Enabled                     bool
	Inter, FastInter, DownInter time.Duration
	Port                        int
	Addr                        string
	SendProxy                   bool
	SSL                         bool // check-ssl
	NoSSL                       bool // no-check-ssl
	SNI, ALPN, Proto            string
	ViaSocks4                   bool
	Send                        string // agent-send
	Healthcheck                 *keyword.Ref
	ReusePool                   bool
}

// SendProxy says which PROXY protocol header a connection begins with.
type SendProxy struct {
	Version int // 0: none
	Options []string
	TLVs    []TLV
}

// TLV is one set-proxy-v2-tlv-fmt; Format is compiled by the config room.
type TLV struct {
	Type   int
	Format any
}

// Source says what address connections are made from.
type Source struct {
	Addr, Interface   string
	PortLow, PortHigh int
	UseSrc            string // "", client, clientip, hdr_ip(…), or an address
	Hdr               string
	HdrOcc            int
}

// TLS is the client side of TLS towards a server.
type TLS struct {
	Enabled                                bool
	Verify                                 string // "", none, required
	VerifyHost                             string
	CAFile, CRLFile                        string
	Cert                                   string
	SNI                                    any // compiled expression, set by the config room
	SNIText                                string
	NoSNIAuto                              bool
	ALPN                                   []string
	Ciphers, CipherSuites, Curves, SigAlgs string
	MinVer, MaxVer                         string
	ForceVer                               string
	NoVer                                  []string
	NoTickets                              bool
	NoReuse                                bool
	Renegotiate                            bool
}
