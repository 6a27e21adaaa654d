package proxy

import (
	"bytes"
	"encoding/binary"
	"strings"

	"golang.org/x/net/http2/hpack"

	"tandem/proxy/h2"
)

// h2wire writes frames, good and bad ones.
type h2wire struct {
	bytes.Buffer
	enc *hpack.Encoder
	tab bytes.Buffer
}

func newH2wire() *h2wire {
	w := &h2wire{}
	w.enc = hpack.NewEncoder(&w.tab)
	return w
}

// Frame types and flags, as in RFC 9113 6.
const (
	fData = iota
	fHeaders
	fPriority
	fRst
	fSettings
	fPush
	fPing
	fGoAway
	fWindow
	fCont

	es  = 0x1
	ack = 0x1
	eh  = 0x4
	pad = 0x8
	pri = 0x20
)

// raw writes a frame whose length field may lie.
func (w *h2wire) raw(n int, typ, flags byte, id uint32, p string) *h2wire {
	w.Write([]byte{byte(n >> 16), byte(n >> 8), byte(n), typ, flags})
	binary.Write(w, binary.BigEndian, id)
	w.WriteString(p)
	return w
}

func (w *h2wire) f(typ, flags byte, id uint32, p string) *h2wire {
	return w.raw(len(p), typ, flags, id, p)
}

// hello is what every client begins with.
func (w *h2wire) hello(settings ...uint32) *h2wire {
	w.WriteString(h2.Preface)
	return w.settings(settings...)
}

func (w *h2wire) settings(kv ...uint32) *h2wire {
	var p []byte
	for i := 0; i+1 < len(kv); i += 2 {
		p = binary.BigEndian.AppendUint16(p, uint16(kv[i]))
		p = binary.BigEndian.AppendUint32(p, kv[i+1])
	}
	return w.f(fSettings, 0, 0, string(p))
}

func u32s(v uint32) string { return string(binary.BigEndian.AppendUint32(nil, v)) }

// block encodes fields written as "name: value" lines; a name may begin with
// a colon.
func (w *h2wire) block(lines ...string) string {
	w.tab.Reset()
	for _, l := range lines {
		i := strings.Index(l[min(1, len(l)):], ":") + min(1, len(l))
		if i <= 0 {
			i = 0
		}
		w.enc.WriteField(hpack.HeaderField{Name: l[:i], Value: strings.TrimPrefix(l[i+1:], " ")})
	}
	return w.tab.String()
}

// get are the pseudo-header fields of a GET for path.
func h2get(path string, more ...string) []string {
	return append([]string{":method: GET", ":scheme: http", ":path: " + path, ":authority: a"}, more...)
}

func h2post(path string, more ...string) []string {
	return append([]string{":method: POST", ":scheme: http", ":path: " + path, ":authority: a"}, more...)
}

// h writes a whole header block.
func (w *h2wire) h(id uint32, flags byte, lines ...string) *h2wire {
	return w.f(fHeaders, flags|eh, id, w.block(lines...))
}

func (w *h2wire) d(id uint32, flags byte, p string) *h2wire { return w.f(fData, flags, id, p) }

// next is a request that shows whether the connection still serves.
func (w *h2wire) next(id uint32) *h2wire { return w.h(id, es, h2get("/ret")...) }

// hold is a request that is not answered while the case lasts. A case that
// breaks the connection behind a request, or sends to its stream again, uses it:
// an answer could otherwise be out before the fault is read, or not.
func (w *h2wire) hold(id uint32) *h2wire { return w.h(id, es, h2get("/hold")...) }

// h2case is one sequence of frames; what comes back, in the notation of
// h2read, is in the file of answers.
type h2case struct {
	name string
	send func(w *h2wire)
}

// one is a case of one request with these lines, on stream 1, and a good one
// behind it.
func h2one(name string, flags byte, lines ...string) h2case {
	return h2case{name, func(w *h2wire) { w.hello().h(1, flags, lines...).next(3) }}
}

func without(lines []string, name string) (out []string) {
	for _, l := range lines {
		if !strings.HasPrefix(l, name) {
			out = append(out, l)
		}
	}
	return out
}

func repeat(n int, f func(i int)) {
	for i := range n {
		f(i)
	}
}
