package certs

import (
	"fmt"
	"slices"
	"strings"
)

// Words are the TLS words that a bind line and a line of a crt-list have in
// common (configuration manual 5.1, crt-list). What is empty is not said.
type Words struct {
	ALPN                                                         []string
	NoALPN, NoCANames                                            bool
	Verify, CAFile, CAVerifyFile, CRLFile                        string
	IgnoreCrt, IgnoreCA                                          string // of bind lines only
	Ciphers, CipherSuites, Curves, ECDHE, SigAlgs, ClientSigAlgs string
	Versions                                                     VersionWords
	unspoken                                                     []string // words that are known and do nothing here
}

// lineWord reads one word of a crt-list's brackets; the value is "" where the
// word takes none.
type lineWord struct {
	args int
	set  func(w *Words, value string) error
}

func textWord(field func(w *Words) *string) lineWord {
	return lineWord{1, func(w *Words, v string) error { *field(w) = v; return nil }}
}

func silent(name string, args int) lineWord {
	return lineWord{args, func(w *Words, _ string) error { w.unspoken = append(w.unspoken, name); return nil }}
}

func versionWord(field func(w *Words) *string) lineWord {
	return lineWord{1, func(w *Words, v string) error {
		if !slices.Contains(VersionNames, v) {
			return fmt.Errorf("'%s' : unknown ssl/tls version", v)
		}
		*field(w) = v
		return nil
	}}
}

// lineWords are the words that may stand in brackets on a line of a crt-list
// and mean what they mean on a bind line.
var lineWords = map[string]lineWord{
	"alpn":           {1, func(w *Words, v string) error { w.ALPN, w.NoALPN = protocols(v), false; return nil }},
	"no-alpn":        {0, func(w *Words, _ string) error { w.ALPN, w.NoALPN = nil, true; return nil }},
	"no-ca-names":    {0, func(w *Words, _ string) error { w.NoCANames = true; return nil }},
	"verify":         {1, setVerify},
	"ca-file":        textWord(func(w *Words) *string { return &w.CAFile }),
	"ca-verify-file": textWord(func(w *Words) *string { return &w.CAVerifyFile }),
	"crl-file":       textWord(func(w *Words) *string { return &w.CRLFile }),
	"ciphers":        textWord(func(w *Words) *string { return &w.Ciphers }),
	"ciphersuites":   textWord(func(w *Words) *string { return &w.CipherSuites }),
	"curves":         textWord(func(w *Words) *string { return &w.Curves }),
	"ecdhe":          textWord(func(w *Words) *string { return &w.ECDHE }),
	"sigalgs":        textWord(func(w *Words) *string { return &w.SigAlgs }),
	"client-sigalgs": textWord(func(w *Words) *string { return &w.ClientSigAlgs }),
	"ssl-min-ver":    versionWord(func(w *Words) *string { return &w.Versions.Min }),
	"ssl-max-ver":    versionWord(func(w *Words) *string { return &w.Versions.Max }),
	"allow-0rtt":     silent("allow-0rtt", 0),
	"npn":            silent("npn", 1),
	"ktls": {1, func(*Words, string) error {
		return fmt.Errorf("'ktls' directive is experimental, must be allowed via a global 'expose-experimental-directives'")
	}},
}

func setVerify(w *Words, v string) error {
	if v != "none" && v != "optional" && v != "required" {
		return fmt.Errorf("'verify' : unknown verify method '%s', only 'none', 'optional', and 'required' are supported", v)
	}
	w.Verify = v
	return nil
}

// protocols splits a list of protocols.
func protocols(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// Unspoken names the words of the line that have no effect in this program.
func (w *Words) Unspoken() []string {
	out := slices.Clone(w.unspoken)
	if w.ClientSigAlgs != "" {
		out = append(out, "client-sigalgs")
	}
	return out
}

// Over returns w where it says something, and base elsewhere.
func (w *Words) Over(base *Words) *Words {
	out := *base
	if len(w.ALPN) > 0 || w.NoALPN {
		out.ALPN, out.NoALPN = w.ALPN, w.NoALPN
	}
	out.NoCANames = base.NoCANames || w.NoCANames
	for _, f := range []struct {
		to   *string
		from string
	}{{&out.Verify, w.Verify}, {&out.CAFile, w.CAFile}, {&out.CAVerifyFile, w.CAVerifyFile}, {&out.CRLFile, w.CRLFile}, {&out.Ciphers, w.Ciphers},
		{&out.CipherSuites, w.CipherSuites}, {&out.Curves, w.Curves}, {&out.ECDHE, w.ECDHE}, {&out.SigAlgs, w.SigAlgs}, {&out.ClientSigAlgs, w.ClientSigAlgs}} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	if w.Versions.Min != "" || w.Versions.Max != "" {
		out.Versions = w.Versions.over(base.Versions)
	}
	return &out
}

// Policy makes what is agreed on of the words; Min is zero where no version
// is left.
func (w *Words) Policy() Policy {
	r := w.Versions.Range()
	p := Policy{Min: r.Min, Max: r.Max}
	if w.Ciphers != "" {
		p.Suites = CipherSuites(w.Ciphers)
	}
	groups := w.Curves
	if groups == "" {
		groups = w.ECDHE
	}
	if groups != "" {
		p.Groups, _ = Groups(groups)
	}
	return p
}

// over is what a line of a crt-list says of versions on a bind line that says
// base: each end of the range that it does not name stays the bind line's.
func (w VersionWords) over(base VersionWords) VersionWords {
	r := base.Range()
	if r.Empty {
		return w
	}
	if w.Min == "" {
		w.Min = VersionNames[1+int(r.Min-firstVersion)]
	}
	if w.Max == "" {
		w.Max = VersionNames[1+int(r.Max-firstVersion)]
	}
	return w
}
