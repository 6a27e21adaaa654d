package config

import (
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/haproxy"
	"tandem/parser/keyword"
	"tandem/proxy/auth"
	"tandem/proxy/certs"
	"tandem/proxy/stick"
)

// Sections about what is kept: userlists, caches, error answers, rings,
// certificates.

// readTable reads the words of a stick table.
func readTable(in *keyword.Args, name string) (*stick.Table, error) { return stick.ReadLine(in, name) }

// replaceName puts a word's name into a refusal.
func replaceName(refusal, name string) string { return strings.ReplaceAll(refusal, "%s", name) }

// readUserlist reads a userlist; its lines are the auth room's.
func readUserlist(c *compiler, s *haproxy.Section) {
	name := s.Name()
	if name == "" {
		c.diags.Alertf(diag.BadArguments, s.Line.Span, "'userlist' expects <name> as arguments.").Layout = diag.ParsingTight
		return
	}
	if bad := badNameByte(name); bad != 0 {
		c.diags.Alertf(diag.BadValue, s.Line.Span, "character '%s' is not permitted in 'userlist' name '%s'.", string([]byte{bad}), name)
		return
	}
	o := &c.cfg.Others
	if o.Userlists == nil {
		o.Userlists = map[string]any{}
	}
	if o.Userlists[name] != nil {
		c.diags.Warnf(diag.Duplicate, s.Line.Span, "ignoring duplicated userlist '%s'.", name).Layout = diag.ParsingTight
		for i := range s.Lines { // read all the same
			readLine(c, userlistWords, &s.Lines[i], auth.NewUserlist(name))
		}
		return
	}
	l := auth.NewUserlist(name)
	o.Userlists[name] = l
	for i := range s.Lines {
		readLine(c, userlistWords, &s.Lines[i], l)
	}
	for _, err := range l.Resolve() {
		c.late = append(c.late, diag.Diagnostic{Severity: diag.Alert, Code: diag.UnknownRef, Layout: diag.Told, Span: s.Line.Span, Text: err.Error()})
	}
}

// userlistWords are the auth room's lines as settings.
var userlistWords = keyword.NewTable("userlist keyword", userlistLines())

func userlistLines() []*keyword.Def[Setting[auth.Userlist]] {
	var out []*keyword.Def[Setting[auth.Userlist]]
	for _, d := range auth.Words.All() {
		out = append(out, keyword.Map(d, func(_ *keyword.Env, set auth.Setting) (Setting[auth.Userlist], error) {
			return Setting[auth.Userlist](set), nil
		}))
	}
	return out
}

var errorsWords = keyword.NewTable("http-errors keyword", []*keyword.Def[Setting[Block]]{
	keyword.Define(keyword.Spec{Name: "errorfile", In: keyword.HTTPErrors, Doc: "Answer a status with a file's content."}, func(e *keyword.Env, a *restArgs) (Setting[Block], error) {
		if len(a.Words) < 2 {
			return nil, e.Errorf(-1, "errorfile: expects <status_code> and <file> as arguments.")
		}
		status := int(laxInt(a.Words[0].Text))
		if indexOfInt(errorStatuses, status) < 0 {
			return nil, e.Errorf(a.Words[0].Index, "errorfile : status code '%d' not handled.", status)
		}
		f, err := loadErrorFile(e, status, a.Words[1])
		if err != nil {
			return nil, err
		}
		return func(b *Block) error { b.Errors[status] = f; return nil }, nil
	}),
})

var crtStoreWords = keyword.NewTable("crt-store keyword", []*keyword.Def[Setting[Block]]{
	line(keyword.CrtStore, "crt-base", 0, "Directory of certificates.", storeDir("crt-base", func(e *keyword.Env, w []expr.Word) error {
		keyword.Attached[*compiler](e).storeBase = w[0].Text
		return nil
	})),
	line(keyword.CrtStore, "key-base", 0, "Directory of keys.", storeDir("key-base", func(e *keyword.Env, w []expr.Word) error {
		keyword.Attached[*compiler](e).storeKeys = w[0].Text
		return nil
	})),
	line(keyword.CrtStore, "load", 0, "A certificate with its files.", loadCrt),
})

// storeDir is a line that must stand before the first load line.
func storeDir(name string, then lineCheck) lineCheck {
	return func(e *keyword.Env, w []expr.Word) error {
		switch c := keyword.Attached[*compiler](e); {
		case c.storeLoads > 0:
			return e.Errorf(-1, "%s'%s' can't be used after a load line, use it at the beginning of the section.", innerPlace(e), name)
		case len(w) == 0:
			return e.Errorf(-1, "%s'%s' requires a <path> argument.", innerPlace(e), name)
		}
		return then(e, w)
	}
}

func loadCrt(e *keyword.Env, w []expr.Word) error {
	c := keyword.Attached[*compiler](e)
	src, alias := certs.Source{}, ""
	for i := 0; i < len(w); i += 2 {
		k := w[i].Text
		switch k {
		case "crt", "key", "issuer", "ocsp", "sctl", "alias", "ocsp-update", "domains", "acme", "jwt":
		default:
			return e.Errorf(w[i].Index, "%s'load %s' in section 'crt-store': unknown keyword '%s'.", innerPlace(e), k, k)
		}
		if i+1 >= len(w) {
			return e.Errorf(w[i].Index, "%s'load' in section 'crt-store': '%s' requires an argument.", innerPlace(e), k)
		}
		v := w[i+1].Text
		switch k {
		case "ocsp-update", "jwt":
			if v != "on" && v != "off" {
				return e.Errorf(w[i+1].Index, "%scannot parse '%s' value '%s', 'on' or 'off' is expected.\n", innerPlace(e), k, v)
			}
			if v == "on" && k == "ocsp-update" {
				e.Warnf(diag.NotActedOn, w[i].Index, "'ocsp-update' is not acted on yet.").Ours = true
			}
		case "alias":
			alias = v
		default:
			if to := src.Field(k); to != nil {
				*to = v
			}
		}
	}
	if src.Crt == "" {
		return e.Errorf(-1, "%s'load' in section 'crt-store': mandatory 'crt' parameter not found.", innerPlace(e))
	}
	return c.store(e, src, alias)
}

// store reads a certificate of a crt-store and notes it under the name that
// bind lines may use for it.
func (c *compiler) store(e *keyword.Env, src certs.Source, alias string) error {
	files := c.tlsFiles()
	written := src.Crt
	name := written
	if alias != "" {
		name = alias
	}
	name = "@" + e.Owner + "/" + name
	if _, ok := files.Sources[name]; ok {
		return e.Errorf(-1, "%s'load' in section 'crt-store': store '%s' was already defined.", innerPlace(e), name)
	}
	base := func(own, global, file string) string {
		if own != "" {
			return under(own, file)
		}
		return under(global, file)
	}
	src.Crt, src.Key = base(c.storeBase, files.CRTBase, src.Crt), base(c.storeKeys, files.KeyBase, src.Key)
	c.storeLoads++
	if e.Offline {
		files.Sources[name] = src
		return nil
	}
	files.Sources[name] = src
	if err := certs.CheckSource(src); err != nil {
		files.Refused[name] = true
		return &keyword.Error{Index: -1, Code: diag.Unreadable, Text: strings.Replace(c.oneLine(err), "\n '"+src.Crt+"' cannot", "\n '"+written+"' cannot", 1)}
	}
	return nil
}

// crtListWords are the words of a line of a crt-list, which "ssl-f-use" takes too.
var crtListWords = keyword.NewTable("crt-list word", crtWords(map[string]bool{
	"allow-0rtt": false, "alpn": true, "ca-file": true, "ca-verify-file": true, "ciphers": true, "ciphersuites": true, "client-sigalgs": true,
	"crl-file": true, "curves": true, "ecdhe": true, "ktls": true, "no-alpn": false, "no-ca-names": false, "npn": true, "sigalgs": true,
	"ssl-max-ver": true, "ssl-min-ver": true, "verify": true,
}))

func crtWords(names map[string]bool) []*keyword.Def[Setting[Block]] {
	var out []*keyword.Def[Setting[Block]]
	for n, arg := range names {
		check := most(0)
		if arg {
			check = least(1, "'"+n+"' expects a value.")
		}
		out = append(out, line(keyword.CrtStore, n, 0, "As on a bind line, for one certificate.", check))
	}
	return out
}
