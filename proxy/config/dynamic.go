package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/server"
)

// dynamicWords are the words of a server line that servers may have which are
// added while the process runs (management manual, add server help), in the
// order of that list.
var dynamicWords = strings.Fields(`allow-0rtt alpn ca-file check-alpn check-sni check-ssl ciphers ciphersuites client-sigalgs crl-file
curves crt force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 ktls no-check-sni-auto no-renegotiate no-sni-auto
no-ssl-reuse no-sslv3 no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 no-tls-tickets npn renegotiate send-proxy-v2-ssl
send-proxy-v2-ssl-cn sigalgs sni ssl ssl-min-ver ssl-max-ver tls-tickets verify verifyhost backup cookie disabled error-limit
guid ws hash-key id idle-ping init-state maxconn maxqueue minconn no-backup no-send-proxy no-send-proxy-v2 no-tfo observe
on-error on-marked-down on-marked-up pool-conn-name pool-low-conn pool-max-conn pool-purge-delay proto proxy-v2-options
send-proxy send-proxy-v2 set-proxy-v2-tlv-fmt shard slowstart source strict-maxconn tfo track usesrc weight healthcheck addr
agent-addr agent-check agent-inter agent-port agent-send check check-pool-conn-name check-proto check-reuse-pool
check-send-proxy check-via-socks4 rise fall inter fastinter downinter port`)

// DynamicWords returns them.
func DynamicWords() []string { return dynamicWords }

// ReadServer reads the words of "add server": an address and settings. The
// result is no part of p yet. The error is worded as the command answers.
func (c *Config) ReadServer(p *Proxy, name string, words []string) (*ServerLine, error) {
	if p.Back.Server(name) != nil {
		return nil, errors.New("Already exists a server with the same name in backend.")
	}
	if p.Balance != nil && p.Balance.Static {
		return nil, fmt.Errorf("Backend does not support dynamic servers : backend '%s' uses a non dynamic load balancing method.", p.Name)
	}
	all := make([]source.Word, 0, len(words)+2)
	for _, w := range append([]string{"server", name}, words...) {
		all = append(all, source.Word{Text: w})
	}
	e := &keyword.Env{Diags: &diag.List{}, Scope: keyword.ServerLine, Section: p.Kind, Owner: p.Name, Experimental: c.Global.Experimental}
	c.attachTo(e)
	for i := 3; i < len(all); {
		d, next := server.Words.Match(all, i)
		if d == nil {
			break // the reader says so
		}
		if indexOf(dynamicWords, d.Name) < 0 && all[i].Text != "from" {
			return nil, fmt.Errorf("'%s' option is not accepted for dynamic server", all[i].Text)
		}
		e.Words = all
		if _, i, _ = d.Read(e, all, next); i < next {
			i = next
		}
	}
	e.Diags, e.Refs = &diag.List{}, nil
	l, err := server.ParseServer(e, all, server.DefaultParams())
	if err != nil {
		return nil, err
	}
	for _, d := range e.Diags.All {
		if d.Severity == diag.Alert {
			return nil, errors.New(d.Text)
		}
	}
	if l.Params.Proto != "" && p.Mode != "http" {
		return nil, errors.New("MUX protocol is not usable for server.")
	}
	s := &ServerLine{Name: l.Name, Params: l.Params, Addr: l.Addr}
	for _, r := range e.Refs {
		if err := c.resolveNew(p, r); err != nil {
			return nil, err
		}
	}
	if l.Params.Check.Enabled && l.Params.Track != nil {
		return nil, errors.New("unable to enable checks and tracking at the same time!")
	}
	if err := c.taken(p, l.Params); err != nil {
		return nil, err
	}
	s.Server = p.Back.Prepare(l.Name, l.Params)
	return s, nil
}

// taken says whether another server has the number or the GUID of a new one.
func (c *Config) taken(p *Proxy, n *server.Params) error {
	for _, s := range p.Back.Servers() {
		if n.ForcedID != 0 && s.ID == n.ForcedID {
			at := "<unknown>:0"
			for _, l := range p.Servers {
				if l.Server == s {
					at = l.Span.String()
				}
			}
			return fmt.Errorf("'id' : custom id %d already used at %s ('server %s').", s.ID, at, s.Name)
		}
	}
	if n.GUID == "" {
		return nil
	}
	for _, q := range c.Proxies {
		switch {
		case q.GUID == n.GUID:
			return fmt.Errorf("'guid': duplicate entry with proxy %s.", q.Name)
		case q.Back == nil:
			continue
		}
		for _, s := range q.Back.Servers() {
			if s.Params.GUID == n.GUID {
				return fmt.Errorf("'guid': duplicate entry with server %s/%s.", q.Name, s.Name)
			}
		}
	}
	return nil
}

// resolveNew finds what the line of a new server names.
func (c *Config) resolveNew(p *Proxy, r *keyword.Ref) error {
	if r.Kind != keyword.ToServer {
		if t := c.Others.find(r); t != nil {
			r.Resolve(viewsOf(t)...)
			return nil
		}
		return fmt.Errorf("unable to find required %s: '%s'.", r.Kind, r.Name)
	}
	be, name, ok := strings.Cut(r.Name, "/")
	if !ok {
		be, name = p.Name, r.Name
	}
	q := c.Proxy(be, keyword.Backend)
	if q == nil {
		return fmt.Errorf("unable to find required proxy '%s' for tracking.", be)
	}
	s := q.Back.Server(name)
	switch {
	case s == nil:
		return fmt.Errorf("unable to find required server '%s' for tracking.", name)
	case s.Dynamic():
		return fmt.Errorf("unable to use %s/%s for tracking as it is a dynamic server.", be, name)
	case !s.Params.Check.Enabled && !s.Params.Agent.Enabled && s.Params.Track == nil:
		return fmt.Errorf("unable to use %s/%s for tracking as it does not have any check nor agent enabled.", be, name)
	}
	r.Resolve(s)
	return nil
}

// Add makes the server of a line read by ReadServer one of p's.
func (l *ServerLine) Add(p *Proxy, now time.Time) {
	p.Back.Add(server.Declared{Server: l.Server, Params: l.Params, ID: l.Params.ForcedID, Addr: l.endpoint(), Track: keyword.Target[*server.Server](l.Params.Track)}, now)
}
