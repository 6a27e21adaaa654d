package server

import (
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

var poolMaxConn = value("pool-max-conn", "Idle connections kept for reuse; -1: no limit.", "'pool-max-conn' expects <value> as argument..", func(p *Params, v string) error {
	if p.PoolMaxConn = atoi(v); p.PoolMaxConn < -1 {
		return fail(-1, "'pool-max-conn' must be >= -1.")
	}
	return nil
})
var poolLowConn = value("pool-low-conn", "Idle connections below which threads do not take each other's.",
	"'pool-low-conn' expects <value> as argument..", number(func(p *Params) *int { return &p.PoolLowConn }))
var poolPurgeDelay = value("pool-purge-delay", "Interval at which half of the idle connections are closed.", "'pool-purge-delay' expects <value> as argument..", func(p *Params, v string) error {
	d, err := expr.LaxTime(v, time.Millisecond, told)
	switch err {
	case nil:
		p.PoolPurgeDelay = d
	case expr.TimeOverflow:
		return fail(-1, "timer overflow in argument '%s' to 'pool-purge-delay' (maximum value is 2147483647 ms or ~24.8 days).", v)
	case expr.TimeUnderflow:
		return fail(-1, "timer underflow in argument '%s' to 'pool-purge-delay' (minimum non-null value is 1 ms).", v)
	default:
		return fail(-1, "unexpected character '%s' in argument to <pool-purge-delay>..", oddByte(v))
	}
	return nil
})
var maxReuse = value("max-reuse", "Times that a connection is used again; -1: no limit.",
	"'max-reuse' expects <value> as argument..", number(func(p *Params) *int { return &p.MaxReuse }))

var poolConnName = envValue(keyword.Spec{Name: "pool-conn-name", Doc: "Expression that names connections in the idle pool.",
	Misuse: "'pool-conn-name' expects <value> as argument."}, func(e *keyword.Env, p *Params, v string, i int) error {
	p.PoolConnName = v
	return compileExpr(e, v, i, &p.PoolConnExpr)
})

// compileExpr lets the config room compile an expression.
func compileExpr(e *keyword.Env, v string, i int, dst *any) error {
	c := keyword.Attached[Compiler](e)
	if c == nil {
		return nil
	}
	x, err := c.ServerExpr(e, v, i)
	if err != nil {
		return fail(i, "error detected while parsing sni or pool-conn-name expressions : %s..", strings.TrimSuffix(err.Error(), "."))
	}
	*dst = x
	return nil
}

var proto = value("proto", "Protocol spoken to the server, whatever TLS negotiates.", "'proto' : missing value.", protoName("proto", func(p *Params) *string { return &p.Proto }))

func protoName(word string, dst func(*Params) *string) func(*Params, string) error {
	return func(p *Params, v string) error {
		switch v {
		case "h1", "h2", "none", "fcgi", "spop", "quic", "qmux":
			*dst(p) = v
			return nil
		}
		return fail(-1, "'%s' :  unknown MUX protocol '%s'.", word, v)
	}
}

var ws = value("ws", "Protocol for websocket streams: auto, h1 or h2.", "",
	oneOf(func(p *Params) *string { return &p.WebSocket }, "'ws' has to be 'auto', 'h1' or 'h2'.%.0s", "auto", "h1", "h2"))

var tcpUT = valueWith(keyword.Spec{Name: "tcp-ut", Doc: "TCP user timeout of connections to the server.", Misuse: "'tcp-ut' : missing TCP User Timeout value."}, func(p *Params, v string) error {
	d, err := expr.LaxTime(v, time.Millisecond, told)
	if err != nil {
		return fail(-1, "'tcp-ut' : expects a positive delay in milliseconds.")
	}
	p.TCPUserTimeout = d
	return nil
})
var tfo = flagWith(keyword.Spec{Name: "tfo", Flags: keyword.NotActed, Doc: "TCP fast open towards the server."}, func(p *Params) { p.TFO = true })
var noTFO = flag("no-tfo", "Undo an inherited \"tfo\".", func(p *Params) { p.TFO = false })
var cc = valueWith(keyword.Spec{Name: "cc", Flags: keyword.NotActed, Doc: "TCP congestion control algorithm of outgoing connections.",
	Misuse: "'cc' : missing TCP congestion control algorithm."}, text(func(p *Params) *string { return &p.Congestion }))
var tcpMD5 = valueWith(keyword.Spec{Name: "tcp-md5sig", Flags: keyword.Refused, Doc: "Password of TCP MD5 signatures (RFC 2385).",
	Misuse: "'tcp-md5sig' : missing TCP MD5 signature password."}, text(func(p *Params) *string { return &p.MD5Sig }))
var namespace = valueWith(keyword.Spec{Name: "namespace", Flags: keyword.NotActed, Needs: "Linux", Doc: "Network namespace in which connections are made.",
	Misuse: "'namespace' : expects <name> as argument."}, func(p *Params, v string) error {
	f, err := os.Open("/var/run/netns/" + v)
	if err != nil {
		return fail(-1, "Cannot open namespace '%s'.", v)
	}
	p.Namespace = v
	return f.Close()
})
var idlePing = valueWith(keyword.Spec{Name: "idle-ping", Flags: keyword.NotActed, Doc: "Interval of liveness probes on idle HTTP/2 connections.",
	Misuse: "'idle-ping' expects an argument.."}, func(p *Params, v string) error {
	d, err := parseDelay(p, v, "idle-ping", "idle-ping")
	p.IdlePing = d
	return err
})
var quicCC = valueWith(keyword.Spec{Name: "quic-cc-algo", Flags: keyword.NotActed | keyword.NotDumped, Doc: "Congestion control of QUIC connections to the server."},
	func(*Params, string) error { return nil })

var socks4 = value("socks4", "SOCKS4 proxy through which connections go.", "'socks4' expects <addr>:<port> as argument..", func(p *Params, v string) error {
	if _, err := expr.ParseAddr(v, expr.NeedPort|expr.AllowNames); err != nil {
		return fail(-1, "'socks4 %s' : %s.", v, err)
	}
	p.Socks4 = v
	return nil
})

var sendProxy = flag("send-proxy", "Begin connections with a PROXY protocol version 1 header.", func(p *Params) { p.SendProxy.Version = 1 })
var noSendProxy = flag("no-send-proxy", "Undo an inherited \"send-proxy\".", func(p *Params) {
	if p.SendProxy.Version == 1 {
		p.SendProxy.Version = 0
	}
})
var sendProxyV2 = flag("send-proxy-v2", "Begin connections with a PROXY protocol version 2 header.", func(p *Params) { p.SendProxy.Version = 2 })
var noSendProxyV2 = flag("no-send-proxy-v2", "Undo an inherited \"send-proxy-v2\".", noV2)
var sendProxyV2SSL = flag("send-proxy-v2-ssl", "PROXY protocol version 2 with information on the client's TLS.", func(p *Params) { p.SendProxy.v2("ssl") })
var noSendProxyV2SSL = flag("no-send-proxy-v2-ssl", "Undo an inherited \"send-proxy-v2-ssl\".", noV2)
var sendProxyV2SSLCN = flag("send-proxy-v2-ssl-cn", "PROXY protocol version 2 with TLS information and the certificate's name.", func(p *Params) { p.SendProxy.v2("ssl", "cert-cn") })
var noSendProxyV2SSLCN = flag("no-send-proxy-v2-ssl-cn", "Undo an inherited \"send-proxy-v2-ssl-cn\".", noV2)

func noV2(p *Params) {
	if p.SendProxy.Version == 2 {
		p.SendProxy.Version = 0
	}
}

// v2 turns version 2 on with some options more. The slice is copied: an
// inherited one belongs to the default-server.
func (s *SendProxy) v2(options ...string) {
	s.Version = 2
	all := append([]string(nil), s.Options...)
	for _, o := range options {
		if !Given(all).Has(o) {
			all = append(all, o)
		}
	}
	s.Options = all
}

var proxyV2Options = value("proxy-v2-options", "Options that go into the PROXY protocol version 2 header.", "", func(p *Params, v string) error {
	list := strings.Split(v, ",")
	for _, o := range list {
		switch o {
		case "ssl", "cert-cn", "ssl-cipher", "cert-sig", "cert-key", "authority", "crc32c", "unique-id":
		default:
			return fail(-1, "'%s' : proxy v2 option not implemented.", o)
		}
	}
	version := p.SendProxy.Version
	p.SendProxy.v2(list...)
	p.SendProxy.Version = version
	return nil
})

// tlvArgs is "set-proxy-v2-tlv-fmt(<id>) <fmt>".
type tlvArgs struct {
	word, format string
	index        int
}

// Usage is what the reference prints.
func (*tlvArgs) Usage() string { return "(<id>) <fmt>" }

// ParseArgs takes the word itself, which holds the type, and the format.
func (t *tlvArgs) ParseArgs(a *keyword.Args) error {
	t.word, _, _ = a.Next()
	t.format, t.index, _ = a.Next()
	return nil
}

var setTLV = keyword.Define(keyword.Spec{
	Name: "set-proxy-v2-tlv-fmt", In: keyword.ServerLine, Flags: keyword.Prefix,
	Doc: "Add a type-length-value to the PROXY protocol version 2 header.",
}, func(e *keyword.Env, a *tlvArgs) (Option, error) {
	inner := strings.TrimPrefix(a.word, "set-proxy-v2-tlv-fmt")
	if !strings.HasPrefix(inner, "(") {
		return func(*Params) error { return nil }, nil
	}
	inner = strings.TrimSuffix(inner[1:], ")")
	n, err := strconv.ParseUint(inner, 0, 32)
	if err != nil {
		return nil, fail(a.index-1, "'%s' : could not convert TLV ID.", a.word)
	}
	if n > 255 {
		return nil, fail(a.index-1, "'%s' : the maximum allowed TLV ID is 255.", a.word)
	}
	tlv := TLV{Type: int(n), Text: a.format}
	if c := keyword.Attached[Compiler](e); c != nil {
		if tlv.Format, err = c.ServerFormat(e, a.format, a.index); err != nil {
			return nil, fail(a.index, "%s", err)
		}
	}
	return func(p *Params) error {
		p.SendProxy.TLVs = append(p.SendProxy.TLVs[:len(p.SendProxy.TLVs):len(p.SendProxy.TLVs)], tlv)
		return nil
	}, nil
})

// SourceArgs is what follows the word "source", on a server line and as a
// line of a backend.
type SourceArgs struct{ Source }

// Usage is what the reference prints.
func (*SourceArgs) Usage() string {
	return "<addr>[:<port>[-<port>]] [usesrc { <addr2>[:<port2>] | client | clientip | hdr_ip(<hdr>[,<occ>]) } ] [interface <name>]"
}

// ParseArgs takes the address and the words that may follow it in any order.
func (s *SourceArgs) ParseArgs(a *keyword.Args) error {
	v, i, _ := a.Next()
	if v == "" {
		return &keyword.Error{Index: i, Code: diag.BadArguments, Place: true,
			Text: "'source' expects <addr>[:<port>[-<port>]], and optionally 'usesrc' <addr>, and 'interface' <name> as argument.."}
	}
	addr, err := expr.ParseHostAddr(v, expr.AllowRange, a.Env.LookUp)
	if err != nil {
		return fail(i, "'source %s' : %s.", v, err)
	}
	s.Addr, s.IP, s.PortLow, s.PortHigh = v, addr.IP, addr.Port, addr.PortHigh
	for {
		switch a.Peek() {
		case "usesrc":
			a.Next()
			if err := s.useSrc(a); err != nil {
				return err
			}
		case "interface":
			a.Next()
			name, i, _ := a.Next()
			if name == "" {
				return fail(i, "'server' : missing interface name.")
			}
			s.Interface = name
		default:
			return nil
		}
	}
}

// useSrc reads what follows "usesrc".
func (s *SourceArgs) useSrc(a *keyword.Args) error {
	v, i, _ := a.Next()
	switch {
	case v == "":
		return fail(i, "'usesrc' expects <addr>[:<port>], 'client', 'clientip', or 'hdr_ip(name,#)' as argument.")
	case v == "client", v == "clientip":
		s.UseSrc = v
	case strings.HasPrefix(v, "hdr_ip("):
		name, occ, has := strings.Cut(strings.TrimSuffix(v[7:], ")"), ",")
		s.UseSrc, s.Hdr, s.HdrOcc = "hdr_ip", strings.ToLower(strings.TrimSpace(name)), -1
		if has {
			s.HdrOcc = atoi(occ)
		}
		if s.HdrOcc < -10 {
			return fail(i, "usesrc hdr_ip(name,num) does not support negative occurrences values smaller than %d.", 10)
		}
	default:
		addr, err := expr.ParseHostAddr(v, 0, a.Env.LookUp)
		if err != nil {
			return fail(i, "'usesrc %s' : %s", v, err)
		}
		s.UseSrc, s.Foreign = v, netip.AddrPortFrom(addr.IP, uint16(addr.Port))
	}
	return nil
}

var sourceWord = keyword.Define(keyword.Spec{Name: "source", In: keyword.ServerLine, Doc: "Address from which connections are made."},
	func(_ *keyword.Env, a *SourceArgs) (Option, error) {
		src := a.Source
		return func(p *Params) error { p.Source = src; return nil }, nil
	})

var useSrc = envValue(keyword.Spec{Name: "usesrc", Doc: "Stands only behind \"source\"."}, func(_ *keyword.Env, _ *Params, _ string, i int) error {
	return fail(i-1, "'usesrc' only allowed after a 'source' statement..")
})

var initAddr = value("init-addr", "How the address is found at start, in order.", "", func(p *Params, v string) error {
	list := commaList(v)
	for _, m := range list {
		switch m {
		case "last", "libc", "none":
		default:
			if _, err := netip.ParseAddr(m); err != nil {
				return fail(-1, "'init-addr' : unknown init-addr method '%s', supported methods are 'libc', 'last', 'none'..", m)
			}
		}
	}
	p.InitAddr = list
	return nil
})

var resolvers = envValue(keyword.Spec{Name: "resolvers", Doc: "The resolvers section that follows the name at run time."},
	func(e *keyword.Env, p *Params, v string, i int) error {
		p.Resolvers = e.NewRef(keyword.ToResolvers, v, i)
		return nil
	})
var resolvePrefer = value("resolve-prefer", "Family preferred among the addresses of a name.", "'resolve-prefer' expects either ipv4 or ipv6 as argument..",
	oneOf(func(p *Params) *string { return &p.ResolvePrefer }, "'resolve-prefer' expects either ipv4 or ipv6 as argument..%.0s", "ipv4", "ipv6"))
var resolveNet = value("resolve-net", "Networks preferred among the addresses of a name.", "'resolve-net' expects a list of networks..", func(p *Params, v string) error {
	list := commaList(v)
	for _, n := range list {
		if _, err := netip.ParsePrefix(n); err != nil {
			if _, err := netip.ParseAddr(n); err != nil {
				return fail(-1, "'resolve-net' invalid network '%s'..", n)
			}
		}
	}
	p.ResolveNet = list
	return nil
})
var resolveOpts = valueWith(keyword.Spec{Name: "resolve-opts", Doc: "How run time resolution treats duplicates and weights."}, func(p *Params, v string) error {
	list := commaList(v)
	for _, o := range list {
		switch o {
		case "allow-dup-ip", "ignore-weight", "prevent-dup-ip":
		default:
			return fail(-1, "'resolve-opts' : unknown resolve-opts option '%s', supported methods are 'allow-dup-ip', 'ignore-weight', and 'prevent-dup-ip'..", o)
		}
	}
	p.ResolveOpts = list
	return nil
})
