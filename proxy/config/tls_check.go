package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/certs"
	"tandem/proxy/check"
	"tandem/proxy/listen"
	"tandem/proxy/server"
)

// under joins a relative path with a base directory.
func under(base, path string) string {
	if base == "" || filepath.IsAbs(path) || path == "" || path[0] == '@' {
		return path
	}
	return filepath.Join(base, path)
}

// tlsFiles returns what reads certificates, as the global section has it by
// now.
func (c *compiler) tlsFiles() *certs.Files {
	g, f := &c.cfg.Global, c.cfg.Certs.Files()
	f.CRTBase, f.KeyBase, f.CABase = g.CRTBase, g.KeyBase, g.CABase
	level := g.TuneText["ssl-security-level"]
	f.Lax, f.Level1 = level == "0", level == "1"
	return f
}

// checkBindTLS reads the files that a bind line names, and refuses the line as
// the original does where they cannot be served.
func checkBindTLS(e *keyword.Env, b *listen.Bind, section string) error {
	g := keyword.Attached[*Global](e)
	t := &b.TLS
	g.bindDefaults(t)
	if e.Offline {
		return nil
	}
	c := keyword.Attached[*compiler](e)
	files := c.tlsFiles()
	line := fmt.Sprintf("'bind %s' in section '%s' : ", strings.Join(b.Addrs, ","), section)
	refuse := func(text string) error {
		return &keyword.Error{Index: -1, Code: diag.Unreadable, Text: line + text}
	}
	store := c.cfg.Certs
	offer := store.Bind(c.env.Owner, b.Span, t.StrictSNI)
	if t.Enabled {
		c.cfg.Offers[b] = offer
	}
	for _, path := range t.Certs {
		if path == "" {
			return refuse("'crt' : missing certificate location")
		}
		list, err := store.Add(offer, under(g.CRTBase, path), slices.Contains(t.DefaultCrt, path))
		if err != nil {
			return refuse(c.certError(e, "", err))
		}
		for _, entry := range list {
			c.certNotes(e, line, entry)
		}
	}
	for _, path := range t.CrtLists {
		if _, err := os.Stat(path); err != nil { // crt-base is for what stands in it
			return refuse(fmt.Sprintf("'crt-list' : cannot open file '%s' : %s", path, sysText(err)))
		}
		if err := store.AddList(offer, path, g.CRTBase); err != nil {
			return refuse(c.certError(e, "'crt-list' : ", err))
		}
	}
	for _, l := range offer.AllLines() {
		c.certNotes(e, line+"'crt-list' : ", l.Entry)
		if l.OnlyNegative() {
			e.Diags.Warnf(diag.NoEffect, e.LineSpan(), "crt-list: negative filters on crt-list line \"%s\" without a positive wildcard filter won't do anything!", l.Entry.Path).Layout = diag.ParsingTight
		}
		if l.Words == nil {
			continue
		}
		for _, w := range l.Words.Unspoken() {
			e.Warnf(diag.NotActedOn, -1, "%s'crt-list' : '%s' of line %d is not acted on yet.", line, w, l.Line).Ours = true
		}
	}
	b.TLS.NoCerts = offer.Empty()
	for _, f := range []struct{ word, list string }{{"crt-ignore-err", t.CrtIgnoreErr}, {"ca-ignore-err", t.CAIgnoreErr}} {
		if _, err := certs.ParseErrorSet(f.list); err != nil {
			return refuse("'" + f.word + "' : " + err.Error())
		}
	}
	if t.TicketKeys != "" {
		if _, err := certs.LoadTicketKeys(t.TicketKeys); err != nil {
			return refuse(err.Error())
		}
	}
	words := BindWords(t)
	if err := files.CheckAuthorities(&words); err != nil {
		return refuse(c.certError(e, "", err))
	}
	return nil
}

// certError returns the original's words for what is wrong with a file that a
// bind line names; lines after the first are set in.
func (c *compiler) certError(e *keyword.Env, before string, err error) string {
	bare := func(text string) {
		e.Diags.Alertf(diag.Unreadable, e.LineSpan(), "%s", text).Layout = diag.Bare
	}
	var locked *certs.Locked
	if errors.As(err, &locked) {
		bare("Trying to load a passphrase-protected private key without an 'ssl-passphrase-cmd' defined.")
	}
	var bad *certs.Unusable
	if errors.As(err, &bad) {
		bare(bad.Detail())
		return before + bad.Error()
	}
	text := before + err.Error()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if last := len(lines) - 1; !strings.HasSuffix(text, "\n") && !quiet(err) {
		lines[last] = strings.TrimSuffix(lines[last], ".") + "."
	}
	if len(lines) == 1 {
		return lines[0]
	}
	return "\n  " + strings.Join(lines, "\n  ")
}

// oneLine is certError for a message of its own.
func (c *compiler) oneLine(err error) string {
	return strings.ReplaceAll(strings.TrimPrefix(c.certError(c.env, "", err), "\n  "), "\n  ", "\n")
}

// quiet says whether the original puts no full stop behind an error.
func quiet(err error) bool {
	var u *certs.Unstopped
	return errors.As(err, &u)
}

// certNotes tells, once, what is wrong beside a certificate and refuses nothing.
func (c *compiler) certNotes(e *keyword.Env, line string, entry *certs.Entry) {
	cert := entry.Cert()
	if cert == nil || c.noted[cert] {
		return
	}
	if c.noted == nil {
		c.noted = map[*certs.Cert]bool{}
	}
	c.noted[cert] = true
	if cert.Mixed {
		e.Warnf(diag.BadValue, -1, "%sthe private key of '%s' belongs to another certificate: no handshake with it will succeed.", line, entry.Path).Ours = true
	}
	if cert.Note != "" {
		e.Warnf(diag.Unreadable, -1, "%s%s", line, cert.Note)
	}
	if cert.Aside != "" {
		e.Diags.Warnf(diag.Unreadable, e.LineSpan(), "%s", cert.Aside).Layout = diag.Bare
	}
}

// tlsVersions are the versions of "no-…" and "force-…" words.
var tlsVersions = map[string]string{"sslv3": "SSLv3", "tlsv10": "TLSv1.0", "tlsv11": "TLSv1.1", "tlsv12": "TLSv1.2", "tlsv13": "TLSv1.3"}

// bindDefaults gives a bind line what the ssl-default-bind-* words say and it
// does not.
func (g *Global) bindDefaults(t *listen.TLS) {
	d := g.SSLDefaultBind
	for _, f := range []struct {
		word string
		to   *string
	}{{"ssl-min-ver", &t.MinVer}, {"ssl-max-ver", &t.MaxVer}, {"ciphers", &t.Ciphers}, {"ciphersuites", &t.CipherSuites},
		{"curves", &t.Curves}, {"sigalgs", &t.SigAlgs}, {"client-sigalgs", &t.ClientSigAlgs}} {
		if *f.to == "" {
			*f.to = d[f.word]
		}
	}
	for word, version := range tlsVersions {
		if _, ok := d["no-"+word]; ok {
			t.NoVer = append(t.NoVer, version)
		}
		if _, ok := d["force-"+word]; ok && t.MinVer == "" && t.MaxVer == "" {
			t.MinVer, t.MaxVer = version, version
		}
	}
	for word, to := range map[string]*bool{"no-tls-tickets": &t.NoTickets, "prefer-client-ciphers": &t.PreferClientCiphers, "strict-sni": &t.StrictSNI} {
		if _, ok := d[word]; ok {
			*to = true
		}
	}
}

// serverDefaults gives a server what the ssl-default-server-* words say and
// its line does not.
func (g *Global) serverDefaults(t *server.TLS) {
	d := g.SSLDefaultServer
	for _, f := range []struct {
		word string
		to   *string
	}{{"ssl-min-ver", &t.MinVer}, {"ssl-max-ver", &t.MaxVer}, {"ciphers", &t.Ciphers}, {"ciphersuites", &t.CipherSuites},
		{"curves", &t.Curves}, {"sigalgs", &t.SigAlgs}, {"client-sigalgs", &t.ClientSigAlgs}} {
		if *f.to == "" {
			*f.to = d[f.word]
		}
	}
	for word, version := range tlsVersions {
		if _, ok := d["no-"+word]; ok {
			t.NoVer = append(t.NoVer[:len(t.NoVer):len(t.NoVer)], version)
		}
		if _, ok := d["force-"+word]; ok && t.MinVer == "" && t.MaxVer == "" {
			t.MinVer, t.MaxVer = version, version
		}
	}
	if _, ok := d["no-tls-tickets"]; ok {
		t.NoTickets = true
	}
}

// fileProber answers the server room's question for a file.
type fileProber struct{}

// ProbeFile returns the original's complaint about a file that a server line names.
func (fileProber) ProbeFile(e *keyword.Env, word, path string) string {
	if e.Offline {
		return ""
	}
	path = under(keyword.Attached[*Global](e).CABase, path)
	c := keyword.Attached[*compiler](e)
	bad := c.tlsFiles().CheckAuthority(path)
	if bad != "" {
		c.behind = append(c.behind, "'"+word+"' : unable to load "+path+".")
	}
	return bad
}

// checkListenersTLS makes the checks of bind lines that need the whole
// configuration.
func (c *compiler) checkListenersTLS(p *Proxy) {
	for _, b := range p.Binds {
		if !b.TLS.Enabled || c.opt.Offline {
			continue
		}
		if len(p.SSLUse) > 0 && len(b.TLS.Certs)+len(b.TLS.CrtLists) == 0 {
			offer := c.cfg.Offers[b]
			if offer == nil {
				continue // refused already
			}
			if err := c.cfg.Certs.AddOwnList(offer, "@"+p.Name, c.cfg.Global.CRTBase, p.SSLUse); err != nil {
				first, _, _ := strings.Cut(c.oneLine(err), "\n")
				c.bare(first).Layout = diag.Bare
				continue
			}
			b.TLS.NoCerts = offer.Empty()
		}
		addr := strings.Join(b.Addrs, ",")
		if p.Kind == "log-forward" {
			addr = "(null)" // the original does not know it there
		}
		switch {
		case b.TLS.NoCerts && b.TLS.StrictSNI:
			c.afterf(diag.Warning, diag.Unreadable, p, "Proxy '%s': no SSL certificate specified for bind '%s' at [%s], ssl connections will fail (use 'crt').", p.Name, addr, b.Span)
		case b.TLS.NoCerts && !b.TLS.GenerateCerts:
			c.afterf(diag.Alert, diag.Unreadable, p, "Proxy '%s': no SSL certificate specified for bind '%s' at [%s] (use 'crt').", p.Name, addr, b.Span)
		default:
			c.checkPolicy(p, b, addr)
		}
	}
}

// SpeaksTLS says whether traffic to a server of p, or a check of it, may be
// ciphered.
func (p *Proxy) SpeaksTLS(l *ServerLine) bool {
	if l.Params.TLS.Enabled || l.Params.TLS.Ready || l.Params.Check.SSL {
		return true
	}
	if h := keyword.Target[*Block](l.Params.Check.Healthcheck); h != nil {
		return h.Check != nil && h.Check.TLS()
	}
	setup, _ := p.CheckSetup.(*check.Setup)
	return setup != nil && setup.TLS()
}

// checkServerTLS makes the checks of a server's TLS words that need the whole line.
func (c *compiler) checkServerTLS(p *Proxy, l *ServerLine) {
	t := &l.Params.TLS
	if !p.SpeaksTLS(l) {
		return
	}
	c.cfg.Global.serverDefaults(t)
	if c.opt.Offline {
		return
	}
	refuse := func(text string) {
		d := c.diags.Alertf(diag.Unreadable, l.Span, "%s", text)
		d.Layout, d.Subject = diag.PostParse, "server "+p.Name+"/"+l.Name
	}
	g := &c.cfg.Global
	if t.Cert != "" {
		if _, err := c.tlsFiles().Usable(under(g.CRTBase, t.Cert)); err != nil {
			refuse(c.certError(c.env, "", err))
		}
	}
	c.checkServerPolicy(p, l, refuse)
	if verifies(g, t) && t.CAFile == "" {
		refuse("verify is enabled by default but no CA file specified. If you're running on a LAN where you're certain to trust the server's certificate, please set an explicit 'verify none' statement on the 'server' line, or use 'ssl-server-verify none' in the global section to disable server-side verifications by default.")
	}
}

// verifies says whether a server's certificate is verified.
func verifies(g *Global, t *server.TLS) bool {
	switch {
	case t.Verify != "":
		return t.Verify == "required"
	case g.SSLServerVerify != "":
		return g.SSLServerVerify == "required"
	}
	return true
}
