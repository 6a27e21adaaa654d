// Package tx is the state of one request or session: fetches read it, actions
// change it, the engine moves it along. It decides nothing itself.
package tx

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"time"

	"tandem/proxy/listen"
	"tandem/proxy/server"
	"tandem/proxy/stick"
)

// Verdict is what the verification of a client's certificate found, in
// OpenSSL's numbers (X509_STORE_CTX_get_error(3)); also what was ignored.
type Verdict struct {
	Err     int // first error at depth 0
	CAErr   int // first error above
	CADepth int // where CAErr was: 1 is the issuer of the certificate
	// Root ends the chain that was verified; nil where none was.
	Root *x509.Certificate
}

// Session is one client connection.
type Session struct {
	ID       uint64
	Front    *listen.Frontend
	Listener *listen.Listener
	Proc     *ProcVars
	Vars     Vars // scope sess

	Src, Dst         netip.AddrPort // as rules see them (PROXY protocol, set-src)
	RealSrc, RealDst netip.AddrPort // as the socket sees them
	UnixPath         string
	TLS              *tls.ConnectionState // nil on clear connections
	Verdict          Verdict              // of the client's certificate
	OwnCert          *x509.Certificate    // that the client was shown, or would be but for its session
	OwnCertFile      string               // its file; "" for one that was made
	TLSHello         *listen.Hello        // what the ClientHello said, where it was read
	Proxy            *listen.ProxyHeader  // nil where none was received
	Accepted         time.Time
	HandshakeDone    time.Time
	Tracked          [12]Track
	Codes            StatusCodes // what statuses count as for tracked entries
	Err              ConnError   // why the connection failed before any request
	Glitches         int         // oddities of the client's protocol
	Requests         int         // requests begun on this connection
	HTTP             bool
	Version          int // 10, 11, 20, 30 of the client's side
	Mark, TOS        int
	ExpectProxy      bool // "expect-proxy layer4": read a PROXY header before anything else
	ExpectCIP        bool // "expect-netscaler-cip layer4": the same with NetScaler's
}

// ConnError is a connection error as fc_err and the error log format see it.
type ConnError struct {
	Code int
	Text string
}

// Track is one stick counter of a session or request (sc0, sc1 …).
type Track struct {
	Table *stick.Table
	Entry *stick.Entry
	// ByRequest says that a request began the tracking, and so its end stops it.
	ByRequest bool
}

// Tx is one request with its response; in TCP mode, the session's only one.
type Tx struct {
	Sess           *Session
	Conn           Conn // what the engine lets rules do; nil in unit tests that need none
	Req            Message
	Res            Message
	Now            time.Time // moment at which the rules run
	HasReq, HasRes bool
	InCheck        bool
	MayWait        bool // more data may come: what a condition cannot decide yet is asked again

	Back           *server.Backend
	FCGI           *FCGIApp // of the backend, nil for none
	EngineID       string   // of the SPOE engine that asks an agent
	Server         *server.Server
	SrvSrc, SrvDst netip.AddrPort // addresses of the server side connection
	SrvTLS         *tls.ConnectionState
	SrvReused      bool

	TxnVars, ReqVars, ResVars Vars
	ReqCaps, ResCaps          [][]byte // slots as declared; nil: nothing captured
	UniqueID                  []byte
	LogURI                    []byte // request line as %r prints it
	ReqCookie, ResCookie      []byte // capture cookie
	CookieIn, CookieOut       byte   // termination state, 3rd and 4th character

	Time                Timing
	Term                [2]byte // termination state, 1st and 2nd character; zero: '-'
	Reply               *Reply  // set by the action that ends the request here
	Bytes               Bytes
	QueueSrv, QueueBack int
	Retries             int
	Redispatched        bool
	ConnRedispatch      bool
	Status              int // what was answered, for the log; -1 none
	LogLevel            int // -1: as configured; 8: silent
	Nice                int
	Compressed          string // algorithm with which the response was compressed here; "": it was not
	LastRule            Rule   // last_rule_file, last_rule_line
	Cached              Cached
	Message             []byte   // of a log backend: what is to be sent
	Settings            Settings // what rules changed for this transaction alone
	Matched             string   // last "use_backend" or rule that matched, for debugging

	Scratch Arena
	Script  any    // what scripts keep for the transaction
	Served  bool   // a service had the connection to itself, or answered
	Service string // its name

	values   *[16]Value // see Borrow
	borrowed int
}

// FCGIApp is what rules may know of a FastCGI application.
type FCGIApp struct{ Docroot, Index string }

// Rule is where a rule stands.
type Rule struct {
	File string
	Line int
}

// Settings are the per-transaction overrides that rules make.
type Settings struct {
	TimeoutClient, TimeoutServer, TimeoutTunnel, TimeoutConnect, TimeoutQueue *time.Duration
	TimeoutTarpit                                                             *time.Duration
	Retries                                                                   *int
	BCMark, BCTOS                                                             *int
	PriorityClass, PriorityOffset                                             int            // of the queue: lower first; the offset in milliseconds
	LaxRewrite                                                                bool           // "strict-mode off", until the rule set ends
	SwitchHTTP                                                                bool           // "switch-mode http": go on as an HTTP connection
	Dst                                                                       netip.AddrPort // set-dst, set-dst-port: where "server 0.0.0.0" goes
	DisableL7Retry                                                            bool
	NoDelay                                                                   bool
	ForcePersist, IgnorePersist                                               bool
	ServerAllowed                                                             *server.Server
}

// Bytes counts what went over the wires for this transaction.
type Bytes struct{ ReqIn, ReqOut, ResIn, ResOut uint64 }

// Timing are the moments of a transaction; zero: not reached. Logs derive
// their timers from them (configuration manual 8.4).
type Timing struct {
	Idle     time.Duration // since the end of the former request on the connection
	Start    time.Time     // first byte of the request
	Request  time.Time     // end of the request headers
	Queue    time.Time     // left the queue
	Connect  time.Time     // connection to the server established
	Response time.Time     // end of the response headers
	End      time.Time
	Date     time.Time // wall clock of Start
}

// Reply is an answer that the proxy itself gives. Rules share one Reply
// between transactions: nobody may change it.
//
// Where Raw is set, it is the whole answer. Where Body is nil, the answer is
// the proxy's error file for Status (its own text where none is configured)
// with Fields in place of the same fields of that file. Otherwise Fields and
// Body, which may be empty, are the answer as it is: content-length included.
type Reply struct {
	Status int
	Reason string // empty: the usual one
	Fields []Field
	Body   []byte
	Close  bool
	Raw    []byte // a whole response as an error file holds it; other fields then unused
	Silent bool   // close without a word: no FIN, no RST where the system can
	Tarpit bool   // answer only after Delay
	Delay  time.Duration
	Rst    bool // reset the connection
	RstTTL int  // with Rst: time to live of the reset; 0: the system's
}

// BodyState says how far a message's body is known.
type BodyState uint8

// States of a body that a rule waits for.
const (
	BodyComplete BodyState = iota
	BodyPartial            // as much as asked for is there, more follows
	BodyTimeout
	BodyFull  // the buffer is full
	BodyError // the sender went away
)

// GroupSender is a Conn that can ask SPOE agents when a rule wants it.
type GroupSender interface {
	// SendGroup sends a group of messages of an engine and waits for what the
	// agent answers.
	SendGroup(engine, group string)
}

// Conn is what the engine lets rules do with the connections behind a
// transaction. Methods may block; the transaction's goroutine calls them.
type Conn interface {
	// Client returns the client's network connection.
	Client() net.Conn
	// Body returns what is buffered of the request's or the response's body,
	// without taking it, and whether that is all there will be.
	Body(response bool) (data []byte, complete bool)
	// WaitBody waits until at least n bytes (0: all) of a body are buffered.
	WaitBody(response bool, n int, timeout time.Duration) BodyState
	// Content returns the raw bytes received in TCP mode, without taking them.
	Content(response bool) (data []byte, complete bool)
	// BufferSize is tune.bufsize in bytes; MaxRewrite is tune.maxrewrite.
	BufferSize() int
	MaxRewrite() int
	// Interim sends a 1xx response to the client at once.
	Interim(status int, fields []Field)
	// Log writes a log line for do-log; origin is the step, profile the
	// log-profile that it names, nil for none.
	Log(t *Tx, origin string, profile any)
	// ClientMark and ClientTOS set the netfilter mark and the type of service
	// of the packets to the client from now on.
	ClientMark(mark int)
	ClientTOS(tos int)
}

// Arena is memory for values that live as long as the transaction.
type Arena struct{ buf []byte }

// Alloc returns n bytes, not cleared.
func (a *Arena) Alloc(n int) []byte {
	if cap(a.buf)-len(a.buf) < n {
		a.buf = make([]byte, 0, max(512, 2*cap(a.buf), n))
	}
	k := len(a.buf)
	a.buf = a.buf[:k+n]
	return a.buf[k : k+n : k+n]
}

// Copy returns a copy of b.
func (a *Arena) Copy(b []byte) []byte {
	c := a.Alloc(len(b))
	copy(c, b)
	return c
}

// Reset makes all memory available again; slices handed out become invalid.
func (a *Arena) Reset() { a.buf = a.buf[:0] }

// Reset empties t for the next request of the same session, keeping its memory.
func (t *Tx) Reset() {
	t.Req.Reset()
	t.Res.Reset()
	t.TxnVars.Reset()
	t.ReqVars.Reset()
	t.ResVars.Reset()
	t.Scratch.Reset()
	clear(t.ReqCaps)
	clear(t.ResCaps)
	*t = Tx{
		Sess: t.Sess, Conn: t.Conn, Req: t.Req, Res: t.Res,
		TxnVars: t.TxnVars, ReqVars: t.ReqVars, ResVars: t.ResVars,
		ReqCaps: t.ReqCaps, ResCaps: t.ResCaps,
		UniqueID: t.UniqueID[:0], LogURI: t.LogURI[:0],
		ReqCookie: t.ReqCookie[:0], ResCookie: t.ResCookie[:0],
		Scratch: t.Scratch, values: t.values, Status: -1, LogLevel: -1,
	}
}
