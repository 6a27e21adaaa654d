package config

import (
	"os"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/certs"
)

// globalTLS are the global words about TLS (configuration manual 3.1 to 3.3).
var globalTLS = append([]*keyword.Def[Setting[Global]]{
	serverVerify,
	sslDefault("bind", "ciphers", "a cipher suite as an argument"), sslDefault("bind", "ciphersuites", "a cipher suite as an argument"),
	sslDefault("bind", "client-sigalgs", "signature algorithms as an arguments"), sslDefault("bind", "curves", "a curves suite as an arguments"),
	sslDefault("bind", "sigalgs", "a curves suite as an arguments"),
	sslDefault("server", "ciphers", "a cipher suite as an argument"), sslDefault("server", "ciphersuites", "a cipher suite as an argument"),
	sslDefault("server", "client-sigalgs", "signature algorithms as an arguments"), sslDefault("server", "curves", "a curves suite as an arguments"),
	sslDefault("server", "sigalgs", "a curves suite as an arguments"),
	sslOptions("bind"), sslOptions("server"), dhFile, loadExtra, loadCutExt, certCompression,
	sslEngine, capturedCiphers, ocspSwitch("ocsp-update.disable", "No OCSP updates."), ocspSwitch("ocsp-update.mode", "OCSP updates."),
}, knobs([]knob{
	{"issuers-chain-path", directory("global statement '%s' expects a directory path as an argument."), "Directory of issuer certificates.", keyword.NotActed},
	{"jwt.decrypt_alg_list", jwtNames(jwtAlgorithms), "Algorithms that JWT decryption takes.", keyword.NotActed},
	{"jwt.decrypt_enc_list", jwtNames(jwtEncodings), "Encodings that JWT decryption takes.", keyword.NotActed},
	{"ocsp-update.httpproxy", proxyAddr, "Proxy of OCSP updates.", keyword.NotActed},
	{"ocsp-update.maxdelay", onlyBetween(300, maxInt, "'%s' can not be lower than tune.ssl.ocsp-update.mindelay."), "Longest time between OCSP updates in seconds.", keyword.NotActed | keyword.Open},
	{"ocsp-update.mindelay", between(0, maxInt, wantsInt, positiveText), "Shortest time between OCSP updates in seconds.", keyword.NotActed | keyword.Open},
	{"tune.ssl.ocsp-update.maxdelay", onlyBetween(300, maxInt, "'%s' can not be lower than tune.ssl.ocsp-update.mindelay."), "Old spelling of ocsp-update.maxdelay.", keyword.NotActed | keyword.Open},
	{"tune.ssl.ocsp-update.mindelay", between(0, maxInt, wantsInt, positiveText), "Old spelling of ocsp-update.mindelay.", keyword.NotActed | keyword.Open},
	{"ssl-mode-async", anything, "Asynchronous TLS engines.", tuning | keyword.Open},
	{"ssl-passphrase-cmd", anything, "Command that tells the passphrases of keys.", keyword.NotActed | keyword.Open},
	{"ssl-propquery", needed("global statement '%s' expects a property string as an argument."), "Properties of TLS providers.", keyword.NotActed},
	{"ssl-provider", needed("global statement '%s' expects a valid engine provider name as an argument."), "TLS provider.", keyword.NotActed},
	{"ssl-provider-path", needed("global statement '%s' expects a directory path as an argument."), "Directory of TLS providers.", keyword.NotActed | keyword.Open},
	{"ssl-security-level", securityLevel, "Security level of the TLS library.", keyword.NotActed | keyword.Open},
	{"ssl-skip-self-issued-ca", anything, "Do not send self-issued certificates.", keyword.NotActed | keyword.Open},
})...)

var serverVerify = keyword.Define(keyword.Spec{
	Name: "ssl-server-verify", In: keyword.Global, Doc: "Default of verify on servers.", Misuse: wantsIntOf("ssl-server-verify"),
}, func(e *keyword.Env, a *nameArgs) (Setting[Global], error) {
	if v := a.Name.Text; v != "none" && v != "required" {
		return nil, e.Errorf(a.Name.Index, "'ssl-server-verify' expects 'none' or 'required' as argument.")
	}
	return func(g *Global) error { g.SSLServerVerify = a.Name.Text; return nil }, nil
})

// ocspSwitch makes the Def of a word that only warns of values that it does
// not know.
func ocspSwitch(name, doc string) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Flags: keyword.NotActed | keyword.Open, Doc: doc}, func(e *keyword.Env, a *knobArgs) (Setting[Global], error) {
		if a.value != "on" && a.value != "off" {
			e.Warnf(diag.BadValue, a.index, "'%s' : expecting <on|off>", name)
		}
		return nil, nil
	})
}

// proxyAddr takes an address.
func proxyAddr(v string) (int64, string) {
	if _, err := expr.ParseAddr(v, 0); err != nil {
		return 0, "ocsp-update: Failed to parse destination address in " + err.Error()
	}
	return 0, ""
}

// directory takes the path of a directory.
func directory(missing string) knobCheck {
	return func(v string) (int64, string) {
		if st, err := os.Stat(v); err != nil || !st.IsDir() {
			return 0, missing
		}
		return 0, ""
	}
}

// The algorithms and encodings of JSON web encryption (RFC 7518).
var (
	jwtAlgorithms = strings.Fields("RSA1_5 RSA-OAEP RSA-OAEP-256 A128KW A192KW A256KW dir ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW A128GCMKW A192GCMKW A256GCMKW PBES2-HS256+A128KW PBES2-HS384+A192KW PBES2-HS512+A256KW")
	jwtEncodings  = strings.Fields("A128CBC-HS256 A192CBC-HS384 A256CBC-HS512 A128GCM A192GCM A256GCM")
)

// jwtNames takes names of a list, joined by colons, each perhaps excluded by an
// exclamation mark; ALL stands for the whole list.
func jwtNames(known []string) knobCheck {
	return func(v string) (int64, string) {
		for _, n := range strings.Split(v, ":") {
			n = strings.TrimPrefix(n, "!")
			if n != "" && n != "ALL" && indexOf(known, n) < 0 {
				return 0, "Unknown algorithm/encoding " + n + "\n"
			}
		}
		return 0, ""
	}
}

// wantsIntOf is wantsInt for one word.
func wantsIntOf(name string) string { return strings.ReplaceAll(wantsInt, "%s", name) }

func securityLevel(v string) (int64, string) {
	n, err := expr.Word{Text: v}.Int(-1<<31, maxInt)
	switch {
	case v == "":
		return 0, "'%s' : missing value"
	case err != nil:
		return 0, "'%s' : expects an integer argument, found '" + v + "'"
	case n < 0 || n > 5:
		return 0, "'%s' : expects a value between 0 and 5"
	}
	return n, ""
}

// sslDefault makes the Def of "ssl-default-<side>-<word>".
func sslDefault(side, word, wants string) *keyword.Def[Setting[Global]] {
	name := "ssl-default-" + side + "-" + word
	return gtext(name, "global statement '%s' expects "+wants+".", "Default of '"+word+"' on "+side+" lines.", func(g *Global, v string) {
		if side == "bind" {
			g.SSLDefaultBind[word] = v
		} else {
			g.SSLDefaultServer[word] = v
		}
	})
}

// sslOptionWords are what ssl-default-*-options take; true: one argument.
var sslOptionWords = map[string]bool{
	"ssl-min-ver": true, "ssl-max-ver": true, "no-sslv3": false, "no-tlsv10": false, "no-tlsv11": false, "no-tlsv12": false, "no-tlsv13": false,
	"force-sslv3": false, "force-tlsv10": false, "force-tlsv11": false, "force-tlsv12": false, "force-tlsv13": false,
	"no-tls-tickets": false, "tls-tickets": false, "prefer-client-ciphers": false, "strict-sni": false, "no-strict-sni": false,
}

// sslOptions makes the Def of "ssl-default-<side>-options".
func sslOptions(side string) *keyword.Def[Setting[Global]] {
	name := "ssl-default-" + side + "-options"
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Doc: "Default TLS words of " + side + " lines.",
		Misuse: "global statement '" + name + "' expects an option as an argument."}, func(e *keyword.Env, a *wordsArgs) (Setting[Global], error) {
		found := map[string]string{}
		for i := 0; i < len(a.Words); i++ {
			w := a.Words[i]
			arg, known := sslOptionWords[w.Text]
			if !known || side == "server" && strings.HasSuffix(w.Text, "strict-sni") || side == "server" && w.Text == "prefer-client-ciphers" {
				return nil, e.Errorf(w.Index, "unknown option '%s' on global statement '%s'.", w.Text, name)
			}
			value := ""
			if arg {
				if i++; i < len(a.Words) {
					value = a.Words[i].Text
				}
				if indexOf([]string{"SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}, value) < 0 {
					return nil, e.Errorf(w.Index, "'%s' : %s", name, "unknown ssl/tls version")
				}
			}
			found[w.Text] = value
		}
		return func(g *Global) error {
			to := g.SSLDefaultBind
			if side == "server" {
				to = g.SSLDefaultServer
			}
			for k, v := range found {
				to[k] = v
			}
			return nil
		}, nil
	})
}

var dhFile = keyword.Define(keyword.Spec{
	Name: "ssl-dh-param-file", In: keyword.Global, Flags: tuning, Doc: "File of DH parameters.", Misuse: "'ssl-dh-param-file' expects a file path as an argument.",
}, func(e *keyword.Env, a *nameArgs) (Setting[Global], error) {
	data, err := e.ReadFile(a.Name.Text)
	if err != nil || !strings.Contains(string(data), "-----BEGIN DH PARAMETERS-----") {
		return nil, &keyword.Error{Index: a.Name.Index, Code: diag.Unreadable, Text: "'ssl-dh-param-file': unable to load DH parameters from file <" + a.Name.Text + ">."}
	}
	return nil, nil
})

var loadExtra = keyword.Define(keyword.Spec{
	Name: "ssl-load-extra-files", In: keyword.Global, Doc: "Files beside a certificate that are loaded too.",
	Misuse: "'ssl-load-extra-files' expects one or multiple arguments (none, all, bundle, sctl, ocsp, issuer).",
}, func(e *keyword.Env, a *wordsArgs) (Setting[Global], error) {
	var words []string
	for _, w := range a.Words {
		words = append(words, w.Text)
	}
	skip, ok := certs.ParseSkip(words)
	switch {
	case !ok || len(words) == 0:
		return nil, e.Errorf(-1, "'ssl-load-extra-files' expects one or multiple arguments (none, all, bundle, sctl, ocsp, issuer).")
	case len(words) > 1 && (indexOf(words, "none") >= 0 || indexOf(words, "all") >= 0):
		return nil, e.Errorf(-1, "'ssl-load-extra-files' 'none' and 'all' can be only used alone")
	}
	f := keyword.Attached[*compiler](e).cfg.Certs.Files()
	return func(*Global) error { skip.CutExt = f.Skip.CutExt; f.Skip = skip; return nil }, nil
})

var loadCutExt = keyword.Define(keyword.Spec{
	Name: "ssl-load-extra-del-ext", In: keyword.Global, Flags: keyword.Open, Doc: "Replace the extension of certificates to find their keys.",
}, func(e *keyword.Env, a *restArgs) (Setting[Global], error) {
	f := keyword.Attached[*compiler](e).cfg.Certs.Files()
	return func(*Global) error { f.Skip.CutExt = true; return nil }, nil
})

var certCompression = keyword.Define(keyword.Spec{
	Name: "tune.ssl.certificate-compression", In: keyword.Global, Flags: tuning, Doc: "Compress certificates.",
}, func(e *keyword.Env, a *restArgs) (Setting[Global], error) {
	return nil, e.Errorf(-1, "'tune.ssl.certificate-compression' is not supported by your TLS library. It is known to work only with OpenSSL >= 3.2.0.")
})

var sslEngine = keyword.Define(keyword.Spec{
	Name: "ssl-engine", In: keyword.Global, Doc: "TLS engine.",
}, func(e *keyword.Env, a *restArgs) (Setting[Global], error) {
	return nil, e.Errorf(-1, "'ssl-engine' is not supported (built without USE_ENGINE or with -DOPENSSL_NO_ENGINE).")
})

var capturedCiphers = keyword.Define(keyword.Spec{
	Name: "tune.ssl.capture-cipherlist-size", In: keyword.Global, Flags: keyword.Deprecated, Instead: "tune.ssl.capture-buffer-size", Doc: "Old spelling of tune.ssl.capture-buffer-size.",
}, func(e *keyword.Env, a *knobArgs) (Setting[Global], error) {
	e.Warnf(diag.Deprecated, 0, "'tune.ssl.capture-cipherlist-size' is deprecated and will be removed in version 2.7. Please use 'tune.ssl.capture-buffer-size' instead.").Layout = diag.ParsingTight
	n := laxInt(a.value)
	if a.value == "" || n < 0 {
		return nil, e.Errorf(a.index, "'tune.ssl.capture-cipherlist-size' expects a positive numeric value.")
	}
	return func(g *Global) error { g.Tune["ssl.capture-buffer-size"] = n; return nil }, nil
})
