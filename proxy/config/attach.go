package config

import (
	"strconv"
	"strings"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/sample"
	"tandem/proxy/server"
)

// What the rooms ask of the configuration while they read lines: each asks
// for a small interface of its own, which is attached to the Env here.

// compileSample compiles the expression that a word is.
func compileSample(e *keyword.Env, text string, index int) (*sample.Expr, error) {
	s, err := expr.ParseSample(text)
	if err != nil {
		return nil, prefixError(err, "")
	}
	s.Index = index
	return sample.Compile(e, s)
}

// serverCompiler compiles what stands on server lines.
type serverCompiler struct{}

// ServerExpr compiles an expression.
func (serverCompiler) ServerExpr(e *keyword.Env, text string, index int) (any, error) {
	defer sample.Within(e, sample.ServerSource)()
	return compileSample(e, text, index)
}

// ServerFormat compiles a format.
func (serverCompiler) ServerFormat(e *keyword.Env, text string, index int) (any, error) {
	defer sample.Within(e, sample.ServerSource)()
	return compileFormat(e, expr.Word{Text: text, Index: index}, "")
}

// AddSlot declares a capture slot; see action.Slots.
func (p *Proxy) AddSlot(response bool, n int) int {
	s := &p.ReqCaptures
	if response {
		s = &p.ResCaptures
	}
	*s = append(*s, Capture{Len: n})
	return len(*s) - 1
}

// ServesHTTP says whether the mode is http as far as the section was read.
func (p *Proxy) ServesHTTP() bool { return p.Mode == "http" }

// SlotLen returns the length of a capture slot; see action.Slots.
func (p *Proxy) SlotLen(response bool, id int) (int, bool) {
	s := p.ReqCaptures
	if response {
		s = p.ResCaptures
	}
	if id < 0 || id >= len(s) {
		return 0, false
	}
	return s[id].Len, true
}

// BandwidthFilter tells of the proxy's bwlim filters; see action.Slots.
func (p *Proxy) BandwidthFilter(name string) (some, shared bool) {
	for _, f := range p.Filters {
		if l := filterOf(f).Limit; l != nil {
			some = true
			shared = shared || l.Name == name && l.Shared
		}
	}
	return some, shared
}

// proxyNames answers the converters that look proxies up by name.
type proxyNames struct{ c *compiler }

// BackendByName returns a backend's run time object.
func (n proxyNames) BackendByName(name string) *server.Backend {
	if p := n.c.proxy(name, keyword.Backend); p != nil {
		return p.Back
	}
	return nil
}

// HasFrontend says whether there is a frontend of that name.
func (n proxyNames) HasFrontend(name string) bool { return n.c.proxy(name, keyword.Frontend) != nil }

// attach hands the rooms what they ask for while any line is read.
func (c *compiler) attach() {
	c.cfg.attachTo = c.attachTo
	c.attachTo(c.env)
}

func (c *compiler) attachTo(e *keyword.Env) {
	keyword.Attach(e, c)
	keyword.Attach(e, &c.shared)
	keyword.Attach(e, &c.cfg.Global)
	keyword.Attach(e, c.deps.Process)
	keyword.Attach(e, c.deps.Proc)
	keyword.Attach[server.Compiler](e, serverCompiler{})
	keyword.Attach[server.FileProber](e, fileProber{})
	keyword.Attach[sample.Proxies](e, proxyNames{c})
	keyword.Attach[sample.ProxySettings](e, proxyNames{c})
	keyword.Attach[sample.Scripts](e, c.cfg.Lua)
	keyword.Attach[action.ScriptServices](e, c.cfg.Lua)
	c.cfg.Patterns.AttachTo(e)
}

// attachProxyFeatures hands them what belongs to the proxy being read.
func (c *compiler) attachProxyFeatures(p *Proxy) {
	keyword.Attach[action.Slots](c.env, p)
	keyword.Attach[action.GroupUser](c.env, p)
	keyword.Attach(c.env, action.StickCounters(c.cfg.Global.Tune["stick-counters"]))
}

// replaceAll replaces pairs of strings.
func replaceAll(s string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(s) }

func itoa(n int) string { return strconv.Itoa(n) }
