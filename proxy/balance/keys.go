package balance

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

var bySource = keyword.Define(keyword.Spec{
	Name: "source", In: keyword.Backend | keyword.Defaults, Doc: "By the client's address.",
}, func(*keyword.Env, *rest) (*Algorithm, error) {
	return keyed("source", func(t *tx.Tx) ([]byte, uint32, bool, bool) {
		if t.Sess == nil || !t.Sess.Src.IsValid() {
			return nil, 0, true, false
		}
		return nil, foldAddr(t.Sess.Src.Addr()), true, true
	}), nil
})

// foldAddr is the key of an address: its 32-bit words, added up by XOR.
func foldAddr(a netip.Addr) uint32 {
	if a.Is4() || a.Is4In6() {
		b := a.As4()
		return binary.BigEndian.Uint32(b[:])
	}
	b := a.As16()
	var h uint32
	for i := 0; i < 16; i += 4 {
		h ^= binary.BigEndian.Uint32(b[i:])
	}
	return h
}

var uri = keyword.Define(keyword.Spec{
	Name: "uri", In: keyword.Backend | keyword.Defaults, Doc: "By the URI, without query string unless \"whole\" is given.",
}, func(_ *keyword.Env, a *uriArgs) (*Algorithm, error) {
	o := *a
	alg := keyed("uri", func(t *tx.Tx) ([]byte, uint32, bool, bool) {
		if !t.HasReq {
			return nil, 0, false, false
		}
		k := o.key(&t.Req)
		return k, 0, false, k != nil
	})
	alg.NeedsHTTP = true
	return alg, nil
})

// uriArgs are the words behind "uri".
type uriArgs struct {
	length, depth   int
	whole, pathOnly bool
}

// Usage is what the reference prints.
func (*uriArgs) Usage() string { return "[whole] [len <len>] [depth <depth>] [path-only]" }

// ParseArgs reads the words to the end of the line.
func (u *uriArgs) ParseArgs(a *keyword.Args) error {
	for a.More() {
		w, i, _ := a.Next()
		switch w {
		case "len", "depth":
			v, j, _ := a.Next()
			n := leadingInt(v)
			if n <= 0 {
				return bad(j, "balance uri : '%s' expects a positive integer (got '%s').", w, v)
			}
			if w == "len" {
				u.length = n
			} else {
				u.depth = n
			}
		case "whole":
			u.whole = true
		case "path-only":
			u.pathOnly = true
		default:
			return bad(i, "balance uri only accepts parameters 'len', 'depth', 'path-only', and 'whole' (got '%s').", w)
		}
	}
	return nil
}

// key returns the part of the URI that counts.
func (u *uriArgs) key(m *tx.Message) []byte {
	s := m.URI
	if u.pathOnly {
		s = m.PathQuery()
	}
	if u.length > 0 && len(s) > u.length {
		s = s[:u.length]
	}
	slashes := 0
	for i, c := range s {
		if c == '/' {
			if slashes++; u.depth > 0 && slashes == u.depth+1 {
				return s[:i]
			}
		} else if c == '?' && !u.whole {
			return s[:i]
		}
	}
	return s
}

var urlParam = keyword.Define(keyword.Spec{
	Name: "url_param", In: keyword.Backend | keyword.Defaults, Doc: "By a parameter of the query string or of a POST's body.",
}, func(_ *keyword.Env, a *paramArgs) (*Algorithm, error) {
	o := *a
	alg := keyed("url_param", func(t *tx.Tx) ([]byte, uint32, bool, bool) {
		k := o.key(t)
		return k, 0, false, k != nil
	})
	alg.NeedsHTTP = true
	return alg, nil
})

// paramArgs are the words behind "url_param".
type paramArgs struct {
	name string
	post bool
}

// Usage is what the reference prints.
func (*paramArgs) Usage() string { return "<param> [check_post]" }

// ParseArgs reads the words to the end of the line.
func (p *paramArgs) ParseArgs(a *keyword.Args) error {
	var i int
	p.name, i, _ = a.Next()
	if p.name == "" {
		return bad(i, "balance url_param requires an URL parameter name.")
	}
	if !a.More() {
		return nil
	}
	if w, i, _ := a.Next(); w != "check_post" {
		return bad(i, "balance url_param only accepts 'check_post' modifier (got '%s').", w)
	}
	p.post = true
	a.Rest() // the former <max_wait>
	return nil
}

func (p *paramArgs) key(t *tx.Tx) []byte {
	if !t.HasReq {
		return nil
	}
	if q, ok := t.Req.Query(); ok {
		if v := param(q, p.name); v != nil {
			return v
		}
	}
	if p.post && t.Conn != nil && string(t.Req.Method) == "POST" {
		body, _ := t.Conn.Body(false)
		return param(body, p.name)
	}
	return nil
}

// param returns the value of a parameter in "a=1&b=2"; nil where it is absent
// or empty.
func param(q []byte, name string) []byte {
	for len(q) > 0 {
		var item []byte
		if i := bytes.IndexByte(q, '&'); i >= 0 {
			item, q = q[:i], q[i+1:]
		} else {
			item, q = q, nil
		}
		if len(item) > len(name)+1 && item[len(name)] == '=' && string(item[:len(name)]) == name {
			return item[len(name)+1:]
		}
	}
	return nil
}

var hdr = keyword.Define(keyword.Spec{
	Name: "hdr(", In: keyword.Backend | keyword.Defaults, Flags: keyword.Prefix | keyword.NotDumped, Doc: "By a header of the request.",
}, func(_ *keyword.Env, a *hdrArgs) (*Algorithm, error) {
	name, domain := []byte(strings.ToLower(a.text)), a.domain
	alg := keyed("hdr("+a.text+")", func(t *tx.Tx) ([]byte, uint32, bool, bool) {
		if !t.HasReq {
			return nil, 0, false, false
		}
		v := t.Req.Get(name)
		if i := bytes.IndexByte(v, ','); i >= 0 {
			v = bytes.TrimRight(v[:i], " \t")
		}
		if domain {
			v = mainDomain(v)
		}
		return v, 0, false, len(v) > 0
	})
	alg.NeedsHTTP = true
	return alg, nil
})

// hdrArgs is "hdr(<name>) [use_domain_only]".
type hdrArgs struct {
	parenArg
	domain bool
}

// Usage is what the reference prints.
func (*hdrArgs) Usage() string { return "(<name>) [use_domain_only]" }

// ParseArgs reads the word with its parentheses and the modifier.
func (h *hdrArgs) ParseArgs(a *keyword.Args) error {
	if err := h.parenArg.ParseArgs(a); err != nil {
		return err
	}
	if !h.closed || h.text == "" {
		return bad(h.index, "balance hdr requires an http header field name.")
	}
	if a.More() {
		w, i, _ := a.Next()
		if w != "use_domain_only" {
			return bad(i, "balance hdr(%s) only accepts 'use_domain_only' modifier (got '%s').", h.text, w)
		}
		h.domain = true
		a.Rest()
	}
	return nil
}

// mainDomain returns the label before the last one: "1wt" of "haproxy.1wt.eu".
func mainDomain(host []byte) []byte {
	if i := bytes.IndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	last := bytes.LastIndexByte(host, '.')
	if last < 0 {
		return host
	}
	host = host[:last]
	return host[bytes.LastIndexByte(host, '.')+1:]
}

var hashExpr = keyword.Define(keyword.Spec{
	Name: "hash", In: keyword.Backend | keyword.Defaults, Doc: "By the value of an expression.",
}, func(e *keyword.Env, a *hashArgs) (*Algorithm, error) {
	refused := func(format string, args ...any) (*Algorithm, error) {
		out := Rotation()
		out.Refused = fmt.Sprintf(format, args...)
		return out, nil
	}
	s, err := expr.ParseSample(a.text)
	if err != nil {
		return refused("failed to parse 'balance hash' expression '%s' in : %s.", a.text, err)
	}
	s.Index = a.index
	defer sample.Within(e, sample.UseServerRule)()
	x, err := sample.CompileIf(e, s, func(x *sample.Expr) error {
		if x.Here(e) {
			return nil
		}
		return &keyword.Error{Index: a.index, Code: diag.MissingLayer, Text: fmt.Sprintf("error detected while parsing 'balance hash' expression '%s' which requires information from %s, which is not available here.", a.text, x.Need)}
	})
	var k *keyword.Error
	switch {
	case errors.As(err, &k) && k.Code == diag.MissingLayer:
		return refused("%s", k.Text)
	case err != nil:
		return refused("failed to parse 'balance hash' expression '%s' in : %s.", a.text, strings.TrimSuffix(err.Error(), "."))
	}
	byValue := func(want tx.Type) keyFunc {
		return func(t *tx.Tx) ([]byte, uint32, bool, bool) {
			v := values.Get().(*sample.Value)
			ok := x.Eval(t, want, v)
			key := v.B
			*v = sample.Value{}
			values.Put(v)
			return key, 0, false, ok
		}
	}
	return &Algorithm{Name: "hash", Static: true, New: func(b *server.Backend, h HashType) Policy {
		want := tx.TypeBin
		if h.Function == "none" { // the key is a number in digits
			want = tx.TypeStr
		}
		return keyed("hash", byValue(want)).New(b, h)
	}}, nil
})

// values are reused: one that is handed to a fetch does not stay on the stack.
var values = sync.Pool{New: func() any { return new(sample.Value) }}

// hashArgs is the expression.
type hashArgs struct {
	text  string
	index int
}

// Usage is what the reference prints.
func (*hashArgs) Usage() string { return "<sample expression>" }

// ParseArgs takes the expression.
func (h *hashArgs) ParseArgs(a *keyword.Args) error {
	h.text, h.index, _ = a.Next()
	if h.text == "" {
		return bad(h.index, "balance hash requires a sample expression.")
	}
	a.Rest()
	return nil
}

// rest takes all words that are left and ignores them, as the original does.
type rest struct{}

// Usage is what the reference prints.
func (*rest) Usage() string { return "" }

// ParseArgs takes the rest of the line.
func (*rest) ParseArgs(a *keyword.Args) error {
	a.Rest()
	return nil
}

// parenArg is what stands between the parentheses of a word like "random(3)".
type parenArg struct {
	text   string
	closed bool
	index  int
}

// Usage is what the reference prints.
func (*parenArg) Usage() string { return "(<arg>)" }

// ParseArgs takes the word itself.
func (p *parenArg) ParseArgs(a *keyword.Args) error {
	var w string
	w, p.index, _ = a.Next()
	_, in, _ := strings.Cut(w, "(")
	p.text, _, p.closed = strings.Cut(in, ")")
	if a.Env == nil || !strings.HasPrefix(w, "hdr(") {
		a.Rest()
	}
	return nil
}

func bad(i int, format string, args ...any) error {
	return keywordError(i, diag.BadArguments, format, args...)
}

// leadingInt reads the digits at the start of s.
func leadingInt(s string) int {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	for i < len(s) && s[i] >= '0' && s[i] <= '9' && i < 9 {
		i++
	}
	n, _ := strconv.Atoi(s[:i])
	return n
}

// oddDigit returns the first byte that is no digit.
func oddDigit(s string) string {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return s[i : i+1]
		}
	}
	return ""
}
