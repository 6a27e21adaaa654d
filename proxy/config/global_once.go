package config

import (
	"tandem/parser/diag"
	"tandem/parser/haproxy"
)

// onceWord is a global word that counts once: what is said of a second line,
// which is not read.
type onceWord struct {
	name string // the word, or what it shares with another
	text string // "" is "'x' already specified. Continuing."
	tone diag.Severity
	hard bool // the configuration is refused
	lay  diag.Layout
}

// onceWords are those words.
var onceWords = map[string]onceWord{
	"user":              {"uid", "user/uid already specified. Continuing.", diag.Alert, false, diag.Parsing},
	"uid":               {"uid", "user/uid already specified. Continuing.", diag.Alert, false, diag.Parsing},
	"group":             {"gid", "gid/group was already specified. Continuing.", diag.Alert, false, diag.Parsing},
	"gid":               {"gid", "group/gid already specified. Continuing.", diag.Alert, false, diag.Parsing},
	"maxconn":           {tone: diag.Alert},
	"maxconnrate":       {tone: diag.Alert},
	"maxsessrate":       {tone: diag.Alert},
	"maxsslrate":        {tone: diag.Alert},
	"maxpipes":          {tone: diag.Alert},
	"log-send-hostname": {tone: diag.Alert},
	"ulimit-n":          {tone: diag.Alert},
	"server-state-file": {tone: diag.Alert},
	"server-state-base": {tone: diag.Alert},
	"cluster-secret":    {tone: diag.Alert},
	"spread-checks":     {text: "spread-checks already specified. Continuing.", tone: diag.Alert, lay: diag.ParsingTight},
	"chroot":            {text: "'chroot' is already specified. Continuing.", tone: diag.Warning},
	"pidfile":           {tone: diag.Warning},
	"crt-base":          {text: "'crt-base' already specified.", tone: diag.Alert, hard: true},
	"ca-base":           {text: "'ca-base' already specified.", tone: diag.Alert, hard: true},
	"key-base":          {text: "'key-base' already specified.", tone: diag.Alert, hard: true},
}

// repeated says whether a line of the global section repeats a word that
// counts once, and tells so.
func (c *compiler) repeated(name string, l *haproxy.Line) bool {
	o, ok := onceWords[name]
	if !ok || !c.seenOnce[o.key(name)] || len(l.Words) < 2 {
		return false
	}
	if o.text == "" {
		o.text = "'" + name + "' already specified. Continuing."
	}
	c.diags.Add(diag.Diagnostic{Severity: o.tone, Code: diag.Duplicate, Layout: o.lay, Span: l.Words[0].Span, Text: o.text, Lenient: !o.hard})
	return true
}

// noteOnce remembers that a line with such a word was read.
func (c *compiler) noteOnce(name string) {
	if o, ok := onceWords[name]; ok {
		if c.seenOnce == nil {
			c.seenOnce = map[string]bool{}
		}
		c.seenOnce[o.key(name)] = true
	}
}

func (o onceWord) key(name string) string {
	if o.name != "" {
		return o.name
	}
	return name
}
