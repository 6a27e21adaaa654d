package certs

import (
	"crypto/tls"
	"crypto/x509"
	"sync/atomic"
	"time"
)

// Bind is what one bind line offers.
type Bind struct {
	Front, At string // frontend, and file:line
	Strict    bool

	direct []*Entry
	lists  []*List
	names  atomic.Pointer[Names]
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
	c, err := b.names.Load().choose(h)
	if err != nil {
		return nil, err
	}
	if w, ok := h.Conn.(Witness); ok {
		w.Presented(c.Leaf, c.Path)
	}
	return c.show(time.Now()), nil
}

// Names returns the names as they are offered now.
func (b *Bind) Names() *Names { return b.names.Load() }

// Empty says whether the line offers no certificate.
func (b *Bind) Empty() bool { return b.names.Load().Empty() }

// build makes the names anew from what the certificates hold now; the store's
// lock is held.
func (b *Bind) build() {
	n := &Names{Strict: b.Strict}
	for _, e := range b.direct {
		if c := e.Cert(); c != nil {
			n.Add(c, nil)
		}
	}
	for _, l := range b.lists {
		for _, line := range l.Lines {
			if c := line.Entry.Cert(); c != nil {
				n.Add(c, line.Filters)
			}
		}
	}
	b.names.Store(n)
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
