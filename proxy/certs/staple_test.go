package certs

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Responses are read from "<file>.ocsp", replaced by id and by a change of the
// certificate, and not sent when a newer one is due.
func TestStapling(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	root := (*authority)(nil).issue(t, "root", true, now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
	leaf := root.issue(t, "srv.example", false, root.cert.NotBefore, root.cert.NotAfter)
	response := func(status int, next time.Time) []byte {
		r, err := ocsp.CreateResponse(root.cert, root.cert, ocsp.Response{Status: status, SerialNumber: leaf.cert.SerialNumber, ThisUpdate: now.Add(-time.Hour),
			NextUpdate: next, RevokedAt: now.Add(-2 * time.Hour), IssuerHash: crypto.SHA1}, root.key)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	good, revoked, old := response(ocsp.Good, now.Add(time.Hour)), response(ocsp.Revoked, now.Add(time.Hour)), response(ocsp.Good, now.Add(-time.Minute))
	key, err := x509.MarshalPKCS8PrivateKey(leaf.key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	block := func(kind string, b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}) }
	text := append(append(block("CERTIFICATE", leaf.cert.Raw), block("CERTIFICATE", root.cert.Raw)...), block("PRIVATE KEY", key)...)
	path := file(t, dir, "srv.pem", text)
	file(t, dir, "srv.pem.ocsp", good)
	s := NewStore(&Files{})
	bind := s.Bind("f", "t.cfg:1", false)
	if _, err := s.Add(bind, path, false); err != nil {
		t.Fatal(err)
	}
	sent := func() []byte {
		c, err := bind.Pick(&tls.ClientHelloInfo{ServerName: "srv.example"})
		if err != nil {
			t.Fatal(err)
		}
		return c.OCSPStaple
	}
	if !bytes.Equal(sent(), good) {
		t.Error("the file's response is not sent")
	}
	list := s.OCSP()
	if len(list) != 1 || list[0].Path != path || list[0].Staple().Status != "good" || !bytes.Equal(list[0].Staple().ResponderName, root.cert.RawSubject) {
		t.Fatalf("%+v", list)
	}
	for _, name := range []string{path, list[0].Key()} {
		if o, named := s.FindOCSP(name); o != list[0] || !named {
			t.Errorf("%s is not found", name)
		}
	}
	set := func(b []byte) string {
		if err := s.SetOCSP(base64.StdEncoding.EncodeToString(b), now); err != nil {
			return err.Error()
		}
		return ""
	}
	if got := set(revoked); got != "" || !bytes.Equal(sent(), revoked) || list[0].Staple().Status != "revoked" {
		t.Error(got, list[0].Staple().Status)
	}
	for text, want := range map[string]string{
		set([]byte{0, 0}):                  "Unable to parse OCSP response.",
		set([]byte{0x30, 3, 0x0a, 1, 6}):   "OCSP response status not successful.",
		set(old):                           "OCSP single response: no longer valid. Must be valid during at least 300s..",
		errText(s.SetOCSP("rubbish", now)): "'set ssl ocsp-response' received invalid base64 encoded response.",
	} {
		if text != want {
			t.Errorf("%q, want %q", text, want)
		}
	}
	// A change of the certificate alone keeps what is stapled; one of the
	// response waits for its commit.
	for _, c := range []struct {
		name string
		data []byte
		want []byte
	}{{path, text, revoked}, {path + ".ocsp", []byte(base64.StdEncoding.EncodeToString(good)), good}} {
		if _, _, err := s.Set(c.name, c.data); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(sent(), revoked) {
			t.Error("a change that waits has an effect")
		}
		if _, err := s.Commit(path); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(sent(), c.want) {
			t.Errorf("%s: not what is expected is sent", c.name)
		}
	}
	// What the file holds is too old.
	file(t, dir, "old.pem", text)
	file(t, dir, "old.pem.ocsp", old)
	other := NewStore(&Files{})
	bind = other.Bind("f", "t.cfg:1", false)
	if _, err := other.Add(bind, dir+"/old.pem", false); err != nil {
		t.Fatal(err)
	}
	if sent() != nil {
		t.Error("an old response is sent")
	}
	// No issuer, no id.
	alone := file(t, dir, "alone.pem", append(block("CERTIFICATE", leaf.cert.Raw), block("PRIVATE KEY", key)...))
	file(t, dir, "alone.pem.ocsp", good)
	c, err := Load(alone)
	if err != nil || !strings.Contains(c.Note, "impossible to compute the OCSP certificate ID") {
		t.Errorf("%v, %v", c, err)
	}
	if err := os.WriteFile(alone+".issuer", block("CERTIFICATE", root.cert.Raw), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err = Load(alone); err != nil || c.Note != "" || c.Issuer == nil || !c.IssuerFile {
		t.Errorf("%v, %v", c, err)
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
