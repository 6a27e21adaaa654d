package sample

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
)

// signature is a parsed argument list such as "integer,string[,table]".
type signature struct {
	types []string
	min   int
}

// parseSignature reads the notation of the original's dumps.
func parseSignature(s string) signature {
	var sig signature
	if s == "" {
		return sig
	}
	need, _, _ := strings.Cut(s, "[")
	for _, part := range strings.Split(s, ",") {
		if part = strings.Trim(part, "[]"); part != "" {
			sig.types = append(sig.types, part)
		}
	}
	for _, part := range strings.Split(need, ",") {
		if part != "" {
			sig.min++
		}
	}
	return sig
}

// arg is one argument as read.
type arg struct {
	set  bool // it was written, even if empty
	text string
	n    int64
	ip   netip.Addr
	mask netip.Addr // bits of an address that count, in any places; zero: none given
	ref  *keyword.Ref
}

// args are the arguments of one use; those not written are zero.
type args []arg

// str returns argument i, or def where it was not written or empty.
func (a args) str(i int, def string) string {
	if i < len(a) && a[i].text != "" {
		return a[i].text
	}
	return def
}

// int returns argument i, or def where it was not written.
func (a args) int(i int, def int64) int64 {
	if i < len(a) && a[i].set {
		return a[i].n
	}
	return def
}

// has says whether argument i was written.
func (a args) has(i int) bool { return i < len(a) && a[i].set }

// argError carries what kind of error in arguments it is, so that readCall
// can put the original's words before it.
type argError struct {
	build bool // found by the word itself, not by its signature
	index int  // argument from 0
	err   error
}

// Error returns the text without those words.
func (e *argError) Error() string { return e.err.Error() }

// callSite is the expression being read; it is attached to the Env so that
// references know where they stand.
type callSite struct {
	what string // "sample fetch" or "conversion"
	name string
	by   string // fetch of the expression, for converters
	at   source.Span
	call expr.Call
}

// read reads words as arguments of the signature. What is missing counts as
// one empty word, and an empty optional one that is no text ends the list.
func (s signature) read(e *keyword.Env, words []source.Word) (args, error) {
	site := keyword.Attached[*callSite](e)
	if site == nil {
		site = &callSite{}
	}
	if len(words) == 0 && len(s.types) > 0 && (site.call.Parens || s.min > 0) {
		words = []source.Word{{Span: site.at}}
	}
	out := make(args, len(s.types))
	n := 0 // arguments read
	for ; n < len(words) && n < len(s.types); n++ {
		typ, text := s.types[n], words[n].Text
		if _, name := refKinds[typ]; text == "" && n >= s.min && typ != "string" && !name {
			break
		}
		out[n].set, out[n].text = true, text
		if err := out[n].convert(e, typ, n); err != nil {
			return nil, err
		}
	}
	at := n // the original counts the arguments of a list that does not end so
	if n > 1 {
		at = n - 1
	}
	rest := site.call.From(n)
	if n > 0 && n < len(s.types) {
		rest = strings.TrimPrefix(rest, ",")
	}
	switch {
	case n < s.min:
		return nil, &argError{index: n, err: fmt.Errorf("missing arguments (got %d/%d), type '%s' expected", n, s.min, s.types[n])}
	case n < len(words)-1, n == len(words)-1 && (n == len(s.types) || words[n].Text != ""):
		return nil, &argError{index: at, err: fmt.Errorf("expected ')' before '%s'", rest)}
	case site.call.Open:
		return nil, &argError{index: at, err: fmt.Errorf("expected ')'")}
	}
	return out, nil
}

// convert gives the argument its value.
func (a *arg) convert(e *keyword.Env, typ string, i int) error {
	ok := true
	switch typ {
	case "string", "Protocol buffers field number":
		return nil
	case "integer":
		if a.text == "" {
			return &argError{index: i, err: fmt.Errorf("expected type '%s' at position %d, but got nothing", typ, i+1)}
		}
		var err error
		a.n, err = strconv.ParseInt(a.text, 10, 64)
		ok = err == nil
	case "IPv4 address":
		ip, err := netip.ParseAddr(a.text)
		a.ip, ok = ip, err == nil && ip.Is4()
	case "IPv6 address":
		ip, err := netip.ParseAddr(a.text)
		a.ip, ok = ip, err == nil && ip.Is6()
	case "IPv4 mask":
		a.mask, ok = parseMask(a.text, 32)
	case "IPv6 mask":
		a.mask, ok = parseMask(a.text, 128)
	case "regex":
		return nil // compiled by the word: flags may follow
	default:
		return a.refer(e, typ, i)
	}
	if !ok {
		return &argError{index: i, err: fmt.Errorf("failed to parse '%s' as type '%s' at position %d", a.text, typ, i+1)}
	}
	return nil
}

// parseMask reads a count of bits or an address that is a mask.
func parseMask(s string, bits int) (netip.Addr, bool) {
	if n, err := strconv.Atoi(s); err == nil {
		if n < 0 || n > bits {
			return netip.Addr{}, false
		}
		raw := make([]byte, bits/8)
		for i := range n {
			raw[i/8] |= 0x80 >> (i % 8)
		}
		return netip.AddrFromSlice(raw)
	}
	ip, err := netip.ParseAddr(s)
	return ip, err == nil && ip.BitLen() == bits && ip.Zone() == ""
}

// refKinds are the argument types that are names of other things.
var refKinds = map[string]keyword.RefKind{
	"backend": keyword.ToBackend, "frontend": keyword.ToFrontend, "server": keyword.ToServer,
	"table": keyword.ToTable, "user list": keyword.ToUserlist,
}

// refer makes the argument a reference; an empty name means the current proxy.
func (a *arg) refer(e *keyword.Env, typ string, i int) error {
	kind, ok := refKinds[typ]
	if !ok {
		return &argError{index: i, err: fmt.Errorf("unknown argument type '%s'", typ)}
	}
	site := keyword.Attached[*callSite](e)
	if site == nil {
		site = &callSite{}
	}
	name := a.text
	where := site.describe(e, i)
	named := kind == keyword.ToUserlist || kind == keyword.ToServer
	if name == "" && !named {
		if e.Section == "defaults" {
			return nil // known when it runs
		}
		name = e.Owner
	}
	other := name == e.Owner && a.text == "" && (kind == keyword.ToBackend && e.Section == "frontend" || kind == keyword.ToFrontend && e.Section == "backend")
	if other {
		name = ""
	}
	r := e.NewRef(kind, name, 0)
	r.Span, r.By, r.Arg = site.at, site.name, true
	a.ref = r
	switch {
	case other:
		r.Missing = fmt.Sprintf("proxy '%s', referenced%s, has not %s capability.", e.Owner, where, typ)
		return nil
	case name == "":
		r.Missing = fmt.Sprintf("missing %s name%s.", kind, where)
		return nil
	}
	switch kind {
	case keyword.ToServer:
		px, srv, ok := strings.Cut(name, "/")
		if !ok {
			px, srv = e.Owner, name
		}
		r.Missing = fmt.Sprintf("unable to find server '%s' in proxy '%s', referenced%s.", srv, px, where)
	case keyword.ToUserlist:
		r.Missing = fmt.Sprintf("unable to find userlist '%s' referenced%s.", name, where)
	default:
		r.Missing = fmt.Sprintf("unable to find %s '%s' referenced%s.", typ, name, where)
	}
	return nil
}

// describe says where an argument stands, in the original's words.
func (c *callSite) describe(e *keyword.Env, i int) string {
	text := fmt.Sprintf(" in arg %d of %s keyword '%s'", i+1, c.what, c.name)
	if c.by != "" {
		text += fmt.Sprintf(" for sample fetch keyword '%s'", c.by)
	}
	if c.what != "ACL" {
		if in := expressionNames[e.Scope]; in != "" {
			text += " in " + in + " expression"
		}
	}
	if e.Owner != "" {
		text += fmt.Sprintf(" in proxy '%s'", e.Owner)
	}
	return text
}

var expressionNames = map[keyword.Scope]string{
	keyword.HTTPRequest: "http-request", keyword.HTTPResponse: "http-response",
	keyword.HTTPAfterResponse: "http-response", keyword.TCPConnection: "tcp-request",
	keyword.TCPSession: "tcp-request", keyword.TCPContent: "tcp-request", keyword.TCPResponse: "tcp-response",
}

// hexBytes reads an even number of hexadecimal digits.
func hexBytes(s string) ([]byte, error) {
	if len(s)%2 != 0 {
		return nil, fmt.Errorf("an even number of hex digit is expected")
	}
	out := make([]byte, len(s)/2)
	for i := range len(s) {
		d := source.HexDigit(s[i])
		if d < 0 {
			return nil, fmt.Errorf("an hex digit is expected (found '%c')", s[i])
		}
		out[i/2] = out[i/2]<<4 | byte(d)
	}
	return out, nil
}

// HexBytes reads an even number of hexadecimal digits.
func HexBytes(s string) ([]byte, error) { return hexBytes(s) }
