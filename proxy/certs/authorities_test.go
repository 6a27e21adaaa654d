package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"
)

// One change waits at a time, and what waits has no effect (management
// manual, set ssl ca-file).
func TestAuthorities(t *testing.T) {
	t.Parallel()
	to := time.Now().AddDate(1, 0, 0)
	issue := func(cn string) (*x509.Certificate, []byte) {
		c := (*authority)(nil).issue(t, cn, true, to.AddDate(-2, 0, 0), to).cert
		return c, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	one, onePEM := issue("one")
	two, twoPEM := issue("two")
	dir := t.TempDir()
	path, other := file(t, dir, "ca.pem", onePEM), file(t, dir, "other.pem", onePEM)
	s := NewStore(&Files{}).CAs
	used := 3
	a, err := s.Use(path, func() int { return used })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Use(other, nil); err != nil {
		t.Fatal(err)
	}
	anchors := NewAnchors(a)
	trusted := func(c *x509.Certificate) bool {
		_, err := c.Verify(x509.VerifyOptions{Roots: anchors.pools().roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		return err == nil
	}
	set := func(path string, data []byte, add bool) func() (string, error) {
		return func() (string, error) {
			created, err := s.Set(path, data, add)
			return fmt.Sprint(created), err
		}
	}
	commit := func(path string) func() (string, error) {
		return func() (string, error) {
			n, err := s.Commit(path)
			return fmt.Sprint(n), err
		}
	}
	only := func(f func(string) error, path string) func() (string, error) {
		return func() (string, error) { return "", f(path) }
	}
	for i, c := range []struct {
		do       func() (string, error)
		out, err string
		one, two bool // who is trusted then
	}{
		{commit(path), "", "No ongoing transaction! !", true, false},
		{only(s.Abort, path), "", "No ongoing transaction!", true, false},
		{set("nope", onePEM, false), "", "Can't replace a CA file which is not referenced by the configuration!", true, false},
		{set(path, []byte("rubbish"), false), "", "Invalid payload", true, false},
		{set(path, twoPEM, false), "true", "", true, false},
		{set(path, onePEM, false), "false", "", true, false},
		{set(other, onePEM, true), "", "The ongoing transaction is about '" + path + "' but you are trying to set '" + other + "'", true, false},
		{only(s.Abort, other), "", "The ongoing transaction is about '" + path + "' but you are trying to abort a transaction for '" + other + "'", true, false},
		{only(s.Delete, path), "", "ongoing transaction for the CA file '" + path + "'", true, false},
		{only(s.Abort, path), "", "", true, false},
		{set(path, twoPEM, true), "true", "", true, false},
		{commit(path), "3", "", true, true},
		{set(path, twoPEM, false), "true", "", true, true},
		{commit(path), "3", "", false, true},
		{only(s.Delete, path), "", "CA file '" + path + "' in use, can't be deleted!", false, true},
		{only(s.Delete, "nope"), "", "CA file 'nope' doesn't exist!", false, true},
		{only(s.New, other), "", "CA file '" + other + "' already exists!", false, true},
		{only(s.Delete, other), "", "", false, true},
		{only(s.New, other), "", "", false, true},
	} {
		out, err := c.do()
		if err != nil {
			out = ""
		}
		if out != c.out && err == nil || fmt.Sprint(err) != c.err && (err != nil || c.err != "") {
			t.Errorf("%d: %q, %v", i, out, err)
		}
		if trusted(one) != c.one || trusted(two) != c.two {
			t.Errorf("%d: one %v, two %v", i, trusted(one), trusted(two))
		}
	}
	if l, ok := s.Find(other); !ok || l.Trust != nil {
		t.Errorf("a new file is not empty: %v", l)
	}
}

// A CA that is not signed by itself is no end of a chain, but helps to find it.
func TestIntermediateIsNoRoot(t *testing.T) {
	t.Parallel()
	now := time.Now()
	root := (*authority)(nil).issue(t, "root", true, now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
	mid := root.issue(t, "mid", true, root.cert.NotBefore, root.cert.NotAfter)
	leaf := mid.issue(t, "leaf", false, root.cert.NotBefore, root.cert.NotAfter)
	st := tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf.cert}}
	for name, c := range map[string]struct {
		cas []*x509.Certificate
		ok  bool
	}{"mid": {[]*x509.Certificate{mid.cert}, false}, "root": {[]*x509.Certificate{root.cert}, false}, "both": {[]*x509.Certificate{mid.cert, root.cert}, true}} {
		v := Verifier{CAs: NewAnchors(trusting(c.cas))}
		if err := v.Check(st); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The original's tests have lists of version 1, signed with SHA-1 and RSA.
func TestParseOldCRL(t *testing.T) {
	t.Parallel()
	block, _ := pem.Decode([]byte(oldCRL))
	l, err := ParseCRL(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if l.Version != 1 || l.SignatureName() != "sha1WithRSAEncryption" || len(l.Revoked) != 1 || l.Revoked[0].SerialNumber.Int64() != 3 {
		t.Errorf("%+v", l)
	}
	block, _ = pem.Decode([]byte(oldCA))
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.signedBy(ca); err != nil {
		t.Error(err)
	}
	l.tbs = []byte(strings.ToUpper(string(l.tbs)))
	if l.signedBy(ca) == nil {
		t.Error("a changed list is taken")
	}
}

// oldCA and oldCRL were made by openssl ca -gencrl -md sha1.
const (
	oldCA = `-----BEGIN CERTIFICATE-----
MIIC/TCCAeWgAwIBAgIUDsR2EVQIyGhyvHe7Zyh4qBfcD8EwDQYJKoZIhvcNAQEL
BQAwDjEMMAoGA1UEAwwDb2xkMB4XDTI2MTEyODEzMjcyNloXDTM2MTEyNTEzMjcy
NlowDjEMMAoGA1UEAwwDb2xkMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKC
AQEArEYz6ZG8nxJAzSyqBFpdQANutS5PIJzhsQnxc7d/eZJgCKvuoidIq42L3lZ0
kbZGXTXmDv28O/1uY/hQa2qXmOhkNWkNY2FHfgulOca215c1y8qCRScT9X05amml
ESF0hznMb7HvZNqbj3tbkOcz16Qi+pRFJV6jqsR1GPtLSV/pRWuybRF7RKZfw9pY
xIFxHYiogyiL1jldDzUpmF/J1EFJWN8vC+OuzHJjCjJa9A/m0lLbr50ZuX0UXf9p
tYGi0rQt5JETTMqbBe10rPW2GWEVzuaUiKT4Q0tV9gcLwfD558czp9NiLciaUELH
h9/2hTvBdf4y3wBmK1TIhPcBPwIDAQABo1MwUTAdBgNVHQ4EFgQU2fafE2I1YBnH
eWRxVstYsvbq3y0wHwYDVR0jBBgwFoAU2fafE2I1YBnHeWRxVstYsvbq3y0wDwYD
VR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEAVY+U/3X9h3KtnqPryQkb
6HBGkUtyFwtALt7DvS8eSFN4rRMpAjuhB5RQwUN2KUW++lkc35/Oi7xZJ5kzsdE0
X+KMXVukAuhYcx4o73Za312ThKY5jdzl1d1ANYRpxTkSlN0CDtTXgeUM3n2fq53j
DsQMD38AjZNoZffzpsLmMAOR64lCl10OY1BimzdcJmymiISIMOSHOiwumsDwcSnG
SGYueaq6kA9eDNqsEhKGlfZyCo7UhkhgtWhqE/VX0bLNBMZusXMswlRAn/zxkPx4
l3rWY9XFJgwyEx9T5k96Lq/5QPf5xhdcGSVySBuNk7UQv2eZAtYCaextQZZo7nK+
RA==
-----END CERTIFICATE-----`
	oldCRL = `-----BEGIN X509 CRL-----
MIIBaTBTMA0GCSqGSIb3DQEBBQUAMA4xDDAKBgNVBAMMA29sZBcNMjYxMTI4MTMy
NzI2WhcNMzYxMTI1MTMyNzI2WjAUMBICAQMXDTI2MDEwMTAwMDAwMFowDQYJKoZI
hvcNAQEFBQADggEBAEuUnvb6jOl0+W1Kcy2/agi8vzFCe+q2pypglL+ffujojDIa
s8/J41mfl05tz0oa52qFWmU78g22i/Obz/2DlH4ywkiDOuaGHC/F78OUxwQUOdxX
56WSRAxvOnzz8DqpsUVFZBCDBYdv+Vh2oD2z3av4Mjzl/JSlSYBTh4GPcgVrLV8u
Oatu2q2/Pb3Ymg7V5S8kxZaNFSszCG0+wSqQNTNXqISDsS/04jW5Wwgf0WOgIbN5
Xm13YXey9bGB0USrQS3Vv3scGejJ/4PYvC7lP38itu6PJDxlK6w7fqwvgLCBcq1C
j67zoMv/cbJEa7hROvCnYpDRDibjplNGAdXH/ZI=
-----END X509 CRL-----`
)
