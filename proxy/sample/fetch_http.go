package sample

import (
	"bytes"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// httpFetches are what a request's and a response's start lines say.
var httpFetches = []word[Fetch]{
	fetch("path", "", tx.TypeStr, RequestHTTP, "Path of the request target, without query string.", plain(evalPath)),
	fetch("pathq", "", tx.TypeStr, RequestHTTP, "Path of the request target with its query string.", plain(evalPathQuery)),
	fetch("query", "[string]", tx.TypeStr, RequestHTTP, "Query string of the request target, with its question mark if with_qm is given.", newQuery),
	fetch("url", "", tx.TypeStr, RequestHTTP, "Request target as it will be forwarded.", plain(evalURL)),
	fetch("base", "", tx.TypeStr, RequestHTTP, "First Host field and path, one behind the other.", plain(evalBase)),
	fetch("baseq", "", tx.TypeStr, RequestHTTP, "First Host field, path and query string, one behind the other.", plain(evalBaseQuery)),
	fetch("base32", "", tx.TypeInt, RequestHTTP, "32-bit hash of base.", plain(hashed(evalBase))),
	fetch("base32+src", "", tx.TypeBin, RequestHTTP, "Hash of base and the client's address, one behind the other.", plain(hashedWithSource(evalBase))),
	fetch("url32", "", tx.TypeInt, RequestHTTP, "32-bit hash of the first Host field and the path with query string.", plain(hashed(evalBaseQuery))),
	fetch("url32+src", "", tx.TypeBin, RequestHTTP, "Hash url32 and the client's address, one behind the other.", plain(hashedWithSource(evalBaseQuery))),
	fetch("url_ip", "", tx.TypeIPv4, RequestHTTP, "Address in an absolute request target whose host is an IPv4 address.", plain(evalURLIP)),
	fetch("url_port", "", tx.TypeInt, RequestHTTP, "Port in an absolute request target whose host is an IPv4 address.", plain(evalURLPort)),
	fetch("method", "", tx.TypeMethod, RequestLine, "Method of the request.", plain(evalMethod)),
	fetch("req.ver", "", tx.TypeStr, RequestLine, "Version of the request as 1.1.", plain(requestVersion)),
	fetch("req_ver", "", tx.TypeStr, RequestLine, "Older name of req.ver.", plain(requestVersion)),
	fetch("res.ver", "", tx.TypeStr, ResponseLine, "Version of the response as 1.1.", plain(responseVersion)),
	fetch("resp_ver", "", tx.TypeStr, ResponseLine, "Older name of res.ver.", plain(responseVersion)),
	fetch("req.proto_http", "", tx.TypeBool, RequestLine, "Whether the request buffer holds a complete HTTP request.", plain(evalIsHTTP)),
	fetch("req_proto_http", "", tx.TypeBool, RequestLine, "Older name of req.proto_http.", plain(evalIsHTTP)),
	fetch("http_first_req", "", tx.TypeBool, RequestLine, "Whether this is the first request of its connection.", plain(evalFirstRequest)),
	fetch("status", "", tx.TypeInt, ResponseLine, "Status of the response.", plain(evalStatus)),
	fetch("server_status", "", tx.TypeInt, ResponseLine, "Status as the server sent it.", plain(evalStatus)),
	fetch("txn.status", "", tx.TypeInt, ResponseLine, "Status that the client got.", plain(evalTxnStatus)),
	fetch("unique-id", "", tx.TypeStr, Constant, "Unique id of the request, as unique-id-format makes it.", plain(evalUniqueID)),
}

func evalPath(t *tx.Tx, v *Value) bool {
	if !t.HasReq {
		return false
	}
	p := t.Req.Path()
	v.SetStr(p)
	return p != nil && !isAsterisk(p)
}

// isAsterisk says whether a target is the "*" of OPTIONS.
func isAsterisk(p []byte) bool { return len(p) == 1 && p[0] == '*' }

func evalPathQuery(t *tx.Tx, v *Value) bool {
	if !t.HasReq {
		return false
	}
	p := t.Req.PathQuery()
	v.SetStr(p)
	return p != nil && !isAsterisk(p)
}

func newQuery(_ *keyword.Env, a args) (evalFunc, error) {
	withMark := false
	if a.has(0) && a[0].text != "" {
		if a[0].text != "with_qm" {
			return nil, errText("supported options are: 'with_qm'")
		}
		withMark = true
	}
	return func(t *tx.Tx, v *Value) bool {
		if !t.HasReq {
			return false
		}
		q := t.Req.PathQuery()
		i := bytes.IndexByte(q, '?')
		if i < 0 {
			return false
		}
		if !withMark || i+1 == len(q) {
			i++
		}
		v.SetStr(q[i:])
		return true
	}, nil
}

func evalURL(t *tx.Tx, v *Value) bool {
	v.SetStr(t.Req.URI)
	return t.HasReq
}

// joinBase puts the first Host field before path.
func joinBase(t *tx.Tx, path []byte, v *Value) bool {
	host := t.Req.GetID(tx.HdrHost)
	if !bytes.HasPrefix(path, slash) {
		path = nil
	}
	switch {
	case len(host) == 0:
		v.SetStr(path)
		return path != nil
	case path == nil:
		v.SetStr(host)
		return true
	}
	b := t.Scratch.Alloc(len(host) + len(path))
	copy(b, host)
	copy(b[len(host):], path)
	v.SetStr(b)
	return true
}

var slash = []byte("/")

func evalBase(t *tx.Tx, v *Value) bool {
	return t.HasReq && joinBase(t, t.Req.Path(), v)
}

func evalBaseQuery(t *tx.Tx, v *Value) bool {
	return t.HasReq && joinBase(t, t.Req.PathQuery(), v)
}

// hashed makes a fetch of the 32-bit hash of another one.
func hashed(f evalFunc) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		if !f(t, v) {
			return false
		}
		v.SetInt(int64(Avalanche(SDBM(v.B))))
		return true
	}
}

// hashedWithSource makes a fetch of that hash with the client's address behind it.
func hashedWithSource(f evalFunc) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		src := t.Sess.Src.Addr().Unmap()
		if !src.IsValid() || !f(t, v) {
			return false
		}
		h := Avalanche(SDBM(v.B))
		ip := addrBytes(t, src)
		b := t.Scratch.Alloc(4 + len(ip))
		b[0], b[1], b[2], b[3] = byte(h>>24), byte(h>>16), byte(h>>8), byte(h)
		copy(b[4:], ip)
		v.SetBin(b)
		return true
	}
}

// authority returns host and port of an absolute target.
func authority(uri []byte) []byte {
	i := bytes.Index(uri, []byte("://"))
	if i < 0 {
		return nil
	}
	a := uri[i+3:]
	if j := bytes.IndexAny(a, "/?#"); j >= 0 {
		a = a[:j]
	}
	if j := bytes.LastIndexByte(a, '@'); j >= 0 {
		a = a[j+1:]
	}
	return a
}

func evalURLIP(t *tx.Tx, v *Value) bool {
	host, _ := splitHostPort(authority(t.Req.URI))
	ip, ok := parseAddr(host)
	if !ok || !ip.Is4() {
		return false
	}
	v.SetIP(ip)
	return true
}

func evalURLPort(t *tx.Tx, v *Value) bool {
	host, port := splitHostPort(authority(t.Req.URI))
	if ip, ok := parseAddr(host); !ok || !ip.Is4() {
		return false
	}
	n := int64(80)
	if len(port) > 0 {
		n = leadingInt(port)
	}
	v.SetInt(n)
	return true
}

// splitHostPort cuts "host:port", "[::1]:port" and forms without port.
func splitHostPort(a []byte) (host, port []byte) {
	if len(a) > 0 && a[0] == '[' {
		i := bytes.IndexByte(a, ']')
		if i < 0 {
			return a, nil
		}
		if i+1 < len(a) && a[i+1] == ':' {
			return a[:i+1], a[i+2:]
		}
		return a[:i+1], nil
	}
	for i := len(a) - 1; i >= 0; i-- {
		if a[i] == ':' {
			return a[:i], a[i+1:]
		}
		if a[i] < '0' || a[i] > '9' {
			break
		}
	}
	return a, nil
}

func evalMethod(t *tx.Tx, v *Value) bool {
	v.Type, v.B = tx.TypeMethod, t.Req.Method
	return t.HasReq
}

// versionText returns how a version is written, "" if it is none.
func versionText(n int) string {
	switch n {
	case 9:
		return "HTTP/0.9"
	case 10:
		return "HTTP/1.0"
	case 11:
		return "HTTP/1.1"
	case 20:
		return "HTTP/2.0"
	case 30:
		return "HTTP/3.0"
	}
	return ""
}

// versionBytes are the texts as slices, so that fetches need no copy.
var versionBytes = map[int][]byte{
	9: []byte(versionText(9)), 10: []byte(versionText(10)), 11: []byte(versionText(11)),
	20: []byte(versionText(20)), 30: []byte(versionText(30)),
}

func requestVersion(t *tx.Tx, v *Value) bool { return t.HasReq && setVersion(v, t.Req.Version, true) }

func responseVersion(t *tx.Tx, v *Value) bool { return t.HasRes && setVersion(v, t.Res.Version, true) }

func setVersion(v *Value, n int, short bool) bool {
	b := versionBytes[n]
	if b == nil {
		return false
	}
	if short {
		b = b[len("HTTP/"):]
	}
	v.SetStr(b)
	return true
}

func evalIsHTTP(t *tx.Tx, v *Value) bool {
	if t.HasReq {
		v.SetBool(true)
		return true
	}
	if t.Sess.HTTP || t.Conn == nil {
		v.MayChange = t.Sess.HTTP
		return false
	}
	data, complete := t.Conn.Content(false)
	yes, decided := looksLikeHTTP(data)
	if !decided && !complete {
		v.MayChange = true
		return false
	}
	v.SetBool(yes && decided)
	return true
}

// looksLikeHTTP says whether data begin with a whole HTTP/1 request head, and
// whether that can be said already.
func looksLikeHTTP(data []byte) (yes, decided bool) {
	line, _, whole := bytes.Cut(data, []byte("\n"))
	word := 0
	for i, c := range line {
		switch {
		case c == ' ':
			if word++; word > 2 || i == 0 {
				return false, true
			}
		case word == 0 && !isToken(c), c < 0x20 && c != '\r', c == 0x7f:
			return false, true
		}
	}
	if !whole {
		return false, false
	}
	line = bytes.TrimSuffix(line, []byte("\r"))
	if i := bytes.LastIndexByte(line, ' '); word != 2 || !bytes.HasPrefix(line[i+1:], []byte("HTTP/1.")) {
		return false, true
	}
	end := bytes.Contains(data, []byte("\n\r\n")) || bytes.Contains(data, []byte("\n\n"))
	return end, end
}

// isToken says whether c may stand in a method or header name (RFC 9110 5.6.2).
func isToken(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) >= 0
}

func evalFirstRequest(t *tx.Tx, v *Value) bool {
	v.SetBool(t.Sess.Requests <= 1)
	return t.HasReq
}

func evalStatus(t *tx.Tx, v *Value) bool {
	v.SetInt(int64(t.Res.Status))
	return t.HasRes
}

func evalTxnStatus(t *tx.Tx, v *Value) bool {
	n := t.Status
	if n <= 0 && t.HasRes {
		n = t.Res.Status
	}
	v.SetInt(int64(n))
	return n > 0
}

func evalUniqueID(t *tx.Tx, v *Value) bool {
	v.SetStr(t.UniqueID)
	return len(t.UniqueID) > 0
}
