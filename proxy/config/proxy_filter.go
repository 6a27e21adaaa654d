package config

import (
	"errors"
	"os"
	"slices"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// Filter is one "filter" line: its name and words.
type Filter struct {
	Name  string
	Words []string
	Refs  []*keyword.Ref
	Limit *BandwidthLimit // of bwlim-in and bwlim-out
	SPOE  *SPOEAgent      // of spoe
}

// filterOf returns what an entry of a proxy's Filters is; an empty filter for
// what is none of this table's.
func filterOf(f any) *Filter {
	if f, ok := f.(*Filter); ok && f != nil {
		return f
	}
	return &Filter{}
}

// BandwidthLimit is what a bwlim filter limits. Words holds its sizes in bytes
// and "default-period" in milliseconds, by word.
type BandwidthLimit struct {
	Name   string
	Shared bool // all streams with the same key share the limit
	Words  map[string]int64
}

// filterDef makes the Def of a filter.
func filterDef(name string, flags keyword.Flags, until keyword.Version, doc string, read func(e *keyword.Env, f *Filter, w []expr.Word) error) *keyword.Def[*Filter] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Listen, Flags: flags, Until: until, Doc: doc}, func(e *keyword.Env, a *restArgs) (*Filter, error) {
		f := &Filter{Name: name}
		for _, w := range a.Words {
			f.Words = append(f.Words, w.Text)
		}
		if read == nil {
			return f, nil
		}
		return f, read(e, f, a.Words)
	})
}

// Filters is the table of filters (configuration manual chapter 9).
var Filters = keyword.NewTable("filter", []*keyword.Def[*Filter]{
	filterDef("bwlim-in", keyword.NotActed, 0, "Limit the speed of uploads.", readBandwidth),
	filterDef("bwlim-out", keyword.NotActed, 0, "Limit the speed of downloads.", readBandwidth),
	filterDef("cache", 0, 0, "Serve from a cache.", readCacheFilter),
	filterDef("comp-req", 0, 0, "Compress requests.", noFilterWords),
	filterDef("comp-res", 0, 0, "Compress responses.", noFilterWords),
	filterDef("compression", 0, 0, "Compress bodies.", noFilterWords),
	filterDef("fcgi-app", 0, 0, "Speak FastCGI.", readFCGIFilter),
	filterDef("spoe", 0, 0, "Ask agents.", readSPOEFilter),
	filterDef("trace", keyword.NotActed, 0, "Show what passes.", readTraceFilter),
	filterDef("opentracing", keyword.NotActed, keyword.V(3, 5), "Trace requests.", nil),
})

func noFilterWords(e *keyword.Env, f *Filter, w []expr.Word) error {
	if len(w) > 0 {
		return e.Errorf(w[0].Index, "'filter %s' : unknown keyword '%s'.", f.Name, w[0].Text)
	}
	return nil
}

func readTraceFilter(e *keyword.Env, _ *Filter, w []expr.Word) error {
	named := false
	for i := 0; i < len(w); i++ {
		switch w[i].Text {
		case "name":
			if named {
				return e.Errorf(w[i].Index, "'filter' : 'trace' : 'name' option already defined")
			}
			if i++; i >= len(w) {
				return e.Errorf(-1, "'filter' : 'trace' : 'name' option without value")
			}
			named = true
		case "max-fwd":
			if i++; i >= len(w) {
				return e.Errorf(-1, "'filter' : 'trace' : 'max-fwd' option without value")
			}
			if strings.HasPrefix(w[i].Text, "-") {
				return e.Errorf(w[i].Index, "'filter' : 'trace' : 'max-fwd' expect unsigned integer (0 to 4294967295 expected)")
			}
		case "random-parsing", "random-forwarding", "hexdump", "quiet":
		default:
			return e.Errorf(w[i].Index, "'filter trace' : unknown keyword '%s'.", w[i].Text)
		}
	}
	return nil
}

func readCacheFilter(e *keyword.Env, f *Filter, w []expr.Word) error {
	if len(w) == 0 {
		return e.Errorf(-1, "'filter' : cache : expects a <name> argument")
	}
	f.Refs = append(f.Refs, cacheRef(e, w[0]))
	return noFilterWords(e, f, w[1:])
}

func cacheRef(e *keyword.Env, w expr.Word) *keyword.Ref {
	r := e.NewRef(keyword.ToCache, w.Text, w.Index)
	r.Missing = "config: " + kindWord(e.Section) + " '" + e.Owner + "': unable to find the cache '" + w.Text + "' referenced by the filter 'cache'."
	return r
}

func readFCGIFilter(e *keyword.Env, f *Filter, w []expr.Word) error {
	if len(w) == 0 {
		return e.Errorf(-1, "'filter' : fcgi-app : expects a <name> argument")
	}
	r := e.NewRef(keyword.ToFCGIApp, w[0].Text, w[0].Index)
	r.Missing = "proxy '" + e.Owner + "' : fcgi-app '" + w[0].Text + "' not found."
	f.Refs = append(f.Refs, r)
	return noFilterWords(e, f, w[1:])
}

// readSPOEFilter reads "[engine <name>] config <file>".
func readSPOEFilter(e *keyword.Env, f *Filter, w []expr.Word) error {
	engine, file := "", ""
	for i := 0; i < len(w); i++ {
		k := w[i].Text
		if k != "config" && k != "engine" {
			return e.Errorf(w[i].Index, "'filter' : unknown keyword '%s'", k)
		}
		if i++; i >= len(w) {
			return e.Errorf(-1, "'filter' : 'spoe' : '%s' option without value", k)
		}
		if k == "config" {
			file = w[i].Text
		} else {
			engine = w[i].Text
		}
	}
	if file == "" {
		return e.Errorf(-1, "'filter' : 'spoe' : missing config file")
	}
	var err error
	f.SPOE, err = keyword.Attached[*compiler](e).spoeFile(e, file, engine)
	return err
}

type filterArgs struct{ filter *Filter }

// Usage is what messages say of the line.
func (filterArgs) Usage() string { return "<name> [<param>*]" }

// ParseArgs finds the filter in its table.
func (a *filterArgs) ParseArgs(in *keyword.Args) error {
	e := in.Env
	if !in.More() {
		return e.Errorf(-1, "%smissing argument for 'filter' in %s '%s'.", innerPlace(e), kindWord(e.Section), e.Owner)
	}
	def, next := Filters.Match(in.Words, in.Pos)
	if def == nil || def.Gone(e) {
		var b strings.Builder
		for _, d := range Filters.All() {
			if d.Until == 0 {
				b.WriteString("\n    [" + FilterScope(d.Name) + "] " + d.Name)
			}
		}
		return e.Errorf(in.Pos, "'filter' : unknown keyword '%s'. Registered keywords :%s", in.Peek(), b.String())
	}
	var err error
	at := in.Pos
	if a.filter, in.Pos, err = def.Read(e, in.Words, next); err == nil {
		def.Note(e, at)
	}
	return err
}

// innerPlace is the place that some messages carry a second time.
func innerPlace(e *keyword.Env) string { return "parsing [" + e.LineSpan().String() + "] : " }

// FilterScope returns the tag that the original lists a filter under.
func FilterScope(name string) string {
	switch {
	case strings.HasPrefix(name, "bwlim"):
		return "BWLIM"
	case strings.HasPrefix(name, "comp"):
		return "COMP"
	case name == "fcgi-app":
		return "FCGI"
	}
	return strings.ToUpper(name)
}

var filterLine = keyword.Define(keyword.Spec{
	Name: "filter", In: keyword.Listen, Doc: "Add a filter.",
}, func(e *keyword.Env, a *filterArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error {
		if a.filter != nil {
			p.Filters = append(p.Filters, a.filter)
		}
		return nil
	}, nil
})

var filterSequence = keyword.Define(keyword.Spec{
	Name: "filter-sequence", In: keyword.Listen, Flags: keyword.NotActed, Doc: "Order in which filters run.",
}, func(e *keyword.Env, a *restArgs) (Setting[Proxy], error) {
	where := kindWord(e.Section) + " '" + e.Owner + "'"
	if len(a.Words) == 0 {
		return nil, e.Errorf(-1, "%smissing argument for 'filter-sequence' in %s.", innerPlace(e), where)
	}
	side := a.Words[0].Text
	switch {
	case side != "request" && side != "response":
		return nil, e.Errorf(a.Words[0].Index, "%sexpected either 'request' or 'response' for 'filter-sequence' in %s.", innerPlace(e), where)
	case len(a.Words) < 2:
		return nil, e.Errorf(-1, "%smissing filter list for 'filter-sequence' in %s.", innerPlace(e), where)
	}
	list := a.Words[1]
	ref := e.NewRef(keyword.ToProxy, e.Owner, list.Index)
	return func(p *Proxy) error {
		p.keep("filter-sequence "+side, list.Text)
		ref.Check = func(any) string {
			for _, name := range strings.Split(list.Text, ",") {
				if !slices.ContainsFunc(p.Filters, func(f any) bool { return filterOf(f).Name == name }) {
					return p.Name + ": error while postparsing " + side + " filter-sequence '" + name + "' : invalid filter name: '" + name + "' is not defined on the proxy"
				}
			}
			return ""
		}
		return nil
	}, nil
})

// notFound says whether a file is missing rather than unreadable.
func notFound(err error) bool { return errors.Is(err, os.ErrNotExist) }

// forwardedArgs is the words of "option forwarded".
type forwardedArgs struct{ fwd Forwarded }

// Usage is what messages say of the line.
func (forwardedArgs) Usage() string {
	return "[proto] [host|host-expr <expr>] [by|by-expr <expr>] [by_port|by_port-expr <expr>] [for|for-expr <expr>] [for_port|for_port-expr <expr>]"
}

// ParseArgs reads them; none stand for proto and for.
func (a *forwardedArgs) ParseArgs(in *keyword.Args) error {
	f := &a.fwd
	if !in.More() {
		f.Proto, f.For = true, true
		return nil
	}
	for in.More() {
		w, i, _ := in.Next()
		switch w {
		case "proto":
			f.Proto = true
		case "host":
			f.Host = true
		case "by":
			f.By = true
		case "by_port":
			f.ByPort = true
		case "for":
			f.For = true
		case "for_port":
			f.ForPort = true
		case "host-expr", "by-expr", "by_port-expr", "for-expr", "for_port-expr":
			if err := a.expr(in, w, i); err != nil {
				return err
			}
		default:
			return in.Env.Errorf(i, "'option forwarded' only supports optional values: 'proto', 'host', 'host-expr', 'by', 'by-expr', 'by_port', 'by_port-expr', 'for', 'for-expr', 'for_port' and 'for_port-expr'.")
		}
	}
	for _, side := range []struct {
		port, portExpr, host bool
		name                 string
	}{{f.ByPort, f.ByPortExpr != nil, f.By || f.ByExpr != nil, "by"}, {f.ForPort, f.ForPortExpr != nil, f.For || f.ForExpr != nil, "for"}} {
		if (side.port || side.portExpr) && !side.host {
			in.Env.Warnf(diag.NoEffect, -1, "'option forwarded' : '%s_port-expr' will be ignored because both '%s' and '%s-expr' are unset", side.name, side.name, side.name)
		}
	}
	if !f.By && f.ByExpr == nil {
		f.ByPort, f.ByPortExpr = false, nil
	}
	if !f.For && f.ForExpr == nil {
		f.ForPort, f.ForPortExpr = false, nil
	}
	return nil
}

func (a *forwardedArgs) expr(in *keyword.Args, w string, i int) error {
	v, vi, ok := in.Next()
	if !ok {
		return tight(in.Env, i, "'%s' expects <expr> as argument.", w)
	}
	x, err := compileSample(in.Env, v, vi)
	if err != nil {
		c, text := keyword.Attached[*compiler](in.Env), strings.TrimSuffix(err.Error(), ".")
		c.late = append(c.late, diag.Diagnostic{Severity: diag.Alert, Code: diag.BadValue, Layout: diag.Told, Span: in.Env.LineSpan(),
			Text: kindWord(in.Env.Section) + " '" + in.Env.Owner + "' : failed to parse 'option forwarded' expression '" + v + "' in : " + text + "."})
		return nil
	}
	f := &a.fwd
	switch w {
	case "host-expr":
		f.HostExpr = x
	case "by-expr":
		f.ByExpr = x
	case "by_port-expr":
		f.ByPortExpr = x
	case "for-expr":
		f.ForExpr = x
	default:
		f.ForPortExpr = x
	}
	return nil
}

var forwardedOption = keyword.Define(keyword.Spec{
	Name: "option forwarded", In: sideB, Flags: keyword.No, Doc: "Tell servers about the client as RFC 7239 says.",
}, func(e *keyword.Env, a *forwardedArgs) (Setting[Proxy], error) {
	no := e.Prefix == "no"
	return func(p *Proxy) error {
		if p.Forwarded = &a.fwd; no {
			p.Forwarded = nil
		}
		return nil
	}, nil
})
