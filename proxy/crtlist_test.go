package proxy

import (
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// TestCrtListServed wants a listener to follow the options of the line whose
// name the client asks for, and ssl-f-use and a crt-store's key to give
// certificates to lines that name none.
func TestCrtListServed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pem, err := os.ReadFile(writePEM(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a.pem": string(pem), "list": "a.pem plain.test\na.pem [verify required ca-file a.pem] locked.test\na.pem [ssl-max-ver TLSv1.2 alpn http/1.1] old.test\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := &stage{vars: map[string]string{"dir": dir}, listens: map[string]string{}}
	for name, port := range s.openListeners(t, `fd@${list} fd@${used} fd@${stored}`) {
		s.vars[name] = strconv.Itoa(port)
	}
	s.start(t, `
global
    crt-base "${dir}"
    ca-base "${dir}"
    key-base "${dir}"
crt-store web
    load crt a.pem key a.pem alias site
defaults
    mode http
    timeout client 5s
frontend listed
    bind "fd@${list}" ssl crt-list "${dir}/list"
    http-request return status 200
frontend used
    bind "fd@${used}" ssl
    ssl-f-use crt a.pem ssl-min-ver TLSv1.3
    http-request return status 200
frontend stored
    bind "fd@${stored}" ssl crt @web/site
    http-request return status 200
`)
	pair, err := tls.X509KeyPair(pem, pem)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at, name string
		most     uint16
		show     bool
		version  uint16 // 0: refused
		proto    string
	}{
		{"list", "plain.test", 0, false, tls.VersionTLS13, "h2"},
		{"list", "locked.test", 0, false, 0, ""},
		{"list", "locked.test", tls.VersionTLS12, false, 0, ""},
		{"list", "locked.test", 0, true, tls.VersionTLS13, "h2"},
		{"list", "old.test", 0, false, tls.VersionTLS12, "http/1.1"},
		{"used", "any.test", 0, false, tls.VersionTLS13, "h2"},
		{"used", "any.test", tls.VersionTLS12, false, 0, ""},
		{"stored", "any.test", 0, false, tls.VersionTLS13, "h2"},
	} {
		k := &tls.Config{ServerName: c.name, InsecureSkipVerify: true, MaxVersion: c.most, NextProtos: []string{"h2", "http/1.1"}}
		if c.show {
			k.Certificates = []tls.Certificate{pair}
		}
		conn, err := tls.Dial("tcp", s.listens[c.at], k)
		if err == nil {
			// A refused certificate of TLS 1.3 shows at the first read.
			if conn.ConnectionState().NegotiatedProtocol == "h2" {
				fmt.Fprint(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
			} else {
				fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			}
			_, err = io.ReadFull(conn, make([]byte, 1))
		}
		got, proto := uint16(0), ""
		if err == nil {
			st := conn.ConnectionState()
			got, proto = st.Version, st.NegotiatedProtocol
		}
		if conn != nil {
			conn.Close()
		}
		if got != c.version || proto != c.proto {
			t.Errorf("%+v: version %x, %q, %v", c, got, proto, err)
		}
	}
}
