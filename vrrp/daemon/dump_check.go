package daemon

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
	"time"

	"tandem/vrrp/config"
	"tandem/vrrp/lvs"
)

// checks writes the checks of a server. Those that are left out have no state,
// so the two lists are walked side by side.
func (d *lvsDump) checks(v *config.VirtualServer, r *config.RealServer, s *lvs.ServerView) {
	i := 0
	for _, k := range r.Checkers {
		if i == len(s.Checks) {
			return
		}
		c := &s.Checks[i]
		if c.Spec.Kind.Name != k.Kind {
			continue
		}
		i++
		d.check(v, r, k, c)
	}
}

func (d *lvsDump) check(v *config.VirtualServer, r *config.RealServer, k *config.Checker, c *lvs.CheckView) {
	yes := func(b bool) string { return enabled(b, "yes", "no") }
	d.p(" %s -> %s", v, v.NameOf(r))
	d.p("   Enabled = %s", yes(c.Enabled))
	d.p("   Up = %s", yes(c.Up))
	d.p("   Has run = %s", yes(c.Ran || k.Kind == "FILE_CHECK"))
	d.p("   Current weight = %d", c.Weight)
	spec := c.Spec
	switch k.Kind {
	case "FILE_CHECK":
	case "BFD_CHECK":
		// The original prints what it leaves unset, too.
		d.p("   Alpha = %s", yes(spec.Alpha))
		d.p("   Delay loop = %d us\n   Warmup = %d us", uint64(math.MaxUint64), uint64(math.MaxUint64))
		d.p("   Retries = %d\n   Delay before retry = %d us", uint32(math.MaxUint32), uint64(math.MaxUint64))
		d.p("   Retries iterations = %d\n   Default delay before retry = %d us", uint32(math.MaxUint32), time.Second.Microseconds())
	default:
		d.p("   Alpha = %s", yes(spec.Alpha))
		d.p("   Delay loop = %d us", spec.Delay.Microseconds())
		d.p("   Warmup = %d us", spec.Warmup.Microseconds())
		d.p("   Retries = %d", spec.Retry)
		if spec.Retry > 0 {
			d.p("   Delay before retry = %d us", spec.RetryDelay.Microseconds())
			d.p("   Retries iterations = %d", c.Tries)
		}
		d.p("   Default delay before retry = %d us", defaultDelay(k, spec).Microseconds())
	}
	d.p("   Log all failures = %s", yes(spec.LogAll))
	if k.Kind != "MISC_CHECK" && k.Kind != "FILE_CHECK" && k.Kind != "BFD_CHECK" {
		d.connection(v, r, k, spec)
	}
	method := k.Kind
	if k.Kind == "HTTP_GET" || k.Kind == "SSL_GET" {
		method += ", http protocol " + strings.ToUpper(or(k.HTTPProtocol, "1.0"))
	}
	d.p("   Keepalive method = %s", method)
	d.special(k, c)
}

func (d *lvsDump) connection(v *config.VirtualServer, r *config.RealServer, k *config.Checker, spec *lvs.Check) {
	c := connection(v, r, k)
	d.p("   Connection")
	d.p("     Dest = %s", bracketed(c.To))
	if c.From.Addr().IsValid() {
		d.p("     Bind to = %s", bracketed(c.From))
	}
	if c.Device != "" {
		d.p("     Bind i/f = %s", c.Device)
	}
	if c.Mark != 0 {
		d.p("     Mark = %d", c.Mark)
	}
	if t, ok := spec.Probe.(interface{ ConnectTimeout() float64 }); ok {
		d.p("     Timeout = %.6f", t.ConnectTimeout())
	}
}

func bracketed(a netip.AddrPort) string { return fmt.Sprintf("[%s]:%d", a.Addr(), a.Port()) }

// special writes what only this kind of check has.
func (d *lvsDump) special(k *config.Checker, c *lvs.CheckView) {
	set := func(b bool) string { return enabled(b, "set", "unset") }
	switch k.Kind {
	case "HTTP_GET", "SSL_GET":
		if k.VirtualHost != "" {
			d.p("   Virtualhost = %s", k.VirtualHost)
		}
		d.p("   Enable SNI %s", set(k.EnableSNI))
		if k.SNIName != "" {
			d.p("     SNI name = %s", k.SNIName)
		}
		d.p("   Fast recovery %s", set(k.FastRecovery))
		if k.Kind == "SSL_GET" {
			d.p("   tls_compliant %s", set(k.TLSCompliant))
		}
		for _, u := range k.URLs {
			d.url(u)
		}
		if c.Failed && c.Step < len(k.URLs) {
			d.p("   Failed URL = %s", k.URLs[c.Step].Path)
		}
	case "SMTP_CHECK":
		d.p("   helo = %s", k.HeloName)
	case "DNS_CHECK":
		d.p("   Type = %s", k.DNSType)
		d.p("   Name = %s", strings.TrimSuffix(k.DNSName, "."))
	case "UDP_CHECK":
		if k.Payload == nil {
			d.p("   Payload specified = no")
		} else {
			d.p("   Payload len = %d", len(k.Payload))
		}
		d.p("   Require reply = %s", enabled(k.RequireReply, "yes", "no"))
		if k.RequireReply {
			d.p("     Min reply length = %d", k.MinReply)
			d.p("     Max reply length = %d", k.MaxReply)
			d.p("     Reply data len = %d", len(k.Reply))
		}
	case "MISC_CHECK":
		d.p("   script = '%s'", strings.Join(k.Script.Argv, "' '"))
		d.p("   timeout = %d", int(k.Timeout.Seconds()))
		d.p("   dynamic = %s", enabled(k.Dynamic, "YES", "NO"))
		d.p("   uid:gid = %d:%d", k.Script.Account.UID, k.Script.Account.GID)
	case "BFD_CHECK":
		d.p("   Name = %s", k.BFD.Name)
		d.p("   Alpha is %s", enabled(c.Spec.Alpha, "ON", "OFF"))
	case "FILE_CHECK":
		d.p("     Tracked file = %s", k.File.Name)
	}
}

func (d *lvsDump) url(u *config.URL) {
	d.p("   Checked url = %s", u.Path)
	if u.Digest != "" {
		d.p("     digest = %s", u.Digest)
	}
	d.p("     tls_compliant %s", enabled(u.TLSCompliant, "set", "unset"))
	d.p("     HTTP Status Code(s)")
	codes := u.StatusCodes
	if len(codes) == 0 {
		codes = [][2]int{{200, 299}}
	}
	for _, c := range codes {
		if c[0] == c[1] {
			d.p("       %d", c[0])
		} else {
			d.p("       %d-%d", c[0], c[1])
		}
	}
	if u.VirtualHost != "" {
		d.p("     Virtual host = %s", u.VirtualHost)
	}
	if u.Regex != "" {
		d.p("     Regex = \"%s\"", u.Regex)
		if u.RegexNot {
			d.p("     Regex no match")
		}
		if len(u.RegexOptions) > 0 {
			d.p("     Regex options: %s", strings.Join(u.RegexOptions, " "))
		}
	}
}
