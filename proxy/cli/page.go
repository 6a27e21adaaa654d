package cli

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"time"

	"tandem/proxy/action"
	"tandem/proxy/config"
	"tandem/proxy/pattern"
	"tandem/proxy/tx"
	"tandem/stats"
)

// Pages answers the requests for the statistics page of the proxies that have
// one ("stats enable" and its siblings, configuration manual 4.2).
type Pages struct{ Env *Env }

// formTimeout bounds how long the body of a posted form is waited for.
const formTimeout = 10 * time.Second

// Serve looks at a request that reached p, behind its own rules. It sets
// t.Reply and returns true where the request is for p's statistics.
func (s *Pages) Serve(p *config.Proxy, t *tx.Tx) bool {
	st := p.Stats
	if st == nil {
		return false
	}
	target := t.Req.URI
	if len(target) > 0 && target[0] != '/' {
		if rest := t.Req.PathQuery(); rest != nil {
			target = rest // absolute form
		}
	}
	rest, mine := bytes.CutPrefix(target, []byte(st.URI))
	if !mine {
		return false
	}
	if !s.admitted(st, t) {
		return true
	}
	v := &view{pages: s, p: p, st: st, t: t, query: stats.ParsePageQuery(string(rest))}
	for _, c := range st.Admin {
		if c.Eval(t) == pattern.Pass {
			v.admin = true
			break
		}
	}
	switch string(t.Req.Method) {
	case "GET", "HEAD":
		v.show()
	case "POST":
		v.post()
	default:
		t.Reply = &tx.Reply{Status: 400}
	}
	return true
}

// admitted runs the page's own rules and asks for credentials. If it returns
// false, the answer is set.
func (s *Pages) admitted(st *config.StatsPage, t *tx.Tx) bool {
	if len(st.HTTPRequest) > 0 {
		switch v, _ := st.HTTPRequest.Run(t, 0, true); v {
		case action.Continue, action.Stop, action.Wait:
		case action.Answer:
			return false
		default:
			t.Reply = &tx.Reply{Status: 403}
			return false
		}
	}
	if len(st.Auth) == 0 || authorized(st.Auth, t.Req.GetID(tx.HdrAuthorization)) {
		return true
	}
	t.Reply = &tx.Reply{Status: 401, Fields: []tx.Field{field("www-authenticate", "Basic realm="+strconv.Quote(st.Realm))}}
	return false
}

// authorized compares the credentials of a request (RFC 7617) with all users,
// in a time that says nothing about them.
func authorized(users []config.StatsUser, header []byte) bool {
	scheme, rest, _ := bytes.Cut(header, []byte(" "))
	given := make([]byte, base64.StdEncoding.DecodedLen(len(rest)))
	n, err := base64.StdEncoding.Decode(given, bytes.TrimSpace(rest))
	if !bytes.EqualFold(scheme, []byte("basic")) || err != nil {
		n = 0
	}
	sum := sha256.Sum256(given[:n])
	found := 0
	for _, u := range users {
		want := sha256.Sum256([]byte(u.Name + ":" + u.Password))
		found |= subtle.ConstantTimeCompare(sum[:], want[:])
	}
	return found == 1 && n > 0
}

func field(name, value string) tx.Field {
	return tx.Field{Name: []byte(name), Value: []byte(value), ID: tx.IDOf([]byte(name))}
}

// view is one request for a page.
type view struct {
	pages *Pages
	p     *config.Proxy
	st    *config.StatsPage
	t     *tx.Tx
	query stats.PageQuery
	admin bool
}

// rows are the proxies that the page is about.
func (v *view) rows() []stats.Row {
	rows := v.pages.Env.Snapshot(v.st.ShowLegends)
	if len(v.st.Scope) == 0 {
		return rows
	}
	in := map[string]bool{}
	for _, name := range v.st.Scope {
		if name == "." {
			name = v.p.Name
		}
		in[name] = true
	}
	kept := rows[:0]
	for _, r := range rows {
		if in[r.Proxy] {
			kept = append(kept, r)
		}
	}
	return kept
}

// page is what the renderer needs to know.
func (v *view) page() *stats.Page {
	e, st := v.pages.Env, v.st
	out := &stats.Page{
		URI: st.URI, Product: e.product(), Legends: st.ShowLegends, Modules: st.ShowModules, Admin: v.admin,
		Refresh: int(st.Refresh / time.Second), Query: v.query,
	}
	if st.ShowVersion {
		out.Version = e.Version
	}
	if st.ShowNode {
		if out.Node = st.Node; out.Node == "" {
			out.Node = e.node()
		}
	}
	if st.ShowDesc {
		if out.Desc = st.Desc; out.Desc == "" {
			out.Desc = e.Config().Global.Description
		}
	}
	return out
}

// show answers with the page or one of its other formats.
func (v *view) show() {
	filter := v.query.Filter()
	kind := "text/plain"
	var body []byte
	switch v.query.Format {
	case "csv":
		body = stats.CSV(filter.Apply(v.rows()))
	case "typed":
		body = stats.Typed(filter.Apply(v.rows()), false)
	case "json":
		kind, body = "application/json", stats.JSON(filter.Apply(v.rows()))
	case "json-schema":
		kind, body = "application/json", []byte(stats.JSONSchema)
	default:
		page := v.page()
		page.Info, page.Rows = v.pages.Env.Information(), v.rows()
		kind, body = "text/html", page.HTML()
	}
	fields := []tx.Field{field("cache-control", "no-cache"), field("content-type", kind)}
	if n := int(v.st.Refresh / time.Second); n > 0 && !v.query.NoRefresh {
		fields = append(fields, field("refresh", strconv.Itoa(n)))
	}
	v.t.Reply = &tx.Reply{Status: 200, Reason: "OK", Fields: fields, Body: body}
}

// post acts on a posted form and sends the browser back to the page, which
// then shows how it went.
func (v *view) post() {
	result := v.act()
	options := []string{"st=" + result}
	for _, o := range []struct {
		on   bool
		word string
	}{{v.query.HideDown, "up"}, {v.query.HideMaint, "no-maint"}, {v.query.NoRefresh, "norefresh"}} {
		if o.on {
			options = append(options, o.word)
		}
	}
	v.t.Reply = &tx.Reply{Status: 303, Reason: "See Other", Body: []byte{}, Fields: []tx.Field{
		field("cache-control", "no-cache"), field("content-type", "text/plain"), field("content-length", "0"),
		field("location", v.page().Link(options...)),
	}}
}
