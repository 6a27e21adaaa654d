package certs

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"sync/atomic"
)

// Bind is what one bind line offers.
type Bind struct {
	Front, At string // frontend, and file:line
	Strict    bool

	direct   []*Entry
	defaults map[*Entry]bool // those of "default-crt"
	lists    []*List
	server   *Server // nil while nothing is served
	names    atomic.Pointer[Names]
}

// Witness may be implemented by the connection below a TLS server: it is told
// what crypto/tls keeps to itself.
type Witness interface {
	// Hello is called when the client has spoken.
	Hello(*tls.ClientHelloInfo)
	// Presented is called with the certificate that the client is shown; file
	// is empty for one that was made for it.
	Presented(leaf *x509.Certificate, file string)
}

// Pick is a tls.Config's GetCertificate.
func (b *Bind) Pick(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
	o, err := b.names.Load().choose(h)
	if err != nil {
		return nil, err
	}
	return o.show(h), nil
}

// Names returns the names as they are offered now.
func (b *Bind) Names() *Names { return b.names.Load() }

// Empty says whether the line offers no certificate.
func (b *Bind) Empty() bool { return b.names.Load().Empty() }

// Verifier returns who verifies the clients that asked for a server name, nil
// where they are not asked for a certificate.
func (b *Bind) Verifier(serverName string) *Verifier {
	n := b.names.Load()
	if list := n.named(serverName); n.varied && len(list) > 0 && list[0].terms != nil {
		return list[0].terms.verifier
	}
	if b.server == nil {
		return nil
	}
	return b.server.terms.verifier
}

// Lines returns the lines of its crt-lists that agree to something of their own.
func (b *Bind) Lines() (out []*ListLine) {
	for _, l := range b.lists {
		for _, line := range l.Lines {
			if line.Words != nil {
				out = append(out, line)
			}
		}
	}
	return out
}

// ListOf returns the path of the list that has the line.
func (b *Bind) ListOf(line *ListLine) string {
	for _, l := range b.lists {
		if slices.Contains(l.Lines, line) {
			return l.Path
		}
	}
	return ""
}

// AllLines returns the lines of its crt-lists.
func (b *Bind) AllLines() (out []*ListLine) {
	for _, l := range b.lists {
		out = append(out, l.Lines...)
	}
	return out
}

// build makes the names anew from what the certificates hold now; the store's
// lock is held.
func (b *Bind) build() {
	n := &Names{Strict: b.Strict}
	for _, e := range b.direct {
		if c := e.Cert(); c != nil {
			o := b.offer(c, nil)
			o.fallback = b.defaults[e]
			n.add(o, nil)
		}
	}
	for _, l := range b.lists {
		for _, line := range l.Lines {
			if c := line.Entry.Cert(); c != nil {
				n.add(b.offer(c, line.Words), line.Filters)
			}
		}
	}
	b.names.Store(n)
}

// offer makes what is shown of a certificate on a line with words of its own,
// or none.
func (b *Bind) offer(c *Cert, own *Words) *offer {
	o := &offer{cert: c, tls: &c.TLS}
	if b.server == nil {
		return o
	}
	words := &b.server.Words
	if own != nil {
		words = own.Over(words)
	}
	if words.SigAlgs != "" {
		limited := c.TLS
		limited.SupportedSignatureAlgorithms = SignatureSchemes(words.SigAlgs)
		o.tls = &limited
	}
	if own != nil {
		o.terms = b.server.variant(words, o)
	}
	return o
}

func (b *Bind) count(e *Entry) (n int) {
	for _, x := range b.direct {
		if x == e {
			n++
		}
	}
	for _, l := range b.lists {
		for _, line := range l.Lines {
			if line.Entry == e {
				n++
			}
		}
	}
	return n
}
