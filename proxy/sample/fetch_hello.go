package sample

import (
	"tandem/proxy/tx"
)

// helloFetches parse a TLS ClientHello or ServerHello in raw contents.
var helloFetches = []word[Fetch]{
	fetch("req.ssl_hello_type", "", tx.TypeInt, RequestRaw, "Type of the TLS hello message in the request buffer.", plain(evalHelloType(request))),
	fetch("req_ssl_hello_type", "", tx.TypeInt, RequestRaw, "Older name of req.ssl_hello_type.", plain(evalHelloType(request))),
	fetch("res.ssl_hello_type", "", tx.TypeInt, ResponseRaw, "Type of the TLS hello message in the response buffer.", plain(evalHelloType(response))),
	fetch("rep_ssl_hello_type", "", tx.TypeInt, ResponseRaw, "Older name of res.ssl_hello_type.", plain(evalHelloType(response))),
	fetch("req.ssl_sni", "", tx.TypeStr, RequestRaw, "Server name in the ClientHello in the request buffer.", plain(evalHelloSNI)),
	fetch("req_ssl_sni", "", tx.TypeStr, RequestRaw, "Older name of req.ssl_sni.", plain(evalHelloSNI)),
	fetch("req.ssl_alpn", "", tx.TypeStr, RequestRaw, "Protocols in the ClientHello's ALPN extension, with commas between them.", plain(evalHelloALPN)),
	fetch("req.ssl_ver", "", tx.TypeInt, RequestRaw, "Version in the ClientHello: major*65536+minor.", plain(evalHelloVersion)),
	fetch("req_ssl_ver", "", tx.TypeInt, RequestRaw, "Older name of req.ssl_ver.", plain(evalHelloVersion)),
	fetch("req.ssl_ec_ext", "", tx.TypeBool, RequestRaw, "Whether the ClientHello has the supported groups extension.", plain(evalHelloEC)),
	fetch("req.ssl_st_ext", "", tx.TypeInt, RequestRaw, "0: no session ticket extension, 1: an empty one, 2: with a ticket.", plain(evalHelloTicket)),
	fetch("req.ssl_cipherlist", "", tx.TypeBin, ClientL4|RequestRaw, "Cipher suites of the ClientHello.", plain(helloPart(func(h *hello) []byte { return h.ciphers }))),
	fetch("req.ssl_sigalgs", "", tx.TypeBin, ClientL4|RequestRaw, "Signature algorithms of the ClientHello.", plain(helloList(13))),
	fetch("req.ssl_supported_groups", "", tx.TypeBin, ClientL4|RequestRaw, "Supported groups of the ClientHello.", plain(helloList(10))),
	fetch("req.ssl_keyshare_groups", "", tx.TypeBin, ClientL4|RequestRaw, "Groups of the key shares of the ClientHello.", plain(evalKeyShares)),
}

// hello is what is read of a ClientHello or ServerHello (RFC 8446 4.1).
type hello struct {
	kind       byte // 1 client, 2 server
	recVersion int  // of the record: major<<16 | minor
	version    int  // of the hello
	session    []byte
	ciphers    []byte
	extensions []byte
}

// helloState says how far a hello could be read.
type helloState uint8

const (
	helloBad helloState = iota
	helloShort
	helloDone
)

// parseHello reads a hello at the start of data.
func parseHello(data []byte, h *hello) helloState {
	const recordHead = 5
	if len(data) < recordHead {
		if len(data) > 0 && data[0] != 22 {
			return helloBad
		}
		return helloShort
	}
	size := int(data[3])<<8 | int(data[4])
	if data[0] != 22 || data[1] < 3 || size < 4 || size > 1<<14+2048 {
		return helloBad
	}
	h.recVersion = int(data[1])<<16 | int(data[2])
	body := data[recordHead:]
	if len(body) < 1 {
		return helloShort
	}
	if h.kind = body[0]; h.kind != 1 && h.kind != 2 {
		return helloBad
	}
	if len(body) < 4 {
		return helloShort
	}
	n := int(body[1])<<16 | int(body[2])<<8 | int(body[3])
	if n < 38 || n+4 > size {
		return helloBad // a hello in several records is not looked at
	}
	if len(body) < n+4 {
		return helloShort
	}
	body = body[4 : 4+n]
	h.version = int(body[0])<<16 | int(body[1])
	r := reader{body[34:]}
	h.session = r.block(1)
	if h.kind == 1 {
		h.ciphers = r.block(2)
		r.block(1)
	} else {
		r.take(3)
	}
	if len(r.b) > 0 {
		h.extensions = r.block(2)
	}
	if r.b == nil {
		return helloBad
	}
	return helloDone
}

// reader takes blocks off a message; b is nil once one did not fit.
type reader struct{ b []byte }

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.b = nil
		return nil
	}
	x := r.b[:n]
	r.b = r.b[n:]
	if r.b == nil {
		r.b = []byte{}
	}
	return x
}

// block takes a block whose length stands before it in n bytes.
func (r *reader) block(n int) []byte {
	size := 0
	for _, c := range r.take(n) {
		size = size<<8 | int(c)
	}
	if r.b == nil {
		return nil
	}
	return r.take(size)
}

// extension returns the content of the extension of that type.
func (h *hello) extension(typ int) ([]byte, bool) {
	r := reader{h.extensions}
	for len(r.b) >= 4 {
		head := r.take(2)
		body := r.block(2)
		if r.b == nil {
			return nil, false
		}
		if int(head[0])<<8|int(head[1]) == typ {
			return body, true
		}
	}
	return nil, false
}

// withHello reads the hello in a side's contents; a value that may still come
// is marked so.
func withHello(t *tx.Tx, v *Value, s side, h *hello) bool {
	data, complete := content(t, s)
	switch parseHello(data, h) {
	case helloShort:
		v.MayChange = !complete
		return false
	case helloDone:
		return true
	}
	return false
}

func evalHelloType(s side) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		var h hello
		if !withHello(t, v, s, &h) {
			return false
		}
		v.SetInt(int64(h.kind))
		return true
	}
}

func evalHelloVersion(t *tx.Tx, v *Value) bool {
	var h hello
	if !withHello(t, v, request, &h) {
		return false
	}
	v.SetInt(int64(h.version))
	return true
}

// sniOf returns the host name of a server name extension's content (RFC 6066 3).
func sniOf(ext []byte) []byte {
	r := reader{ext}
	list := reader{r.block(2)}
	for len(list.b) >= 3 {
		typ := list.take(1)
		name := list.block(2)
		if len(typ) == 1 && typ[0] == 0 {
			return name
		}
	}
	return nil
}

func evalHelloSNI(t *tx.Tx, v *Value) bool {
	var h hello
	if !withHello(t, v, request, &h) || h.kind != 1 {
		return false
	}
	ext, _ := h.extension(0)
	name := sniOf(ext)
	v.SetStr(name)
	return len(name) > 0
}

func evalHelloALPN(t *tx.Tx, v *Value) bool {
	var h hello
	if !withHello(t, v, request, &h) || h.kind != 1 {
		return false
	}
	ext, ok := h.extension(16)
	if !ok {
		return false
	}
	r := reader{ext}
	list := reader{r.block(2)}
	b := t.Scratch.Alloc(len(list.b))[:0]
	for len(list.b) > 0 {
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = append(b, list.block(1)...)
	}
	v.SetStr(b)
	return len(b) > 0
}

func evalHelloEC(t *tx.Tx, v *Value) bool {
	var h hello
	if !withHello(t, v, request, &h) || h.kind != 1 {
		return false
	}
	_, ok := h.extension(10)
	v.SetBool(ok)
	return ok
}

func evalHelloTicket(t *tx.Tx, v *Value) bool {
	var h hello
	if !withHello(t, v, request, &h) || h.kind != 1 {
		return false
	}
	ext, ok := h.extension(35)
	n := boolInt(ok)
	if len(ext) > 0 {
		n = 2
	}
	v.SetInt(n)
	return true
}

func helloPart(part func(*hello) []byte) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		var h hello
		if !withHello(t, v, request, &h) || h.kind != 1 {
			return false
		}
		b := part(&h)
		v.SetBin(b)
		return b != nil
	}
}

// helloList makes a fetch of the list of two-byte numbers in an extension.
func helloList(typ int) evalFunc {
	return helloPart(func(h *hello) []byte {
		ext, _ := h.extension(typ)
		r := reader{ext}
		return r.block(2)
	})
}

func evalKeyShares(t *tx.Tx, v *Value) bool {
	var h hello
	if !withHello(t, v, request, &h) || h.kind != 1 {
		return false
	}
	ext, ok := h.extension(51)
	if !ok {
		return false
	}
	r := reader{ext}
	list := reader{r.block(2)}
	b := t.Scratch.Alloc(len(list.b))[:0]
	for len(list.b) >= 4 {
		b = append(b, list.take(2)...)
		list.block(2)
	}
	v.SetBin(b)
	return true
}
