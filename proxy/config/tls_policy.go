package config

import (
	"fmt"

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

// ServerVersions returns the words of a server line about versions.
func ServerVersions(t *server.TLS) certs.VersionWords {
	return certs.VersionWords{Min: t.MinVer, Max: t.MaxVer, Refused: t.NoVer}
}

// algorithms are the words of a line that choose algorithms.
type algorithms struct{ ciphers, suites13, curves, ecdhe, sigAlgs, clientSigAlgs string }

// fault returns the original's words for the first list that chooses nothing.
func (a *algorithms) fault() string {
	if known, _ := certs.TLS13Suites(a.suites13); !known {
		return fmt.Sprintf("unable to set TLS 1.3 cipher suites to '%s'", a.suites13)
	}
	for _, f := range []struct{ list, text string }{{a.curves, "unable to set SSL curves list to"}, {a.ecdhe, "unable to set elliptic named curve to"}} {
		if _, ok := certs.Groups(f.list); f.list != "" && !ok {
			return fmt.Sprintf("%s '%s'", f.text, f.list)
		}
	}
	for _, list := range []string{a.sigAlgs, a.clientSigAlgs} {
		if list != "" && !certs.SigAlgsKnown(list) {
			return fmt.Sprintf("unable to set SSL Signature Algorithm list to '%s'", list)
		}
	}
	return ""
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
	return out
}

// badPolicy checks what a bind line agrees to; it says whether it refused it.
func (c *compiler) badPolicy(p *Proxy, b *listen.Bind, addr string) bool {
	t := &b.TLS
	v := BindVersions(t).Range()
	at := fmt.Sprintf("for bind '%s' at [%s]", addr, b.Span)
	if v.Ignored {
		c.afterf(diag.Warning, diag.NoEffect, p, "Proxy '%s': no-sslv3/no-tlsv1x are ignored %s. Use only 'ssl-min-ver' and 'ssl-max-ver' to fix.", p.Name, at)
	}
	if v.Lowered != "" {
		c.afterf(diag.Warning, diag.BadValue, p, "Proxy '%s': Ambiguous configuration %s: the ssl-min-ver value is not configured and the ssl-max-ver value is lower than the default ssl-min-ver value (%s). Setting the ssl-min-ver to %s. Use 'ssl-min-ver' to fix this.",
			p.Name, at, bindMinVersion, v.Lowered)
	}
	a := algorithms{t.Ciphers, t.CipherSuites, t.Curves, t.ECDHE, t.SigAlgs, t.ClientSigAlgs}
	switch fault := a.fault(); {
	case v.Empty:
		c.afterf(diag.Alert, diag.BadValue, p, "Proxy '%s': all SSL/TLS versions are disabled %s.", p.Name, at)
	case fault != "":
		c.afterf(diag.Alert, diag.BadValue, p, "Proxy '%s': %s %s.", p.Name, fault, at)
	case t.GenerateCerts && c.badSigner(p, b):
	default:
		for _, text := range a.unable() {
			c.afterf(diag.Warning, diag.NotActedOn, p, "Proxy '%s': %s %s.", p.Name, text, at).Ours = true
		}
		return false
	}
	return true
}

// badSigner checks the CA that generate-certificates signs with.
func (c *compiler) badSigner(p *Proxy, b *listen.Bind) bool {
	file := b.TLS.CASignFile
	if file == "" {
		c.afterf(diag.Alert, diag.BadArguments, p, "Proxy '%s': cannot enable certificate generation, no CA certificate File configured at [%s].", p.Name, b.Span)
		return true
	}
	if _, err := certs.Load(file); err != nil {
		c.afterf(diag.Alert, diag.Unreadable, p, "Proxy '%s': Failed to read CA certificate file '%s' at [%s]. Chain loading failed: %s.\n", p.Name, file, b.Span, err)
		return true
	}
	return false
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
	switch fault := a.fault(); {
	case v.Empty:
		refuse(fmt.Sprintf("backend '%s': all SSL/TLS versions are disabled for server '%s'.", p.Name, l.Name))
	case fault != "" && !known:
		refuse(fault + ".")
	case fault != "":
		refuse(fmt.Sprintf("Proxy '%s': %s for server '%s'.", p.Name, fault, l.Name))
	default:
		for _, text := range a.unable() {
			warn(diag.NotActedOn, text+".").Ours = true
		}
	}
}
