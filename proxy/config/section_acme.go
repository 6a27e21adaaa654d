package config

import (
	"os"
	"strconv"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// The acme section (configuration manual 12.8).

var acmeWords = keyword.NewTable("acme keyword", []*keyword.Def[Setting[Block]]{
	acmeLine("account-key", "File of the account's key.", nil),
	acmeLine("acme-vars", "Variables for the provider.", nil),
	line(keyword.Acme, "bits", keyword.NotActed, "Size of RSA keys.", acmeArg("bits", func(e *keyword.Env, w []expr.Word) error {
		if _, err := strconv.Atoi(w[0].Text); err != nil {
			return e.Errorf(w[0].Index, "cannot parse 'bits' value '%s', an integer is expected.", w[0].Text)
		}
		return most(1)(e, w)
	})),
	line(keyword.Acme, "challenge", keyword.NotActed, "Kind of challenge.", acmeWord("keyword 'challenge' in 'acme' must be one of the following: http-01, dns-01, dns-persist-01", "http-01", "dns-01", "dns-persist-01", "HTTP-01", "DNS-01", "DNS-PERSIST-01")),
	acmeLine("challenge-ready", "What tells that the challenge may start.", func(_ *keyword.Env, w []expr.Word) error {
		for _, k := range strings.Split(w[0].Text, ",") {
			if indexOf([]string{"cli", "dns", "none"}, k) < 0 {
				return tightf(w[0].Index, "keyword 'challenge-ready' in 'acme' section requires parameter separated by commas: 'cli', 'dns' or 'none'")
			}
		}
		return nil
	}),
	acmeLine("contact", "Mail address of the account.", nil),
	acmeLine("curves", "Curve of EC keys.", func(_ *keyword.Env, w []expr.Word) error {
		if indexOf([]string{"P-256", "P-384", "P-521"}, w[0].Text) < 0 {
			return tightf(w[0].Index, "unsupported curves '%s'", w[0].Text)
		}
		return nil
	}),
	acmeLine("directory", "URL of the directory.", nil),
	acmeLine("dns-delay", "Time to wait for DNS.", acmeTime),
	acmeLine("dns-timeout", "Longest wait for DNS.", acmeTime),
	acmeLine("eab-key-id", "Id of the external account.", nil),
	acmeLine("eab-mac-alg", "Algorithm of the external account.", acmeWord("keyword 'eab-mac-alg' in 'acme' must be one of the following: HS256, HS384, HS512", "HS256", "HS384", "HS512")),
	acmeLine("eab-mac-key", "Key of the external account.", nil),
	acmeLine("keytype", "Type of keys.", acmeWord("keyword 'keytype' in 'acme' section requires either 'RSA' or 'ECDSA' argument", "RSA", "ECDSA")),
	acmeLine("map", "Map of the challenges.", nil),
	acmeLine("profile", "Profile of certificates.", func(_ *keyword.Env, w []expr.Word) error {
		for _, r := range w[0].Text {
			if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_') {
				return tightf(w[0].Index, "keyword 'profile' in 'acme' section contains unauthorized character '%c'", r)
			}
		}
		return nil
	}),
	acmeLine("provider-name", "Name of the DNS provider.", nil),
	acmeLine("reuse-key", "Keep the key of a certificate.", acmeWord("keyword 'reuse-key' in 'acme' section requires either the 'on' or 'off' parameter", "on", "off")),
})

// acmeLine is a line with one argument.
func acmeLine(name, doc string, check lineCheck) *keyword.Def[Setting[Block]] {
	return line(keyword.Acme, name, keyword.NotActed, doc, acmeArg(name, func(e *keyword.Env, w []expr.Word) error {
		if err := most(1)(e, w); err != nil || check == nil {
			return err
		}
		return check(e, w)
	}))
}

// acmeArg asks for an argument.
func acmeArg(name string, check lineCheck) lineCheck {
	what := "an argument"
	if name == "account-key" {
		what = "a filename argument"
	}
	return tightLeast("keyword '"+name+"' in 'acme' section requires "+what, check)
}

func tightLeast(text string, check lineCheck) lineCheck {
	return func(e *keyword.Env, w []expr.Word) error {
		if len(w) == 0 {
			return tightf(-1, "%s", text)
		}
		return check(e, w)
	}
}

// acmeWord takes one of some words.
func acmeWord(text string, words ...string) lineCheck {
	return func(_ *keyword.Env, w []expr.Word) error {
		if indexOf(words, first(w)) < 0 {
			return tightf(-1, "%s", text)
		}
		return nil
	}
}

func acmeTime(e *keyword.Env, w []expr.Word) error {
	name := e.Words[0].Text
	_, err := expr.ParseTime(w[0].Text, 1e9)
	switch err {
	case nil:
		return nil
	case expr.TimeOverflow:
		return tightf(w[0].Index, "timer overflow in argument <%s> to '%s'", w[0].Text, name)
	case expr.TimeUnderflow:
		return tightf(w[0].Index, "timer underflow in argument <%s> to '%s'", w[0].Text, name)
	}
	odd := strings.TrimLeft(w[0].Text, "0123456789")
	return tightf(w[0].Index, "unexpected character '%c' in argument to '%s'", odd[0], name)
}

// checkAcme makes the checks at the end of a section.
func checkAcme(c *compiler, b *Block) {
	has := map[string]string{}
	for _, l := range b.Lines {
		if len(l) > 1 {
			has[l[0]] = l[1]
		}
	}
	text := ""
	switch {
	case has["directory"] == "":
		text = "acme: No directory defined in ACME section '" + b.Name + "'."
	case (has["eab-key-id"] == "") != (has["eab-mac-key"] == ""):
		text = "acme: section '" + b.Name + "': EAB MAC key and key id are mutually dependent, specify both or neither."
	case strings.Contains(has["account-key"], "/") && !c.opt.Offline:
		dir := has["account-key"][:strings.LastIndexByte(has["account-key"], '/')+1]
		if _, err := os.Stat(dir); err != nil {
			text = "acme: cannot create the file '" + has["account-key"] + "', check your permissions."
		}
	}
	if text != "" {
		c.diags.Alertf(diag.BadValue, b.Span, "%s", text).Layout = diag.Bare
	}
}
