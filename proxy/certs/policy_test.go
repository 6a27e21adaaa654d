package certs

import (
	"crypto/tls"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVersionWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   VersionWords
		want Versions
	}{
		"default":            {VersionWords{Default: "TLSv1.2"}, Versions{Min: tls.VersionTLS12, Max: tls.VersionTLS13}},
		"oldest":             {VersionWords{}, Versions{Min: tls.VersionTLS10, Max: tls.VersionTLS13}},
		"min":                {VersionWords{Min: "TLSv1.1", Default: "TLSv1.2"}, Versions{Min: tls.VersionTLS11, Max: tls.VersionTLS13}},
		"forced":             {VersionWords{Min: "TLSv1.2", Max: "TLSv1.2", Refused: []string{"TLSv1.2"}}, Versions{Min: tls.VersionTLS12, Max: tls.VersionTLS12, Ignored: true}},
		"lowered":            {VersionWords{Max: "TLSv1.0", Default: "TLSv1.2"}, Versions{Min: tls.VersionTLS10, Max: tls.VersionTLS10, Lowered: "TLSv1.0"}},
		"upside down":        {VersionWords{Min: "TLSv1.3", Max: "TLSv1.2"}, Versions{Empty: true}},
		"SSLv3 only":         {VersionWords{Min: "SSLv3", Max: "SSLv3"}, Versions{Empty: true}},
		"SSLv3 up":           {VersionWords{Min: "SSLv3"}, Versions{Min: tls.VersionTLS10, Max: tls.VersionTLS13}},
		"refused above":      {VersionWords{Refused: []string{"TLSv1.3"}, Default: "TLSv1.2"}, Versions{Min: tls.VersionTLS12, Max: tls.VersionTLS12}},
		"refused below":      {VersionWords{Refused: []string{"TLSv1.2"}, Default: "TLSv1.2"}, Versions{Min: tls.VersionTLS13, Max: tls.VersionTLS13}},
		"hole":               {VersionWords{Refused: []string{"TLSv1.2"}}, Versions{Min: tls.VersionTLS13, Max: tls.VersionTLS13, Hole: "TLSv1.2"}},
		"all refused":        {VersionWords{Refused: []string{"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}}, Versions{Empty: true}},
		"all but the oldest": {VersionWords{Refused: []string{"TLSv1.1", "TLSv1.2", "TLSv1.3"}}, Versions{Min: tls.VersionTLS10, Max: tls.VersionTLS10}},
	} {
		if d := cmp.Diff(c.want, c.in.Range()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestCipherSuites(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]uint16{
		"ECDHE-RSA-AES128-GCM-SHA256:FOO":          {tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		"kEECDH+aRSA+AESGCM":                       {tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		"ECDHE+AESGCM:!aRSA":                       {tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		"RSA+3DES:!MD5":                            {tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA},
		"!AES128-SHA:AES128-SHA:AES256-SHA":        {tls.TLS_RSA_WITH_AES_256_CBC_SHA},
		"AES128-SHA:-AES128-SHA:AES128-SHA":        {tls.TLS_RSA_WITH_AES_128_CBC_SHA},
		"DHE-RSA-AES128-GCM-SHA256":                {},
		"CHACHA20:@STRENGTH,AES128-SHA;AES256-SHA": {tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA},
	} {
		if d := cmp.Diff(want, CipherSuites(list)); d != "" {
			t.Errorf("%s: %s", list, d)
		}
	}
	all := map[uint16]bool{}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		all[s.ID] = true
	}
	for _, s := range suites {
		if !all[s.id] {
			t.Errorf("%s is not crypto/tls's", s.name)
		}
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][2]bool{
		"": {true, true}, "FOO": {}, "FOO:TLS_AES_128_GCM_SHA256": {true, false}, "TLS_AES_128_CCM_SHA256": {true, false}, "tls_aes_128_gcm_sha256": {},
		"TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384": {true, true},
	} {
		if known, all := TLS13Suites(list); known != want[0] || all != want[1] {
			t.Errorf("TLS13Suites(%q) = %v, %v", list, known, all)
		}
	}
	for list, want := range map[string]bool{"X25519:FOO": false, "X25519:X25519": false, "P-256": true, "p-256": false, "X448:ffdhe2048": true, "auto": false, "": false} {
		if _, ok := Groups(list); ok != want {
			t.Errorf("Groups(%q) = %v", list, ok)
		}
	}
	if got, _ := Groups("X448:P-384:X25519"); !cmp.Equal(got, []tls.CurveID{tls.CurveP384, tls.X25519}) {
		t.Errorf("Groups = %v", got)
	}
	for list, want := range map[string]bool{"RSA+SHA256": true, "RSA+SHA256:FOO": false, "RSA+MD5": false, "rsa_pss_rsae_sha256": true, "ed25519:ECDSA+SHA1": true, "SHA256": false, "rsa+sha256": false} {
		if got := SigAlgsKnown(list); got != want {
			t.Errorf("SigAlgsKnown(%q) = %v", list, got)
		}
	}
	for list, want := range map[string]string{
		"all": "", "10,20,X509_V_ERR_CERT_HAS_EXPIRED": "", ",": "",
		"X509_V_ERR_FOO": "error constant 'X509_V_ERR_FOO' unknown in error IDs list 'X509_V_ERR_FOO'",
		"CERT_REVOKED":   "error constant 'CERT_REVOKED' unknown in error IDs list 'CERT_REVOKED'",
		"200":            "ID '200' out of range (1..94) in error IDs list '200'",
		"-1":             "error constant '-1' unknown in error IDs list '-1'",
		"1,all":          "error constant 'all' unknown in error IDs list '1,all'",
	} {
		_, err := ParseErrorSet(list)
		if got := text(err); got != want {
			t.Errorf("ParseErrorSet(%q): %s", list, got)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestSplitLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"": "", "# c": "", "a.pem": "a.pem [] []", "\ta.pem\tb !c ": "a.pem [] [b !c]", "a.pem [alpn h2 verify none] b": "a.pem [alpn h2 verify none] [b]",
		"a.pem [] b": "a.pem [] [b]", "a.pem [foo] b": "unknown ssl keyword foo", "a.pem [alpn] b": "ssl args out of '[]' for alpn",
		"a.pem alpn h2] b": "missing '['", "a.pem [[alpn h2]": "too many '['", "a.pem [alpn h2][alpn h1]": "too many '['", "a.pem [alpn h2]]": "too many ']'",
	} {
		l, err := splitLine(line)
		got := ""
		switch {
		case err != nil:
			got = err.Error()
		case l != nil:
			got = fmt.Sprint(l.File, " ", l.Options, " ", l.Names)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
	for data, want := range map[string]string{"": "", "a\n": "", "a\nbcd": "parsing [l:2]: Missing LF on last line, file might have been truncated at position 4.\n"} {
		if got := text(unended("l", []byte(data))); got != want {
			t.Errorf("%q: %s", data, got)
		}
	}
}
