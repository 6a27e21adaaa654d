package engine

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"

	"tandem/proxy/listen"
)

// witness is the connection below a TLS server while it shakes hands: it
// keeps what crypto/tls does not tell afterwards (certs.Witness).
type witness struct {
	net.Conn
	hello *tls.ClientHelloInfo
	leaf  *x509.Certificate
	file  string
}

// Hello keeps what the client said.
func (w *witness) Hello(h *tls.ClientHelloInfo) { w.hello = h }

// Presented keeps what the client was shown.
func (w *witness) Presented(leaf *x509.Certificate, file string) { w.leaf, w.file = leaf, file }

// extension numbers of a ClientHello.
const extVersions = 43

// tlsHello returns what fetches ask of a ClientHello.
func tlsHello(h *tls.ClientHelloInfo) *listen.Hello {
	out := &listen.Hello{ServerName: h.ServerName, ALPN: h.SupportedProtos, Ciphers: h.CipherSuites, Extensions: h.Extensions, Points: h.SupportedPoints}
	for _, c := range h.SupportedCurves {
		out.Curves = append(out.Curves, uint16(c))
	}
	for _, s := range h.SignatureSchemes {
		out.SigAlgs = append(out.SigAlgs, uint16(s))
	}
	// Without the extension, crypto/tls makes the list of the highest version.
	if slices.Contains(h.Extensions, extVersions) {
		out.Versions, out.Version = h.SupportedVersions, tls.VersionTLS12
	} else if len(h.SupportedVersions) > 0 {
		out.Version = slices.Max(h.SupportedVersions)
	}
	return out
}
