package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// TestTLSDefaults looks at what the ssl-default-* words give to lines that say
// nothing, and leave to those that do.
func TestTLSDefaults(t *testing.T) {
	t.Parallel()
	const text = "global\n ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets\n ssl-default-bind-ciphers A\n" +
		" ssl-default-server-options no-tlsv12\nlisten l\n mode http\n bind 127.0.0.1:1 ssl crt x\n" +
		" bind 127.0.0.1:2 ssl crt x ssl-min-ver TLSv1.2 ciphers B\n server s 127.0.0.1:3 ssl verify none\n"
	diags := &diag.List{}
	cfg := Compile([]*source.File{source.New("t.cfg", []byte(text))}, Options{CheckOnly: true, Offline: true}, NewDeps(), diags)
	if diags.HasErrors() {
		t.Fatal(diags.All)
	}
	p := cfg.Proxies[0]
	type tls struct {
		min, ciphers string
		noTickets    bool
	}
	var got []tls
	for _, b := range p.Binds {
		got = append(got, tls{b.TLS.MinVer, b.TLS.Ciphers, b.TLS.NoTickets})
	}
	want := []tls{{"TLSv1.3", "A", true}, {"TLSv1.2", "B", true}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(tls{})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"TLSv1.2"}, p.Servers[0].Params.TLS.NoVer); d != "" {
		t.Error(d)
	}
}

// writePEM writes a self-signed certificate with its key, and what stands
// behind them.
func writePEM(t *testing.T, path string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"a.test"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	cert, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	data := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})...)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTLSPolicy looks at words of bind and server lines about algorithms,
// versions and keys; texts were observed with 3.5.
func TestTLSPolicy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	crt := filepath.Join(dir, "a.pem")
	writePEM(t, crt)
	bad := filepath.Join(dir, "bad.keys")
	if err := os.WriteFile(bad, []byte("AAAA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const at = "for bind '127.0.0.1:1' at [t.cfg:5]."
	line := "'bind 127.0.0.1:1' in section 'frontend' : "
	for words, want := range map[string]string{
		"":                                    "",
		"ciphersuites FOO":                    "Proxy 'f': unable to set TLS 1.3 cipher suites to 'FOO' " + at,
		"ciphersuites TLS_AES_128_GCM_SHA256": "Proxy 'f': 'ciphersuites' leaves out suites of TLS 1.3 that are offered all the same " + at,
		"ciphers DHE-RSA-AES128-SHA":          "Proxy 'f': 'ciphers' names no cipher that is there; only TLS 1.3 will be spoken " + at,
		"curves X25519:FOO":                   "Proxy 'f': unable to set SSL curves list to 'X25519:FOO' " + at,
		"curves X448":                         "Proxy 'f': none of the groups of 'X448' is there; others will be offered " + at,
		"ecdhe auto":                          "Proxy 'f': unable to set elliptic named curve to 'auto' " + at,
		"force-sslv3":                         "Proxy 'f': all SSL/TLS versions are disabled " + at,
		"ssl-max-ver TLSv1.0":                 "Proxy 'f': Ambiguous configuration for bind '127.0.0.1:1' at [t.cfg:5]: the ssl-min-ver value is not configured and the ssl-max-ver value is lower than the default ssl-min-ver value (TLSv1.2). Setting the ssl-min-ver to TLSv1.0. Use 'ssl-min-ver' to fix this.",
		"force-tlsv12 no-tlsv12":              "Proxy 'f': no-sslv3/no-tlsv1x are ignored " + strings.TrimSuffix(at, ".") + ". Use only 'ssl-min-ver' and 'ssl-max-ver' to fix.",
		"no-tlsv10 no-tlsv12":                 "",
		"generate-certificates":               "Proxy 'f': cannot enable certificate generation, no CA certificate File configured at [t.cfg:5].",
		"generate-certificates ca-sign-file " + crt: "",
		"generate-certificates ca-sign-file /nope":  "Proxy 'f': Failed to read CA certificate file '/nope' at [t.cfg:5]. Chain loading failed: unable to stat SSL certificate from file '/nope' : No such file or directory..\n",
		"crt-ignore-err foo":                        line + "'crt-ignore-err' : error constant 'foo' unknown in error IDs list 'foo'",
		"tls-ticket-keys " + bad:                    line + "'" + bad + "' : wrong sized key on line 1",
	} {
		text := "defaults\n timeout client 1s\n mode http\nfrontend f\n bind 127.0.0.1:1 ssl crt " + crt + " " + words + "\n"
		if got := firstText(text); got != want {
			t.Errorf("%s:\n got %s\nwant %s", words, got, want)
		}
	}
	for words, want := range map[string]string{
		"":                              "",
		"ciphersuites FOO":              "unable to set TLS 1.3 cipher suites to 'FOO'.",
		"curves FOO":                    "Proxy 'b': unable to set SSL curves list to 'FOO' for server 's'.",
		"force-sslv3":                   "backend 'b': all SSL/TLS versions are disabled for server 's'.",
		"no-tlsv12":                     "backend 'b': SSL/TLS versions range not contiguous for server 's'. Hole find for TLSv1.2. Use only 'ssl-min-ver' and 'ssl-max-ver' to fix.",
		"ssl-min-ver TLSv1.2 no-tlsv13": "no-sslv3/no-tlsv1x are ignored for this server. Use only 'ssl-min-ver' and 'ssl-max-ver' to fix.",
	} {
		text := "defaults\n timeout server 1s\n timeout connect 1s\nbackend b\n server s 127.0.0.1:1 ssl verify none " + words + "\n"
		if got := firstText(text); got != want {
			t.Errorf("%s:\n got %s\nwant %s", words, got, want)
		}
	}
}

// firstText returns the first warning or refusal of a configuration.
func firstText(text string) string {
	diags := &diag.List{}
	Compile([]*source.File{source.New("t.cfg", []byte(text))}, Options{CheckOnly: true}, NewDeps(), diags)
	for _, d := range diags.All {
		if d.Severity >= diag.Warning {
			return d.Text
		}
	}
	return ""
}
