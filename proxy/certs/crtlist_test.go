package certs

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// listed serves a crt-list whose lines have the options, one name each
// ("0.test", "1.test" …), on a bind line that says base.
func listed(t *testing.T, files *Files, dir string, base Words, options ...string) (*Store, *tls.Config) {
	t.Helper()
	var text strings.Builder
	for i, o := range options {
		cert, key := makePEM(t, fmt.Sprint("cert", i), fmt.Sprintf("%d.test", i))
		fmt.Fprintf(&text, "%s [%s]\n", file(t, dir, fmt.Sprintf("%d.pem", i), cert, key), o)
	}
	store := NewStore(files)
	bind := store.Bind("f", "t.cfg:1", false)
	if err := store.AddList(bind, file(t, dir, "list", []byte(text.String())), ""); err != nil {
		t.Fatal(err)
	}
	cfg, err := (&Server{Bind: bind, Words: base, Tickets: true}).Config(store)
	if err != nil {
		t.Fatal(err)
	}
	return store, cfg
}

// meet shakes hands over loopback and returns both ends' errors. A pipe will
// not do: both ends of a handshake may write at once.
func meet(t *testing.T, serves, asks *tls.Config) (st tls.ConnectionState, server, client error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	done := make(chan error, 1)
	go func() {
		a, err := tls.Dial("tcp", ln.Addr().String(), asks)
		if err == nil {
			// TLS 1.3 tells of a refused certificate after the client's side of
			// the handshake; a first byte says that all is well.
			_, err = a.Read(make([]byte, 1))
			a.Close()
		}
		done <- err
	}()
	b, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s := tls.Server(b, serves)
	if server = s.Handshake(); server == nil {
		_, server = s.Write([]byte("x"))
	} else {
		b.Close()
	}
	return s.ConnectionState(), server, <-done
}

// TestCrtListOptions wants each line of a crt-list to be served as its options
// say and the others as the bind line says.
func TestCrtListOptions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Now()
	root := (*authority)(nil).issue(t, "root", true, now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
	other := (*authority)(nil).issue(t, "other", true, now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
	good, bad := root.issue(t, "good", false, root.cert.NotBefore, root.cert.NotAfter), root.issue(t, "bad", false, root.cert.NotBefore, root.cert.NotAfter)
	stranger := other.issue(t, "stranger", false, root.cert.NotBefore, root.cert.NotAfter)
	file(t, dir, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.cert.Raw}))
	file(t, dir, "crl.pem", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: root.crl(t, root.cert.NotAfter, bad).Raw}))
	_, serves := listed(t, &Files{CABase: dir}, dir, Words{ALPN: []string{"h2", "http/1.1"}, Versions: VersionWords{Default: "TLSv1.2"}},
		"", "verify required ca-file ca.pem crl-file crl.pem", "verify optional ca-file ca.pem no-ca-names", "ssl-min-ver TLSv1.3", "ssl-max-ver TLSv1.2",
		"ssl-max-ver TLSv1.2 ciphers ECDHE-ECDSA-AES256-GCM-SHA384", "curves P-384", "ecdhe secp521r1", "alpn http/1.1", "no-alpn", "sigalgs ECDSA+SHA384",
		"verify none", "verify required ca-verify-file ca.pem")
	type result struct {
		version uint16
		suite   uint16
		group   tls.CurveID
		proto   string
	}
	const v12, v13 = tls.VersionTLS12, tls.VersionTLS13
	for _, c := range []struct {
		name   string
		line   int
		change func(*tls.Config)
		want   string // "" where both are content
		check  func(tls.ConnectionState) bool
	}{
		{"plain", 0, nil, "", func(s tls.ConnectionState) bool {
			return s.Version == v13 && s.NegotiatedProtocol == "h2" && len(s.PeerCertificates) == 0
		}},
		{"required, none", 1, nil, "refused", nil},
		{"required, good", 1, show(good), "", func(s tls.ConnectionState) bool { return len(s.PeerCertificates) == 1 }},
		{"required, good, 1.2", 1, both(show(good), most(v12)), "", nil},
		{"required, revoked", 1, show(bad), "refused", nil},
		{"required, stranger", 1, show(stranger), "refused", nil},
		{"optional, none", 2, nil, "", nil},
		{"optional, good", 2, show(good), "", func(s tls.ConnectionState) bool { return len(s.PeerCertificates) == 1 }},
		{"optional, stranger", 2, show(stranger), "refused", nil},
		{"1.3 only", 3, most(v12), "refused", nil},
		{"1.3 only, met", 3, nil, "", func(s tls.ConnectionState) bool { return s.Version == v13 }},
		{"1.2 only", 4, nil, "", func(s tls.ConnectionState) bool { return s.Version == v12 }},
		{"1.2 only, not met", 4, func(c *tls.Config) { c.MinVersion = v13 }, "refused", nil},
		{"cipher", 5, nil, "", func(s tls.ConnectionState) bool { return s.CipherSuite == tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 }},
		{"cipher not met", 5, func(c *tls.Config) { c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256} }, "refused", nil},
		{"group", 6, nil, "", func(s tls.ConnectionState) bool { return s.CurveID == tls.CurveP384 }},
		{"group not met", 6, func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP256} }, "refused", nil},
		{"ecdhe", 7, nil, "", func(s tls.ConnectionState) bool { return s.CurveID == tls.CurveP521 }},
		{"alpn", 8, nil, "", func(s tls.ConnectionState) bool { return s.NegotiatedProtocol == "http/1.1" }},
		{"alpn not met", 8, func(c *tls.Config) { c.NextProtos = []string{"h2"} }, "", func(s tls.ConnectionState) bool { return s.NegotiatedProtocol == "" }},
		{"no alpn", 9, nil, "", func(s tls.ConnectionState) bool { return s.NegotiatedProtocol == "" }},
		{"sigalgs not met", 10, nil, "refused", nil}, // the key is of P-256
		{"none", 11, show(stranger), "", func(s tls.ConnectionState) bool { return len(s.PeerCertificates) == 0 }},
		{"verify file", 12, show(good), "", nil},
		{"verify file, stranger", 12, show(stranger), "refused", nil},
	} {
		asks := &tls.Config{ServerName: fmt.Sprintf("%d.test", c.line), InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}}
		if c.change != nil {
			c.change(asks)
		}
		st, server, client := meet(t, serves, asks)
		got := ""
		if server != nil || client != nil {
			got = "refused"
		}
		if got != c.want || got == "" && c.check != nil && !c.check(st) {
			t.Errorf("%s: %q, %v, %v, %+v", c.name, got, server, client, result{st.Version, st.CipherSuite, st.CurveID, st.NegotiatedProtocol})
		}
	}
}

func show(a *authority) func(*tls.Config) {
	return func(c *tls.Config) {
		// Whatever the server announces, this is shown.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: [][]byte{a.cert.Raw}, PrivateKey: a.key}, nil
		}
	}
}

func most(version uint16) func(*tls.Config) { return func(c *tls.Config) { c.MaxVersion = version } }

func both(a, b func(*tls.Config)) func(*tls.Config) { return func(c *tls.Config) { a(c); b(c) } }

// TestCrtListResumption wants a session of a line that asks for nothing not to
// open one that asks for a certificate.
func TestCrtListResumption(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Now()
	root := (*authority)(nil).issue(t, "root", true, now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
	file(t, dir, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.cert.Raw}))
	_, serves := listed(t, &Files{CABase: dir}, dir, Words{Versions: VersionWords{Default: "TLSv1.2"}}, "", "verify required ca-file ca.pem", "alpn h2")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		one := &oneSession{}
		ask := func(name string) (tls.ConnectionState, bool) {
			asks := &tls.Config{ServerName: name, InsecureSkipVerify: true, MaxVersion: version, ClientSessionCache: one}
			st, server, client := meet(t, serves, asks)
			return st, server == nil && client == nil
		}
		if _, ok := ask("0.test"); !ok {
			t.Fatal("no session")
		}
		if st, ok := ask("0.test"); !ok || !st.DidResume {
			t.Errorf("%x: ok %v, resumed %v", version, ok, st.DidResume)
		}
		if _, ok := ask("1.test"); ok {
			t.Errorf("%x: a session without certificate opened the line that requires one", version)
		}
	}
}

// oneSession gives the last session to every name.
type oneSession struct{ s *tls.ClientSessionState }

func (o *oneSession) Get(string) (*tls.ClientSessionState, bool) { return o.s, o.s != nil }
func (o *oneSession) Put(_ string, s *tls.ClientSessionState) {
	if s != nil {
		o.s = s
	}
}

// TestCrtListNames wants filters, exclusions and defaults to choose as the
// manual says.
func TestCrtListNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var text strings.Builder
	for i, filters := range []string{"first.test", "*.a.test !no.a.test", "*.a.test !no.a.test !nor.a.test", "* any.test", "!x.test"} {
		cert, key := makePEM(t, fmt.Sprint("cert", i), fmt.Sprintf("own%d.test", i))
		fmt.Fprintf(&text, "%s %s\n", file(t, dir, fmt.Sprintf("%d.pem", i), cert, key), filters)
	}
	store := NewStore(&Files{})
	bind := store.Bind("f", "t.cfg:1", false)
	if err := store.AddList(bind, file(t, dir, "list", []byte(text.String())), ""); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"first.test": "cert0", "b.a.test": "cert1", "no.a.test": "cert0", "nor.a.test": "cert1", "any.test": "cert3", "own4.test": "cert0", "": "cert0"} {
		list := bind.Names().named(name)
		if got := list[0].cert.Leaf.Subject.CommonName; got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
	var defaults []string
	for _, o := range bind.Names().fallback {
		defaults = append(defaults, o.cert.Leaf.Subject.CommonName)
	}
	if !slices.Equal(defaults, []string{"cert0", "cert3"}) {
		t.Errorf("defaults %v", defaults)
	}
	if lines := bind.AllLines(); !lines[4].OnlyNegative() || lines[1].OnlyNegative() {
		t.Error("lines with exclusions only")
	}
}

// TestCrtListAdd wants a line with options that is added at run time to be
// served by them, and one that cannot be followed to be refused.
func TestCrtListAdd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, serves := listed(t, &Files{CABase: dir}, dir, Words{Versions: VersionWords{Default: "TLSv1.2"}}, "")
	list, cert := dir+"/list", dir+"/0.pem"
	if _, _, err := store.ListAdd(list, cert+" [verify required] new.test"); err == nil {
		t.Error("a line that verifies against nothing was taken")
	}
	if _, _, err := store.ListAdd(list, cert+" [ssl-max-ver TLSv1.2] new.test"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uint16{"new.test": tls.VersionTLS12, "0.test": tls.VersionTLS13} {
		if st, server, client := meet(t, serves, &tls.Config{ServerName: name, InsecureSkipVerify: true}); st.Version != want {
			t.Errorf("%s: version %x, %v, %v", name, st.Version, server, client)
		}
	}
}
