package config

import (
	"slices"
	"strconv"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/listen"
	"tandem/proxy/logs"
	"tandem/proxy/server"
)

// The peers section (configuration manual 11.3).

var peersWords = keyword.NewTable("peers keyword", []*keyword.Def[Setting[Block]]{
	serverLineOf(keyword.Peers, "peer", "A peer by name and address.", peerLine),
	serverLineOf(keyword.Peers, "server", "A peer with the words of a server line.", peerLine),
	keyword.Define(keyword.Spec{Name: "bind", In: keyword.Peers, Doc: "Where the local peer listens."}, func(e *keyword.Env, a *restArgs) (Setting[Block], error) {
		bind, err := blockBind(e, a.Words)
		if err != nil {
			return nil, err
		}
		words, at := texts(e.Words), e.LineSpan()
		return func(b *Block) error {
			if bind != nil {
				b.Binds = append(b.Binds, bind)
			}
			b.Lines, b.Spans = append(b.Lines, words), append(b.Spans, at)
			return nil
		}, nil
	}),
	line(keyword.Peers, "default-bind", 0, "Words of the bind line.", defaultBind),
	line(keyword.Peers, "default-server", 0, "Words of the peers.", func(e *keyword.Env, w []expr.Word) error {
		if len(w) == 0 {
			return nil
		}
		c := keyword.Attached[*compiler](e)
		p := c.peerServers()
		err := server.ParseDefault(e, e.Words, &p)
		c.peerServer = &p
		return err
	}),
	line(keyword.Peers, "table", 0, "A stick table of the section.", peerTable),
	line(keyword.Peers, "log", 0, "Where log lines go.", func(e *keyword.Env, w []expr.Word) error { return blockLog(e, "log") }),
	line(keyword.Peers, "shards", 0, "How many shards tables have.", peerShards),
	line(keyword.Peers, "disabled", 0, "Do not use this section.", nil),
	line(keyword.Peers, "enabled", 0, "Undo disabled.", nil),
})

// peerLine reads "peer <name> <addr>" and "server <name> [<addr>]". The local
// peer of a "server" line has no address: its bind line has it.
func peerLine(e *keyword.Env, w []expr.Word) (*server.Line, error) {
	c := keyword.Attached[*compiler](e)
	kind, name := e.Words[0].Text, first(w)
	local := name == c.localPeer()
	switch {
	case len(w) < 2:
		if kind == "peer" {
			e.Warnf(diag.BadArguments, -1, "'%s %s' : ignoring invalid peer definition (missing address:port)", kind, name)
		}
		return nil, nil
	case local && kind == "server":
		e.Subject = "server " + name + "/" + name
		return nil, &keyword.Error{Index: w[1].Index, Code: diag.UnknownKeyword, Place: true, Text: "unknown keyword '" + w[1].Text + "'. Hint: no address was expected for this server."}
	}
	owner := e.Owner
	defer func() { e.Owner = owner }()
	if e.Owner = "(null)"; local {
		e.Owner = name
	}
	if _, err := expr.ParseAddr(w[1].Text, expr.NeedPort|expr.NonZeroPort|expr.AllowNames); err != nil {
		e.Subject = "server " + e.Owner + "/" + name
		return nil, &keyword.Error{Index: w[1].Index, Code: diag.BadValue, Place: true, Text: err.Error()}
	}
	p, refs := c.peerServers(), len(e.Refs)
	l, err := server.ParseServer(e, e.Words, &p)
	if err != nil {
		return nil, err
	}
	if q := l.Params; q.Resolvers != nil || len(q.InitAddr) > 0 || q.Check.Enabled || q.Agent.Enabled {
		e.Warnf(diag.NoEffect, -1, "'%s %s' : init_addr, resolvers, check and agent are ignored for peers.", kind, name)
		e.Refs = append(e.Refs[:refs], slices.DeleteFunc(e.Refs[refs:], func(r *keyword.Ref) bool { return r.Kind == keyword.ToResolvers })...)
	}
	return &l, nil
}

// peerServers are the words of the default-server lines of the section so far.
func (c *compiler) peerServers() server.Params {
	if c.peerServer == nil {
		return server.Params{}
	}
	return *c.peerServer
}

// localPeer returns the name of this process among peers: that of the command
// line, of the global section, or of the host.
func (c *compiler) localPeer() string {
	if c.opt.LocalPeer != "" {
		return c.opt.LocalPeer
	}
	if n := c.cfg.Global.LocalPeer; n != "" {
		return n
	}
	name, _ := c.environ.Lookup("HAPROXY_LOCALPEER")
	return name
}

func peerShards(e *keyword.Env, w []expr.Word) error {
	if len(w) == 0 {
		return e.Errorf(-1, "'shards' : missing value")
	}
	switch n, err := strconv.Atoi(w[0].Text); {
	case err != nil:
		return e.Errorf(w[0].Index, "'shards' : expects an integer argument, found '%s'", w[0].Text)
	case n == 0:
		return e.Errorf(w[0].Index, "'shards' : expects a strictly positive integer argument")
	}
	return nil
}

// checkPeers says what becomes of a section without this process among its
// peers, and refuses two local peers.
func checkPeers(c *compiler, b *Block) {
	local := 0
	for i, l := range b.Lines {
		switch {
		case l[0] == "disabled":
			return
		case (l[0] == "peer" && len(l) > 2 || l[0] == "server") && len(l) > 1 && l[1] == c.localPeer():
			if local > 0 {
				c.diags.Alertf(diag.Duplicate, b.Spans[i], "'%s %s' : local peer name already referenced at %s. %s", l[0], l[1], b.Spans[local-1], l[1])
				continue
			}
			local = i + 1
		}
	}
	if local == 0 {
		c.atEnd(diag.Warning, diag.NoEffect, b, "Removing incomplete section 'peers "+b.Name+"' (no peer named '"+c.localPeer()+"').")
	}
}

// blockBind reads a "bind" line of a section that is no proxy; the words of
// default-bind lines before it come first.
func blockBind(e *keyword.Env, w []expr.Word) (*listen.Bind, error) {
	if len(w) == 0 {
		return nil, nil
	}
	words := e.Words
	if c := keyword.Attached[*compiler](e); c != nil && len(c.peerBind) > 0 && len(words) > 1 {
		words = append(append(append([]source.Word(nil), words[:2]...), c.peerBind...), words[2:]...)
	}
	in := keyword.Args{Env: e, Words: words, Pos: 1}
	b, err := readBind(&in, e.Words[0].Text)
	if at, ok := err.(*keyword.Error); ok {
		// Addresses are told together with the line's first words here.
		at.Text = strings.Replace(at.Text, "'"+e.Words[0].Text+"' : ", "'"+e.Words[0].Text+" "+w[0].Text+"' : ", 1)
	}
	return b, err
}

func defaultBind(e *keyword.Env, w []expr.Word) error {
	in := keyword.Args{Env: e, Words: e.Words, Pos: 1}
	b := listen.NewBind(nil)
	if err := listen.Words.ReadWords(&in, func(_ *keyword.Def[listen.Option], set listen.Option) error { return set(b) }); err != nil {
		return prefixError(err, "'default-bind "+first(w)+"' in section '"+e.Section+"': ")
	}
	if c := keyword.Attached[*compiler](e); c != nil {
		c.peerBind = append(c.peerBind, e.Words[1:]...)
	}
	return nil
}

// blockLog reads a "log" line, or one that is like it, of a section that is
// no proxy.
func blockLog(e *keyword.Env, what string) error {
	_, err := blockTarget(e, what)
	return err
}

// blockTarget reads the target of such a line.
func blockTarget(e *keyword.Env, what string) (t logs.Target, err error) {
	in := keyword.Args{Env: e, Words: e.Words, Pos: 1}
	if !in.More() {
		return t, e.Errorf(-1, "%s : expects <address> and <facility> or global as arguments", what)
	}
	if in.Peek() == "global" {
		in.Next()
		t.Global = true
		if w, i, ok := in.Next(); ok {
			err = e.Errorf(i, "log : unknown log facility '%s'", w)
		}
	} else {
		t, err = readLogTarget(&in)
	}
	if at, ok := err.(*keyword.Error); ok {
		at.Text = what + strings.TrimPrefix(at.Text, "log")
	}
	return t, err
}
