package certs

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
)

// versions are the protocol versions by the names that configurations use.
var versions = map[string]uint16{"SSLv3": tls.VersionTLS10, "TLSv1.0": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}

// Range turns min, max, forced and refused versions into the lowest and
// highest that are spoken; both TLSv1.2 and 1.3 by default.
func Range(minVer, maxVer, force string, refused []string) (low, high uint16, err error) {
	low, high = tls.VersionTLS12, tls.VersionTLS13
	if v, ok := versions[minVer]; ok {
		low = v
	}
	if v, ok := versions[maxVer]; ok {
		high = v
		if minVer == "" && low > high {
			low = high
		}
	}
	if v, ok := versions[force]; ok {
		return v, v, nil
	}
	for slices.Contains(refused, name(low)) && low < high {
		low++
	}
	for slices.Contains(refused, name(high)) && high > low {
		high--
	}
	if low > high || slices.Contains(refused, name(low)) {
		return low, high, fmt.Errorf("all SSL/TLS versions are disabled")
	}
	return low, high, nil
}

func name(v uint16) string {
	for n, x := range versions {
		if x == v && n != "SSLv3" {
			return n
		}
	}
	return ""
}

// Server is the TLS side of a bind line.
type Server struct {
	Bind     *Bind
	ALPN     []string
	Min, Max uint16
	Verify   string // none, optional, required
	Roots    *x509.CertPool
	Tickets  bool
}

// Config makes the crypto/tls configuration.
func (s *Server) Config() *tls.Config {
	c := &tls.Config{
		GetCertificate: s.Bind.Pick, NextProtos: s.ALPN, MinVersion: s.Min, MaxVersion: s.Max,
		ClientCAs: s.Roots, SessionTicketsDisabled: !s.Tickets,
	}
	switch s.Verify {
	case "optional":
		c.ClientAuth = tls.VerifyClientCertIfGiven
	case "required":
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return c
}

// Client is the TLS side of a server line.
type Client struct {
	Verify   bool
	Host     string // verifyhost: name that the certificate must have; "" takes the SNI
	Roots    *x509.CertPool
	Cert     *Entry
	ALPN     []string
	Min, Max uint16
}

// Config makes the crypto/tls configuration for one server name ("" sends
// none). A certificate is verified against the roots, and against the name
// where there is one (configuration manual 5.2, verify, verifyhost).
func (k *Client) Config(serverName string) *tls.Config {
	c := &tls.Config{
		ServerName: serverName, NextProtos: k.ALPN, MinVersion: k.Min, MaxVersion: k.Max, RootCAs: k.Roots,
		InsecureSkipVerify: true, // verification is VerifyConnection's: a name is not always required
	}
	if k.Cert != nil {
		if cert := k.Cert.Cert(); cert != nil {
			c.Certificates = []tls.Certificate{cert.TLS}
		}
	}
	if k.Verify {
		c.VerifyConnection = func(st tls.ConnectionState) error { return k.check(st, serverName) }
	}
	return c
}

// check verifies the chain that a server showed.
func (k *Client) check(st tls.ConnectionState, serverName string) error {
	opts := x509.VerifyOptions{Roots: k.Roots, Intermediates: x509.NewCertPool()}
	for _, c := range st.PeerCertificates[1:] {
		opts.Intermediates.AddCert(c)
	}
	if _, err := st.PeerCertificates[0].Verify(opts); err != nil {
		return err
	}
	want := k.Host
	if want == "" {
		want = serverName
	}
	if want == "" || net.ParseIP(want) != nil && k.Host == "" {
		return nil
	}
	return st.PeerCertificates[0].VerifyHostname(want)
}
