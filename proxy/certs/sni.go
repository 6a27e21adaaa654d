package certs

import (
	"crypto/ecdsa"
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"time"
)

// Names chooses a certificate for a ClientHello: exact names, then wildcards
// of one label, then the default ones (configuration manual 5.1, crt-list).
type Names struct {
	Strict bool // strict-sni: no default

	exact    map[string][]*offer
	wild     map[string][]*offer // "example.com" for "*.example.com"
	fallback []*offer
	varied   bool // some offers have terms of their own
	any      bool
}

// offer is a certificate on one line.
type offer struct {
	cert     *Cert
	tls      *tls.Certificate // cert's; a copy where its signature algorithms are limited
	terms    *terms           // what the line alone agrees to; nil: what its bind line does
	not      []string         // names that wildcards of the line leave out
	fallback bool             // a default, though not the first
}

// Add makes c available under names; with none given, under those inside it.
func (n *Names) Add(c *Cert, names []string) { n.add(&offer{cert: c, tls: &c.TLS}, names) }

func (n *Names) add(o *offer, names []string) {
	if n.exact == nil {
		n.exact, n.wild = map[string][]*offer{}, map[string][]*offer{}
	}
	if len(names) == 0 {
		leaf := o.cert.Leaf
		names = append(append(names, leaf.DNSNames...), leaf.Subject.CommonName)
	}
	for _, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case name == "":
		case name == "*":
			o.fallback = true
		case strings.HasPrefix(name, "!"):
			o.not = append(o.not, name[1:])
		case strings.HasPrefix(name, "*."):
			n.wild[name[2:]] = append(n.wild[name[2:]], o)
		default:
			n.exact[name] = append(n.exact[name], o)
		}
	}
	if o.fallback || !n.any {
		n.fallback = append(n.fallback, o)
	}
	n.any, n.varied = true, n.varied || o.terms != nil
}

// errNoName refuses a handshake under strict-sni.
var errNoName = errors.New("no certificate for this server name")

// named returns the offers for a server name as a client sends it.
func (n *Names) named(name string) []*offer {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if name != "" {
		if list := n.exact[name]; len(list) > 0 {
			return list
		}
		_, parent, ok := strings.Cut(name, ".")
		list := n.wild[parent]
		for _, o := range list {
			if ok && slices.Contains(o.not, name) { // rare: only then is there a list to be made
				list = slices.DeleteFunc(slices.Clone(list), func(o *offer) bool { return slices.Contains(o.not, name) })
				break
			}
		}
		if ok && len(list) > 0 {
			return list
		}
	}
	if n.Strict {
		return nil
	}
	return n.fallback
}

// Pick is a tls.Config's GetCertificate.
func (n *Names) Pick(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
	o, err := n.choose(h)
	if err != nil {
		return nil, err
	}
	return o.tls, nil
}

// choose returns what is offered to a client.
func (n *Names) choose(h *tls.ClientHelloInfo) (*offer, error) {
	if o := best(h, n.named(h.ServerName)); o != nil {
		return o, nil
	}
	return nil, errNoName
}

// show returns the certificate with the OCSP response that stands now, and
// tells the connection of it.
func (o *offer) show(h *tls.ClientHelloInfo) *tls.Certificate {
	if w, ok := h.Conn.(Witness); ok {
		w.Presented(o.cert.Leaf, o.cert.Path)
	}
	c := o.cert.show(time.Now())
	if o.tls != &o.cert.TLS {
		limited := *c
		limited.SupportedSignatureAlgorithms = o.tls.SupportedSignatureAlgorithms
		return &limited
	}
	return c
}

// best prefers an ECDSA certificate that the client supports, then the first.
func best(h *tls.ClientHelloInfo, list []*offer) *offer {
	if len(list) == 0 {
		return nil
	}
	if len(list) > 1 {
		for _, o := range list {
			if _, ok := o.cert.Leaf.PublicKey.(*ecdsa.PublicKey); ok && h.SupportsCertificate(o.tls) == nil {
				return o
			}
		}
	}
	return list[0]
}

// Has says whether a certificate was loaded for a name.
func (n *Names) Has(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	_, parent, _ := strings.Cut(name, ".")
	return len(n.exact[name]) > 0 || slices.ContainsFunc(n.wild[parent], func(o *offer) bool { return !slices.Contains(o.not, name) })
}

// Empty says whether no certificate was loaded.
func (n *Names) Empty() bool { return !n.any }
