package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"tandem/vrrp/config"
	"tandem/vrrp/lvs"
	"tandem/vrrp/track"
)

// probe gives a check its kind and what it tries; false: it is left out.
func (l *lvsLower) probe(c *lvs.Check, v *config.VirtualServer, r *config.RealServer, k *config.Checker, conn lvs.Connection) bool {
	switch k.Kind {
	case "TCP_CHECK":
		c.Kind, c.Probe = lvs.KindTCP, &lvs.TCPProbe{Connection: conn}
	case "PING_CHECK":
		c.Kind, c.Probe = lvs.KindPing, &lvs.PingProbe{Connection: conn}
	case "SMTP_CHECK":
		c.Kind, c.Probe = lvs.KindSMTP, &lvs.SMTPProbe{Connection: conn, Helo: k.HeloName, Real: v.NameOf(r)}
	case "DNS_CHECK":
		c.Kind, c.Probe = lvs.KindDNS, &lvs.DNSProbe{Connection: conn, Type: lvs.DNSTypes[k.DNSType], Name: k.DNSName}
	case "UDP_CHECK":
		p := &lvs.UDPProbe{Connection: conn, Payload: k.Payload, Require: k.RequireReply, Min: k.MinReply, Max: k.MaxReply}
		p.Pattern, p.Mask = k.Reply, k.ReplyMask
		c.Kind, c.Probe = lvs.KindUDP, p
	case "MISC_CHECK":
		cmd := CommandOf(l.cfg, k.Script)
		if cmd == nil {
			return false
		}
		timeout := k.Timeout
		if timeout == 0 {
			timeout = c.Delay
		}
		c.Kind, c.About = lvs.KindMisc, k.Script.Path
		c.Probe = &lvs.MiscProbe{Start: l.start, Command: cmd, Timeout: timeout, Dynamic: k.Dynamic, Base: int64(r.Weight)}
	case "HTTP_GET":
		c.Kind, c.Probe = lvs.KindHTTP, l.http(v, r, k, conn)
	case "SSL_GET":
		p := l.http(v, r, k, conn)
		p.TLS = l.tls(v, r, k)
		c.Kind, c.Probe = lvs.KindSSL, p
	case "FILE_CHECK":
		if k.File == nil {
			return false
		}
		c.Kind = lvs.KindFile
		c.Alpha = false
		l.follow(c, k)
	case "BFD_CHECK":
		c.Kind, c.About = lvs.KindBFD, k.BFD.Name
	default:
		return false
	}
	return true
}

// follow notes a FILE_CHECK.
func (l *lvsLower) follow(c *lvs.Check, k *config.Checker) {
	f := k.File
	if l.out.follow[f.Name] == nil {
		l.out.files.Files = append(l.out.files.Files, track.File{
			Name: f.Name, Path: f.Path, Init: f.InitFile, Value: f.InitValue, Overwrite: f.InitOverwrite,
		})
	}
	factor := int64(k.Weight)
	if factor == 0 {
		factor = int64(f.Weight)
	}
	if k.Reverse {
		factor = -factor
	}
	l.out.follow[f.Name] = append(l.out.follow[f.Name], follower{check: c, factor: factor})
}

func (l *lvsLower) http(v *config.VirtualServer, r *config.RealServer, k *config.Checker, conn lvs.Connection) *lvs.HTTPProbe {
	p := &lvs.HTTPProbe{Connection: conn, Real: v.NameOf(r), Virtual: v.String()}
	switch k.HTTPProtocol {
	case "1.1":
		p.Minor, p.Close = 1, true
	case "1.0C", "1.0c":
		p.Close = true
	}
	for _, u := range k.URLs {
		g := lvs.Page{Path: u.Path, Host: hostOf(v, r, k, u), Own: u.VirtualHost, Digest: u.Digest, Statuses: u.StatusCodes}
		if u.Regex != "" {
			m, err := lvs.CompileMatch(u.Regex, u.RegexOptions, u.RegexNot, u.RegexMin, u.RegexMax)
			if err != nil {
				l.out.logs = append(l.out.logs, err.Error())
			}
			g.Match = m
		}
		p.Pages = append(p.Pages, g)
	}
	return p
}

// tls is the client's side of SSL_GET. Servers are not verified: what is
// checked is a server by its address, as the original does it.
func (l *lvsLower) tls(v *config.VirtualServer, r *config.RealServer, k *config.Checker) *tls.Config {
	out := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}
	if k.EnableSNI {
		if out.ServerName = k.SNIName; out.ServerName == "" {
			out.ServerName = hostOf(v, r, k, k.URLs[0])
		}
	}
	s := l.cfg.SSL
	if s == nil {
		return out
	}
	if s.Certificate != "" || s.Key != "" {
		cert, err := tls.LoadX509KeyPair(s.Certificate, s.Key)
		if err != nil {
			l.out.logs = append(l.out.logs, fmt.Sprintf("SSL error : Cant load certificate file... (%v)", err))
		} else {
			out.Certificates = []tls.Certificate{cert}
		}
	}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		out.RootCAs = x509.NewCertPool()
		if err != nil || !out.RootCAs.AppendCertsFromPEM(pem) {
			l.out.logs = append(l.out.logs, fmt.Sprintf("SSL error : Cant load CA file... (%s)", s.CA))
		}
	}
	return out
}
