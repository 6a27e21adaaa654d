package pattern

import "tandem/parser/expr"

// alias is an ACL keyword that stands for a fetch with a method.
type alias struct {
	fetch  string
	method Method
}

// Aliases returns the ACL keywords that the original's -dKacl dump lists, as
// "name = fetch -m method", in its order.
func Aliases() []string {
	names := make([]string, 0, len(aliases))
	for n := range aliases {
		names = append(names, n)
	}
	sortStrings(names)
	for i, n := range names {
		names[i] = n + " = " + aliases[n].fetch + " -m " + aliases[n].method.String()
	}
	return names
}

// aliases by name (configuration manual 7.3, "ACL derivatives").
var aliases = func() map[string]alias {
	m := map[string]alias{
		"http_auth_group":    {"http_auth_group", Group},
		"method":             {"method", Meth},
		"payload":            {"req.payload", Bin},
		"payload_lv":         {"req.payload_lv", Bin},
		"req.ssl_ver":        {"req.ssl_ver", Dotted},
		"req_ssl_ver":        {"req.ssl_ver", Dotted},
		"req_rdp_cookie":     {"req.rdp_cookie", Str},
		"req_rdp_cookie_cnt": {"req.rdp_cookie_cnt", Int},
		"req_ssl_sni":        {"req.ssl_sni", Str},
		"req_ver":            {"req.ver", Str},
		"resp_ver":           {"res.ver", Str},
		"ssl_fc_sni_end":     {"ssl_fc_sni", End},
		"ssl_fc_sni_reg":     {"ssl_fc_sni", Reg},
	}
	families := map[string]string{
		"base": "base", "cook": "req.cook", "hdr": "req.hdr", "path": "path",
		"scook": "res.cook", "shdr": "res.hdr", "url": "url", "urlp": "urlp",
	}
	for name, fetch := range families {
		m[name] = alias{fetch, Str}
		for _, method := range [...]Method{Beg, Dir, Dom, End, Len, Reg, Sub} {
			m[name+"_"+method.String()] = alias{fetch, method}
		}
	}
	return m
}()

// resolveAlias replaces an ACL keyword by its fetch. It returns the keyword's
// own method, NoMethod where it has none.
func resolveAlias(s *expr.Sample) Method {
	a, ok := aliases[s.Fetch.Name]
	if !ok {
		return NoMethod
	}
	s.Fetch.Name = a.fetch
	return a.method
}
