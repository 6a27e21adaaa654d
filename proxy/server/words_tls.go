package server

import (
	"slices"

	"tandem/parser/keyword"
)

var ssl = flag("ssl", "Speak TLS to the server.", func(p *Params) { p.TLS.Enabled, p.TLS.Off = true, false })
var noSSL = flag("no-ssl", "Undo an inherited \"ssl\".", func(p *Params) {
	p.TLS.Enabled, p.TLS.Ready, p.TLS.Off = false, p.TLS.Enabled || p.TLS.Ready, true
})

var verify = value("verify", "Whether the server's certificate is verified.", "'verify' : missing verify method.",
	oneOf(func(p *Params) *string { return &p.TLS.Verify }, "'verify' : unknown verify method '%s', only 'none' and 'required' are supported.", "none", "required"))
var verifyHost = value("verifyhost", "Name that the certificate must have where no SNI is sent.",
	"'verifyhost' : missing hostname to verify against.", text(func(p *Params) *string { return &p.TLS.VerifyHost }))

var caFile = envValue(keyword.Spec{Name: "ca-file", Doc: "CA certificates that the server's certificate is verified with.", Misuse: "'ca-file' : missing CAfile path."},
	func(e *keyword.Env, p *Params, v string, i int) error {
		p.TLS.CAFile = v
		return probeFile(e, "ca-file", v, i)
	})
var crlFile = envValue(keyword.Spec{Name: "crl-file", Doc: "Revocation lists that the server's certificate is verified with.", Misuse: "'crl-file' : missing CRLfile path."},
	func(e *keyword.Env, p *Params, v string, i int) error {
		p.TLS.CRLFile = v
		return probeFile(e, "crl-file", v, i)
	})

// FileProber says whether a file that a TLS word names can be read. The
// config room may attach one, which knows ca-base and what is offline.
type FileProber interface {
	// ProbeFile returns the original's complaint, "" where there is none.
	ProbeFile(e *keyword.Env, word, path string) string
}

func probeFile(e *keyword.Env, word, path string, i int) error {
	if f := keyword.Attached[FileProber](e); f != nil {
		if complaint := f.ProbeFile(e, word, path); complaint != "" {
			return fail(i, "%s", complaint)
		}
	}
	return nil
}

var crt = value("crt", "Certificate and key that are presented to the server.", "'crt' : missing certificate file path.", text(func(p *Params) *string { return &p.TLS.Cert }))

var alpn = value("alpn", "Protocols offered in TLS, in order of preference.", "'alpn' : missing the comma-delimited ALPN protocol suite.", func(p *Params, v string) error {
	p.TLS.ALPN = commaList(v)
	return nil
})
var npn = valueWith(keyword.Spec{Name: "npn", Flags: keyword.NotActed, Doc: "Protocols offered by the obsolete NPN extension.",
	Misuse: "'npn' : missing the comma-delimited NPN protocol suite."}, text(func(p *Params) *string { return &p.TLS.NPN }))

var sni = envValue(keyword.Spec{Name: "sni", Doc: "Expression whose value is sent as server name in TLS.", Misuse: "'sni' : missing sni expression."},
	func(e *keyword.Env, p *Params, v string, i int) error {
		p.TLS.SNIText = v
		return compileExpr(e, v, i, &p.TLS.SNI)
	})
var sniAuto = flag("sni-auto", "Send the Host of the request as server name; the default.", func(p *Params) { p.TLS.NoSNIAuto = false })
var noSNIAuto = flag("no-sni-auto", "Send no server name unless \"sni\" says one.", func(p *Params) { p.TLS.NoSNIAuto = true })

var ciphers = value("ciphers", "Cipher suites up to TLS 1.2.", "'ciphers' : missing cipher suite.", text(func(p *Params) *string { return &p.TLS.Ciphers }))
var cipherSuites = value("ciphersuites", "Cipher suites of TLS 1.3.", "'ciphersuites' : missing cipher suite.", text(func(p *Params) *string { return &p.TLS.CipherSuites }))
var curves = value("curves", "Elliptic curves in order of preference.", "'curves' : missing curves list.", text(func(p *Params) *string { return &p.TLS.Curves }))
var sigAlgs = valueWith(keyword.Spec{Name: "sigalgs", Flags: keyword.NotActed, Doc: "Signature algorithms that are accepted.", Misuse: "'sigalgs' : missing signature algorithm list."},
	text(func(p *Params) *string { return &p.TLS.SigAlgs }))
var clientSigAlgs = valueWith(keyword.Spec{Name: "client-sigalgs", Flags: keyword.NotActed, Doc: "Signature algorithms of the own certificate.", Misuse: "'client-sigalgs' : missing signature algorithm list."},
	text(func(p *Params) *string { return &p.TLS.ClientSigAlgs }))

var sslMinVer = value("ssl-min-ver", "Lowest version of TLS.", "'ssl-min-ver' : missing the ssl/tls version.", tlsVersion(func(p *Params) *string { return &p.TLS.MinVer }))
var sslMaxVer = value("ssl-max-ver", "Highest version of TLS.", "'ssl-max-ver' : missing the ssl/tls version.", tlsVersion(func(p *Params) *string { return &p.TLS.MaxVer }))

func tlsVersion(dst func(*Params) *string) func(*Params, string) error {
	return oneOf(dst, "'%s' : unknown ssl/tls version.", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
}

// Versions of the force-* and no-* words.
var (
	forceSSLv3  = forceVer("force-sslv3", "SSLv3")
	forceTLSv10 = forceVer("force-tlsv10", "TLSv1.0")
	forceTLSv11 = forceVer("force-tlsv11", "TLSv1.1")
	forceTLSv12 = forceVer("force-tlsv12", "TLSv1.2")
	forceTLSv13 = forceVer("force-tlsv13", "TLSv1.3")
	noSSLv3     = noVer("no-sslv3", "SSLv3")
	noTLSv10    = noVer("no-tlsv10", "TLSv1.0")
	noTLSv11    = noVer("no-tlsv11", "TLSv1.1")
	noTLSv12    = noVer("no-tlsv12", "TLSv1.2")
	noTLSv13    = noVer("no-tlsv13", "TLSv1.3")
)

func forceVer(name, version string) def {
	return flag(name, "Speak "+version+" and nothing else.", func(p *Params) { p.TLS.MinVer, p.TLS.MaxVer = version, version })
}

func noVer(name, version string) def {
	return flag(name, "Do not speak "+version+".", func(p *Params) {
		p.TLS.NoVer = append(slices.Clip(p.TLS.NoVer), version)
	})
}

var tlsTickets = flag("tls-tickets", "Undo an inherited \"no-tls-tickets\".", func(p *Params) { p.TLS.NoTickets = false })
var noTLSTickets = flag("no-tls-tickets", "Do not resume sessions by tickets.", func(p *Params) { p.TLS.NoTickets = true })
var sslReuse = flag("ssl-reuse", "Undo an inherited \"no-ssl-reuse\".", func(p *Params) { p.TLS.NoReuse = false })
var noSSLReuse = flag("no-ssl-reuse", "A full handshake for every connection.", func(p *Params) { p.TLS.NoReuse = true })
var renegotiate = flagWith(keyword.Spec{Name: "renegotiate", Flags: keyword.NotActed, Doc: "Let the server renegotiate."}, func(p *Params) { p.TLS.Renegotiate = true })
var noRenegotiate = flag("no-renegotiate", "Do not let the server renegotiate.", func(p *Params) { p.TLS.Renegotiate = false })
var allow0RTT = flagWith(keyword.Spec{Name: "allow-0rtt", Flags: keyword.NotActed, Doc: "Send early data in TLS 1.3."}, func(p *Params) { p.TLS.EarlyData = true })
var ktls = valueWith(keyword.Spec{Name: "ktls", Flags: keyword.NotActed | keyword.Experimental, Doc: "TLS in the kernel: on or off.", Misuse: "'ktls' expects \"on\" or \"off\" as an argument.."}, func(p *Params, v string) error {
	switch v {
	case "on", "off":
		p.TLS.KTLS = v == "on"
		return nil
	}
	return fail(-1, "'ktls' expects \"on\" or \"off\" as an argument..")
})
