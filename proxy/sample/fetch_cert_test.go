package sample

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"tandem/proxy/listen"
	"tandem/proxy/tx"
)

func selfMade(t *testing.T, tmpl *x509.Certificate) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl.NotAfter = time.Date(2048, 1, 1, 0, 0, 0, 0, time.UTC)
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What fetches say of the client's and our own certificate, and of a
// ClientHello (configuration manual 7.3.4).
func TestCertFetches(t *testing.T) {
	t.Parallel()
	policy := func(arcs ...uint64) x509.OID {
		o, err := x509.OIDFromInts(arcs)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	client := selfMade(t, &x509.Certificate{SerialNumber: big.NewInt(0x1203), Subject: pkix.Name{CommonName: "cli", Organization: []string{"o"}},
		Policies: []x509.OID{policy(0, 4, 0, 1862, 1, 4), policy(1, 2, 3)}})
	root := selfMade(t, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}})
	own := selfMade(t, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "own"}})
	x := newTx(testRequest, "")
	x.Sess.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{client}}
	x.Sess.Verdict = tx.Verdict{Root: root}
	x.Sess.OwnCert, x.Sess.OwnCertFile = own, "/etc/own.pem"
	x.Sess.TLSHello = &listen.Hello{Points: []uint8{0, 1}, SigAlgs: []uint16{0x0403, 0x0a0a, 0x0804}, Version: tls.VersionTLS12}
	for text, want := range map[string]string{
		"ssl_c_policies":                "0.4.0.1862.1.4, 1.2.3",
		"ssl_c_policies(1.2.3)":         "1.2.3",
		"ssl_c_policies(1.2.4)":         "",
		"ssl_c_serial,hex":              "1203",
		"ssl_c_s_dn":                    "/O=o/CN=cli",
		"ssl_c_r_dn(CN)":                "root",
		"ssl_c_chain_der":               "", // the client's own is not of it
		"ssl_f_s_dn(CN)":                "own",
		"ssl_f_notafter":                "480101000000Z",
		"ssl_fc_crtname":                "/etc/own.pem",
		"ssl_fc_ecformats_bin,hex":      "0001",
		"ssl_fc_sigalgs_bin,hex":        "04030A0A0804",
		"ssl_fc_sigalgs_bin(1),hex":     "04030804",
		"ssl_fc_protocol_hello_id":      "771",
		"ssl_s_serial":                  "",
		"ssl_fc_supported_versions_bin": "",
	} {
		e, err := compileText(testEnv(), text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, _ := e.AppendString(nil, x)
		if string(got) != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
