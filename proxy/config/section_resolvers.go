package config

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/resolve"
	"tandem/proxy/server"
)

// The resolvers section (configuration manual 5.3.2).

var resolversWords = keyword.NewTable("resolvers keyword", []*keyword.Def[Setting[Block]]{
	serverLineOf(keyword.Resolvers, "nameserver", "A name server.", nameserver),
	line(keyword.Resolvers, "parse-resolv-conf", 0, "Use the system's name servers.", wordsOnly),
	line(keyword.Resolvers, "hold", 0, "How long answers of a kind are kept.", hold),
	line(keyword.Resolvers, "resolve_retries", 0, "Queries before giving up.", least(1, "'resolve_retries' expects <nb> as argument.")),
	line(keyword.Resolvers, "timeout", 0, "Timing of queries.", resolverTimeout),
	line(keyword.Resolvers, "accepted_payload_size", 0, "Longest answer in bytes.", payloadSize),
	line(keyword.Resolvers, "resolution_pool_size", 0, "Never in a release.", func(e *keyword.Env, _ []expr.Word) error {
		return e.Errorf(-1, "'resolution_pool_size' directive is not supported anymore (it never appeared in a stable release).")
	}),
})

// nameserver reads "nameserver <name> <address>"; what stands behind the
// address of a stream server are words of a server line.
func nameserver(e *keyword.Env, w []expr.Word) (*server.Line, error) {
	if len(w) < 2 {
		return nil, e.Errorf(-1, "'nameserver' expects <name> and <addr>[:<port>] as arguments.")
	}
	if bad := badNameByte(w[0].Text); bad != 0 {
		return nil, e.Errorf(w[0].Index, "character '%c' is not permitted in server name '%s'.", bad, w[0].Text)
	}
	if _, err := expr.ParseHostAddr(w[1].Text, expr.NeedPort|expr.NonZeroPort, e.LookUp); err != nil {
		return nil, e.Errorf(w[1].Index, "'nameserver %s' : %s", w[0].Text, err)
	}
	if !isStream(w[1].Text) {
		return nil, nil
	}
	owner := e.Owner
	defer func() { e.Owner = owner }()
	e.Owner = "(null)"
	return blockServer(e, w)
}

// isStream says whether an address is written as one of a stream.
func isStream(addr string) bool {
	return strings.HasPrefix(addr, "tcp") || strings.HasPrefix(addr, "stream+") || strings.HasPrefix(addr, "mptcp")
}

func hold(e *keyword.Env, w []expr.Word) error {
	if len(w) < 2 {
		e.Diags.Alertf(diag.BadArguments, e.LineSpan(), "'hold' expects an <event> and a <time> as arguments.")
		e.Diags.Alertf(diag.BadArguments, e.LineSpan(), "<event> can be either 'valid', 'nx', 'refused', 'timeout', or 'other'").Layout = diag.Bare
		return nil
	}
	if err := tightly(timeAt(1, "hold"))(e, w); err != nil {
		return err
	}
	if indexOf([]string{"valid", "nx", "refused", "timeout", "obsolete", "other"}, w[0].Text) < 0 {
		return e.Errorf(w[0].Index, "'hold' unknown <event>: '%s', expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'.", w[0].Text)
	}
	return soonWarn("hold "+w[0].Text, tightly(timeAt(1, "hold")))(e, w)
}

func resolverTimeout(e *keyword.Env, w []expr.Word) error {
	switch {
	case len(w) == 0:
		return e.Errorf(-1, "'timeout' expects 'retry' or 'resolve' and <time> as arguments.")
	case w[0].Text != "retry" && w[0].Text != "resolve":
		return e.Errorf(w[0].Index, "'timeout' expects 'retry' or 'resolve' and <time> as arguments got '%s'.", w[0].Text)
	case len(w) < 2:
		return e.Errorf(-1, "'timeout %s' expects <time> as argument.", w[0].Text)
	}
	return soonWarn("timeout "+w[0].Text, tightly(timeAt(1, "timeout "+w[0].Text)))(e, w)
}

func payloadSize(e *keyword.Env, w []expr.Word) error {
	if len(w) == 0 {
		return e.Errorf(-1, "'accepted_payload_size' expects <nb> as argument.")
	}
	if n := laxInt(w[0].Text); n < 12 || n > 65535 {
		return e.Errorf(w[0].Index, "'accepted_payload_size' must be between 12 and 65535 inclusive (was %s).", w[0].Text)
	}
	return nil
}

// checkResolvers refuses two name servers of one name.
func checkResolvers(c *compiler, b *Block) {
	seen, any := map[string]int{}, false
	for i, l := range b.Lines {
		any = any || l[0] == "parse-resolv-conf" || l[0] == "nameserver"
		if l[0] == "nameserver" && len(l) > 2 {
			if seen[l[1]] > 0 {
				c.diags.Alertf(diag.Duplicate, b.Spans[i], "Parsing [%s]: nameserver '%s' has same name as another nameserver (declared at %s).", b.Spans[i], l[1], b.Spans[seen[l[1]]-1]).Layout = diag.Bare
			}
			seen[l[1]] = i + 1
		}
	}
	b.Resolver = c.newResolver(b)
	if !any {
		c.atEnd(diag.Warning, diag.NoEffect, b, "resolvers '"+b.Name+"' ["+b.Span.String()+"] has no nameservers configured!")
	}
}

// newResolver makes what a section's lines say.
func (c *compiler) newResolver(b *Block) *resolve.Resolver {
	s := resolve.NewSection(b.Name)
	for i, l := range b.Lines {
		switch {
		case l[0] == "nameserver" && len(l) > 2:
			s.NameServers = append(s.NameServers, c.newNameServer(l))
		case l[0] == "parse-resolv-conf":
			c.addSystemServers(b, i, s)
		case l[0] == "hold" && len(l) > 2:
			if d := s.Hold.Period(l[1]); d != nil {
				*d, _ = expr.LaxTime(l[2], time.Millisecond, ignoreRest)
			}
		case l[0] == "timeout" && len(l) > 2:
			d, _ := expr.LaxTime(l[2], time.Millisecond, ignoreRest)
			if l[1] == "resolve" {
				s.Resolve = d
			} else {
				s.Retry = d
			}
		case l[0] == "resolve_retries" && len(l) > 1:
			s.Retries = int(laxInt(l[1]))
		case l[0] == "accepted_payload_size" && len(l) > 1:
			s.Payload = int(laxInt(l[1]))
		}
	}
	return c.addResolver(s)
}

func ignoreRest(string, byte) {}

// addResolver makes a resolver and keeps it in the order of the sections.
func (c *compiler) addResolver(s *resolve.Section) *resolve.Resolver {
	r := resolve.New(s)
	r.Families = func() resolve.Families { return resolve.Accepted(c.cfg.Global.TuneText["dns-accept-family"]) }
	c.cfg.Resolvers = append(c.cfg.Resolvers, r)
	return r
}

// newNameServer is one nameserver line. A host name is looked up once.
func (c *compiler) newNameServer(l []string) resolve.NameServer {
	ns := resolve.NameServer{Name: l[1], TCP: isStream(l[2])}
	a, err := expr.ParseAddr(l[2], expr.NeedPort|expr.NonZeroPort|expr.AllowNames)
	if err != nil {
		return ns
	}
	host := a.Host
	switch {
	case a.Kind == expr.Unix:
		ns.Addr = host
		return ns
	case a.Kind == expr.Abstract || a.Kind == expr.AbstractZ:
		ns.Addr = "@" + host
		return ns
	case a.IP.IsValid():
		host = a.IP.String()
	case c.env.LookUp != nil:
		if list := c.env.LookUp(host); len(list) > 0 {
			host = list[0].String()
		}
	}
	ns.Addr = net.JoinHostPort(host, strconv.Itoa(a.Port))
	return ns
}

// addSystemServers adds the name servers of /etc/resolv.conf.
func (c *compiler) addSystemServers(b *Block, line int, s *resolve.Section) {
	f, err := os.Open("/etc/resolv.conf")
	if err != nil {
		c.diags.Alertf(diag.Unreadable, b.Spans[line], "failed to open /etc/resolv.conf.")
		return
	}
	defer f.Close()
	for _, ns := range resolve.ReadResolvConf(f) {
		if !slices.ContainsFunc(s.NameServers, func(o resolve.NameServer) bool { return o.Name == ns.Name }) {
			s.NameServers = append(s.NameServers, ns)
		}
	}
}

// defaultResolvers makes the section "default" where the configuration has
// none, out of what the system uses; it fails in silence (configuration manual
// 5.3.2).
func (c *compiler) defaultResolvers() {
	const name = "default"
	if c.cfg.Others.Resolvers[name] != nil || c.opt.Offline {
		return
	}
	f, err := os.Open("/etc/resolv.conf")
	if err != nil {
		return
	}
	defer f.Close()
	s := resolve.NewSection(name)
	if s.NameServers = resolve.ReadResolvConf(f); len(s.NameServers) == 0 {
		return
	}
	if c.cfg.Others.Resolvers == nil {
		c.cfg.Others.Resolvers = map[string]any{}
	}
	b := &Block{Kind: "resolvers", Name: name}
	b.Resolver = c.addResolver(s)
	c.cfg.Others.Resolvers[name] = b
}

// Prefixes reads the networks of resolve-net.
func Prefixes(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p)
		} else if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return out
}
