package proxy

import (
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/certs"
	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/sample"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// tlsSide holds the TLS configurations of a running configuration.
type tlsSide struct {
	binds   map[*listen.Bind]*tls.Config
	servers map[*server.Params]*certs.Client
	store   *certs.Store
	added   sync.Map // *server.Params -> *certs.Client: of servers added at run time

	sessions *certs.Sessions // of clients that get no tickets
	offers   map[*listen.Bind]*certs.Bind
}

// loadTLS loads all certificates that binds and servers name. Failures are
// reported with the place of their line.
func loadTLS(cfg *config.Config, diags *diag.List) *tlsSide {
	side := &tlsSide{binds: map[*listen.Bind]*tls.Config{}, servers: map[*server.Params]*certs.Client{}, store: cfg.Certs, offers: cfg.Offers}
	refuse := func(at, what string, err error) {
		diags.Add(diag.Diagnostic{Severity: diag.Alert, Code: diag.Unreadable, Layout: diag.PostParse, Text: fmt.Sprintf("[%s] : %s : %s", at, what, err)})
	}
	side.sessions = sessionCache(&cfg.Global)
	for _, s := range cfg.Peers {
		side.loadPeers(cfg, s, refuse)
	}
	for _, p := range cfg.Proxies {
		for _, b := range p.Binds {
			if !b.TLS.Enabled {
				continue
			}
			c, err := side.bind(&cfg.Global, b, p)
			if err != nil {
				refuse(b.Span, fmt.Sprintf("'bind %s' in section '%s'", b.Addrs[0], p.Kind), err)
				continue
			}
			side.binds[b] = c
		}
		if p.Caps&keyword.Backend == 0 {
			continue
		}
		for _, l := range p.Servers {
			if !p.SpeaksTLS(l) {
				continue
			}
			c, err := serverTLS(side.store, &cfg.Global, &l.Params.TLS)
			if err != nil {
				refuse(l.Span.String(), "'server "+p.Name+"/"+l.Name+"'", err)
				continue
			}
			side.servers[l.Params] = c
		}
	}
	side.loadLogs(cfg, refuse)
	return side
}

// loadLogs does the same for what log-forward sections bind and the servers of
// rings.
func (side *tlsSide) loadLogs(cfg *config.Config, refuse func(at, what string, err error)) {
	for _, b := range cfg.Others.InOrder(cfg.Others.LogForwards) {
		for _, l := range b.Forward.Binds {
			if !l.TLS.Enabled {
				continue
			}
			c, err := side.bind(&cfg.Global, l, &config.Proxy{Name: b.Name, Mode: "log"})
			if err != nil {
				refuse(l.Span, fmt.Sprintf("'bind %s' in section 'log-forward'", l.Addrs[0]), err)
				continue
			}
			side.binds[l] = c
		}
	}
	for _, b := range cfg.Others.InOrder(cfg.Others.Rings) {
		for _, l := range b.Ring.Servers {
			if !l.Params.TLS.Enabled {
				continue
			}
			c, err := serverTLS(side.store, &cfg.Global, &l.Params.TLS)
			if err != nil {
				refuse(b.Span.String(), "'server "+b.Name+"/"+l.Name+"'", err)
				continue
			}
			side.servers[l.Params] = c
		}
	}
}

// under joins a relative path with a base directory.
func under(base, path string) string {
	if base == "" || filepath.IsAbs(path) || path == "" || path[0] == '@' {
		return path
	}
	return filepath.Join(base, path)
}

// bind makes the configuration of one bind line of p. Its certificates were
// read when the line was checked.
func (side *tlsSide) bind(g *config.Global, b *listen.Bind, p *config.Proxy) (*tls.Config, error) {
	t, offer := &b.TLS, side.offers[b]
	if offer == nil {
		return nil, fmt.Errorf("the certificates of bind '%s' were not read", b.Addrs[0])
	}
	if offer.Front = p.Name; offer.Empty() && !t.StrictSNI && !t.GenerateCerts {
		return nil, fmt.Errorf("no SSL certificate specified for bind '%s' at [%s] (use 'crt').", b.Addrs[0], b.Span)
	}
	s := &certs.Server{Bind: offer, Words: config.BindWords(t), Tickets: !t.NoTickets, Sessions: side.sessions}
	if len(t.ALPN) == 0 && p.Mode == "http" {
		s.Words.ALPN = []string{"h2", "http/1.1"}
	}
	var err error
	if t.TicketKeys != "" {
		if s.Keys, err = side.store.TicketKeys(t.TicketKeys); err != nil {
			return nil, err
		}
	}
	if t.GenerateCerts {
		ca, err := certs.Load(t.CASignFile)
		if err == nil {
			s.Forger, err = certs.NewForger(ca)
		}
		if err != nil {
			return nil, err
		}
	}
	if t.Verify != "required" && t.Verify != "optional" {
		if err := know(side.store, g, t.CAFile, t.CAVerifyFile, t.CRLFile); err != nil {
			return nil, err
		}
	}
	c, err := s.Config(side.store)
	if errors.Is(err, certs.ErrNoCA) {
		err = fmt.Errorf("%w for bind '%s' at [%s].", err, b.Addrs[0], b.Span)
	}
	return c, err
}

// policy makes what is agreed on of the words of a server line.
func policy(v certs.VersionWords, ciphers, curves string) certs.Policy {
	w := certs.Words{Versions: v, Ciphers: ciphers, Curves: curves}
	return w.Policy()
}

// know loads files that a line names and verifies nothing with: the command
// line shows them.
func know(store *certs.Store, g *config.Global, ca, caVerify, crl string) error {
	for _, x := range []struct {
		in   *certs.Authorities
		path string
	}{{store.CAs, ca}, {store.CAs, caVerify}, {store.CRLs, crl}} {
		if x.path == "" {
			continue
		}
		if _, err := x.in.Use(under(g.CABase, x.path), nil); err != nil {
			return err
		}
	}
	return nil
}

// sessionCache makes the cache that the global section asks for.
func sessionCache(g *config.Global) *certs.Sessions {
	size, life := int64(20000), int64(300)
	if n, ok := g.Tune["ssl.cachesize"]; ok {
		size = n
	}
	if n, ok := g.Tune["ssl.lifetime"]; ok {
		life = n
	}
	if size == 0 {
		return nil
	}
	return certs.NewSessions(int(size), time.Duration(life)*time.Second)
}

// serverTLS makes the client side of one server line.
func serverTLS(store *certs.Store, g *config.Global, t *server.TLS) (*certs.Client, error) {
	verify := t.Verify
	if verify == "" {
		if verify = g.SSLServerVerify; verify == "" {
			verify = "required"
		}
	}
	c := &certs.Client{Verify: verify != "none", Host: t.VerifyHost, ALPN: t.ALPN, Policy: policy(config.ServerVersions(t), t.Ciphers, t.Curves)}
	var err error
	if c.Policy.Min == 0 {
		return nil, fmt.Errorf("all SSL/TLS versions are disabled")
	}
	if !t.NoReuse && !t.NoTickets {
		c.Sessions = &certs.ServerSessions{}
	}
	if t.MinVer == "" && t.MaxVer == "" && c.Policy.Max >= tls.VersionTLS12 {
		c.Policy.Min = max(c.Policy.Min, tls.VersionTLS12) // OpenSSL's own default speaks nothing older
	}
	if c.Verify {
		if t.CAFile == "" {
			return nil, fmt.Errorf("verify is enabled by default but no CA file specified. If you're running on a LAN where you're certain to trust the server's certificate, please set an explicit 'verify none' statement on the 'server' line, or use 'ssl-server-verify none' in the global section to disable server-side verifications by default.")
		}
		instances := func() int { return 0 } // a line without a certificate does not count
		if t.Cert != "" {
			instances = func() int { return 1 }
		}
		ca, err := store.CAs.Use(under(g.CABase, t.CAFile), instances)
		if err != nil {
			return nil, err
		}
		c.CAs = certs.NewAnchors(ca)
		if t.CRLFile != "" {
			if c.CRL, err = store.CRLs.Use(under(g.CABase, t.CRLFile), instances); err != nil {
				return nil, err
			}
		}
	} else {
		err = know(store, g, t.CAFile, "", t.CRLFile)
		if err != nil {
			return nil, err
		}
	}
	if t.Cert != "" {
		if c.Cert, err = store.Client(under(g.CRTBase, t.Cert)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// of returns the settings towards a server, nil for none.
func (s *tlsSide) of(p *server.Params) *certs.Client {
	p = p.First()
	if c := s.servers[p]; c != nil {
		return c
	}
	if c, ok := s.added.Load(p); ok {
		return c.(*certs.Client)
	}
	return nil
}

// add notes those of a server that is added at run time.
func (s *tlsSide) add(p *server.Params, c *certs.Client) { s.added.Store(p, c) }

// server is the engine's ServerTLS.
func (s *tlsSide) server(l *listen.Listener) *tls.Config { return s.binds[l.Bind] }

// verdict is the engine's ClientVerdict: what the verification of a client's
// certificate found, also where it was told to ignore it.
func (s *tlsSide) verdict(l *listen.Listener, st *tls.ConnectionState) tx.Verdict {
	offer := s.offers[l.Bind]
	if offer == nil {
		return tx.Verdict{}
	}
	v := offer.Verifier(st.ServerName)
	if v == nil {
		return tx.Verdict{}
	}
	d := v.Verdict(st)
	return tx.Verdict{Err: d.Err, CAErr: d.CAErr, CADepth: d.CADepth, Root: d.Root}
}

// client is the engine's ClientTLS: the name sent is the "sni" expression's,
// or the request's Host.
func (s *tlsSide) client(srv *server.Server, t *tx.Tx) *tls.Config {
	c := s.of(srv.Params)
	if c == nil || !srv.Params.TLS.Enabled {
		return nil
	}
	name := ""
	if x, ok := srv.Params.TLS.SNI.(*sample.Expr); ok && t != nil {
		b, _ := x.AppendString(nil, t)
		name = string(b)
	} else if !srv.Params.TLS.NoSNIAuto && t != nil {
		name = hostName(t.Req.GetID(tx.HdrHost))
	}
	return c.Config(name)
}

// hostName takes the port from a Host value.
func hostName(host []byte) string {
	for i := len(host) - 1; i >= 0 && host[i] != ']'; i-- {
		if host[i] == ':' {
			return string(host[:i])
		}
	}
	return string(host)
}
