package logformat

import (
	"os"
	"sort"
	"strconv"
	"time"

	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// kind says how a value may be written.
type kind uint8

const (
	text   kind = iota // quoted, escaped; "-" where missing
	number             // never quoted
	raw                // written as it is
	list               // several texts
)

// aliasDef is one %name (configuration manual 8.2.6).
type aliasDef struct {
	name string
	kind kind
	doc  string
	// value appends the value, nothing where there is none.
	value Alias
}

// AliasNames returns the names of all aliases, sorted, with what they show.
func AliasNames() (names, docs []string) {
	all := append([]aliasDef(nil), aliasDefs...)
	sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	for _, a := range all {
		names, docs = append(names, a.name), append(docs, a.doc)
	}
	return names, docs
}

var aliasDefs = []aliasDef{
	{"o", raw, "special: its flags apply to all items behind it", func(d []byte, _ *tx.Tx, _ Flags) []byte { return d }},
	{"OG", text, "what made the log line", func(d []byte, _ *tx.Tx, f Flags) []byte {
		if f.Origin == "" {
			return append(d, "unspec"...)
		}
		return append(d, f.Origin...)
	}},
	{"B", number, "bytes received from the server", appendBytesRead},
	{"U", number, "bytes received from the client", func(d []byte, t *tx.Tx, _ Flags) []byte { return strconv.AppendUint(d, t.Bytes.ReqIn, 10) }},
	{"CC", text, "captured request cookie", func(d []byte, t *tx.Tx, _ Flags) []byte { return append(d, t.ReqCookie...) }},
	{"CS", text, "captured response cookie", func(d []byte, t *tx.Tx, _ Flags) []byte { return append(d, t.ResCookie...) }},
	{"H", text, "name of the machine", func(d []byte, _ *tx.Tx, _ Flags) []byte { return append(d, hostname...) }},
	{"HM", text, "method", appendMethod},
	{"HP", text, "request target without query string", appendTargetNoQuery},
	{"HPO", text, "path without host and query string", appendPathOnly},
	{"HQ", text, "query string with its question mark", appendQuery},
	{"HU", text, "request target", appendTarget},
	{"HV", text, "HTTP version", appendVersion},
	{"ID", text, "unique id", func(d []byte, t *tx.Tx, _ Flags) []byte { return append(d, t.UniqueID...) }},
	{"ST", number, "status", appendStatus},
	{"T", raw, "moment of accept, UTC", func(d []byte, t *tx.Tx, _ Flags) []byte {
		return t.Sess.Accepted.UTC().AppendFormat(d, "02/Jan/2006:15:04:05 +0000")
	}},
	{"Tl", raw, "moment of accept, local", func(d []byte, t *tx.Tx, _ Flags) []byte {
		return t.Sess.Accepted.AppendFormat(d, "02/Jan/2006:15:04:05 -0700")
	}},
	{"Ts", number, "moment of accept, seconds since 1970", func(d []byte, t *tx.Tx, f Flags) []byte { return f.appendInt(d, t.Sess.Accepted.Unix(), 4) }},
	{"t", raw, "moment of accept, local, with milliseconds", func(d []byte, t *tx.Tx, _ Flags) []byte { return t.Sess.Accepted.AppendFormat(d, dateMS) }},
	{"ms", number, "milliseconds of the moment of accept", func(d []byte, t *tx.Tx, f Flags) []byte {
		ms := int64(t.Sess.Accepted.Nanosecond() / 1e6)
		if f.Hex {
			return f.appendInt(d, ms, 2)
		}
		if !f.JSON && !f.CBOR {
			if ms < 100 {
				d = append(d, '0')
			}
			if ms < 10 {
				d = append(d, '0')
			}
		}
		return strconv.AppendInt(d, ms, 10)
	}},
	{"tr", raw, "moment of the request, local, with milliseconds", func(d []byte, t *tx.Tx, _ Flags) []byte { return requestDate(t).AppendFormat(d, dateMS) }},
	{"trg", raw, "moment of the request, UTC", func(d []byte, t *tx.Tx, _ Flags) []byte {
		return requestDate(t).UTC().AppendFormat(d, "02/Jan/2006:15:04:05 +0000")
	}},
	{"trl", raw, "moment of the request, local", func(d []byte, t *tx.Tx, _ Flags) []byte {
		return requestDate(t).AppendFormat(d, "02/Jan/2006:15:04:05 -0700")
	}},
	{"Ta", number, "active time of the request", appendTimer(sample.TimerActive, true)},
	{"Tc", number, "time to connect to the server", appendTimer(sample.TimerConnect, false)},
	{"Td", number, "time of the response's data", appendTimer(sample.TimerData, false)},
	{"Th", number, "time of handshakes with the client", appendTimer(sample.TimerHandshake, false)},
	{"Ti", number, "idle time before the request", appendTimer(sample.TimerIdle, false)},
	{"Tq", number, "Th + Ti + TR", appendTimer(sample.TimerTq, false)},
	{"TR", number, "time for the request to arrive", appendTimer(sample.TimerRequest, false)},
	{"Tr", number, "time for the server to answer", appendTimer(sample.TimerResponse, false)},
	{"Tt", number, "total time of the session", appendTimer(sample.TimerTotal, true)},
	{"Tu", number, "time as the user saw it", appendTimer(sample.TimerUser, true)},
	{"Tw", number, "time in queues", appendTimer(sample.TimerQueue, false)},
	{"ac", number, "connections of the process", func(d []byte, _ *tx.Tx, f Flags) []byte {
		if f.Process == nil {
			return append(d, '0')
		}
		return strconv.AppendUint(d, f.Process.Conns.Load(), 10)
	}},
	{"fc", number, "connections of the frontend", func(d []byte, t *tx.Tx, _ Flags) []byte {
		if t.Sess.Front == nil {
			return append(d, '0')
		}
		return strconv.AppendUint(d, t.Sess.Front.Stats.Sess.Load(), 10)
	}},
	{"bc", number, "connections of the backend", func(d []byte, t *tx.Tx, _ Flags) []byte {
		if t.Back == nil {
			return append(d, '0')
		}
		return strconv.AppendUint(d, t.Back.Stats.Sess.Load(), 10)
	}},
	{"sc", number, "connections of the server", func(d []byte, t *tx.Tx, _ Flags) []byte {
		if t.Server == nil {
			return append(d, '0')
		}
		return strconv.AppendUint(d, t.Server.Stats.Sess.Load(), 10)
	}},
	{"rc", number, "retries", func(d []byte, t *tx.Tx, f Flags) []byte {
		if t.Redispatched && !f.JSON && !f.CBOR {
			d = append(d, '+')
		}
		return strconv.AppendInt(d, int64(t.Retries), 10)
	}},
	{"sq", number, "requests before this one in the server's queue", func(d []byte, t *tx.Tx, _ Flags) []byte { return strconv.AppendInt(d, int64(t.QueueSrv), 10) }},
	{"bq", number, "requests before this one in the backend's queue", func(d []byte, t *tx.Tx, _ Flags) []byte { return strconv.AppendInt(d, int64(t.QueueBack), 10) }},
	{"lc", number, "log lines of the frontend", func(d []byte, _ *tx.Tx, _ Flags) []byte { return append(d, '0') }},
	{"rt", number, "number of the connection", func(d []byte, t *tx.Tx, f Flags) []byte { return f.appendInt(d, int64(t.Sess.ID), 2) }},
	{"pid", number, "process id", func(d []byte, _ *tx.Tx, f Flags) []byte { return f.appendInt(d, pid, 2) }},
	{"b", text, "backend", appendBackend},
	{"s", text, "server", appendServer},
	{"f", text, "frontend", func(d []byte, t *tx.Tx, _ Flags) []byte {
		if t.Sess.Front == nil {
			return d
		}
		return append(d, t.Sess.Front.Name...)
	}},
	{"ft", text, "frontend, with ~ where the client used TLS", func(d []byte, t *tx.Tx, _ Flags) []byte {
		if t.Sess.Front == nil {
			return d
		}
		d = append(d, t.Sess.Front.Name...)
		if t.Sess.TLS != nil {
			d = append(d, '~')
		}
		return d
	}},
	{"ci", text, "client address", func(d []byte, t *tx.Tx, f Flags) []byte { return f.appendIP(d, t.Sess.Src, t.Sess.UnixPath) }},
	{"cp", number, "client port", func(d []byte, t *tx.Tx, f Flags) []byte {
		if !t.Sess.Src.IsValid() && t.Sess.Listener != nil && t.Sess.UnixPath != "" {
			return strconv.AppendInt(d, int64(t.Sess.Listener.ID), 10)
		}
		return f.appendPort(d, t.Sess.Src)
	}},
	{"fi", text, "address connected to", func(d []byte, t *tx.Tx, f Flags) []byte { return f.appendIP(d, t.Sess.Dst, t.Sess.UnixPath) }},
	{"fp", number, "port connected to", func(d []byte, t *tx.Tx, f Flags) []byte { return f.appendPort(d, t.Sess.Dst) }},
	{"bi", text, "local address towards the server", func(d []byte, t *tx.Tx, f Flags) []byte { return f.appendIP(d, t.SrvSrc, "") }},
	{"bp", text, "local port towards the server", func(d []byte, t *tx.Tx, f Flags) []byte { return f.appendPort(d, t.SrvSrc) }},
	{"si", text, "server address", func(d []byte, t *tx.Tx, f Flags) []byte { return f.appendIP(d, t.SrvDst, "") }},
	{"sp", text, "server port", func(d []byte, t *tx.Tx, f Flags) []byte { return f.appendPort(d, t.SrvDst) }},
	{"hr", text, "captured request headers in braces", func(d []byte, t *tx.Tx, _ Flags) []byte { return appendCaptures(d, t.ReqCaps) }},
	{"hs", text, "captured response headers in braces", func(d []byte, t *tx.Tx, _ Flags) []byte { return appendCaptures(d, t.ResCaps) }},
	{"hrl", list, "captured request headers, one by one", func(d []byte, t *tx.Tx, f Flags) []byte { return appendCaptureList(d, t.ReqCaps, f) }},
	{"hsl", list, "captured response headers, one by one", func(d []byte, t *tx.Tx, f Flags) []byte { return appendCaptureList(d, t.ResCaps, f) }},
	{"r", text, "request line", func(d []byte, t *tx.Tx, _ Flags) []byte {
		if len(t.LogURI) == 0 {
			return append(d, "<BADREQ>"...)
		}
		return encodeLog(d, t.LogURI, '#')
	}},
	{"ts", raw, "termination state", func(d []byte, t *tx.Tx, _ Flags) []byte {
		s := sample.TermState(t)
		return append(d, s[0], s[1])
	}},
	{"tsc", raw, "termination state with cookie state", func(d []byte, t *tx.Tx, _ Flags) []byte {
		s := sample.TermState(t)
		return append(d, s[0], s[1], orDash(t.CookieIn), orDash(t.CookieOut))
	}},
	{"sslc", text, "TLS cipher suite of the client side", func(d []byte, t *tx.Tx, _ Flags) []byte {
		if t.Sess.TLS == nil {
			return d
		}
		return append(d, sample.CipherName(t.Sess.TLS.CipherSuite)...)
	}},
	{"sslv", text, "TLS version of the client side", func(d []byte, t *tx.Tx, _ Flags) []byte {
		if t.Sess.TLS == nil {
			return d
		}
		return append(d, sample.TLSVersionName(t.Sess.TLS.Version)...)
	}},
}

var aliases = func() map[string]*aliasDef {
	m := make(map[string]*aliasDef, len(aliasDefs))
	for i := range aliasDefs {
		m[aliasDefs[i].name] = &aliasDefs[i]
	}
	return m
}()

// dateMS is a local date with milliseconds.
const dateMS = "02/Jan/2006:15:04:05.000"

var (
	hostname, _ = os.Hostname()
	pid         = int64(os.Getpid())
)

func orDash(c byte) byte {
	if c == 0 {
		return '-'
	}
	return c
}

func requestDate(t *tx.Tx) time.Time {
	switch {
	case !t.Time.Date.IsZero():
		return t.Time.Date
	case !t.Time.Start.IsZero():
		return t.Time.Start
	}
	return t.Sess.Accepted
}

func appendBytesRead(d []byte, t *tx.Tx, f Flags) []byte {
	if f.Early && !f.JSON && !f.CBOR {
		d = append(d, '+')
	}
	return strconv.AppendUint(d, t.Bytes.ResIn, 10)
}

func appendTimer(which sample.Timer, grows bool) Alias {
	return func(d []byte, t *tx.Tx, f Flags) []byte {
		if grows && f.Early && !f.JSON && !f.CBOR {
			d = append(d, '+')
		}
		return strconv.AppendInt(d, sample.TimerMS(t, which), 10)
	}
}

func appendStatus(d []byte, t *tx.Tx, _ Flags) []byte {
	n := t.Status
	if n <= 0 {
		n = -1
		if t.HasRes {
			n = t.Res.Status
		}
	}
	return strconv.AppendInt(d, int64(n), 10)
}

func appendBackend(d []byte, t *tx.Tx, _ Flags) []byte {
	switch {
	case t.Back != nil:
		return append(d, t.Back.Name...)
	case t.Sess.Front != nil:
		return append(d, t.Sess.Front.Name...)
	}
	return d
}

func appendServer(d []byte, t *tx.Tx, _ Flags) []byte {
	switch {
	case t.Cached.Name != "":
		return append(d, "<CACHE>"...)
	case t.Service != "":
		return append(append(append(d, '<'), t.Service...), '>')
	case t.Server == nil:
		return append(d, "<NOSRV>"...)
	}
	return append(d, t.Server.Name...)
}

// appendCaptures appends "{a|b}" where slots are declared.
func appendCaptures(d []byte, caps [][]byte) []byte {
	if len(caps) == 0 {
		return d
	}
	d = append(d, '{')
	for i, c := range caps {
		if i > 0 {
			d = append(d, '|')
		}
		d = encodeCapture(d, c)
	}
	return append(d, '}')
}

// appendCaptureList appends the slots one by one, each as a text of its own.
func appendCaptureList(d []byte, caps [][]byte, f Flags) []byte {
	if f.JSON {
		d = append(d, '[')
	}
	for i, c := range caps {
		switch {
		case i > 0 && f.JSON:
			d = append(d, ", "...)
		case i > 0:
			d = append(d, ' ')
		}
		switch {
		case f.JSON || f.Quote:
			d = append(d, '"')
			if c == nil && f.JSON {
				d = append(d, '-')
			}
			d = append(encodeCapture(d, c), '"')
		case len(c) == 0:
			d = append(d, '-')
		default:
			d = encodeCapture(d, c)
		}
	}
	if f.JSON {
		d = append(d, ']')
	}
	return d
}
