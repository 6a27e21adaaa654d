package config

import (
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
)

// strayText is what is said of a line whose word only serves the other side
// of a proxy, where that is not "'x' ignored because … has no … capability.".
// $P stands for the proxy ("frontend 'f'"), $S for the side that it lacks.
type strayText struct {
	text   string
	fatal  bool // the line is refused before it is read
	after  bool // a warning that only a line without mistakes gets
	unread bool // what follows is not looked at
	single bool // but for being one word
}

// strays are those words; "" says nothing.
var strays = map[string]strayText{
	"force-be-switch":            {text: "'force-be-switch' only available in frontend or listen section.", fatal: true},
	"declare":                    {text: "'declare' only available in frontend or listen section", fatal: true},
	"retry-on":                   {text: "'retry-on' only available in backend or listen section", fatal: true},
	"hash-preserve-affinity":     {text: "'hash-preserve-affinity' only available in backend or listen section", fatal: true},
	"be-unpublished":             {text: "'be-unpublished' only available in backend or listen section.", fatal: true},
	"use-fcgi-app":               {text: "'use-fcgi-app' only available in backend or listen section", fatal: true},
	"tcp-request connection":     {text: "tcp-request connection is not allowed because $P is not a frontend", fatal: true},
	"tcp-request session":        {text: "tcp-request session is not allowed because $P is not a frontend", fatal: true},
	"tcp-response content":       {text: "tcp-response content is only allowed in 'backend' sections or 'defaults' section with a name", fatal: true},
	"tcp-response inspect-delay": {text: "tcp-response inspect-delay is only allowed in 'backend' sections or 'defaults' section with a name", fatal: true},

	"maxconn":              {text: "'maxconn' ignored because $P has no $S capability. Maybe you want 'fullconn' instead ?"},
	"fullconn":             {text: "'fullconn' ignored because $P has no $S capability. Maybe you want 'maxconn' instead ?"},
	"log-format":           {text: "$P : 'log-format' directive is ignored in backends.", unread: true, single: true},
	"error-log-format":     {text: "$P : 'error-log-format' directive is ignored in backends.", unread: true, single: true},
	"log-format-sd":        {text: "$P : 'log-format-sd' directive is ignored in backends.", unread: true, single: true},
	"option forwarded":     {text: "'option forwarded' ignored because $P has no $S capability.", unread: true},
	"option httplog":       {text: "$P : 'option httplog' directive is ignored in backends."},
	"option httpslog":      {text: "$P : 'option httpslog' directive is ignored in backends."},
	"option tcplog":        {text: "$P : 'option tcplog' directive is ignored in backends."},
	"log-steps":            {text: "log-steps will be ignored because $P has no $S capability", unread: true},
	"rate-limit":           {text: "rate-limit sessions will be ignored because $P has no $S capability", after: true},
	"max-keep-alive-queue": {text: "max-keep-alive-queue will be ignored because $P has no $S capability", after: true},
	"srvtcpka-cnt":         {text: "srvtcpka-cnt will be ignored because $P has no $S capability", after: true},
	"srvtcpka-idle":        {text: "srvtcpka-idle will be ignored because $P has no $S capability", after: true},
	"srvtcpka-intvl":       {text: "srvtcpka-intvl will be ignored because $P has no $S capability", after: true},
	"clitcpka-cnt":         {text: "clitcpka-cnt will be ignored because $P has no $S capability", after: true},
	"clitcpka-idle":        {text: "clitcpka-idle will be ignored because $P has no $S capability", after: true},
	"clitcpka-intvl":       {text: "clitcpka-intvl will be ignored because $P has no $S capability", after: true},

	"stick":                       {text: "'stick' ignored because $P has no $S capability.", unread: true},
	"load-server-state-from-file": {},
}

// misplaced judges whether a word of the proxy table may stand in this
// section. A word that only needs the other side of the proxy is idle: there
// is a warning (before or, as text, after the line was read without mistakes),
// and the line is read like any other, but does nothing.
func (c *compiler) misplaced(s *keyword.Spec, i int) (idle bool, after string, done bool) {
	e := c.env
	p := keyword.Attached[*Proxy](e)
	if p.Caps&keyword.Defaults != 0 {
		return false, "", c.notInDefaults(s, p, i)
	}
	if s.In&p.Caps != 0 {
		return false, "", false
	}
	side := "frontend"
	if s.In&keyword.Backend != 0 {
		side = "backend"
	}
	head, rest, _ := strings.Cut(s.Name, " ")
	stray, known := strays[s.Name]
	if !known && rest != "" {
		stray, known = strays[head]
	}
	switch {
	case head == "server" || head == "default-server" || head == "server-template":
		d := c.diags.Alertf(diag.WrongSection, e.Span(i), "parsing [%s] : '%s' not allowed because %s '%s' has no %s capability.", e.Span(i), head, p.Kind, p.Name, side)
		d.Layout = diag.Place
		return false, "", true
	case head == "timeout":
		stray = strayText{text: "'" + s.Name + "' will be ignored because $P has no $S capability", after: true}
	case known:
	case head == "option":
		stray.text = "'" + rest + "' ignored because $P has no $S capability."
	default:
		stray.text = "'" + head + "' ignored because $P has no $S capability."
	}
	text := strings.NewReplacer("$P", string(p.Kind)+" '"+p.Name+"'", "$S", side).Replace(stray.text)
	switch {
	case stray.single && len(e.Words) != i+2:
		return true, "", false
	case stray.fatal:
		c.diags.Alertf(diag.WrongSection, e.Span(i), "%s", strings.ReplaceAll(text, "because "+string(p.Kind)+" '"+p.Name+"'", "because "+string(p.Kind)+" "+p.Name))
		return false, "", true
	case stray.after:
		return true, text, false
	case text != "":
		e.Warnf(diag.WrongSection, i, "%s", text)
	}
	if stray.unread {
		return false, "", true
	}
	if head == "option" && s.Flags.Has(keyword.No) && s.Name != "option redispatch" {
		// The newest release goes on to call the option unknown: all that came
		// before it only warned, and files of theirs must go on working.
		c.dropped(keyword.V(3, 5))
		c.diags.Tolerate(diag.Diagnostic{
			Code: diag.WrongSection, Span: e.Span(i), Text: "HAProxy 3.5 refuses 'option " + rest + "' in a " + p.Kind + ". It is accepted here, without effect.",
		}, diag.Diagnostic{Text: "unknown option '" + rest + "'; did you mean '" + rest + "' maybe ?"})
	}
	return true, "", false
}

// notInDefaults refuses what defaults sections do not take.
func (c *compiler) notInDefaults(s *keyword.Spec, p *Proxy, i int) bool {
	if s.In&keyword.Defaults != 0 && (s.In&keyword.NamedDefaults == 0 || p.Name != "") {
		return false
	}
	head, _, _ := strings.Cut(s.Name, " ")
	text, layout := "'"+s.Name+"' not allowed in 'defaults' section.", diag.Parsing
	switch {
	case head == "filter", head == "filter-sequence":
		text = innerPlace(c.env) + head + " is not allowed in a 'default' section."
	case head == "declare":
		text = "'declare' not available in default section"
	case head == "monitor":
		text = "'monitor' not allowed in 'defaults' section."
	case head == "capture":
		text = "'" + strings.TrimSuffix(s.Name, " header") + "' not allowed in 'defaults' section."
	case head == "server", head == "server-template":
		layout = diag.Place
	case head == "stick-table":
		text = "'stick-table' is not supported in 'defaults' section."
	case head == "use-fcgi-app", head == "be-unpublished":
		text = strays[head].text
	case head == "stats":
		layout, text = diag.ParsingTight, strings.Replace(text, "'stats http-request'", "'stats'", 1)
	case head == "description", head == "id":
		layout = diag.ParsingTight
	case head == "tcp-response":
		text = strays[s.Name].text
	case strings.HasPrefix(s.Name, "tcp-"):
		text = s.Name + " is not allowed in anonymous 'defaults' sections"
	case s.In&keyword.NamedDefaults != 0:
		text = "'" + s.Name + "' not allowed in anonymous 'defaults' section."
	}
	c.diags.Alertf(diag.WrongSection, c.env.Span(i), "%s", text).Layout = layout
	return true
}
