package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// authority signs certificates of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	next int64
}

// issue makes a certificate that a signs, or a root where a is nil.
func (a *authority) issue(t *testing.T, cn string, ca bool, from, to time.Time) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: cn}, NotBefore: from, NotAfter: to, IsCA: ca, BasicConstraintsValid: true}
	if ca {
		tmpl.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	}
	parent, signer := tmpl, key
	if a != nil {
		a.next++
		tmpl.SerialNumber = big.NewInt(100 + a.next)
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert: c, key: key}
}

// crl makes a's revocation list.
func (a *authority) crl(t *testing.T, next time.Time, revoked ...*authority) *CRL {
	t.Helper()
	l := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: next.Add(-1000 * time.Hour), NextUpdate: next}
	for _, r := range revoked {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: r.cert.SerialNumber, RevocationTime: l.ThisUpdate})
	}
	der, err := x509.CreateRevocationList(rand.Reader, l, a.cert, a.key)
	if err != nil {
		t.Fatal(err)
	}
	list, err := ParseCRL(der)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// trusting holds certificates and lists without a file.
func trusting(certs []*x509.Certificate, lists ...*CRL) *Authority {
	return NewAuthority("test", &Trust{Certs: certs, CRLs: lists})
}

func TestVerifier(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	from, to := now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)
	root := (*authority)(nil).issue(t, "root", true, from, to)
	mid := root.issue(t, "mid", true, from, to)
	good, bad := mid.issue(t, "good", false, from, to), mid.issue(t, "bad", false, from, to)
	old, young := mid.issue(t, "old", false, from, now.AddDate(0, -1, 0)), mid.issue(t, "young", false, now.AddDate(0, 1, 0), to)
	alien := (*authority)(nil).issue(t, "alien", true, from, to)
	stranger := alien.issue(t, "stranger", false, from, to)
	roots := NewAnchors(trusting([]*x509.Certificate{root.cert}))
	rootList, midList := root.crl(t, to), mid.crl(t, to, bad)
	set := func(s string) ErrorSet {
		e, err := ParseErrorSet(s)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	for name, c := range map[string]struct {
		v     Verifier
		shown []*authority
		want  Verdict
		ok    bool
	}{
		"none, optional":        {Verifier{}, nil, Verdict{}, true},
		"none, required":        {Verifier{Required: true}, nil, Verdict{}, false},
		"good":                  {Verifier{Required: true}, []*authority{good, mid}, Verdict{}, true},
		"no issuer":             {Verifier{}, []*authority{good}, Verdict{Err: 20}, false},
		"expired":               {Verifier{}, []*authority{old, mid}, Verdict{Err: 10}, false},
		"expired, ignored":      {Verifier{IgnoreCrt: set("X509_V_ERR_CERT_HAS_EXPIRED")}, []*authority{old, mid}, Verdict{Err: 10}, true},
		"expired, others taken": {Verifier{IgnoreCrt: set("20"), IgnoreCA: set("all")}, []*authority{old, mid}, Verdict{Err: 10}, false},
		"not yet":               {Verifier{}, []*authority{young, mid}, Verdict{Err: 9}, false},
		"self-signed":           {Verifier{IgnoreCrt: set("all")}, []*authority{alien}, Verdict{Err: 18}, true},
		"foreign root":          {Verifier{}, []*authority{stranger, alien}, Verdict{CAErr: 19, CADepth: 1}, false},
		"foreign root, ignored": {Verifier{IgnoreCA: set("19")}, []*authority{stranger, alien}, Verdict{CAErr: 19, CADepth: 1}, true},
		"not revoked":           {Verifier{CRL: trusting(nil, rootList, midList)}, []*authority{good, mid}, Verdict{}, true},
		"revoked":               {Verifier{CRL: trusting(nil, rootList, midList)}, []*authority{bad, mid}, Verdict{Err: 23}, false},
		"no list":               {Verifier{CRL: trusting(nil, rootList)}, []*authority{good, mid}, Verdict{Err: 3}, false},
		"no list of the root":   {Verifier{CRL: trusting(nil, midList)}, []*authority{good, mid}, Verdict{CAErr: 3, CADepth: 1}, false},
		"issuer revoked":        {Verifier{CRL: trusting(nil, root.crl(t, to, mid), midList)}, []*authority{good, mid}, Verdict{CAErr: 23, CADepth: 1}, false},
		"list too old":          {Verifier{CRL: trusting(nil, rootList, mid.crl(t, now.Add(-time.Hour)))}, []*authority{good, mid}, Verdict{Err: 12}, false},
	} {
		c.v.CAs, c.v.Now = roots, func() time.Time { return now }
		var st tls.ConnectionState
		for _, a := range c.shown {
			st.PeerCertificates = append(st.PeerCertificates, a.cert)
		}
		got := c.v.Verdict(&st)
		got.cause, got.Root = nil, nil
		if got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
		if err := c.v.Check(st); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoadTrust(t *testing.T) {
	t.Parallel()
	dir, to := t.TempDir(), time.Now().AddDate(1, 0, 0)
	root := (*authority)(nil).issue(t, "root", true, to.AddDate(-2, 0, 0), to)
	block, other := pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: root.crl(t, to).Raw}), pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: root.crl(t, to, root).Raw})
	if l, err := LoadTrust(file(t, dir, "two.pem", block, []byte("text\n"), other, block)); err != nil || len(l.CRLs) != 2 {
		t.Error(l, err)
	}
	for _, path := range []string{dir + "/nope", file(t, dir, "bad.pem", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: []byte{1}}))} {
		if _, err := LoadTrust(path); err == nil || err.Error() != "unable to load "+path {
			t.Error(err)
		}
	}
}

func TestTicketKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	line := func(c string, n int) string {
		return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(c, n))) + "\n"
	}
	for name, c := range map[string]struct{ text, want string }{
		"48":      {line("a", 48) + line("b", 48) + line("c", 48), ""},
		"80":      {line("a", 80) + line("b", 80) + line("c", 80) + line("d", 80), ""},
		"mixed":   {line("a", 48) + line("b", 80) + line("c", 48), "' : wrong sized key on line 2"},
		"short":   {line("a", 40), "' : wrong sized key on line 1"},
		"two":     {line("a", 48) + line("b", 48), "' : please supply at least 3 keys in the tls-tickets-file"},
		"no text": {"*\n", "' : unable to decode base64 key on line 1"},
	} {
		path := file(t, dir, name, []byte(c.text))
		keys, err := LoadTicketKeys(path)
		if got := strings.TrimPrefix(text(err), "'"+path); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
		if err == nil && len(keys.Keys()) != 3 {
			t.Errorf("%s: %d keys", name, len(keys.Keys()))
		}
	}
	a, _ := LoadTicketKeys(file(t, dir, "order", []byte(line("x", 48)+line("y", 48)+line("z", 48))))
	b, _ := LoadTicketKeys(file(t, dir, "later", []byte(line("y", 48)+line("z", 48)+line("n", 48))))
	if x, y := a.condensed(), b.condensed(); x[0] != y[2] || x[0] == y[0] {
		t.Error("the last but one key does not encrypt")
	}
	if a.Rotate([]byte("short")) || !a.Rotate([]byte(strings.Repeat("n", 48))) {
		t.Error("sizes")
	}
	for i, k := range a.Keys() {
		if string(k) != string(b.Keys()[i]) {
			t.Errorf("key %d: %s", i, k)
		}
	}
}

func TestForger(t *testing.T) {
	t.Parallel()
	now := time.Now()
	root := (*authority)(nil).issue(t, "root", true, now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
	f, err := NewForger(&Cert{Leaf: root.cert, TLS: tls.Certificate{Certificate: [][]byte{root.cert.Raw}, PrivateKey: root.key}})
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root.cert)
	for _, name := range []string{"www.example", "192.0.2.1"} {
		c, err := f.Certificate(name, now)
		if err != nil {
			t.Fatal(err)
		}
		client, server := net.Pipe()
		go tls.Server(server, &tls.Config{Certificates: []tls.Certificate{*c}}).Handshake()
		if err := tls.Client(client, &tls.Config{RootCAs: pool, ServerName: name}).Handshake(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		client.Close()
		server.Close()
		if again, _ := f.Certificate(name, now); again != c {
			t.Errorf("%s: made twice", name)
		}
	}
}

// TestClientCertificates asks clients for certificates in real handshakes.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pemCert, key := makePEM(t, "srv.example", "srv.example")
	path := file(t, dir, "srv.pem", pemCert, key)
	store := NewStore(&Files{})
	bind := store.Bind("f", "t.cfg:1", false)
	if _, err := store.Add(bind, path, false); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	root := (*authority)(nil).issue(t, "root", true, now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
	good, bad := root.issue(t, "good", false, root.cert.NotBefore, root.cert.NotAfter), root.issue(t, "bad", false, root.cert.NotBefore, root.cert.NotAfter)
	authorities := file(t, dir, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.cert.Raw}))
	revoked := file(t, dir, "crl.pem", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: root.crl(t, root.cert.NotAfter, bad).Raw}))
	ca := &Cert{Leaf: root.cert, TLS: tls.Certificate{Certificate: [][]byte{root.cert.Raw}, PrivateKey: root.key}}
	forger, err := NewForger(ca)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Bind: bind, Words: Words{Versions: VersionWords{Min: "TLSv1.2", Max: "TLSv1.2"}, Ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384", Curves: "P-384",
		Verify: "required", CAFile: authorities, CRLFile: revoked}, Tickets: true, Keys: &TicketKeys{raw: [][]byte{{1}, {2}, {3}}}, Forger: forger}
	cfg, err := s.Config(store)
	if err != nil {
		t.Fatal(err)
	}
	var heard *listener
	shake := func(a *authority, name string) (tls.ConnectionState, error) {
		client, server := net.Pipe()
		defer client.Close()
		k := &tls.Config{ServerName: name, InsecureSkipVerify: true}
		if a != nil {
			k.Certificates = []tls.Certificate{{Certificate: [][]byte{a.cert.Raw}, PrivateKey: a.key}}
		}
		done := make(chan error, 1)
		c := tls.Client(client, k)
		go func() { done <- c.Handshake(); client.Close() }()
		heard = &listener{Conn: server}
		err := tls.Server(heard, cfg).Handshake()
		server.Close()
		<-done
		return c.ConnectionState(), err
	}
	for name, c := range map[string]struct {
		a  *authority
		ok bool
	}{"none": {nil, false}, "good": {good, true}, "revoked": {bad, false}} {
		if _, err := shake(c.a, "srv.example"); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	st, err := shake(good, "other.example")
	if err != nil || st.CipherSuite != tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 || st.CurveID != tls.CurveP384 {
		t.Errorf("suite %x, group %v, %v", st.CipherSuite, st.CurveID, err)
	}
	if got := st.PeerCertificates[0].DNSNames; len(got) != 1 || got[0] != "other.example" {
		t.Errorf("certificate made for %v", got)
	}
	if heard.hello != "other.example" || heard.cn != "root" || heard.file != "" { // the authority's name stands first
		t.Errorf("heard %+v", heard)
	}
	if st, err = shake(good, "srv.example"); err != nil || st.PeerCertificates[0].Subject.CommonName != "srv.example" {
		t.Errorf("certificate of %s, %v", st.PeerCertificates[0].Subject.CommonName, err)
	}
	if heard.hello != "srv.example" || heard.cn != "srv.example" || heard.file != path {
		t.Errorf("heard %+v", heard)
	}
}

// listener is a Witness.
type listener struct {
	net.Conn
	hello, cn, file string
}

func (l *listener) Hello(h *tls.ClientHelloInfo) { l.hello = h.ServerName }

func (l *listener) Presented(leaf *x509.Certificate, file string) {
	for _, n := range leaf.Subject.Names {
		if l.cn == "" && n.Type.String() == "2.5.4.3" {
			l.cn = n.Value.(string)
		}
	}
	l.file = file
}
