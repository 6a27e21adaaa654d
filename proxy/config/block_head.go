package config

import (
	"tandem/parser/diag"
	"tandem/parser/haproxy"
)

// blockHead is what the line that opens such a section may hold.
type blockHead struct {
	words   int         // most words behind the keyword; 0: the original looks at one and drops the rest
	anyName bool        // any byte may stand in the name
	layout  diag.Layout // of a missing or bad name
	tooMany string      // where it is not the usual text
	badName string      // where it is not the usual text; %c is the byte, %s the name
	again   string      // a second section of one name; %a is that name, %b where the first stands
	bare    bool        // again is told without "parsing"
	ends    bool        // a strict check reads no further after a missing or bad name
}

const (
	sameKind = "Parsing [%s]: {} section '%a' has the same name as another {} section declared at %b."
	noWords  = -1
)

// blockHeads are the opening lines by section, as 3.5 reads them. A section
// that is not listed takes a name and drops what follows.
var blockHeads = map[string]blockHead{
	"peers":       {words: 1, again: sameKind, bare: true, ends: true},
	"resolvers":   {again: "Parsing [%s]: {} '%a' has same name as another {} (declared at %b).", bare: true, ends: true},
	"mailers":     {again: sameKind, bare: true, ends: true},
	"cache":       {words: 1, anyName: true, again: "Duplicate {} name '%a'.", ends: true},
	"http-errors": {again: "{} section '%a' already exists (declared at %b).", ends: true},
	"ring":        {badName: "invalid ring name '%s' (character '%c' is not permitted).", again: "sink named '%a' already exists."},
	"log-forward": {words: 1, again: sameKind, bare: true, ends: true},
	"log-profile": {words: 1, again: sameKind, bare: true, ends: true},
	"fcgi-app":    {words: 1, layout: diag.ParsingTight, again: "Parsing [%s]: {} section '%a' has the same name as another one declared at %b.", bare: true},
	"crt-store":   {words: 1, anyName: true, tooMany: "'crt-store' section only supports a <name> argument."},
	"traces":      {words: noWords},
	"acme":        {words: 1, anyName: true, layout: diag.ParsingTight},
	"healthcheck": {again: "{} section '%a' already defined at %b."},
}

// blockHead checks the opening line of a section and says whether its lines
// are to be read.
func (c *compiler) blockHead(b *Block, s *haproxy.Section, missing string) bool {
	h := blockHeads[b.Kind]
	defer func(before int) {
		if h.ends && c.diags.Refusals() > before {
			c.abort()
		}
	}(c.diags.Refusals())
	most := max(h.words, 0)
	switch w := s.Line.Words; {
	case h.words != 0 && len(w) > most+1:
		text := h.tooMany
		if text == "" {
			text = "'" + b.Kind + "' cannot handle unexpected argument '" + w[most+1].Text + "'."
		}
		c.diags.Alertf(diag.BadArguments, w[most+1].Span, "%s", text)
		return true
	case b.Name == "" && missing != "":
		c.diags.Alertf(diag.BadArguments, s.Line.Span, "%s", missing).Layout = h.layout
		return false
	}
	if bad := badNameByte(b.Name); bad != 0 && !h.anyName {
		text := h.badName
		if text == "" {
			text = "character '%c' is not permitted in '" + b.Kind + "' name '%s'."
		}
		c.diags.Alertf(diag.BadValue, s.Line.Span, "%s", replaceAll(text, "%c", string([]byte{bad}), "%s", b.Name)).Layout = h.layout
		return false
	}
	return true
}

// again reports a second section of one name.
func (c *compiler) again(b, old *Block) {
	h := blockHeads[b.Kind]
	if h.again == "" || b.Kind == "cache" && old.refused {
		return
	}
	d := c.diags.Alertf(diag.Duplicate, b.Span, "%s", replaceAll(h.again, "{}", b.Kind, "%s", b.Span.String(), "%a", b.Name, "%b", old.Span.String()))
	switch {
	case h.bare:
		d.Layout = diag.Bare
	case b.Kind == "http-errors", b.Kind == "cache":
		d.Layout = diag.ParsingTight
	}
	if b.Kind == "resolvers" || b.Kind == "cache" {
		c.abort()
	}
}

// atEnd keeps a message for the end of all checks.
func (c *compiler) atEnd(severity diag.Severity, code diag.Code, b *Block, text string) {
	c.ending = append(c.ending, func() {
		c.diags.Add(diag.Diagnostic{Severity: severity, Code: code, Layout: diag.Told, Span: b.Span, Text: text})
	})
}

// unknownText is how the section being read names a word that it does not know.
func (c *compiler) unknownText(word string) (string, diag.Layout) {
	switch s := c.env.Section; s {
	case "ring":
		return "unknown statement '" + word + "'.", diag.Parsing
	case "log-forward", "log-profile", "spoe-agent", "spoe-group", "spoe-message":
		return "unknown keyword '" + word + "' in " + s + " section.", diag.Parsing
	case "traces":
		return "unknown keyword '" + word + "' in 'global' section", diag.Parsing
	case "userlist", "fcgi-app":
		return "unknown keyword '" + word + "' in '" + s + "' section", diag.ParsingTight
	default:
		return "unknown keyword '" + word + "' in '" + s + "' section", diag.Parsing
	}
}
