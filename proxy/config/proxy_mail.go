package config

import (
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/logs"
)

// mailTime is the time for a mail where "timeout mail" gives none.
const mailTime = 10 * time.Second

// emailAlert is "email-alert from|to|level|mailers|myhostname". The mails are
// sent here, as 1.6 to 3.2 did; later releases leave that to a Lua script.
var emailAlert = keyword.Define(keyword.Spec{
	Name: "email-alert", In: keyword.AnyProxy, Flags: keyword.NotDumped, Doc: "Mails about state changes.",
}, func(e *keyword.Env, a *restArgs) (Setting[Proxy], error) {
	if len(a.Words) == 0 {
		return nil, e.Errorf(-1, "missing argument after 'email-alert'.")
	}
	key, value := a.Words[0].Text, ""
	if len(a.Words) > 1 {
		value = a.Words[1].Text
	}
	switch key {
	case "from", "mailers", "to", "myhostname":
	case "level":
		if indexOf(levels, value) < 0 {
			return nil, e.Errorf(2, "unknown log level 'level' after '%s'", value)
		}
	default:
		return nil, e.Errorf(1, "email-alert: unknown argument '%s'.", key)
	}
	if key == "mailers" {
		keyword.Attached[*compiler](e).mailsByItself(e)
	}
	return func(p *Proxy) error { p.keep("email-alert "+key, value); return nil }, nil
})

// mailsByItself says once of a file without Lua that later releases send no
// mails for it.
func (c *compiler) mailsByItself(e *keyword.Env) {
	if c.mails || c.cfg.Lua.Loaded() {
		return
	}
	c.mails = true
	c.dropped(droppedMails)
	const instead = "lua-load mailers.lua"
	w := e.Warnf(diag.RemovedWord, 0, "mails of 'email-alert' without a Lua script were dropped in HAProxy %s; they are accepted here and sent as they were. Please write '%s' in the global section too, the script of the original's examples.", droppedMails, instead)
	w.Ours, w.Hint = true, instead
}

// checkMail warns of mails that lack what they need.
func (c *compiler) checkMail(p *Proxy) {
	some, all := false, true
	for k := range p.Text {
		some = some || strings.HasPrefix(k, "email-alert ")
	}
	for _, k := range []string{"from", "mailers", "to"} {
		_, ok := p.Text["email-alert "+k]
		all = all && ok
	}
	if some && !all {
		c.afterf(diag.Warning, diag.NoEffect, p, "'email-alert' will be ignored for %s (the presence any of 'email-alert from', 'email-alert level' 'email-alert mailers', 'email-alert myhostname', or 'email-alert to' requires each of 'email-alert from', 'email-alert mailers' and 'email-alert to' to be present).", p.who())
	}
	name, named := p.Text["email-alert mailers"]
	if some && all && named && c.cfg.Others.Mailers[name] == nil {
		c.diags.Add(diag.Diagnostic{Severity: diag.Alert, Code: diag.UnknownRef, Span: p.Span, Layout: diag.PostParse, Text: "Proxy '" + p.Name + "': unable to find mailers '" + name + "'."})
	}
}

// Mails returns what sends the mails of proxies that want some; host is what
// they say to mail servers unless told otherwise.
func (c *Config) Mails(host string) map[*Proxy]*logs.Mail {
	out := map[*Proxy]*logs.Mail{}
	for _, p := range c.Proxies {
		from, to := p.Text["email-alert from"], p.Text["email-alert to"]
		b, _ := c.Others.Mailers[p.Text["email-alert mailers"]].(*Block)
		if from == "" || to == "" || b == nil {
			continue
		}
		m := &logs.Mail{From: from, To: to, Host: host, Level: logs.Alert, Timeout: mailTime}
		if h := p.Text["email-alert myhostname"]; h != "" {
			m.Host = h
		}
		if i := indexOf(levels, p.Text["email-alert level"]); i >= 0 {
			m.Level = i
		}
		for _, l := range b.Lines {
			switch {
			case l[0] == "mailer":
				m.Servers = append(m.Servers, l[2][strings.IndexByte(l[2], '@')+1:]) // without "ipv4@"
			case l[0] == "timeout":
				if d, err := expr.ParseTime(l[2], time.Millisecond); err == nil && d > 0 {
					m.Timeout = d
				}
			}
		}
		out[p] = m
	}
	return out
}
