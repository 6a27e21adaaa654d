package server

import (
	"tandem/parser/keyword"
)

var weight = value("weight", "Share of the load relative to the other servers, 0 to 256.", "", func(p *Params, v string) error {
	n := atoi(v)
	if n < 0 || n > 256 {
		return fail(-1, "weight of server %s is not within 0 and 256 (%d)..", p.nameText(), n)
	}
	p.Weight = n
	return nil
})

var backup = flag("backup", "Use the server only when no other is available.", func(p *Params) { p.Backup = true })
var noBackup = flag("no-backup", "Undo an inherited \"backup\".", func(p *Params) { p.Backup = false })
var disabled = flag("disabled", "Start the server in maintenance.", func(p *Params) { p.Disabled = true })
var enabled = flag("enabled", "Undo an inherited \"disabled\".", func(p *Params) { p.Disabled = false })

var cookie = value("cookie", "Value of the persistence cookie that means this server.",
	"'cookie' expects <value> as argument..", text(func(p *Params) *string { return &p.Cookie }))
var redir = valueWith(keyword.Spec{Name: "redir", Doc: "Answer GET and HEAD with a redirect to this prefix and the path.",
	Misuse: "'redir' expects <prefix> as argument.."}, text(func(p *Params) *string { return &p.Redir }))
var maxConn = value("maxconn", "Concurrent requests that the server gets; 0: no limit.", "", number(func(p *Params) *int { return &p.MaxConn }))
var minConn = value("minconn", "Makes maxconn follow the backend's load, from this value up.", "", number(func(p *Params) *int { return &p.MinConn }))
var maxQueue = value("maxqueue", "Requests that may wait for this server; 0: no limit.", "", number(func(p *Params) *int { return &p.MaxQueue }))

var slowStart = value("slowstart", "Time in which weight and maxconn grow to 100% after a recovery.", "", func(p *Params, v string) error {
	d, err := parseDelay(p, v, "slowstart", "slowstart")
	p.SlowStart = d
	return err
})

var id = value("id", "Persistent numeric identifier, unique in the backend.", "'id' : expects an integer argument.", func(p *Params, v string) error {
	n := atoi(v)
	if n < 1 || n > 1<<32-1 {
		return fail(-1, "'id' : custom id has to be between 1 and 4294967295..")
	}
	p.ForcedID = n
	return nil
})

var guid = value("guid", "Identifier that is unique in the whole configuration.", "'guid' : expects an argument.", func(p *Params, v string) error {
	for i := range len(v) {
		c := v[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == ':' || c == '.') {
			return fail(-1, "'guid': invalid character '%c'.", c)
		}
	}
	if len(v) > 127 {
		return fail(-1, "'guid': too long (%d, max 127).", len(v))
	}
	p.GUID = v
	return nil
})

var hashKey = value("hash-key", "What the points of \"hash-type consistent\" are derived from.", "",
	oneOf(func(p *Params) *string { return &p.HashKey }, "'hash-key' has to be 'id', 'id32', 'guid', 'addr', or 'addr-port'.%.0s", "id", "id32", "guid", "addr", "addr-port"))

var track = envValue(keyword.Spec{
	Name: "track", Doc: "Follow the state of another server instead of checking.",
	Misuse: "'track' expects [<proxy>/]<server> as argument..",
}, func(e *keyword.Env, p *Params, v string, i int) error {
	p.Track = e.NewRef(keyword.ToServer, v, i)
	return nil
})

var nonStick = flag("non-stick", "Never store this server in a stick-table.", func(p *Params) { p.NonStick = true })
var stick = flag("stick", "Undo an inherited \"non-stick\".", func(p *Params) { p.NonStick = false })
var strictMaxConn = flagWith(keyword.Spec{Name: "strict-maxconn", Flags: keyword.NotActed, Doc: "Count connections, idle ones too, against maxconn."},
	func(p *Params) { p.StrictMaxConn = true })

var shard = valueWith(keyword.Spec{Name: "shard", Doc: "Share of a peer in the updates of stick-tables."},
	number(func(p *Params) *int { return &p.Shard }))

var logProto = valueWith(keyword.Spec{Name: "log-proto", Doc: "Framing of log messages on a stream, in rings and log backends: legacy or octet-count."},
	oneOf(func(p *Params) *string { return &p.LogProto }, "'log-proto' expects one of 'legacy' or 'octet-count' but got '%s'.", "legacy", "octet-count"))

var logBufSize = valueWith(keyword.Spec{Name: "log-bufsize", Flags: keyword.NotActed, Doc: "Size of the implicit ring of a server in a log backend."}, func(p *Params, v string) error {
	if p.LogBufSize = atoi(v); p.LogBufSize <= 0 {
		return fail(-1, "log-bufsize has to be > 0..")
	}
	return nil
})
