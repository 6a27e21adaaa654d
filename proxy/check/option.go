package check

import (
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/logformat"
	"tandem/proxy/sample"
)

const proxySides = keyword.Backend | keyword.Defaults

// kind defines an option without arguments that selects a kind of check.
func kind(name, doc string, rules func() []rule) *keyword.Def[Change] {
	return keyword.Define(keyword.Spec{Name: "option " + name, In: proxySides, Doc: doc}, func(*keyword.Env, *keyword.None) (Change, error) {
		return func(s *Setup) error {
			s.Kind = name
			if rules != nil {
				s.fixed = rules()
			}
			return nil
		}, nil
	})
}

var httpchk = keyword.Define(keyword.Spec{
	Name: "option httpchk", In: proxySides, Doc: "Check servers by an HTTP request.",
}, func(e *keyword.Env, a *httpchkArgs) (Change, error) {
	var host *httpHeader
	var legacy []httpHeader
	version, body := a.version, ""
	if i := strings.Index(version, "\\r\\n"); i >= 0 || strings.Contains(version, "\r\n") {
		version, legacy, body = splitVersion(version)
		e.Diags.Tolerate(diag.Diagnostic{
			Code: diag.RemovedWord, Span: e.Span(a.first + 2), Hint: "http-check send hdr <name> <value> body <string>",
			Text: "'option httpchk' : headers or a body behind the version were dropped in HAProxy 2.7; they are accepted here and sent as they were. Please write 'http-check send' instead.",
		}, diag.Diagnostic{Text: "'option httpchk' : hiding headers or body at the end of the version string is unsupported.Use 'http-check send' directive instead.."})
	}
	if a.host != "" {
		f, err := compileFormat(e, a.host, a.hostIndex, "option httpchk")
		if err != nil {
			return nil, err
		}
		host = &httpHeader{name: "host", text: a.host, fmt: f}
	}
	return func(s *Setup) error {
		httpSide.own(s)
		s.Kind, s.method, s.uri, s.version, s.host = "httpchk", a.method, a.uri, version, host
		if len(legacy) > 0 || body != "" {
			s.http = append([]rule{sendRule(httpSend{headers: legacy, body: body}, "")}, s.http...)
		}
		return nil
	}, nil
})

// splitVersion takes apart "HTTP/1.1\r\nHost:\ www": up to 2.6 headers were
// written behind the version.
func splitVersion(v string) (version string, headers []httpHeader, body string) {
	v = strings.NewReplacer("\\r\\n", "\r\n", "\\ ", " ").Replace(v)
	head, body, _ := strings.Cut(v, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	for _, l := range lines[1:] {
		if name, value, ok := strings.Cut(l, ":"); ok {
			headers = append(headers, httpHeader{name: lowerName(strings.TrimSpace(name)), text: strings.TrimSpace(value)})
		}
	}
	return lines[0], headers, body
}

// httpchkArgs is "[[<method>] <uri> [<version> [<host>]]]".
type httpchkArgs struct {
	method, uri, version, host string
	hostIndex, first           int
}

// Usage is what the reference prints.
func (*httpchkArgs) Usage() string { return "[<method>] [<uri>] [<version>] [<host>]" }

// ParseArgs reads the words to the end of the line.
func (h *httpchkArgs) ParseArgs(a *keyword.Args) error {
	h.first = a.Pos
	w := a.Rest()
	if len(w) > 4 {
		return bad(a.Pos-len(w)+4, "'option httpchk' cannot handle unexpected argument '%s'.", w[4].Text)
	}
	switch len(w) {
	case 0:
	case 1:
		h.uri = w[0].Text
	default:
		h.method, h.uri = w[0].Text, w[1].Text
		if len(w) > 2 {
			h.version = w[2].Text
		}
		if len(w) > 3 {
			h.host, h.hostIndex = w[3].Text, a.Pos-1
		}
	}
	return nil
}

var tcpCheck = kind("tcp-check", "Check servers by the steps of \"tcp-check\" lines.", nil)
var redisCheck = kind("redis-check", "Check Redis servers.", redisRules)
var ldapCheck = kind("ldap-check", "Check LDAPv3 servers.", ldapRules)
var spopCheck = kind("spop-check", "Check SPOP agents.", spopRules)
var sslHelloChk = kind("ssl-hello-chk", "Check TLS servers by an SSLv3 hello.", sslHelloRules)
var externalCheck = kind("external-check", "Check servers by running a program.", nil)

var smtpchk = keyword.Define(keyword.Spec{
	Name: "option smtpchk", In: proxySides, Doc: "Check SMTP servers.",
}, func(_ *keyword.Env, a *smtpArgs) (Change, error) {
	hello := "HELO localhost"
	if a.domain != "" {
		hello = "HELO " + a.domain
		if strings.EqualFold(a.hello, "EHLO") {
			hello = "EHLO " + a.domain
		}
	}
	return func(s *Setup) error {
		s.Kind, s.fixed = "smtpchk", smtpRules(hello)
		return nil
	}, nil
})

type smtpArgs struct{ hello, domain string }

// Usage is what the reference prints.
func (*smtpArgs) Usage() string { return "[<hello> <domain>]" }

// ParseArgs reads up to two words.
func (s *smtpArgs) ParseArgs(a *keyword.Args) error {
	s.hello, _, _ = a.Next()
	s.domain, _, _ = a.Next()
	return nil
}

var mysqlCheck = keyword.Define(keyword.Spec{
	Name: "option mysql-check", In: proxySides, Doc: "Check MySQL servers.",
}, func(_ *keyword.Env, a *mysqlArgs) (Change, error) {
	user, dialect := a.user, a.dialect
	return func(s *Setup) error {
		s.Kind, s.fixed = "mysql-check", mysqlRules(user, dialect)
		return nil
	}, nil
})

type mysqlArgs struct{ user, dialect string }

// Usage is what the reference prints.
func (*mysqlArgs) Usage() string { return "[ user <username> [ { post-41 | pre-41 | post-80 } ] ]" }

// ParseArgs reads the words to the end of the line.
func (m *mysqlArgs) ParseArgs(a *keyword.Args) error {
	w := a.Rest()
	first := a.Pos - len(w)
	switch {
	case len(w) == 0:
		return nil
	case len(w) > 3:
		return bad(first+3, "'option mysql-check' cannot handle unexpected argument '%s'.", w[3].Text)
	case w[0].Text != "user":
		return bad(first, "'option mysql-check' only supports optional values: 'user' (got '%s').", w[0].Text)
	case len(w) < 2:
		return bad(first, "'option mysql-check user' expects <username> as argument.")
	}
	m.user, m.dialect = w[1].Text, "post-41"
	if len(w) == 3 {
		switch m.dialect = w[2].Text; m.dialect {
		case "post-41", "pre-41", "post-80":
		default:
			return bad(first+2, "keyword 'user' only supports 'post-41', 'pre-41' and 'post-80' (got '%s').", m.dialect)
		}
	}
	return nil
}

var pgsqlCheck = keyword.Define(keyword.Spec{
	Name: "option pgsql-check", In: proxySides, Doc: "Check PostgreSQL servers.",
}, func(_ *keyword.Env, a *pgsqlArgs) (Change, error) {
	user := a.user
	return func(s *Setup) error {
		s.Kind, s.fixed = "pgsql-check", pgsqlRules(user)
		return nil
	}, nil
})

type pgsqlArgs struct{ user string }

// Usage is what the reference prints.
func (*pgsqlArgs) Usage() string { return "user <username>" }

// ParseArgs reads two words.
func (p *pgsqlArgs) ParseArgs(a *keyword.Args) error {
	w, i, _ := a.Next()
	p.user, _, _ = a.Next()
	if w != "user" || p.user == "" {
		return bad(i, "'option pgsql-check' expects 'user <username>' as argument.")
	}
	return nil
}

// compileFormat compiles a log format of a check line.
func compileFormat(e *keyword.Env, text string, i int, what string) (*logformat.Format, error) {
	f, err := readFormat(e, text, i)
	if err == nil {
		return f, nil
	}
	return nil, bad(i, "'%s' : '%s' invalid log-format string (%s).\n.", what, text, strings.TrimSuffix(err.Error(), "."))
}

// readFormat is compileFormat without the words around an error.
func readFormat(e *keyword.Env, text string, i int) (*logformat.Format, error) {
	defer sample.Within(e, sample.TCPCheckRule)()
	f, err := expr.ParseFmt(text)
	if err != nil {
		return nil, err
	}
	f.Index = i
	return logformat.CompileMode(e, f, logformat.Verbatim)
}
