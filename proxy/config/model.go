// Package config turns a haproxy.cfg into the immutable Config that the engine
// runs: one file per noun for the section words, compile.go for the walk,
// defaults.go for inheritance, link.go for names that become pointers.
package config

import (
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/action"
	"tandem/proxy/balance"
	"tandem/proxy/certs"
	"tandem/proxy/check"
	"tandem/proxy/filter"
	"tandem/proxy/listen"
	"tandem/proxy/logformat"
	"tandem/proxy/logs"
	"tandem/proxy/lua"
	"tandem/proxy/pattern"
	"tandem/proxy/resolve"
	"tandem/proxy/sample"
	"tandem/proxy/server"
	"tandem/proxy/stick"
	"tandem/proxy/tx"
)

// Setting is what a line of a section makes: it changes the section's object
// (a *Global, a *Proxy …) when it is applied.
type Setting[T any] func(*T) error

// Config is a whole configuration, immutable once linked.
type Config struct {
	Global   Global
	Proxies  []*Proxy // frontends, backends, listens in order; no defaults
	Others   Others
	Lua      *lua.Machine // never nil; what lua-load loaded
	Proc     *tx.ProcVars
	Files    []*source.File
	Patterns *pattern.Registry // ACL files and maps
	Certs    *certs.Store      // certificates of bind lines, as they were read when the lines were checked
	Offers   map[*listen.Bind]*certs.Bind
	Era      keyword.Version // the newest release that would have taken all lines

	attachTo func(*keyword.Env) // what lines read at run time may ask for

	// Resolvers are those of the sections, in order; the implicit "default" is
	// the last one.
	Resolvers []*resolve.Resolver

	Peers []*PeerSection // sections that this process is a peer of

	sticks *stick.Registry // entries of stick tables, adopted by Commit
}

// Proxy returns the proxy of that name with one of the capabilities.
func (c *Config) Proxy(name string, caps keyword.Scope) *Proxy {
	for _, p := range c.Proxies {
		if p.Name == name && p.Caps&caps != 0 {
			return p
		}
	}
	return nil
}

// Timeouts of a proxy; zero: none.
type Timeouts struct {
	Client, ClientFin, ClientHS, Connect, Server, ServerFin, Tunnel                                   time.Duration
	Queue, Check, HTTPRequest, HTTPKeepAlive, Tarpit                                                  time.Duration
	SetQueue, SetCheck, SetHTTPRequest, SetHTTPKeepAlive, SetTarpit, SetConnect, SetClient, SetServer bool
}

// ConnMode is how connections are kept between requests.
type ConnMode uint8

// Connection modes, the strongest wins between the two sides.
const (
	KeepAlive ConnMode = iota
	ServerClose
	Close
)

// Option is a yes/no "option" of a proxy.
type Option uint8

// Proxy is a frontend, a backend, a listen or a defaults section.
type Proxy struct {
	Kind              string // "frontend", "backend", "listen", "defaults"
	Name              string
	ID                int
	Span              source.Span
	Caps              keyword.Scope // Frontend, Backend or both; Defaults too for defaults
	From              *Proxy        // the defaults it inherits from
	replaced          *Proxy        // of defaults: the one of this name before
	usedByName        bool          // of defaults: by a proxy's "from"
	usedByPlace       bool          // of defaults: by a proxy below
	referenced        bool          // of defaults: something is made "from" it
	heirs             keyword.Scope // of defaults with rules: sides of the proxies that inherit them
	GUID, Description string
	Disabled          bool
	Unpublished       bool            // be-unpublished: how a backend starts
	ForceSwitch       []*pattern.Cond // force-be-switch: disabled and unpublished backends may be chosen
	Mode              string          // "tcp", "http", "log", "spop"

	Front *listen.Frontend // run time state; nil without the capability
	Back  *server.Backend

	// Both sides.
	Timeouts                                           Timeouts
	Options                                            map[string]bool // "httplog", "dontlognull" …: set or explicitly unset
	ConnMode                                           ConnMode
	ConnModeSet                                        bool
	ForwardFor, OriginalTo                             *AddrHeader
	Forwarded                                          *Forwarded
	ACLs                                               *pattern.ACLs
	HTTPRequest, HTTPResponse, HTTPAfterResponse       action.Rules
	TCPConnection, TCPSession, TCPContent, TCPResponse action.Rules
	InspectDelay, ResInspectDelay                      time.Duration
	ErrorFiles                                         map[int]*ErrorFile
	UniqueID                                           *logformat.Format
	UniqueIDHeader                                     string
	Stats                                              *StatsPage
	Logs                                               []logs.Target
	LogTag                                             string
	LogFormat, LogFormatSD, ErrorLogFormat             *logformat.Format
	LogAtStart                                         bool // the line tells of the beginning alone ("Connect from …")
	StickTable                                         any  // *stick.Table once that room stands
	Compression                                        *filter.Compression
	Filters                                            []any

	// Frontend side.
	Binds                       []*listen.Bind
	MaxConn, Backlog, RateLimit int
	UseBackend                  []UseBackend
	DefaultBackend              *keyword.Ref
	MonitorURI                  string
	MonitorFail                 []*pattern.Cond
	CaptureCookie               *CaptureCookie
	ReqCaptures, ResCaptures    []Capture
	ClientTCPKA                 KeepAliveProbes

	// Backend side.
	Servers                                         []*ServerLine
	DefaultServer                                   *server.Params
	spoeGroups                                      [][2]string  // that rules send: engine, group
	SSLUse                                          [][]string   // words of the "ssl-f-use" lines
	FCGIApp                                         *keyword.Ref // use-fcgi-app, nil: none
	serverBy                                        map[string]*ServerLine
	Balance                                         *balance.Algorithm
	rawConds                                        []source.Span // conditions on data that HTTP mode has not
	rawFormats                                      []rawFormat   // the same in formats
	HashType                                        balance.HashType
	Policy                                          balance.Policy // made when linked
	Cookie                                          *Cookie
	DynamicCookieKey                                string
	Retries                                         int
	RetryOn                                         []string
	Redispatch                                      int    // 0 off; n every nth retry; -1 the last retry
	Reuse                                           string // never safe aggressive always
	FullConn, MaxKeepAliveQueue, MaxSessionSrvConns int
	UseServer                                       []UseServer
	PersistRDP                                      string
	ForcePersist, IgnorePersist                     []*pattern.Cond
	StickRules                                      []any
	SendName                                        string // http-send-name-header
	Source                                          *server.Source
	Check                                           check.Method // nil: connect only
	CheckSetup                                      any          // what "http-check"/"tcp-check" lines collect before linking
	LogHealthChecks                                 bool
	ServerTCPKA                                     KeepAliveProbes
	LoadState                                       string
	Redirects                                       action.Rules // "redirect" lines; linked behind OldRequest
	Blocks                                          action.Rules // "block" lines; linked before HTTPRequest
	Text                                            map[string]string
	seen                                            [orderCount]bool
	OldRequest, OldResponse                         action.Rules  // req* and rsp* lines; evaluated behind the http-* rules whatever those say
	oldRequestAdd, oldResponseAdd                   action.Rules  // reqadd and rspadd lines: behind all other ones
	oldUseBackend                                   []UseBackend  // reqsetbe lines: before use_backend
	passes                                          []passRule    // reqpass lines so far
	Raw                                             []RawAnswer   // answers to connections before anything is read: "monitor-net", "mode health"
	monitorNet                                      *pattern.Cond // of the last "monitor-net" line
	LogOption                                       string        // httplog, tcplog … in force; a later log-format clears it
	LogOptionAt                                     source.Span   // where it was written
	logWord                                         string        // the line that chose it, for messages
	LogFormatSet                                    bool          // a line of the proxy or its defaults chose the format
	LogSteps                                        []string      // at which lines are written; none: once
}

// KeepAliveProbes are the TCP keep-alive parameters of one side; zero: the system's.
type KeepAliveProbes struct {
	Count       int
	Idle, Intvl time.Duration
}

// AddrHeader is "option forwardfor" or "option originalto".
type AddrHeader struct {
	Header string // "" : the default name
	Except []string
	IfNone bool
}

// Forwarded is "option forwarded" (RFC 7239): its parts as compiled expressions.
type Forwarded struct {
	Proto, Host, For, By                               bool
	HostExpr, ByExpr, ByPortExpr, ForExpr, ForPortExpr *sample.Expr
	ByPort, ForPort                                    bool
}

// ErrorFile is the answer for one status: raw bytes, a redirect, or a reference to an http-errors section.
type ErrorFile struct {
	Status   int
	Raw      []byte
	Location string
	Code     int // 302 or 303 for Location
	Section  *keyword.Ref
	Reply    *tx.Reply
	Spec     *action.ReplySpec // of http-error
}

// UseBackend is one "use_backend" line.
type UseBackend struct {
	Cond   *pattern.Cond
	To     *keyword.Ref      // static name
	Format *logformat.Format // dynamic name
	At     tx.Rule
}

// RawAnswer is sent to clients as soon as they are accepted; then the
// connection is closed and nothing is logged.
type RawAnswer struct {
	Cond  *pattern.Cond // nil: all clients
	Bytes []byte        // may be empty
}

// UseServer is one "use-server" line.
type UseServer struct {
	Cond   *pattern.Cond
	To     *keyword.Ref
	Format *logformat.Format
	At     tx.Rule
}

// Capture is one slot of "capture request|response header".
type Capture struct {
	Name string // lower case; "" for declare capture
	Len  int
}

// CaptureCookie is "capture cookie".
type CaptureCookie struct {
	Name   string
	Prefix bool
	Len    int
}

// Cookie is the "cookie" line of a backend.
type Cookie struct {
	Name                                                           string
	Rewrite, Insert, Prefix, Indirect, NoCache, PostOnly, Preserve bool
	HTTPOnly, Secure, Dynamic                                      bool
	Domain                                                         []string
	MaxIdle, MaxLife                                               time.Duration
	Attrs                                                          []string
}

// ServerLine is one "server" line with its run time object.
type ServerLine struct {
	Name     string
	Params   *server.Params
	Addr     expr.Addr
	Endpoint *server.Endpoint // nil: not resolved
	Line     server.Endpoint  // of a name: without its address
	Server   *server.Server
	Saved    *server.Saved // what a state file says of it, until Commit
	Span     source.Span
}

// StatsPage is what "stats …" lines of a proxy say.
type StatsPage struct {
	URI, Realm                                         string
	Refresh                                            time.Duration
	Auth                                               []StatsUser
	HideVersion, ShowVersion, ShowLegends, ShowModules bool
	Node, Desc                                         string
	ShowNode, ShowDesc                                 bool
	Scope                                              []string // "." is the proxy itself
	Admin                                              []*pattern.Cond
	HTTPRequest                                        action.Rules
	own                                                bool // written in the proxy itself
}

// StatsUser is one "stats auth".
type StatsUser struct{ Name, Password string }

// Global is the global section.
type Global struct {
	MaxConn, MaxConnRate, MaxSessRate, MaxSSLConn, MaxSSLRate, MaxPipes, ULimitN int
	Daemon, Quiet, ZeroWarning, MasterWorker                                     bool
	Chroot, User, Group, PidFile                                                 string
	UID, GID                                                                     int
	NbThread                                                                     int
	Node, Description, LogTag, LogSendHostname                                   string
	LogSendHostnameSet                                                           bool
	Logs                                                                         []logs.Target
	StatsSockets                                                                 []*listen.Bind
	StatsTimeout                                                                 time.Duration
	StatsMaxConn                                                                 int
	CABase, CRTBase, KeyBase                                                     string
	SSLDefaultBind, SSLDefaultServer                                             map[string]string
	SSLServerVerify                                                              string
	SpreadChecks                                                                 int
	MaxSpreadChecks                                                              time.Duration
	HardStopAfter, Grace, CloseSpread                                            time.Duration
	Tune                                                                         map[string]int64 // "bufsize" …: numbers of the tune.* words
	TuneText                                                                     map[string]string
	ServerStateBase, ServerStateFile                                             string
	LocalPeer                                                                    string
	UnixBind                                                                     *listen.Bind // nil: no such line
	ExternalCheck                                                                bool
	InsecureFork                                                                 bool
	Experimental                                                                 bool
	StrictLimits                                                                 bool
	SetEnv, PreSetEnv                                                            [][2]string
	ProcVars                                                                     []ProcVar
	HTTPErrCodes, HTTPFailCodes                                                  [600]bool
	CodesSet                                                                     bool
	H1CaseAdjust                                                                 map[string]string
	Debug                                                                        bool // the word of 1.0 to 2.2: as -d
	DefaultPath, UnixPrefix                                                      string
}

// ProcVar is a "set-var proc.x" of the global section.
type ProcVar struct {
	Name   string
	Expr   *sample.Expr
	Format *logformat.Format
}

// Others are the sections that are neither global nor proxies.
type Others struct {
	Tables                                                                                  map[string]*stick.Table // of peers sections, as "section/table"
	Userlists                                                                               map[string]any          // *auth.Userlist
	HTTPErrors                                                                              map[string]map[int]*ErrorFile
	Resolvers, Peers, Mailers, Caches, Rings, FCGIApps, LogForwards, LogProfiles, CrtStores map[string]any
	ErrorSections, Traces, Healthchecks, Acmes, Programs, Namespaces                        map[string]any // *Block
}

// Listeners counts the addresses that the configuration listens on: with
// none, there is nothing to start.
func (c *Config) Listeners() int {
	n := len(c.Global.StatsSockets)
	for _, p := range c.Proxies {
		if !p.Disabled {
			n += len(p.Binds)
		}
	}
	return n
}
