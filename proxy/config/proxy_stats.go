package config

import (
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/pattern"
	"tandem/proxy/sample"
)

// statsPage returns the proxy's own stats page, with the built-in values.
func (p *Proxy) statsPage() *StatsPage {
	if p.Stats == nil {
		p.Stats = &StatsPage{URI: "/haproxy?stats", Realm: "HAProxy Statistics"}
	}
	p.Stats.own = true
	return p.Stats
}

// statsFlag makes the Def of a "stats" line without arguments.
func statsFlag(name, doc string, set func(*StatsPage)) *keyword.Def[Setting[Proxy]] {
	return flag(keyword.Spec{Name: "stats " + name, In: keyword.AnyProxy, Flags: keyword.Open, Doc: doc}, func(p *Proxy) { set(p.statsPage()) })
}

// statsText makes the Def of a "stats" line with one word.
func statsText(name, doc string, set func(*StatsPage, string)) *keyword.Def[Setting[Proxy]] {
	return text(keyword.Spec{Name: "stats " + name, In: keyword.AnyProxy, Doc: doc, Flags: keyword.Open,
		Misuse: "'" + name + "' needs " + map[string]string{"uri": "an URI prefix", "realm": "an realm name", "scope": "a proxy name"}[name] + "."}, func(p *Proxy, s string) { set(p.statsPage(), s) })
}

// proxyStats are the "stats" lines (configuration manual 4.2).
var proxyStats = []*keyword.Def[Setting[Proxy]]{
	statsFlag("enable", "Serve the stats page.", func(*StatsPage) {}),
	statsFlag("hide-version", "Do not show the version.", func(s *StatsPage) { s.HideVersion, s.ShowVersion = true, false }),
	statsFlag("show-version", "Show the version.", func(s *StatsPage) { s.ShowVersion, s.HideVersion = true, false }),
	statsFlag("show-legends", "Show addresses, cookies and algorithms.", func(s *StatsPage) { s.ShowLegends = true }),
	statsFlag("show-modules", "Show the columns of modules.", func(s *StatsPage) { s.ShowModules = true }),
	statsText("uri", "Where the page is.", func(s *StatsPage, v string) { s.URI = v }),
	statsText("realm", "Realm of its authentication.", func(s *StatsPage, v string) { s.Realm = v }),
	statsText("scope", "Proxies to show.", func(s *StatsPage, v string) { s.Scope = append(s.Scope, v) }),
	statsNode("show-node", "Show the node's name.", func(s *StatsPage, v string) { s.ShowNode, s.Node = true, v }),
	statsNode("show-desc", "Show a description.", func(s *StatsPage, v string) { s.ShowDesc, s.Desc = true, v }),
	statsRefresh, statsAuth, statsAdmin, statsRules,
}

// restArgs is all that is left of the line.
type restArgs struct {
	Words []expr.Word `parser:"@@*"`
}

func (a *restArgs) join() string {
	var list []string
	for _, w := range a.Words {
		list = append(list, w.Text)
	}
	return strings.Join(list, " ")
}

func statsNode(name, doc string, set func(*StatsPage, string)) *keyword.Def[Setting[Proxy]] {
	return keyword.Define(keyword.Spec{Name: "stats " + name, In: keyword.AnyProxy, Doc: doc}, func(e *keyword.Env, a *restArgs) (Setting[Proxy], error) {
		if name == "show-node" && len(a.Words) > 0 && !isNodeName(a.Words[0].Text) {
			d := e.Diags.Alertf(diag.BadValue, e.Span(a.Words[0].Index), "'stats %s' invalid node name - should be a stringwith digits(0-9), letters(A-Z, a-z), hyphen(-) or underscode(_).", name)
			d.Layout = diag.ParsingTight
			return nil, nil
		}
		if name == "show-desc" && len(a.Words) == 0 && keyword.Attached[*Global](e).Description == "" {
			e.Warnf(diag.NoEffect, -1, "'show-desc' requires a parameter or 'desc' to be set in the global section.").Layout = diag.ParsingTight
		}
		return func(p *Proxy) error { set(p.statsPage(), a.join()); return nil }, nil
	})
}

// isNodeName says whether a word may name a node: letters, digits, "-", "_", ".".
func isNodeName(s string) bool {
	return strings.Trim(s, "-_.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

var statsRefresh = keyword.Define(keyword.Spec{
	Name: "stats refresh", In: keyword.AnyProxy, Flags: keyword.Open, Doc: "Let browsers reload the page.",
	Misuse: "'stats refresh' needs a refresh interval.",
}, func(e *keyword.Env, a *timeArgs) (Setting[Proxy], error) {
	d, err := timeValue(e, a.Time, "stats refresh", time.Second)
	if err != nil {
		e.Diags.Alertf(diag.BadValue, e.Span(a.Time.Index), "unexpected character '%c' in argument to stats refresh interval.", oddTimeByte(a.Time.Text)).Layout = diag.ParsingTight
		return nil, nil
	}
	return func(p *Proxy) error { p.statsPage().Refresh = d; return nil }, nil
})

var statsAuth = keyword.Define(keyword.Spec{
	Name: "stats auth", In: keyword.AnyProxy, Flags: keyword.Open, Doc: "A user who may see the page.",
	Misuse: "'auth' needs a user:password account.",
}, func(e *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
	user, password, _ := strings.Cut(a.Name.Text, ":")
	return func(p *Proxy) error {
		s := p.statsPage()
		s.Auth = append(s.Auth, StatsUser{user, password})
		return nil
	}, nil
})

// condArgs is a condition that must be there.
type condArgs struct{ cond *pattern.Cond }

// Usage is what messages say of the line.
func (condArgs) Usage() string { return "{if|unless} <condition>" }

// ParseArgs compiles the condition.
func (a *condArgs) ParseArgs(in *keyword.Args) error {
	what := joinWords(in.Words[:in.Pos])
	if strings.HasSuffix(what, "-persist") {
		defer sample.Within(in.Env, sample.BackTCPContentRule)()
	}
	if w := in.Peek(); w != "if" && w != "unless" {
		return &keyword.Error{Index: -1, Code: diag.BadArguments, Text: "'" + what + "' requires either 'if' or 'unless' followed by a condition."}
	}
	if place := condPlace(what, in.Env.Section); place != 0 {
		defer sample.Within(in.Env, place)()
	}
	var err error
	a.cond, err = condition(in, what)
	return err
}

// condPlace is where the condition of such a line is evaluated, by which fetches
// without data there are told.
func condPlace(what, section string) sample.Place {
	switch what {
	case "force-persist", "ignore-persist":
		return sample.BackTCPContentRule
	case "force-be-switch":
		return sample.FrontTCPContentRule
	case "stats admin":
		if section == "backend" {
			return sample.BackHTTPRequestRule
		}
		return sample.FrontHTTPRequestRule
	}
	return 0
}

var statsAdmin = keyword.Define(keyword.Spec{
	Name: "stats admin", In: keyword.Listen, Doc: "Who may change servers on the page.",
}, func(e *keyword.Env, a *condArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error {
		s := p.statsPage()
		s.Admin = append(s.Admin, a.cond)
		return nil
	}, nil
})

var statsRules = ruleSet("stats http-request", keyword.Listen, keyword.HTTPRequest, "Access rule of the page.",
	func(p *Proxy) *action.Rules { return &p.statsPage().HTTPRequest })
