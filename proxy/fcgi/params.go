package fcgi

import (
	"bytes"
	"errors"
	"strconv"

	"tandem/proxy/tx"
)

// App is what the parameters of a request need to know of the application
// (configuration manual 10.1.1).
type App struct {
	Docroot, Index string
	// PathInfo finds the script's name and the path behind it in a decoded
	// path; the pair is nil where it does not match. The function itself is nil
	// where paths are not split.
	PathInfo func(path []byte) (script, info []byte, ok bool)
	Software string // SERVER_SOFTWARE
}

// Request is what the parameters of a request are made of besides its message.
type Request struct {
	Src, Dst         []byte // addresses as text, nil where they are none
	SrcPort, DstPort int
	TLS              bool
	Length           int     // of the body where the head names none
	Params           []Param // set by rules, sorted by name
	Fields           int     // fields before the rules' parameters; 0: all of them
}

// Param is a parameter that a rule sets. Name is in lower case.
type Param struct{ Name, Value []byte }

// ErrBadPath is a path that has no script: one that cannot be decoded, or with
// a byte that the expression of path-info could never match.
var ErrBadPath = errors.New("FastCGI: the path cannot be used")

// known are the parameters that the proxy makes itself unless a rule did.
type known uint32

const (
	kGateway known = 1 << iota
	kDocroot
	kScript
	kPathInfo
	kURI
	kMethod
	kQuery
	kName
	kPort
	kProtocol
	kAddr
	kRemotePort
	kFilename
	kTranslated
	kLength
	kSoftware
	kHTTPS
)

var knownNames = map[string]known{
	"gateway_interface": kGateway, "document_root": kDocroot, "script_name": kScript, "path_info": kPathInfo,
	"request_uri": kURI, "request_method": kMethod, "query_string": kQuery, "server_name": kName,
	"server_port": kPort, "server_protocol": kProtocol, "remote_addr": kAddr, "remote_port": kRemotePort,
	"script_filename": kFilename, "path_translated": kTranslated, "server_software": kSoftware, "https": kHTTPS,
}

// builder collects the parameters of one request.
type builder struct {
	dst     []byte
	scratch []byte
	have    known
	m       *tx.Message
	app     *App
	// Values that others are made of.
	docroot, script, info []byte
}

// AppendParams appends the parameters of m in the order of the original:
// fields, what rules set, then the rest of the manual's table 10.2. M must hold
// no fields that are not to be passed.
func AppendParams(dst []byte, m *tx.Message, app *App, r *Request) ([]byte, error) {
	b := builder{dst: dst, m: m, app: app, docroot: []byte(app.Docroot)}
	fields := m.Fields
	if r.Fields > 0 && r.Fields < len(fields) {
		fields = fields[:r.Fields]
	}
	for i := range fields {
		b.field(&fields[i])
	}
	for i := range r.Params {
		b.param(&r.Params[i])
	}
	for i := len(fields); i < len(m.Fields); i++ {
		b.field(&m.Fields[i])
	}
	if b.have&(kScript|kPathInfo) != kScript|kPathInfo {
		if err := b.path(); err != nil {
			return dst, err
		}
	}
	b.rest(r)
	return b.dst, nil
}

// upper is what becomes of a byte of a name: letters in upper case, digits,
// and an underscore for everything else.
var upper = func() (t [256]byte) {
	for c := range t {
		switch {
		case c >= 'a' && c <= 'z':
			t[c] = byte(c) - 32
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			t[c] = byte(c)
		default:
			t[c] = '_'
		}
	}
	return t
}()

// field passes a header field on.
func (b *builder) field(f *tx.Field) {
	b.scratch = b.scratch[:0]
	switch string(f.Name) {
	case "content-length":
		b.have |= kLength
	case "content-type":
	default:
		b.scratch = append(b.scratch, "HTTP_"...)
	}
	b.named(f.Name, f.Value)
}

// param passes on what a rule set.
func (b *builder) param(p *Param) {
	k := knownNames[string(p.Name)]
	b.have |= k
	switch k {
	case kDocroot:
		b.docroot = p.Value
	case kScript:
		b.script = p.Value
	case kPathInfo:
		b.info = p.Value
	}
	b.scratch = b.scratch[:0]
	b.named(p.Name, p.Value)
}

// named appends a pair whose name goes behind what is in scratch.
func (b *builder) named(name, value []byte) {
	for _, c := range name {
		b.scratch = append(b.scratch, upper[c])
	}
	b.dst = AppendPair(b.dst, b.scratch, value)
}

// path finds the script's name and the path behind it.
func (b *builder) path() error {
	raw := b.m.Path()
	if len(raw) == 0 {
		return ErrBadPath
	}
	path, ok := decodePath(raw)
	if !ok {
		return ErrBadPath
	}
	var script, info []byte
	split := false
	if f := b.app.PathInfo; f != nil {
		if bytes.IndexByte(path, 0) >= 0 || bytes.IndexByte(path, '\n') >= 0 {
			return ErrBadPath
		}
		script, info, split = f(path)
	}
	if !split {
		script, info = path, nil
	}
	if b.have&kScript == 0 {
		if n := len(script); b.app.Index != "" && n > 0 && script[n-1] == '/' {
			script = append(script[:n:n], b.app.Index...)
		}
		b.script = script
	}
	if b.have&kPathInfo == 0 {
		b.info = info
	}
	return nil
}

// decodePath decodes %HH; false where one is malformed.
func decodePath(p []byte) ([]byte, bool) {
	if bytes.IndexByte(p, '%') < 0 {
		return p, true
	}
	out := make([]byte, 0, len(p))
	for i := 0; i < len(p); i++ {
		c := p[i]
		if c == '%' {
			if i+2 >= len(p) {
				return nil, false
			}
			n, err := strconv.ParseUint(string(p[i+1:i+3]), 16, 8)
			if err != nil || p[i+1] == '+' || p[i+1] == '-' {
				return nil, false
			}
			c = byte(n)
			i += 2
		}
		out = append(out, c)
	}
	return out, true
}

// rest appends the parameters that neither fields nor rules made.
func (b *builder) rest(r *Request) {
	m := b.m
	b.def(kGateway, "GATEWAY_INTERFACE", []byte("CGI/1.1"))
	b.def(kDocroot, "DOCUMENT_ROOT", b.docroot)
	b.def(kScript, "SCRIPT_NAME", b.script)
	if len(b.info) > 0 {
		b.def(kPathInfo, "PATH_INFO", b.info)
	}
	b.def(kURI, "REQUEST_URI", requestURI(m))
	b.def(kMethod, "REQUEST_METHOD", m.Method)
	if q, _ := m.Query(); len(q) > 0 {
		b.def(kQuery, "QUERY_STRING", q)
	}
	name := m.GetID(tx.HdrHost)
	if name == nil {
		name = r.Dst
	}
	if name != nil {
		b.def(kName, "SERVER_NAME", name)
	}
	var num [20]byte
	b.def(kPort, "SERVER_PORT", strconv.AppendInt(num[:0], int64(r.DstPort), 10))
	b.def(kProtocol, "SERVER_PROTOCOL", protocol(m.Version))
	if r.Src != nil {
		b.def(kAddr, "REMOTE_ADDR", r.Src)
	}
	b.def(kRemotePort, "REMOTE_PORT", strconv.AppendInt(num[:0], int64(r.SrcPort), 10))
	b.def(kFilename, "SCRIPT_FILENAME", append(append(b.scratch[:0:0], b.docroot...), b.script...))
	if len(b.info) > 0 {
		b.def(kTranslated, "PATH_TRANSLATED", append(append(b.scratch[:0:0], b.docroot...), b.info...))
	}
	b.def(kLength, "CONTENT_LENGTH", strconv.AppendInt(num[:0], int64(r.Length), 10))
	b.def(kSoftware, "SERVER_SOFTWARE", []byte(b.app.Software))
	if r.TLS {
		b.def(kHTTPS, "HTTPS", []byte("on"))
	}
}

func (b *builder) def(k known, name string, value []byte) {
	if b.have&k == 0 {
		b.dst = AppendPair(b.dst, []byte(name), value)
	}
}

// requestURI is the request's target: as it came in HTTP/1; without scheme and
// authority, which nobody wrote there, in later versions.
func requestURI(m *tx.Message) []byte {
	if m.Version >= 20 {
		if p := m.PathQuery(); p != nil {
			return p
		}
	}
	return m.URI
}

func protocol(v int) []byte {
	return []byte{'H', 'T', 'T', 'P', '/', '0' + byte(v/10%10), '.', '0' + byte(v%10)}
}
