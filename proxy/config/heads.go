package config

import (
	"strings"

	"tandem/parser/diag"
	"tandem/parser/haproxy"
	"tandem/proxy/check"
)

// secondWords are the original's texts for lines whose first word it knows
// and whose second it does not; "{}" is the second word, "{proxy}" the proxy.
var secondWords = map[string]struct {
	layout diag.Layout
	none   string // where the second word is missing; "": as text
	text   string
}{
	"option":         {diag.Parsing, "'option' expects an option name.", "unknown option '{}'."},
	"timeout":        {diag.Parsing, "", "'timeout' supports 'client', 'server', 'connect', 'check', 'queue', 'handshake', 'http-keep-alive', 'http-request', 'tunnel', 'tarpit', 'client-fin' and 'server-fin' (got '{}')"},
	"stats":          {diag.ParsingTight, "missing keyword in 'stats', expects 'admin', 'uri', 'realm', 'auth', 'scope', 'enable', 'hide-version', 'show-node', 'show-desc' , 'show-legends' or 'show-version'.", "unknown stats parameter '{}', expects 'admin', 'uri', 'realm', 'auth', 'scope', 'enable', 'hide-version', 'show-node', 'show-desc' , 'show-legends' or 'show-version'."},
	"monitor":        {diag.Parsing, "", "'monitor' only supports 'fail'."},
	"capture":        {diag.Parsing, "", "'capture' expects 'cookie' or 'request header' or 'response header'."},
	"declare":        {diag.Parsing, "'declare' needs a second keyword that specify the type of declaration ('capture')", "unknown declaration type '{}' (supports 'capture')"},
	"rate-limit":     {diag.Parsing, "", "'rate-limit' only supports 'sessions' (got '{}')"},
	"tcp-request":    {diag.Parsing, "missing argument for 'tcp-request' in {proxy}", "'tcp-request' expects 'inspect-delay', 'connection', or 'content' in {proxy} (got '{}')"},
	"tcp-response":   {diag.Parsing, "missing argument for 'tcp-response' in {proxy}", "'tcp-response' expects 'inspect-delay' or 'content' in {proxy} (got '{}')"},
	"external-check": {diag.Parsing, "missing argument after 'external-check'.", "'external-check' only supports 'command' and 'path'. but got '{}'."},
}

// globalSecondWords are those of the global section.
const globalStats = "'stats' only supports 'socket', 'maxconn', 'bind-process', 'calculate-max-counters'  and 'timeout' (got '{}')"

// unknownSecond reports a line that begins with a known word and goes on with
// an unknown one; false where the first is unknown too.
func (c *compiler) unknownSecond(l *haproxy.Line, i int, near string) bool {
	w := l.Words[i]
	second := ""
	if i+1 < len(l.Words) {
		second = l.Words[i+1].Text
	}
	text, layout := "", diag.Parsing
	h, known := secondWords[w.Text]
	switch {
	case c.env.Section == "global":
		if w.Text != "stats" {
			return false
		}
		text = globalStats
	case w.Text == "http-check" || w.Text == "tcp-check":
		text = check.Unknown(w.Text, second)
	case !known || keywordless(c.env.Section):
		return false
	case second == "" && h.none != "":
		text, layout = h.none, h.layout
		if w.Text == "option" {
			layout = diag.ParsingTight
		}
	default:
		text, layout = h.text, h.layout
	}
	if w.Text == "option" && second != "" {
		if near = suggestOption(second); near != "" {
			text = strings.TrimSuffix(text, ".") + "; did you mean '" + near + "' maybe ?"
		}
	}
	text = replaceAll(text, "{}", second, "{proxy}", kindWord(c.env.Section)+" '"+c.env.Owner+"'")
	d := c.diags.Alertf(diag.UnknownKeyword, l.Words[min(i+1, len(l.Words)-1)].Span, "%s", text)
	d.Layout = layout
	if near != w.Text { // the word itself is right, what follows is not
		d.Hint = near
	}
	return true
}

// keywordless says whether a section is none of the proxies'.
func keywordless(section string) bool {
	switch section {
	case "defaults", "frontend", "backend", "listen":
		return false
	}
	return true
}
