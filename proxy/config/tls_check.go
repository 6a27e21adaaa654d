package config

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

// checkBindTLS reads the files that a bind line names, to refuse the line as
// the original does; the certificates are loaded when serving begins.
func checkBindTLS(e *keyword.Env, b *listen.Bind, section string) error {
	g := keyword.Attached[*Global](e)
	t := &b.TLS
	g.bindDefaults(t)
	if e.Offline {
		return nil
	}
	line := fmt.Sprintf("'bind %s' in section '%s' : ", strings.Join(b.Addrs, ","), section)
	refuse := func(text string) error {
		return &keyword.Error{Index: -1, Code: diag.Unreadable, Text: line + text}
	}
	store := certs.NewStore()
	offer := store.Bind(section, b.Span, false)
	c := keyword.Attached[*compiler](e)
	for _, list := range [][]string{t.Certs, t.DefaultCrt} {
		for i, path := range list {
			if file := c.stored[path]; file != "" {
				list[i] = file
			}
		}
	}
	for _, path := range append(append([]string(nil), t.Certs...), t.DefaultCrt...) {
		if path == "" {
			return refuse("'crt' : missing certificate location")
		}
		list, err := store.Add(offer, under(g.CRTBase, path))
		if err == nil {
			err = strong(g, list)
		}
		var locked *certs.Locked
		if errors.As(err, &locked) {
			e.Diags.Alertf(diag.Unreadable, e.LineSpan(), "Trying to load a passphrase-protected private key without an 'ssl-passphrase-cmd' defined.").Layout = diag.Bare
		}
		if err != nil {
			return refuse(strings.TrimSuffix(err.Error(), ".") + ".")
		}
		for _, entry := range list {
			if note := entry.Cert().Note; note != "" {
				e.Warnf(diag.Unreadable, -1, "%s %s", line, note)
			}
		}
	}
	for _, path := range t.CrtLists {
		if _, err := os.Stat(path); err != nil { // crt-base is for what stands in it
			return refuse(fmt.Sprintf("'crt-list' : cannot open file '%s' : %s", path, sysText(err)))
		}
		if err := store.AddList(offer, path, g.CRTBase); err != nil {
			text := err.Error()
			if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "\n") {
				text += "."
			}
			return refuse("'crt-list' : " + text)
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
	for _, f := range []struct{ word, path string }{{"ca-file", t.CAFile}, {"ca-verify-file", t.CAVerifyFile}, {"crl-file", t.CRLFile}} {
		path := under(g.CABase, f.path)
		if text := readableCA(path); text != "" {
			e.Diags.Alertf(diag.Unreadable, e.LineSpan(), "%s", text).Layout = diag.Bare
			return refuse("'" + f.word + "' : unable to load " + path)
		}
	}
	return nil
}

// strong refuses keys that the TLS library's security level does not take:
// RSA below 2048 bits at level 2, the usual one, and below 1024 at level 1.
func strong(g *Global, list []*certs.Entry) error {
	least := 2048
	switch g.TuneText["ssl-security-level"] {
	case "0":
		return nil
	case "1":
		least = 1024
	}
	for _, entry := range list {
		if k, ok := entry.Cert().Leaf.PublicKey.(*rsa.PublicKey); ok && k.N.BitLen() < least {
			return fmt.Errorf("unable to load SSL certificate into SSL Context '%s': ee key too small", entry.Path)
		}
	}
	return nil
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

// readableCA returns the original's complaint about a CA or CRL file, "" where
// it can be read.
func readableCA(path string) string {
	if path == "" || path[0] == '@' {
		return ""
	}
	st, err := os.Stat(path)
	if err == nil && st.IsDir() {
		return ""
	}
	data, err := os.ReadFile(path)
	switch {
	case err != nil:
		return fmt.Sprintf("Couldn't open the ca-file '%s' (%s).", path, sysText(err))
	}
	if bad := certs.CheckCA(data); bad != "" {
		return fmt.Sprintf("Couldn't open the ca-file '%s' (%s).", path, bad)
	}
	return ""
}

// fileProber answers the server room's question for a file.
type fileProber struct{}

// ProbeFile returns the original's complaint about a file that a server line names.
func (fileProber) ProbeFile(e *keyword.Env, word, path string) string {
	if e.Offline {
		return ""
	}
	path = under(keyword.Attached[*Global](e).CABase, path)
	bad := readableCA(path)
	if bad != "" {
		c := keyword.Attached[*compiler](e)
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
		addr := strings.Join(b.Addrs, ",")
		if p.Kind == "log-forward" {
			addr = "(null)" // the original does not know it there
		}
		switch {
		case b.TLS.NoCerts && b.TLS.StrictSNI:
			c.afterf(diag.Warning, diag.Unreadable, p, "Proxy '%s': no SSL certificate specified for bind '%s' at [%s], ssl connections will fail (use 'crt').", p.Name, addr, b.Span)
		case b.TLS.NoCerts && !b.TLS.GenerateCerts:
			c.afterf(diag.Alert, diag.Unreadable, p, "Proxy '%s': no SSL certificate specified for bind '%s' at [%s] (use 'crt').", p.Name, addr, b.Span)
		case cipherless(b.TLS.Ciphers):
			c.afterf(diag.Alert, diag.BadValue, p, "Proxy '%s': unable to set SSL cipher list to '%s' for bind '%s' at [%s].", p.Name, b.TLS.Ciphers, addr, b.Span)
		case c.badPolicy(p, b, addr):
		case (b.TLS.Verify == "required" || b.TLS.Verify == "optional") && b.TLS.CAFile == "" && b.TLS.CAVerifyFile == "":
			c.afterf(diag.Alert, diag.BadArguments, p, "Proxy '%s': verify is enabled but no CA file specified for bind '%s' at [%s].", p.Name, addr, b.Span)
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
		if _, err := certs.Load(under(g.CRTBase, t.Cert)); err != nil {
			refuse(strings.TrimSuffix(err.Error(), ".") + ".")
		}
	}
	if cipherless(t.Ciphers) {
		refuse("unable to set SSL cipher list to '" + t.Ciphers + "'.")
	} else {
		c.checkServerPolicy(p, l, refuse)
	}
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
