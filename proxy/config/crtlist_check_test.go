package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCrtListWords holds what is said of lines of crt-lists, of ssl-f-use
// and of crt-stores to the words of 3.5.
func TestCrtListWords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	crt := filepath.Join(dir, "a.pem")
	writePEM(t, crt)
	data, err := os.ReadFile(crt)
	if err != nil {
		t.Fatal(err)
	}
	cert, key, _ := strings.Cut(string(data), "-----BEGIN EC")
	for name, text := range map[string]string{"nokey.pem": cert, "key": "-----BEGIN EC" + key, "text.pem": "hello\n", "empty.pem.key": "", "empty.pem": cert, "bad.pem": cert[:80] + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list := filepath.Join(dir, "list")
	line := "'bind 127.0.0.1:1' in section 'frontend' : 'crt-list' : "
	broken := func(file, text string) string {
		return "'bind 127.0.0.1:1' in section 'frontend' : \n  'crt-list' : error processing line 1 in file '%/list' : " + text + "\n  unable to load SSL private key into SSL Context '%/" + file + "': passed a null parameter."
	}
	const at = " for bind '127.0.0.1:1' at [t.cfg:8]."
	const head = "global\n crt-base %\n ca-base %\n key-base %\ndefaults\n mode http\nfrontend f\n bind 127.0.0.1:1 ssl "
	for text, want := range map[string]string{
		"a.pem":                                "",
		"a.pem [alpn h2 no-ca-names] *.b !c.b": "",
		"a.pem [verify required ca-file a.pem crl-file a.pem]": "",
		"a.pem [verify required]":                              "Proxy 'f': verify is enabled but no CA file specified" + at,
		"a.pem [verify maybe]":                                 line + "'verify' : unknown verify method 'maybe', only 'none', 'optional', and 'required' are supported",
		"a.pem [ca-file nope]":                                 "Couldn't open the ca-file '%/nope' (No such file or directory).",
		"a.pem [ca-file text.pem]":                             "Couldn't open the ca-file '%/text.pem' (no certificate or crl found).",
		"a.pem [ssl-min-ver TLSv1.4]":                          line + "'TLSv1.4' : unknown ssl/tls version",
		"a.pem [ssl-max-ver TLSv1.1]":                          "Proxy 'f': all SSL/TLS versions are disabled" + at,
		"a.pem [ciphers FOO curves BAR]":                       "Proxy 'f': unable to set SSL cipher list to 'FOO'" + at + "\nProxy 'f': unable to set SSL curves list to 'BAR'" + at,
		"a.pem [sigalgs FOO]":                                  "Proxy 'f': unable to set SSL Signature Algorithm list to 'FOO'" + at,
		"a.pem [ciphersuites TLS_AES_128_GCM_SHA256]":          "Proxy 'f': 'ciphersuites' leaves out suites of TLS 1.3 that are offered all the same" + at,
		"a.pem [allow-0rtt]":                                   line + "'allow-0rtt' of line 1 is not acted on yet.",
		"a.pem [ocsp-update x]":                                line + "parsing [%/list:1] : cannot parse 'ocsp-update' value 'x', 'on' or 'off' is expected.",
		"a.pem [ktls on]":                                      line + "'ktls' directive is experimental, must be allowed via a global 'expose-experimental-directives'",
		"a.pem [foo]":                                          line + "parsing [%/list:1]: unknown ssl keyword foo",
		"[alpn h2] a.pem":                                      line + "parsing [%/list:1]: file must start with a cert",
		"a.pem !b.test":                                        "crt-list: negative filters on crt-list line \"%/a.pem\" without a positive wildcard filter won't do anything!",
		"nope.pem":                                             line + "unable to stat SSL certificate from file '%/nope.pem' : No such file or directory.",
		"text.pem":                                             broken("text.pem", "unable to load certificate from file '%/text.pem': no start line."),
		"bad.pem":                                              broken("bad.pem", "unable to load certificate from file '%/bad.pem': bad end line."),
		"nokey.pem":                                            broken("nokey.pem", "No Private Key found in '%/nokey.pem.key'."),
		"empty.pem":                                            broken("empty.pem", "unable to load private key from file '%/empty.pem.key' (error:1E08010C:DECODER routines::unsupported).\n   '%/empty.pem.key' is present but cannot be read or parsed'."),
		"nokey.pem [key key]":                                  "",
		"a.pem [key nope]":                                     line + " '%/nope' cannot be read or parsed.",
		"a.pem\na.pem [key key]":                               "'bind 127.0.0.1:1' in section 'frontend' : \n  'crt-list' : '%/a.pem' in crt-list '%/list' line 2, is already defined with incompatible parameters:\n   Can't use the certificate previously defined without any keyword with these keywords:\n  - different parameter 'key' : previously '(null)' vs '%/key'",
		"a.pem [acme x]":                                       line + "'acme' of line 1 is not acted on yet.",
	} {
		if err := os.WriteFile(list, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		got := firstText(strings.ReplaceAll(head, "%", dir) + "crt-list " + list + "\n timeout client 1s\n")
		if want := strings.ReplaceAll(want, "%", dir); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
	for words, want := range map[string]string{
		"crt %/a.pem": "", "crt a.pem alpn h2": "", "crt nokey.pem key key": "",
		"":                              "Trying to load a certificate but no 'crt' keyword specified.",
		"foo":                           "unknown crt keyword 'foo'",
		"crt nope.pem":                  "unable to stat SSL certificate from file '%/nope.pem' : No such file or directory.",
		"crt nokey.pem":                 "error processing line 0 in file '@f' : No Private Key found in '%/nokey.pem.key'.",
		"crt a.pem ssl-max-ver TLSv1.1": "Proxy 'f': all SSL/TLS versions are disabled" + at,
		"crt a.pem ocsp-update x":       "parsing [t.cfg:9] : cannot parse 'ocsp-update' value 'x', 'on' or 'off' is expected.\n",
	} {
		got := firstText(strings.ReplaceAll(head+"\n ssl-f-use "+words+"\n timeout client 1s\n", "%", dir))
		if want := strings.ReplaceAll(want, "%", dir); got != want {
			t.Errorf("ssl-f-use %s:\n got %s\nwant %s", words, got, want)
		}
	}
	for words, want := range map[string]string{
		"crt %/a.pem alias x": "", "crt %/nokey.pem key %/key alias x": "",
		"crt %/nokey.pem alias x":                "'bind 127.0.0.1:1' in section 'frontend' : unable to load SSL private key into SSL Context '@web/x': passed a null parameter.",
		"crt %/text.pem alias x":                 "unable to load certificate from file '%/text.pem': no start line.\n '%/text.pem' cannot be read or parsed.",
		"crt %/nokey.pem key %/text.pem alias x": "unable to load private key from file '%/text.pem' (error:1E08010C:DECODER routines::unsupported).\n '%/text.pem' cannot be read or parsed.",
		"crt %/a.pem sctl %/text.pem alias x":    " '%/text.pem' cannot be read or parsed.",
		"crt %/a.pem issuer %/text.pem alias x":  "'%/text.pem' cannot be read or parsed'.\n '%/text.pem' cannot be read or parsed.",
	} {
		got := firstText(strings.ReplaceAll("crt-store web\n load "+words+"\ndefaults\n mode http\nfrontend f\n bind 127.0.0.1:1 ssl crt @web/x\n timeout client 1s\n", "%", dir))
		if want := strings.ReplaceAll(want, "%", dir); got != want {
			t.Errorf("load %s:\n got %s\nwant %s", words, got, want)
		}
	}
}
