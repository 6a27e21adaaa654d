package config

import (
	"fmt"
	"strings"

	"tandem/parser/diag"
	"tandem/proxy/certs"
	"tandem/proxy/listen"
	"tandem/proxy/server"
)

// bindMinVersion is the lowest version of a bind line that names none
// (configuration manual 5.1, ssl-min-ver).
const bindMinVersion = "TLSv1.2"

// BindVersions returns the words of a bind line about versions.
func BindVersions(t *listen.TLS) certs.VersionWords {
	return certs.VersionWords{Min: t.MinVer, Max: t.MaxVer, Refused: t.NoVer, Default: bindMinVersion}
}

// BindWords returns the words of a bind line that lines of crt-lists have too.
func BindWords(t *listen.TLS) certs.Words {
	return certs.Words{ALPN: t.ALPN, NoALPN: t.NoALPN, NoCANames: t.NoCANames, Verify: t.Verify, CAFile: t.CAFile, CAVerifyFile: t.CAVerifyFile,
		CRLFile: t.CRLFile, IgnoreCrt: t.CrtIgnoreErr, IgnoreCA: t.CAIgnoreErr, Ciphers: t.Ciphers, CipherSuites: t.CipherSuites, Curves: t.Curves,
		ECDHE: t.ECDHE, SigAlgs: t.SigAlgs, ClientSigAlgs: t.ClientSigAlgs, Versions: BindVersions(t)}
}

// ServerVersions returns the words of a server line about versions.
func ServerVersions(t *server.TLS) certs.VersionWords {
	return certs.VersionWords{Min: t.MinVer, Max: t.MaxVer, Refused: t.NoVer}
}

// algorithms are the words of a line that choose algorithms.
type algorithms struct{ ciphers, suites13, curves, ecdhe, sigAlgs, clientSigAlgs string }

func algorithmsOf(w *certs.Words) algorithms {
	return algorithms{w.Ciphers, w.CipherSuites, w.Curves, w.ECDHE, w.SigAlgs, w.ClientSigAlgs}
}

// faults returns the original's words for the lists that choose nothing.
func (a *algorithms) faults() (out []string) {
	if cipherless(a.ciphers) {
		out = append(out, fmt.Sprintf("unable to set SSL cipher list to '%s'", a.ciphers))
	}
	if known, _ := certs.TLS13Suites(a.suites13); !known {
		out = append(out, fmt.Sprintf("unable to set TLS 1.3 cipher suites to '%s'", a.suites13))
	}
	for _, f := range []struct{ list, text string }{{a.curves, "unable to set SSL curves list to"}, {a.ecdhe, "unable to set elliptic named curve to"}} {
		if _, ok := certs.Groups(f.list); f.list != "" && !ok {
			out = append(out, fmt.Sprintf("%s '%s'", f.text, f.list))
		}
	}
	for _, list := range []string{a.sigAlgs, a.clientSigAlgs} {
		if list != "" && !certs.SigAlgsKnown(list) {
			out = append(out, fmt.Sprintf("unable to set SSL Signature Algorithm list to '%s'", list))
		}
	}
	return out
}

// unable returns what this program cannot do of valid lists: crypto/tls
// chooses the suites of TLS 1.3 itself.
func (a *algorithms) unable() []string {
	var out []string
	if _, all := certs.TLS13Suites(a.suites13); !all {
		out = append(out, "'ciphersuites' leaves out suites of TLS 1.3 that are offered all the same")
	}
	if a.ciphers != "" && len(certs.CipherSuites(a.ciphers)) == 0 {
		out = append(out, "'ciphers' names no cipher that is there; only TLS 1.3 will be spoken")
	}
	for _, list := range []string{a.curves, a.ecdhe} {
		if ids, ok := certs.Groups(list); ok && len(ids) == 0 {
			out = append(out, "none of the groups of '"+list+"' is there; others will be offered")
		}
	}
	if a.sigAlgs != "" && certs.SigAlgsKnown(a.sigAlgs) && len(certs.SignatureSchemes(a.sigAlgs)) == 0 {
		out = append(out, "none of the algorithms of '"+a.sigAlgs+"' is there; no handshake will succeed")
	}
	return out
}

// checkPolicy checks what a bind line agrees to, and what lines of its
// crt-lists do.
func (c *compiler) checkPolicy(p *Proxy, b *listen.Bind, addr string) {
	t := &b.TLS
	base := BindWords(t)
	v := base.Versions.Range()
	at := fmt.Sprintf("for bind '%s' at [%s]", addr, b.Span)
	if v.Ignored {
		c.afterf(diag.Warning, diag.NoEffect, p, "Proxy '%s': no-sslv3/no-tlsv1x are ignored %s. Use only 'ssl-min-ver' and 'ssl-max-ver' to fix.", p.Name, at)
	}
	if v.Lowered != "" {
		c.afterf(diag.Warning, diag.BadValue, p, "Proxy '%s': Ambiguous configuration %s: the ssl-min-ver value is not configured and the ssl-max-ver value is lower than the default ssl-min-ver value (%s). Setting the ssl-min-ver to %s. Use 'ssl-min-ver' to fix this.",
			p.Name, at, bindMinVersion, v.Lowered)
	}
	if c.badWords(p, &base, at) {
		return
	}
	if offer := c.cfg.Offers[b]; offer != nil {
		for _, line := range offer.Lines() {
			if _, ok := c.cfg.Others.Acmes[line.ACME]; !ok && line.ACME != "" {
				c.bare(fmt.Sprintf("acme '%s' was used on a crt line [%s:%d], but no '%s' section exists!", line.ACME, offer.ListOf(line), line.Line, line.ACME))
			}
			if c.badWords(p, line.Words.Over(&base), at) {
				return
			}
		}
	}
	if t.GenerateCerts {
		c.checkSigner(p, b)
	}
}

// badWords checks what is agreed to by a bind line or a line of a crt-list.
func (c *compiler) badWords(p *Proxy, w *certs.Words, at string) bool {
	a := algorithmsOf(w)
	faults := a.faults()
	if (w.Verify == "required" || w.Verify == "optional") && w.CAFile == "" && w.CAVerifyFile == "" {
		faults = append([]string{certs.ErrNoCA.Error()}, faults...)
	}
	if w.Versions.Range().Empty {
		faults = []string{certs.ErrNoVersion.Error()}
	}
	for i, fault := range faults {
		faults[i] = fmt.Sprintf("Proxy '%s': %s %s.", p.Name, fault, at)
	}
	if len(faults) > 0 {
		c.afterf(diag.Alert, diag.BadValue, p, "%s", strings.Join(faults, "\n"))
		return true
	}
	for _, text := range a.unable() {
		c.afterf(diag.Warning, diag.NotActedOn, p, "Proxy '%s': %s %s.", p.Name, text, at).Ours = true
	}
	return false
}

// checkSigner checks the CA that generate-certificates signs with.
func (c *compiler) checkSigner(p *Proxy, b *listen.Bind) {
	file := b.TLS.CASignFile
	if file == "" {
		c.afterf(diag.Alert, diag.BadArguments, p, "Proxy '%s': cannot enable certificate generation, no CA certificate File configured at [%s].", p.Name, b.Span)
		return
	}
	if _, err := certs.Load(file); err != nil {
		c.afterf(diag.Alert, diag.Unreadable, p, "Proxy '%s': Failed to read CA certificate file '%s' at [%s]. Chain loading failed: %s.\n", p.Name, file, b.Span, err)
	}
}

// checkServerPolicy checks what a server line agrees to.
func (c *compiler) checkServerPolicy(p *Proxy, l *ServerLine, refuse func(string)) {
	t := &l.Params.TLS
	warn := func(code diag.Code, text string) *diag.Diagnostic {
		d := c.diags.Warnf(code, l.Span, "%s", text)
		d.Layout, d.Subject = diag.PostParse, "server "+p.Name+"/"+l.Name
		return d
	}
	v := ServerVersions(t).Range()
	if v.Ignored {
		warn(diag.NoEffect, "no-sslv3/no-tlsv1x are ignored for this server. Use only 'ssl-min-ver' and 'ssl-max-ver' to fix.")
	}
	if v.Hole != "" {
		warn(diag.BadValue, fmt.Sprintf("backend '%s': SSL/TLS versions range not contiguous for server '%s'. Hole find for %s. Use only 'ssl-min-ver' and 'ssl-max-ver' to fix.", p.Name, l.Name, v.Hole))
	}
	a := algorithms{t.Ciphers, t.CipherSuites, t.Curves, "", t.SigAlgs, t.ClientSigAlgs}
	known, _ := certs.TLS13Suites(a.suites13)
	faults := a.faults()
	switch {
	case v.Empty:
		refuse(fmt.Sprintf("backend '%s': all SSL/TLS versions are disabled for server '%s'.", p.Name, l.Name))
	case len(faults) > 0 && (!known || cipherless(a.ciphers)):
		refuse(faults[0] + ".")
	case len(faults) > 0:
		refuse(fmt.Sprintf("Proxy '%s': %s for server '%s'.", p.Name, faults[0], l.Name))
	default:
		for _, text := range a.unable() {
			warn(diag.NotActedOn, text+".").Ours = true
		}
	}
}
