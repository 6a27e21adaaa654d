package config

import (
	"encoding/hex"
	"math"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/vrrp/lvs"
)

func httpFields() []def[Checker] {
	v := keyword.V
	return []def[Checker]{
		words(kw("nb_get_retry", 0, "Old name of retry.").old(), func(c *compiler, k *Checker, w []expr.Word) {
			c.say("nb_get_retry is deprecated - please use 'retry'").Code = diag.Deprecated
			if len(w) == 0 {
				c.missing(c.env.Words, 2)
				return
			}
			if n, ok := c.integer(w[0], 0, math.MaxUint32); ok {
				k.Timing.Retry = int(n)
			} else {
				c.sayAt(1, "Invalid nb_get_retry value '%s'", w[0].Text)
			}
		}),
		optional(kw("virtualhost", 0, "Host of the requests."), "HTTP_GET virtualhost name missing", func(c *compiler, k *Checker, s string) {
			c.overwrite("virtualhost", &k.VirtualHost, s)
		}),
		optional(kw("http_protocol", v(2, 1), "1.0, 1.0C or 1.1."), "Missing http_protocol version", func(c *compiler, k *Checker, s string) {
			if s != "1.0" && s != "1.1" && s != "1.0C" && s != "1.0c" {
				c.sayAt(1, "Invalid http_protocol version %s", s)
				return
			}
			k.HTTPProtocol = s
		}),
		boolean(kw("fast_recovery", v(2, 0), "Check all pages at once after a failure."), "Invalid fast_recovery parameter {value}", func(k *Checker, on bool) { k.FastRecovery = on }),
		boolean(kw("enable_sni", v(1, 3), "Name the host in the handshake."), "Invalid enable_sni parameter {value}", func(k *Checker, on bool) { k.EnableSNI = on }),
		optional(kw("sni_name", v(2, 2), "Name for the handshake."), "", func(c *compiler, k *Checker, s string) { c.overwrite("sni_name", &k.SNIName, s) }),
		action(kw("url", 0, "A page to ask for."), func(c *compiler, k *Checker) {
			u := &URL{At: c.env.LineSpan()}
			tab := urlTable
			if k.Kind == "SSL_GET" {
				tab = sslURLTable
			}
			runBlock(c, tab, u, false)
			c.here()
			if u.Path == "" {
				if !c.fatal {
					c.say("HTTP/SSL_GET checker url has no path - ignoring")
				}
				return
			}
			k.URLs = append(k.URLs, u)
		}),
	}
}

var (
	urlTable    = keyword.NewTable("url keyword", urlFields())
	sslURLTable = keyword.NewTable("url keyword", urlFields(), []def[URL]{
		boolean(kw("tls_compliant", keyword.V(2, 2), "Demand a proper TLS close.").idle(), "Invalid tls_compliant option {value}", func(u *URL, on bool) { u.TLSCompliant = on }),
	})
)

func urlFields() []def[URL] {
	v := keyword.V
	offset := func(name string, to func(*URL) *int) def[URL] {
		return optional(kw(name, v(2, 0), "Where in the page the pattern may begin."), "", func(_ *compiler, u *URL, s string) {
			n, _ := parseUint(s)
			*to(u) = int(n)
		})
	}
	return []def[URL]{
		text(kw("path", 0, "Path of the page."), func(c *compiler, u *URL, s string) {
			if u.Path != "" {
				c.sayAt(1, "Duplicate path - overwriting %s with %s", u.Path, s)
			}
			u.Path = s
		}),
		text(kw("digest", 0, "MD5 of the page, in hexadecimal."), func(c *compiler, u *URL, s string) {
			if len(s) != 32 {
				c.sayAt(1, "digest '%s' character length should be 32 rather than %d", s, len(s))
				return
			}
			for i := 0; i < 32; i += 2 {
				if _, err := hex.DecodeString(s[i : i+2]); err != nil {
					c.sayAt(1, "Unable to interpret hex digit in '%s' at offset %d/%d", s, i, i+1)
					return
				}
			}
			u.Digest = s
		}),
		words(kw("status_code", 0, "Good statuses: N or N-M, 200-299 by default."), func(c *compiler, u *URL, w []expr.Word) {
			for _, x := range w {
				a, b, two := strings.Cut(x.Text, "-")
				if !two {
					b = a
				}
				lo, rest := parseUint(a)
				hi, rest2 := parseUint(b)
				if rest != "" || rest2 != "" || lo < 100 || hi > 599 || hi < lo {
					c.sayAt(x.Index, "Invalid HTTP_GET status code '%s'", x.Text)
					continue
				}
				u.StatusCodes = append(u.StatusCodes, [2]int{int(lo), int(hi)})
			}
		}),
		optional(kw("virtualhost", v(1, 3), "Host of the request."), "Missing HTTP_GET virtualhost name", func(c *compiler, u *URL, s string) {
			c.overwrite("url virtualhost", &u.VirtualHost, s)
		}),
		words(kw("regex", v(2, 0), "Pattern that the page must match."), func(c *compiler, u *URL, _ []expr.Word) {
			w := c.scriptWords()
			if len(w) != 2 {
				c.say("regex missing or too many fields")
				return
			}
			if u.Regex != "" {
				c.sayAt(1, "Duplicate regex specified - replacing %s with %s", u.Regex, w[1].Text)
			}
			u.Regex = w[1].Text
		}),
		flag(kw("regex_no_match", v(2, 0), "The page must not match."), func(u *URL) { u.RegexNot = true }),
		words(kw("regex_options", v(2, 0), "Options of the pattern."), func(c *compiler, u *URL, w []expr.Word) {
			for _, x := range w {
				if !lvs.MatchOption(x.Text) {
					c.notActed(c.env.Span(x.Index), "regex_options: '%s' has no effect", x.Text)
				}
				u.RegexOptions = append(u.RegexOptions, x.Text)
			}
		}),
		offset("regex_min_offset", func(u *URL) *int { return &u.RegexMin }),
		offset("regex_max_offset", func(u *URL) *int { return &u.RegexMax }),
		words(kw("regex_stack", v(2, 0), "Memory of the matcher: start and most.").tuning(), func(_ *compiler, u *URL, w []expr.Word) {
			for i, x := range w[:min(2, len(w))] {
				n, _ := parseUint(x.Text)
				u.RegexStack[i] = int(n)
			}
		}),
	}
}
