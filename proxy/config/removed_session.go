package config

import (
	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/action"
)

// appSession is "appsession <cookie> len <n> timeout <t> …": a stick table of
// the cookie's values, learnt from responses, asked for by requests in their
// cookies and in their URLs (configuration manual of 1.5).
var appSession = keyword.Define(func() keyword.Spec {
	s := old("appsession", keyword.Backend, keyword.V(1, 6), "stick match req.cook(<name>)' and 'stick store-response res.cook(<name>)", "Persistence by the application's own cookie.")
	s.Misuse = "'appsession' expects 'appsession' <cookie_name> 'len' <len> 'timeout' <timeout> [options*]."
	return s
}(), func(e *keyword.Env, a *appSessionArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error {
		if p.StickTable == nil {
			p.StickTable = a.table
		}
		p.StickRules = append(p.StickRules, a.rules...)
		return nil
	}, nil
})

// appSessionArgs is what stands behind "appsession".
type appSessionArgs struct {
	table any
	rules []any
}

// Usage is what messages say of the line.
func (appSessionArgs) Usage() string {
	return "<cookie> len <length> timeout <holdtime> [request-learn] [prefix] [mode <path-parameters|query-string>]"
}

// ParseArgs lowers the line to a table and its rules.
func (a *appSessionArgs) ParseArgs(in *keyword.Args) error {
	w := texts(in.Rest())
	bad := &keyword.Error{Index: -1, Code: diag.BadArguments, Text: "'appsession' expects 'appsession' <cookie_name> 'len' <len> 'timeout' <timeout> [options*]."}
	if len(w) < 5 || w[1] != "len" || w[3] != "timeout" {
		return bad
	}
	cookie, length, timeout := w[0], w[2], w[4]
	learn, prefix, query := "match", false, false
	for i := 5; i < len(w); i++ {
		switch w[i] {
		case "request-learn":
			learn = "on"
		case "prefix":
			prefix = true
		case "mode":
			if i++; i >= len(w) || w[i] != "path-parameters" && w[i] != "query-string" {
				return bad
			}
			query = w[i] == "query-string"
		default:
			return bad
		}
	}
	e := in.Env
	at := e.LineSpan()
	line := func(words ...string) *keyword.Args {
		list := make([]source.Word, len(words))
		for i, t := range words {
			list[i] = source.Word{Text: t, Span: at}
		}
		return &keyword.Args{Env: e, Words: list, Pos: 1}
	}
	table, err := readTable(line("stick-table", "type", "string", "len", length, "size", "200k", "expire", timeout), e.Owner)
	if err != nil {
		return err
	}
	a.table = table
	rules := sessionRules(learn, cookie, query)
	if prefix {
		rules = prefixRules(learn, cookie, query)
	}
	for _, rule := range rules {
		r, err := action.ReadStick(line(rule...))
		if err != nil {
			return err
		}
		a.rules = append(a.rules, r)
	}
	return nil
}

// sessionRules are the rules for a cookie or parameter of one name.
func sessionRules(learn, cookie string, query bool) [][]string {
	param := "urlp(" + cookie + ",;),field(1,?)"
	if query {
		param = "urlp(" + cookie + ")"
	}
	return [][]string{{"stick", learn, "req.cook(" + cookie + ")"}, {"stick", "match", param}, {"stick", "store-response", "res.cook(" + cookie + ")"}}
}

// prefixRules are the rules for names that begin with the cookie's: the key is
// what follows, such as "XYZ=value" of "ASPSESSIONIDXYZ=value".
func prefixRules(learn, cookie string, query bool) [][]string {
	name := ""
	for _, r := range cookie {
		if isNameRune(r) {
			name += string(r)
		} else {
			name += "[" + string(r) + "]"
		}
	}
	rule := func(kind, fetch, before, stop string) []string {
		return []string{"stick", kind, fetch + `,regsub("^` + before + name + "([^" + stop + `]*).*$","\\2")`,
			"if", "{", fetch, "-m", "reg", "^" + before + name, "}"}
	}
	out := [][]string{rule(learn, "req.fhdr(cookie)", "(.*; *)?", ";")}
	if query {
		out = append(out, rule("match", "query", "(.*&)?", "&"))
	} else {
		out = append(out, rule("match", "path", "(.*;)", ";"))
	}
	for _, n := range []string{"1", "2", "3", "4"} { // fields of one response
		out = append(out, rule("store-response", "res.fhdr(set-cookie,"+n+")", "( *)", ";"))
	}
	return out
}
