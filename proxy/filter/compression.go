// Package filter changes the bodies of messages on their way (configuration
// manual 9): so far it compresses them.
package filter

import (
	"bytes"

	"tandem/proxy/tx"
)

// Algo is a compression algorithm of the configuration manual, "compression".
type Algo uint8

// The algorithms; Off is none. Raw deflate goes under the name of deflate.
const (
	Off Algo = iota
	Identity
	Gzip
	Deflate
	RawDeflate
)

// algos are the algorithms by the words of the configuration.
var algos = map[string]Algo{"identity": Identity, "gzip": Gzip, "deflate": Deflate, "raw-deflate": RawDeflate}

// AlgoOf returns the algorithm of that word, Off where there is none.
func AlgoOf(word string) Algo { return algos[word] }

// String is the word of the configuration.
func (a Algo) String() string {
	return [...]string{"", "identity", "gzip", "deflate", "raw-deflate"}[a]
}

// coding is the content coding that the algorithm makes; nil for identity.
func (a Algo) coding() []byte { return codings[a] }

var codings = [...][]byte{Gzip: []byte("gzip"), Deflate: []byte("deflate"), RawDeflate: []byte("deflate")}

// Compression is what the "compression" lines of one proxy say. A nil one
// says nothing.
type Compression struct {
	Algos             []Algo // for responses, in the order of the lines
	ReqAlgo           Algo
	Types, ReqTypes   []string // beginnings of media types in lower case; none: all
	Offload           bool
	Request, Response bool // directions; neither: responses
	MinReq, MinRes    uint64
}

// Clone returns a copy that can be changed; also of nil.
func (z *Compression) Clone() *Compression {
	if z == nil {
		return &Compression{}
	}
	c := *z
	c.Algos = append([]Algo(nil), z.Algos...)
	c.Types = append([]string(nil), z.Types...)
	c.ReqTypes = append([]string(nil), z.ReqTypes...)
	return &c
}

// Over returns what holds for a request that passes a frontend with z and a
// backend with back: the backend's settings, and the frontend's where it has
// none. The result is nil where nothing is to be compressed.
func (z *Compression) Over(back *Compression) *Compression {
	if z == nil && back == nil {
		return nil
	}
	m := back.Clone()
	if z != nil {
		if len(m.Algos) == 0 {
			m.Algos = z.Algos
		}
		if m.ReqAlgo == Off {
			m.ReqAlgo = z.ReqAlgo
		}
		if len(m.Types) == 0 {
			m.Types = z.Types
		}
		if len(m.ReqTypes) == 0 {
			m.ReqTypes = z.ReqTypes
		}
		m.MinReq, m.MinRes = max(m.MinReq, z.MinReq), max(m.MinRes, z.MinRes)
		m.Offload = m.Offload || z.Offload
		m.Request, m.Response = m.Request || z.Request, m.Response || z.Response
	}
	if !m.Request && !m.Response {
		m.Response = true
	}
	if len(m.Algos) == 0 && (m.ReqAlgo == Off || !m.Request) {
		return nil
	}
	return m
}

var (
	acceptEncoding   = []byte("accept-encoding")
	contentEncoding  = []byte("content-encoding")
	contentType      = []byte("content-type")
	transferEncoding = []byte("transfer-encoding")
	userAgent        = []byte("user-agent")
	etagName         = []byte("etag")
	vary             = []byte("vary")
	chunked          = []byte("chunked")
	varyValue        = []byte("Accept-Encoding")
)

// Choose returns the algorithm for the response to req, Off for none, and
// takes the accept-encoding fields out of req where compression is to be done
// here alone ("offload").
func (z *Compression) Choose(req *tx.Message) Algo {
	if !z.Response || len(z.Algos) == 0 {
		return Off
	}
	a := z.choose(req)
	if z.Offload && a != Off {
		req.Del(acceptEncoding)
	}
	return a
}

func (z *Compression) choose(req *tx.Message) Algo {
	if oldBrowser(req.Get(userAgent)) {
		return Off
	}
	best, most := Off, 0
	for i := range req.Fields {
		f := &req.Fields[i]
		if !bytes.Equal(f.Name, acceptEncoding) {
			continue
		}
		for v := f.Value; len(v) > 0; {
			var item []byte
			item, v, _ = bytes.Cut(v, comma)
			name, params, _ := bytes.Cut(item, semicolon)
			q := weight(params)
			if q <= most {
				continue
			}
			if a := z.named(bytes.TrimSpace(name)); a != Off {
				best, most = a, q
			}
		}
	}
	if best == Off && z.has(Identity) {
		best = Identity
	}
	return best
}

var (
	comma     = []byte(",")
	semicolon = []byte(";")
)

// named finds the algorithm that makes a coding; where several do, the one
// that was configured last.
func (z *Compression) named(coding []byte) Algo {
	for i := len(z.Algos) - 1; i >= 0; i-- {
		a := z.Algos[i]
		if len(coding) == 1 && coding[0] == '*' && a != Identity || a.coding() != nil && bytes.EqualFold(coding, a.coding()) {
			return a
		}
	}
	return Off
}

func (z *Compression) has(a Algo) bool {
	for _, x := range z.Algos {
		if x == a {
			return true
		}
	}
	return false
}

// weight reads "q=0.5" in thousandths (RFC 9110 12.4.2); without one it is 1000.
func weight(params []byte) int {
	for len(params) > 0 {
		var p []byte
		p, params, _ = bytes.Cut(params, semicolon)
		p = bytes.TrimSpace(p)
		if len(p) < 2 || p[0]|0x20 != 'q' || p[1] != '=' {
			continue
		}
		n, scale, dot := 0, 1000, false
		for _, c := range p[2:] {
			switch {
			case c == '.' && !dot:
				dot = true
			case c < '0' || c > '9':
				return n
			case dot:
				scale /= 10
				n += int(c-'0') * scale
			default:
				n = int(c-'0') * 1000
			}
		}
		return min(n, 1000)
	}
	return 1000
}

// oldBrowser says whether the browser claims to decompress and cannot:
// Netscape 4 and what pretends to be it, but Internet Explorer 7 and later,
// and 6 with the second service pack of Windows XP.
func oldBrowser(ua []byte) bool {
	if !bytes.HasPrefix(ua, []byte("Mozilla/4")) {
		return false
	}
	if len(ua) < 31 || !bytes.Equal(ua[25:30], []byte("MSIE ")) || ua[30] < '6' || ua[30] > '9' {
		return true
	}
	return ua[30] == '6' && !bytes.Contains(ua[30:], []byte("SV1"))
}

// typeMatches says whether a content-type begins with one of the types.
func typeMatches(types []string, ct []byte) bool {
	if len(types) == 0 {
		return true
	}
	for _, t := range types {
		if len(ct) >= len(t) && bytes.EqualFold(ct[:len(t)], []byte(t)) {
			return true
		}
	}
	return false
}

// WantsRequest says whether the body of req is to be compressed on its way to
// the server. size is the length of the body as far as it is known, and whole
// says that it is not longer.
func (z *Compression) WantsRequest(req *tx.Message, size uint64, whole bool) bool {
	return z.Request && z.ReqAlgo != Off && (req.Framing == tx.ByLength && req.Length > 0 || req.Framing == tx.Chunked) &&
		req.Version >= 11 && (!whole || size >= z.MinReq) && !req.Has(contentEncoding) && typeMatches(z.ReqTypes, req.Get(contentType))
}

// WantsResponse says whether the body of res is to be compressed (the list of
// exceptions in the configuration manual, "compression algo"). size and whole
// are as for WantsRequest.
func (z *Compression) WantsResponse(res *tx.Message, size uint64, whole bool) bool {
	switch {
	case res.Status < 200 || res.Status > 203, res.Version < 11,
		res.Framing != tx.Chunked && (res.Framing != tx.ByLength || res.Length == 0), whole && size < z.MinRes:
		return false
	}
	etags := 0
	for i := range res.Fields {
		f := &res.Fields[i]
		switch {
		case f.ID == tx.HdrCacheControl && hasToken(f.Value, "no-transform"):
			return false
		case f.ID != tx.HdrOther:
		case bytes.Equal(f.Name, contentEncoding):
			return false
		case bytes.Equal(f.Name, etagName):
			if etags++; etags > 1 || !validETag(f.Value) {
				return false
			}
		}
	}
	ct := res.Get(contentType)
	if len(ct) >= 9 && bytes.EqualFold(ct[:9], []byte("multipart")) {
		return false
	}
	return typeMatches(z.Types, ct)
}

// validETag says whether v is an entity tag (RFC 9110 8.8.3).
func validETag(v []byte) bool {
	v = bytes.TrimPrefix(v, []byte("W/"))
	return len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"'
}

// hasToken says whether a comma-separated list has the token, in any case.
func hasToken(v []byte, token string) bool {
	for len(v) > 0 {
		var item []byte
		item, v, _ = bytes.Cut(v, comma)
		if bytes.EqualFold(bytes.TrimSpace(item), []byte(token)) {
			return true
		}
	}
	return false
}

// Mark changes the head of a message whose body will be compressed: it becomes
// chunked, its entity tag weak, and caches learn what it depends on.
func Mark(m *tx.Message, a Algo, response bool) {
	if m.Framing != tx.Chunked {
		m.DelID(tx.HdrContentLength)
		m.Framing, m.Length = tx.Chunked, 0
		m.Append(transferEncoding, chunked)
	}
	last, known := -1, false
	for i := range m.Fields {
		f := &m.Fields[i]
		switch {
		case f.ID != tx.HdrOther:
		case bytes.Equal(f.Name, vary):
			last, known = i, known || hasToken(f.Value, "accept-encoding")
		case response && bytes.Equal(f.Name, etagName) && f.Value[0] == '"':
			f.Value = m.Keep(append(append(m.Spare(), "W/"...), f.Value...))
		}
	}
	switch {
	case known:
	case last < 0:
		m.Append(vary, varyValue)
	default:
		f := &m.Fields[last]
		v := append(m.Spare(), f.Value...)
		if len(v) > 0 {
			v = append(v, ',')
		}
		f.Value = m.Keep(append(v, varyValue...))
	}
	if c := a.coding(); c != nil {
		m.Append(contentEncoding, c)
	}
}
