package stats

import (
	"reflect"
	"sync/atomic"
)

// Common holds what every kind of object counts.
type Common struct {
	Sess         Gauge   // sessions open now and their maximum (scur, smax)
	SessTot      Counter // sessions since start (stot)
	ReqIn        Counter // request bytes received from the client (reqbin, bin)
	ReqOut       Counter // request bytes sent to the server (reqbout)
	RespIn       Counter // response bytes received from the server (resbin, bout)
	RespOut      Counter // response bytes sent to the client (resbout)
	DeniedReq    Counter // requests refused by a rule (dreq)
	DeniedResp   Counter // responses refused by a rule (dresp)
	Rewrites     Counter // header rewrites that failed (wrew)
	InternalErrs Counter // internal errors (eint)
	SSL          SSL     // of its TLS connections
}

// SSL holds the columns of the "ssl" module.
type SSL struct {
	// Sess counts handshakes that succeeded, Reused those of them that resumed
	// a session.
	Sess, Reused, FailedHandshake, OCSPStaple, FailedOCSPStaple Counter
}

// H1 holds the columns of the "h1" module: an HTTP/1 connection layer's view.
type H1 struct {
	OpenConns, OpenStreams Gauge
	Conns, Streams         Counter
	BytesIn, BytesOut      Counter
	SplicedIn, SplicedOut  Counter
}

// H2 holds the columns of the "h2" module.
type H2 struct {
	Headers, Data, Settings, RstStream, Goaway Counter // frames received
	ConnErrors, StreamErrors                   Counter // protocol errors found
	RstStreamSent, GoawaySent                  Counter // answers to such errors
	OpenConns, OpenStreams                     Gauge
	Conns, Streams                             Counter
}

// Responses counts responses by class. Use [Responses.Add].
type Responses struct {
	Class [6]Counter // 1xx, 2xx, 3xx, 4xx, 5xx, other
}

// Add counts one response with the given status. Statuses outside of 100-599
// (-1 for none at all) count as other.
func (r *Responses) Add(status int) {
	class := status/100 - 1
	if status < 100 || class > 4 {
		class = 5
	}
	r.Class[class].Add(1)
}

// Compression counts the work of the HTTP compressor, in bytes and responses.
type Compression struct {
	// In and Out are bytes before and behind the compressor, Bypassed those that
	// were meant for it and passed as they were; Responses were compressed.
	In, Out, Bypassed, Responses Counter
}

// Cache counts lookups in the HTTP cache.
type Cache struct {
	Lookups, Hits, HintHits Counter
}

// Times holds the time averages of the "avg over last 1024" columns, in
// milliseconds.
type Times struct {
	// Queue is the wait for a place, Connect until the connection stood,
	// Response until the head was there, Total all of the session's life.
	Queue, Connect, Response, Total Average

	latencies atomic.Pointer[Latencies] // nil until somebody watches
}

// Version tells protocol versions apart in the columns h1sess, h2req, ….
type Version int

// Protocol versions, for [ByVersion].
const (
	OtherVersion Version = iota
	HTTP1
	HTTP2
	HTTP3
)

// ByVersion is one counter for each [Version].
type ByVersion [4]Counter

// Add counts one session or request of version v.
func (b *ByVersion) Add(v Version) { b[v&3].Add(1) }

// Frontend is the counter set of one frontend. It outlives configurations.
type Frontend struct {
	Common
	ConnTot     Counter   // connections accepted (conn_tot)
	ConnRate    Rate      // connections per second
	SessRate    Rate      // sessions per second
	ReqRate     Rate      // HTTP requests per second
	ReqTot      Counter   // HTTP requests received (req_tot)
	SessVersion ByVersion // sessions by protocol
	ReqVersion  ByVersion // requests by protocol
	ReqErr      Counter   // bad requests (ereq)
	DeniedConn  Counter   // refused by tcp-request connection (dcon)
	DeniedSess  Counter   // refused by tcp-request session (dses)
	Intercepted Counter   // answered locally: redirect, stats, service
	Resp        Responses
	Comp        Compression
	Cache       Cache
	H1          H1
	H2          H2
	_           [64]byte // keep the next object's hot words off this line
}

// Listener is the counter set of one bind address; kept only where the
// configuration asks for it ("option socket-stats").
type Listener struct {
	Common
	ConnTot    Counter
	ReqErr     Counter
	DeniedConn Counter
	DeniedSess Counter
	_          [64]byte
}

// Upstream holds what backends and servers count alike.
type Upstream struct {
	Queue      Gauge // waiting now and maximum (qcur, qmax)
	SessRate   Rate  // sessions per second
	ConnErr    Counter
	RespErr    Counter
	Retries    Counter
	Redisp     Counter
	CliAborts  Counter
	SrvAborts  Counter
	LBTot      Counter // times chosen by the balancing algorithm (lbtot)
	Connects   Counter // outgoing connections tried (connect)
	Reuses     Counter // requests sent on an idle connection (reuse)
	ReqTot     Counter
	Resp       Responses
	Times      Times
	CheckFails Counter  // single checks that failed (chkfail)
	Downs      Counter  // changes from UP to DOWN (chkdown)
	Last       LastSeen // when traffic was seen (lastsess)
}

// LastSeen remembers a moment with the resolution of a second.
type LastSeen struct{ sec atomic.Int64 } // seconds + 1; 0: never

// Touch remembers nowMS (milliseconds). Most calls only read.
func (l *LastSeen) Touch(nowMS int64) {
	if s := nowMS/1000 + 1; l.sec.Load() != s {
		l.sec.Store(s)
	}
}

// Ago returns the seconds since the last Touch, -1 when there was none.
func (l *LastSeen) Ago(nowMS int64) int64 {
	s := l.sec.Load()
	if s == 0 {
		return -1
	}
	return max(nowMS/1000+1-s, 0)
}

func (l *LastSeen) clear(all bool) {
	if all {
		l.sec.Store(0)
	}
}

// Backend is the counter set of one backend.
type Backend struct {
	Common
	Upstream
	Comp  Compression
	Cache Cache
	H1    H1
	H2    H2
	_     [64]byte
}

// Server is the counter set of one server.
type Server struct {
	Common
	Upstream
	IdleUnsafe  Gauge // idle connections that may fail on reuse (idle_conn_cur)
	IdleSafe    Gauge // idle connections proven reusable (safe_conn_cur)
	IdlePrivate Gauge // idle connections bound to one client (priv_idle_cur)
	Used        Gauge // connections carrying a request (used_conn_cur)
	Need        Gauge // estimated need of connections (need_conn_est)
	_           [64]byte
}

// Clear resets maximums, and with all also every counter, as "clear counters"
// and "clear counters all" do (Management Guide 9.3). Levels of the present,
// such as open sessions, stay.
func (f *Frontend) Clear(all bool) { clearSet(f, all) }

// Clear is described at [Frontend.Clear].
func (l *Listener) Clear(all bool) { clearSet(l, all) }

// Clear is described at [Frontend.Clear].
func (b *Backend) Clear(all bool) { clearSet(b, all) }

// Clear is described at [Frontend.Clear].
func (s *Server) Clear(all bool) { clearSet(s, all) }

// clearSet walks a counter set. Reflection is fine: an operator's command,
// and no new counter can be forgotten.
func clearSet(set any, all bool) { clearValue(reflect.ValueOf(set).Elem(), all) }

func clearValue(v reflect.Value, all bool) {
	if v.CanAddr() && v.Addr().CanInterface() {
		switch c := v.Addr().Interface().(type) {
		case interface{ clear(all bool) }:
			c.clear(all)
			return
		case *Counter:
			if all {
				c.Store(0)
			}
			return
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			clearValue(v.Field(i), all)
		}
	case reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		for i := range v.Len() {
			clearValue(v.Index(i), all)
		}
	}
}
