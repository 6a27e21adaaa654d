package certs

import (
	"crypto/ecdsa"
	"crypto/tls"
	"errors"
	"strings"
)

// Names chooses a certificate for a ClientHello: exact names, then wildcards
// of one label, then the default, which is the first one loaded
// (configuration manual 5.1, crt). Exclusions are names that a crt-list takes
// out with "!".
type Names struct {
	Strict bool // strict-sni: no default

	exact    map[string][]*Cert
	wild     map[string][]*Cert // "example.com" for "*.example.com"
	fallback []*Cert
	excluded map[string]bool
}

// Add makes c available under names; with none given, under those inside it.
func (n *Names) Add(c *Cert, names []string) {
	if n.exact == nil {
		n.exact, n.wild, n.excluded = map[string][]*Cert{}, map[string][]*Cert{}, map[string]bool{}
	}
	n.fallback = append(n.fallback, c)
	if len(names) == 0 {
		names = append(append(names, c.Leaf.DNSNames...), c.Leaf.Subject.CommonName)
	}
	for _, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case name == "":
		case strings.HasPrefix(name, "!"):
			n.excluded[name[1:]] = true
		case strings.HasPrefix(name, "*."):
			n.wild[name[2:]] = append(n.wild[name[2:]], c)
		default:
			n.exact[name] = append(n.exact[name], c)
		}
	}
}

// errNoName refuses a handshake under strict-sni.
var errNoName = errors.New("no certificate for this server name")

// Pick is a tls.Config's GetCertificate.
func (n *Names) Pick(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c, err := n.choose(h)
	if err != nil {
		return nil, err
	}
	return &c.TLS, nil
}

// choose returns the certificate for a ClientHello.
func (n *Names) choose(h *tls.ClientHelloInfo) (*Cert, error) {
	name := strings.TrimSuffix(strings.ToLower(h.ServerName), ".")
	if name != "" {
		if c := best(h, n.exact[name]); c != nil {
			return c, nil
		}
		if _, parent, ok := strings.Cut(name, "."); ok && !n.excluded[name] {
			if c := best(h, n.wild[parent]); c != nil {
				return c, nil
			}
		}
	}
	if n.Strict || len(n.fallback) == 0 {
		return nil, errNoName
	}
	first := n.fallback[:1]
	// Several types of key for the default: those loaded for the same names.
	for _, c := range n.fallback[1:] {
		if sameNames(c, first[0]) {
			first = append(first[:len(first):len(first)], c)
		}
	}
	return best(h, first), nil
}

func sameNames(a, b *Cert) bool {
	return a.Leaf.Subject.CommonName == b.Leaf.Subject.CommonName && strings.Join(a.Leaf.DNSNames, ",") == strings.Join(b.Leaf.DNSNames, ",")
}

// best prefers an ECDSA certificate that the client supports, then the first.
func best(h *tls.ClientHelloInfo, list []*Cert) *Cert {
	if len(list) == 0 {
		return nil
	}
	if len(list) > 1 {
		for _, c := range list {
			if _, ok := c.Leaf.PublicKey.(*ecdsa.PublicKey); ok && h.SupportsCertificate(&c.TLS) == nil {
				return c
			}
		}
	}
	return list[0]
}

// Has says whether a certificate was loaded for a name.
func (n *Names) Has(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	_, parent, _ := strings.Cut(name, ".")
	return len(n.exact[name]) > 0 || len(n.wild[parent]) > 0 && !n.excluded[name]
}

// Empty says whether no certificate was loaded.
func (n *Names) Empty() bool { return len(n.fallback) == 0 }
