package server

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/keyword"
)

// Option is what a word of a "server" or "default-server" line makes. It
// changes the parameters when the line is applied.
type Option func(*Params) error

// Params is what a server's line says; immutable once compiled.
type Params struct {
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
	first                           *Params // those that Override began with; nil: these
	InitAddr                        []string
	InitState                       string // "", none, fully-up, up, down, fully-down
	Resolvers                       *keyword.Ref
	ResolvePrefer                   string
	ResolveOpts                     []string
	ResolveNet                      []string
	PoolMaxConn, PoolLowConn        int // -1: no limit
	PoolPurgeDelay                  time.Duration
	MaxReuse                        int // -1: no limit
	Proto                           string
	WebSocket                       string
	TCPUserTimeout                  time.Duration
	Congestion                      string // TCP congestion control algorithm
	GUID                            string
	HashKey                         string // "", id, id32, guid, addr, addr-port
	Check, Agent                    CheckParams
	OnError                         string // fastinter fail-check sudden-death mark-down
	OnMarkedDown, OnMarkedUp        string
	Observe                         string // "", layer4, layer7
	ErrorLimit                      int
	Rise, Fall                      int
	LogProto                        string
	LogBufSize                      int
	Namespace                       string
	TFO                             bool
	NonStick                        bool
	StrictMaxConn                   bool
	MD5Sig                          string
	Shard                           int
	IdlePing                        time.Duration
	Socks4                          string
	CheckPoolConnName, PoolConnName string
	PoolConnExpr                    any // compiled, where a Compiler was attached
	Set                             Given

	name string // of the server whose line is being read, for messages
}

// Given are the words that stand on the line itself, not inherited ones.
type Given []string

// Has says whether word was given.
func (g Given) Has(word string) bool { return slices.Contains(g, word) }

// DefaultParams returns what a server line says when it says nothing
// (configuration manual 5.2).
func DefaultParams() *Params {
	return &Params{
		Weight: 1, Rise: 2, Fall: 3, ErrorLimit: 10, OnError: "fail-check",
		PoolMaxConn: -1, MaxReuse: -1, PoolPurgeDelay: 5 * time.Second, ResolvePrefer: "ipv6",
		Check: CheckParams{Inter: 2 * time.Second}, Agent: CheckParams{Inter: 2 * time.Second},
	}
}

// CheckParams are the words that steer health and agent checks.
type CheckParams struct {
	Enabled                     bool
	Inter, FastInter, DownInter time.Duration
	Port                        int
	AddrPort                    int // written behind "addr"; "port" outweighs it
	Addr                        string
	SendProxy                   bool
	SSL                         bool // check-ssl
	NoSSL                       bool // no-check-ssl
	SNI, ALPN, Proto            string
	NoSNIAuto                   bool
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
	Text   string
	Format any
}

// Source says what address connections are made from.
type Source struct {
	Addr, Interface   string     // the address as written
	IP                netip.Addr // what Addr means: it may be a name, or carry ports
	PortLow, PortHigh int
	UseSrc            string         // "", client, clientip, hdr_ip, or an address
	Foreign           netip.AddrPort // that address
	Hdr               string
	HdrOcc            int
}

// First returns the parameters that the server had before any Override: what
// was made of them at the start still holds.
func (p *Params) First() *Params {
	if p != nil && p.first != nil {
		return p.first
	}
	return p
}

// TLS is the client side of TLS towards a server.
type TLS struct {
	Enabled                                bool
	Ready                                  bool   // "no-ssl" undid an inherited "ssl": it may be switched on again
	Off                                    bool   // "no-ssl" stands
	Verify                                 string // "", none, required
	VerifyHost                             string
	CAFile, CRLFile                        string
	Cert                                   string
	SNI                                    any // compiled expression, where a Compiler was attached
	SNIText                                string
	NoSNIAuto                              bool
	ALPN                                   []string
	NPN                                    string
	Ciphers, CipherSuites, Curves, SigAlgs string
	ClientSigAlgs                          string
	MinVer, MaxVer                         string
	NoVer                                  []string
	NoTickets                              bool
	NoReuse                                bool
	Renegotiate                            bool
	EarlyData                              bool // allow-0rtt
	KTLS                                   bool
}

// Compiler compiles the expressions that stand in server words. The config
// room attaches one to the Env; without one only the text is kept, so that
// this room stays blind to samples and formats.
type Compiler interface {
	// ServerExpr compiles a sample expression, the word at index.
	ServerExpr(e *keyword.Env, text string, index int) (any, error)
	// ServerFormat compiles a log-format string, the word at index.
	ServerFormat(e *keyword.Env, text string, index int) (any, error)
}

// Origins finds what "from be:x" and "from srv:x/y" copy. The config room
// attaches one to the Env.
type Origins interface {
	// Origin returns the parameters that kind ("be" or "srv") and name mean.
	Origin(e *keyword.Env, kind, name string) (*Params, error)
}

// warn reports a warning about word i of the line in the original's layout.
func (p *Params) warn(e *keyword.Env, i int, format string, args ...any) {
	d := e.Diags.Warnf(diag.BadValue, e.Span(i), format, args...)
	d.Layout = diag.Place
	if p.name != "" {
		d.Subject = "server " + e.Owner + "/" + p.name
	}
}

// nameText is the server's name as messages print it.
func (p *Params) nameText() string {
	if p.name == "" {
		return "(null)"
	}
	return p.name
}

// fail makes the error of word i.
func fail(i int, format string, args ...any) error {
	return &keyword.Error{Index: i, Code: diag.BadValue, Text: fmt.Sprintf(format, args...), Place: true}
}

// commaList splits at commas, dropping empty parts.
func commaList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}
