package stats

// Row is the snapshot of one frontend, listener, server or backend, from which
// every format is rendered. It is plain data: the rooms that own the objects
// fill it, the counter sets fill N (see [Frontend.Fill]).
type Row struct {
	Kind    Kind
	Proxy   string // name of the proxy
	Name    string // FRONTEND, BACKEND, or the server's or listener's name
	ProxyID uint32 // iid
	ID      uint32 // sid; 0 for frontends and backends
	RevID   uint32 // srid, servers only
	HTTP    bool   // the proxy works in HTTP mode
	Mode    string // "http", "tcp", …
	Desc    string // "description" of the proxy or server, may be empty

	Status     string // see [ServerStatus]; OPEN, FULL, WAITING, STOP; UP, DOWN
	State      State  // the same for machines: colours and metrics
	LastChange uint32 // seconds since the state changed
	Downtime   uint32 // seconds

	Weight     uint32 // in use now
	UserWeight uint32 // as set by the administrator
	Active     uint32 // servers: 1 unless backup; backends: usable active servers
	Backup     uint32 // the same for backup servers
	HasServers bool   // backends: there are servers, hence a downtime

	Limit      uint32 // slim; 0 on a server: none
	RateLimit  uint32 // sessions per second, 0: none
	QueueLimit uint32 // maxqueue, 0: none
	Throttle   uint32 // percent during slow start, 0 outside of it
	IdleLimit  int64  // pool-max-conn; negative: none

	Check   CheckInfo
	Agent   CheckInfo
	Tracked string // "backend/server" that this server follows, or empty

	LastSession int64 // seconds ago, -1 never

	// Addr, Cookie and Algo are shown to operators and with "stats
	// show-legends" only; the caller leaves them empty otherwise.
	Addr, Cookie, Algo string
	Proto              string // listeners: "tcpv4", "unix_stream", …

	// Agg* count a backend's servers by state and by last check result,
	// for metrics only. Keys are a [State]'s metric name, a check status.
	AggServer map[string]uint32
	AggCheck  map[string]uint32

	// N holds the columns that are counted and not listed above.
	N [NumColumns]uint64
}

// CheckInfo describes the health checks or the agent checks of one server.
type CheckInfo struct {
	Enabled  bool   // configured
	Running  bool   // one is under way: "* " stands before the status
	Status   string // L7OK, L4CON, …; empty while not known, as in maintenance
	Desc     string // the status in words
	Output   string // what the check itself said, column last_chk or last_agt
	Code     uint32 // e.g. HTTP status
	Duration uint64 // milliseconds
	Rise     uint32
	Fall     uint32
	Health   uint32 // 0 to Rise+Fall-1
}

// known tells whether a result can be shown.
func (c *CheckInfo) known() bool { return c.Enabled && c.Status != "" }

// done tells whether a check has ever come to an end.
func (c *CheckInfo) done() bool {
	return c.known() && c.Status != "UNK" && c.Status != "INI"
}

// hasCode tells whether the result is of those that carry a code.
func (c *CheckInfo) hasCode() bool {
	switch c.Status {
	case "L7OK", "L7OKC", "L7STS", "PROCERR", "PROCTOUT", "PROCOK":
		return c.Enabled
	}
	return false
}

// statusText is the status as the columns check_status and agent_status show it.
func (c *CheckInfo) statusText() string {
	if c.Running {
		return "* " + c.Status
	}
	return c.Status
}

// Conditions under which a column has a value, named in columns_*.go.
func isHTTP(r *Row) bool        { return r.HTTP }
func frontOrHTTP(r *Row) bool   { return r.HTTP || r.Kind == KindFrontend }
func hasLimit(r *Row) bool      { return r.Kind != KindServer || r.Limit > 0 }
func ownCheck(r *Row) bool      { return r.Kind != KindServer || r.Check.Enabled }
func hasQueueLimit(r *Row) bool { return r.QueueLimit > 0 }
func throttled(r *Row) bool     { return r.Throttle > 0 && r.Throttle < 100 }
func hasIdleLimit(r *Row) bool  { return r.IdleLimit >= 0 }
func tracks(r *Row) bool        { return r.Tracked != "" }
func checkKnown(r *Row) bool    { return r.Check.known() }
func checkDone(r *Row) bool     { return r.Check.done() }
func checkHasCode(r *Row) bool  { return r.Check.hasCode() }
func agentKnown(r *Row) bool    { return r.Agent.known() }
func agentDone(r *Row) bool     { return r.Agent.done() }
func agentHasCode(r *Row) bool  { return r.Agent.hasCode() }
func hasAddr(r *Row) bool       { return r.Addr != "" }
func hasCookie(r *Row) bool     { return r.Cookie != "" }
func hasAlgo(r *Row) bool       { return r.Algo != "" }
func never(*Row) bool           { return false }

func hasDowntime(r *Row) bool {
	if r.Kind == KindBackend {
		return r.HasServers
	}
	return r.Check.Enabled
}

// Value returns the value of column c, and whether the row has one.
func (r *Row) Value(c Col) (Value, bool) {
	def := &columns[c]
	if !def.Kinds.Has(r.Kind) || def.when != nil && !def.when(r) {
		return Value{}, false
	}
	if def.Type == Str {
		return Value{Type: Str, S: r.text(c)}, true
	}
	return Value{Type: def.Type, N: r.number(c)}, true
}

func (r *Row) text(c Col) string {
	switch c {
	case ColPxname:
		return r.Proxy
	case ColSvname:
		return r.Name
	case ColStatus:
		return r.Status
	case ColTracked:
		return r.Tracked
	case ColCheckStatus:
		return r.Check.statusText()
	case ColLastChk:
		return r.Check.Output
	case ColLastAgt:
		return r.Agent.Output
	case ColAgentStatus:
		return r.Agent.statusText()
	case ColCheckDesc:
		return r.Check.Desc
	case ColAgentDesc:
		return r.Agent.Desc
	case ColAddr:
		return r.Addr
	case ColCookie:
		return r.Cookie
	case ColMode:
		return r.Mode
	case ColAlgo:
		return r.Algo
	case ColProto:
		return r.Proto
	}
	return ""
}

func (r *Row) number(c Col) uint64 {
	switch c {
	case ColSlim:
		return uint64(r.Limit)
	case ColWeight:
		return uint64(r.Weight)
	case ColUweight:
		return uint64(r.UserWeight)
	case ColAct:
		return uint64(r.Active)
	case ColBck:
		return uint64(r.Backup)
	case ColLastchg:
		return uint64(r.LastChange)
	case ColDowntime:
		return uint64(r.Downtime)
	case ColQlimit:
		return uint64(r.QueueLimit)
	case ColPid:
		return 1
	case ColIid:
		return uint64(r.ProxyID)
	case ColSid:
		return uint64(r.ID)
	case ColSrid:
		return uint64(r.RevID)
	case ColThrottle:
		return uint64(r.Throttle)
	case ColType:
		return uint64(r.Kind)
	case ColRateLim:
		return uint64(r.RateLimit)
	case ColLastsess:
		return uint64(r.LastSession)
	case ColSrcIlim:
		return uint64(r.IdleLimit)
	}
	if c >= ColCheckCode && c <= ColAgentHealth {
		if v, ok := r.checkNumber(c); ok {
			return v
		}
	}
	return r.N[c]
}

func (r *Row) checkNumber(c Col) (uint64, bool) {
	switch c {
	case ColCheckCode:
		return uint64(r.Check.Code), true
	case ColCheckDuration:
		return r.Check.Duration, true
	case ColAgentCode:
		return uint64(r.Agent.Code), true
	case ColAgentDuration:
		return r.Agent.Duration, true
	case ColCheckRise:
		return uint64(r.Check.Rise), true
	case ColCheckFall:
		return uint64(r.Check.Fall), true
	case ColCheckHealth:
		return uint64(r.Check.Health), true
	case ColAgentRise:
		return uint64(r.Agent.Rise), true
	case ColAgentFall:
		return uint64(r.Agent.Fall), true
	case ColAgentHealth:
		return uint64(r.Agent.Health), true
	}
	return 0, false
}
