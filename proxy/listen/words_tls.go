package listen

import (
	"fmt"
	"os"
	"strings"

	"tandem/parser/keyword"
)

// tlsText makes the Def of a TLS word whose argument is kept as it is.
func tlsText(name, doc string, field func(*TLS) *string) def {
	return value(name, doc, func(b *Bind, v string) error { *field(&b.TLS) = v; return nil })
}

// tlsFlag makes the Def of a TLS word without argument.
func tlsFlag(name, doc string, set func(*TLS)) def {
	return flag(name, doc, func(b *Bind) { set(&b.TLS) })
}

// tlsVersions are the versions that words name, oldest first.
var tlsVersions = []string{"SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}

// tlsVersion makes the Def of ssl-min-ver and ssl-max-ver.
func tlsVersion(name, doc string, field func(*TLS) *string) def {
	return value(name, doc, func(b *Bind, v string) error {
		for _, known := range tlsVersions {
			if v == known {
				*field(&b.TLS) = v
				return nil
			}
		}
		return wholeText("'" + v + "' : unknown ssl/tls version")
	})
}

// ignoreErr makes the Def of a list of verification errors: "all", or numbers
// and names of OpenSSL's.
func ignoreErr(name, doc string, field func(*TLS) *string) def {
	return value(name, doc, func(b *Bind, v string) error {
		for _, id := range list(v) {
			switch {
			case v == "all", strings.HasPrefix(id, "X509_V_ERR_"):
			case id == "" || id[0] < '0' || id[0] > '9':
				return fmt.Errorf("error constant '%s' unknown in error IDs list '%s'", id, v)
			case leading(id) < 1 || leading(id) > 94:
				return fmt.Errorf("ID '%d' out of range (1..94) in error IDs list '%s'", leading(id), v)
			}
		}
		*field(&b.TLS) = v
		return nil
	})
}

// noVersion and forceVersion make the Defs of the version switches.
func noVersion(suffix, version string) def {
	return tlsFlag("no-"+suffix, "Refuse "+version+".", func(t *TLS) { t.NoVer = append(t.NoVer, version) })
}

func forceVersion(suffix, version string) def {
	return tlsFlag("force-"+suffix, "Only "+version+".", func(t *TLS) { t.MinVer, t.MaxVer = version, version })
}

// tlsWords are the words about TLS (configuration manual 5.1).
var tlsWords = []def{
	tlsFlag("ssl", "Speak TLS.", func(t *TLS) { t.Enabled = true }),
	value("crt", "Certificate file or directory.", func(b *Bind, v string) error { b.TLS.Certs = append(b.TLS.Certs, v); return nil }),
	value("crt-list", "List of certificates with options.", func(b *Bind, v string) error { b.TLS.CrtLists = append(b.TLS.CrtLists, v); return nil }),
	value("default-crt", "Certificate for unknown names.", func(b *Bind, v string) error {
		b.TLS.Certs, b.TLS.DefaultCrt = append(b.TLS.Certs, v), append(b.TLS.DefaultCrt, v)
		return nil
	}),
	tlsFlag("strict-sni", "Refuse unknown server names.", func(t *TLS) { t.StrictSNI = true }),
	tlsFlag("no-strict-sni", "Serve unknown server names.", func(t *TLS) { t.StrictSNI = false }),
	value("alpn", "Protocols to agree on.", func(b *Bind, v string) error { b.TLS.ALPN = list(v); return nil }),
	tlsFlag("no-alpn", "Agree on no protocol.", func(t *TLS) { t.NoALPN = true }),
	valueWith(keyword.Spec{Name: "npn", Doc: "Protocols of the extension before ALPN.", Flags: keyword.NotActed}, func(b *Bind, v string) error { b.TLS.NPN = list(v); return nil }),
	tlsText("ca-file", "CAs for client certificates.", func(t *TLS) *string { return &t.CAFile }),
	tlsText("ca-verify-file", "CAs that are not announced.", func(t *TLS) *string { return &t.CAVerifyFile }),
	tlsText("crl-file", "Revoked client certificates.", func(t *TLS) *string { return &t.CRLFile }),
	ignoreErr("crt-ignore-err", "Verification errors to ignore.", func(t *TLS) *string { return &t.CrtIgnoreErr }),
	ignoreErr("ca-ignore-err", "Verification errors of CAs to ignore.", func(t *TLS) *string { return &t.CAIgnoreErr }),
	value("verify", "Whether clients show a certificate.", func(b *Bind, v string) error {
		switch v {
		case "none", "optional", "required":
			b.TLS.Verify = v
			return nil
		}
		return fmt.Errorf("unknown verify method '%s', only 'none', 'optional', and 'required' are supported", v)
	}),
	tlsText("ciphers", "Ciphers up to TLS 1.2.", func(t *TLS) *string { return &t.Ciphers }),
	tlsText("ciphersuites", "Cipher suites of TLS 1.3.", func(t *TLS) *string { return &t.CipherSuites }),
	tlsText("curves", "Key exchange groups.", func(t *TLS) *string { return &t.Curves }),
	tlsText("ecdhe", "Curve of ECDHE.", func(t *TLS) *string { return &t.ECDHE }),
	tlsText("sigalgs", "Signature algorithms.", func(t *TLS) *string { return &t.SigAlgs }),
	valueWith(keyword.Spec{Name: "client-sigalgs", Doc: "Signature algorithms of clients.", Flags: keyword.NotActed}, func(b *Bind, v string) error { b.TLS.ClientSigAlgs = v; return nil }),
	tlsVersion("ssl-min-ver", "Oldest version.", func(t *TLS) *string { return &t.MinVer }),
	tlsVersion("ssl-max-ver", "Newest version.", func(t *TLS) *string { return &t.MaxVer }),
	noVersion("sslv3", "SSLv3"), noVersion("tlsv10", "TLSv1.0"), noVersion("tlsv11", "TLSv1.1"),
	noVersion("tlsv12", "TLSv1.2"), noVersion("tlsv13", "TLSv1.3"),
	forceVersion("sslv3", "SSLv3"), forceVersion("tlsv10", "TLSv1.0"), forceVersion("tlsv11", "TLSv1.1"),
	forceVersion("tlsv12", "TLSv1.2"), forceVersion("tlsv13", "TLSv1.3"),
	tlsFlag("no-tls-tickets", "No session tickets.", func(t *TLS) { t.NoTickets = true }),
	tlsFlag("tls-tickets", "Session tickets.", func(t *TLS) { t.NoTickets = false }),
	flagWith(keyword.Spec{Name: "prefer-client-ciphers", Doc: "The client's order of ciphers.", Flags: keyword.NotActed}, func(b *Bind) { b.TLS.PreferClientCiphers = true }),
	flagWith(keyword.Spec{Name: "allow-0rtt", Doc: "Accept early data.", Flags: keyword.NotActed}, func(b *Bind) { b.TLS.AllowZeroRTT = true }),
	tlsFlag("no-ca-names", "Do not announce CA names.", func(t *TLS) { t.NoCANames = true }),
	tlsFlag("generate-certificates", "Make certificates for unknown names.", func(t *TLS) { t.GenerateCerts = true }),
	tlsText("ca-sign-file", "CA that signs made certificates.", func(t *TLS) *string { return &t.CASignFile }),
	valueWith(keyword.Spec{Name: "ca-sign-pass", Doc: "Password of that CA's key.", Flags: keyword.NotActed}, func(b *Bind, v string) error { b.TLS.CASignPass = v; return nil }),
	keyword.Define(keyword.Spec{Name: "tls-ticket-keys", In: keyword.BindLine, Doc: "File of session ticket keys.", Misuse: "'tls-ticket-keys' : missing value"},
		func(e *keyword.Env, a *wordArgs) (Option, error) {
			if _, err := os.Stat(a.Value.Text); err != nil && !e.Offline {
				return nil, e.Errorf(a.Value.Index, "'%s' : unable to load ssl tickets keys file", a.Value.Text)
			}
			return func(b *Bind) error { b.TLS.TicketKeys = a.Value.Text; return nil }, nil
		}),
	valueWith(keyword.Spec{Name: "dh-param", Doc: "File of DH parameters.", Flags: keyword.NotActed}, func(b *Bind, v string) error { b.TLS.DHParam = v; return nil }),
	valueWith(keyword.Spec{Name: "ktls", Doc: "TLS in the kernel.", Flags: keyword.NotActed | keyword.Experimental}, func(*Bind, string) error { return nil }),
}
