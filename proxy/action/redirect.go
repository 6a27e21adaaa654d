package action

import (
	"bytes"
	"strconv"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/logformat"
	"tandem/proxy/tx"
)

// redirects are the actions that send clients elsewhere.
var redirects = []*keyword.Def[Action]{
	keyword.Define(keyword.Spec{
		Name: "redirect", In: httpBoth, Doc: "Redirect the client.",
	}, func(e *keyword.Env, a *redirectArgs) (Action, error) { return a.action(messageOf(e)), nil }),
}

// redirectArgs is what stands behind "redirect" in a rule.
type redirectArgs struct{ redirect }

// Usage is what messages say of the arguments.
func (redirectArgs) Usage() string {
	return "{location|prefix|scheme} <to> [code <code>] [drop-query] [append-slash] [ignore-empty] [keep-query] [set-cookie <name[=value]>] [set-cookie-fmt <fmt>] [clear-cookie <name[=]>]"
}

// ParseArgs reads the words of a redirect in a rule: its target is a format.
func (r *redirectArgs) ParseArgs(a *keyword.Args) error { return r.read(a, true, messageOf(a.Env)) }

// ReadRedirect reads what stands behind "redirect" on a line of a proxy, where
// the target is taken as it stands (configuration manual 4.2, redirect).
func ReadRedirect(a *keyword.Args) (Action, error) {
	var r redirect
	if err := r.read(a, false, false); err != nil {
		return Action{}, err
	}
	return r.action(false), nil
}

type redirectKind uint8

const (
	toNothing redirectKind = iota
	toLocation
	toPrefix
	toScheme
)

// redirect is a compiled redirect rule.
type redirect struct {
	kind                                           redirectKind
	code                                           int
	fixed                                          []byte // target; nil: format holds
	format                                         *logformat.Format
	dropQuery, appendSlash, ignoreEmpty, keepQuery bool
	cookie                                         []byte // Set-Cookie; nil: none
	cookieFmt                                      *logformat.Format
}

func (r *redirect) read(a *keyword.Args, formats bool, response message) error {
	r.code = 302
	for a.More() {
		w, at, _ := a.Next()
		switch w {
		case "location", "prefix", "scheme", "code", "set-cookie", "set-cookie-fmt", "clear-cookie":
			v, vat, ok := a.Next()
			if !ok {
				return refuse(at, "missing argument for '%s'", w)
			}
			if err := r.set(a.Env, w, v, vat, formats); err != nil {
				return err
			}
		case "drop-query":
			r.dropQuery = true
		case "append-slash":
			r.appendSlash = true
		case "ignore-empty":
			r.ignoreEmpty = true
		case "keep-query":
			r.keepQuery = true
		case "if", "unless":
			a.Pos--
			return r.check(response)
		default:
			return refuse(at, "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'set-cookie-fmt', 'clear-cookie', 'drop-query', 'keep-query', 'ignore-empty' or 'append-slash' (was '%s')", w)
		}
	}
	return r.check(response)
}

// check makes the tests that need all words.
func (r *redirect) check(response message) error {
	switch {
	case r.kind == toNothing:
		return refuse(-1, "redirection type expected ('prefix', 'location', or 'scheme')")
	case bool(response) && r.kind != toLocation:
		return refuse(-1, "response only supports redirect type 'location'")
	}
	return nil
}

// set takes a word that has an argument.
func (r *redirect) set(e *keyword.Env, w, v string, at int, formats bool) error {
	switch w {
	case "code":
		// What follows the digits is not looked at.
		digits := len(v) - len(strings.TrimLeft(v, "0123456789"))
		switch v[:digits] {
		case "301", "302", "303", "307", "308":
			r.code, _ = strconv.Atoi(v[:digits])
			return nil
		}
		return refuse(at, "'code': unsupported HTTP code '%s' (must be one of 301, 302, 303, 307 or 308)", v)
	case "set-cookie":
		r.cookie, r.cookieFmt = []byte(v+"; path=/;"), nil
	case "clear-cookie":
		r.cookie, r.cookieFmt = []byte(v+"; path=/; Max-Age=0;"), nil
	case "set-cookie-fmt":
		f, err := compileFmt(e, v, at)
		if err != nil {
			return err
		}
		r.cookie, r.cookieFmt = nil, f // of several cookies the last is sent
	default:
		r.kind = map[string]redirectKind{"location": toLocation, "prefix": toPrefix, "scheme": toScheme}[w]
		r.fixed, r.format = []byte(v), nil
		if !formats {
			return nil
		}
		f, err := compileFmt(e, v, at)
		if err != nil {
			return err
		}
		if text, ok := f.Literal(); ok {
			r.fixed = []byte(text)
		} else {
			r.fixed, r.format = nil, f
		}
	}
	return nil
}

func (r *redirect) action(on message) Action {
	clean(r.fixed)
	clean(r.cookie)
	rule := *r
	return Action{Final: !rule.ignoreEmpty, Run: func(t *tx.Tx) Verdict { return rule.run(t, on) }}
}

// run makes the answer. A rule with ignore-empty whose format gives nothing is
// passed over.
func (r *redirect) run(t *tx.Tx, on message) Verdict {
	to := r.fixed
	if r.format != nil {
		to = r.format.Append(nil, t)
		clean(to)
	}
	if r.ignoreEmpty && len(to) == 0 {
		return Continue
	}
	var b [8]tx.Field
	fields := append(b[:0],
		tx.Field{Name: nameContentLength, Value: zero, ID: tx.HdrContentLength},
		tx.Field{Name: nameLocation, Value: r.location(t, to)})
	if r.code == 302 || r.code == 303 || r.code == 307 {
		fields = append(fields, tx.Field{Name: nameCacheControl, Value: noCache, ID: tx.HdrCacheControl})
	}
	if r.cookie != nil {
		fields = append(fields, tx.Field{Name: nameSetCookie, Value: r.cookie, ID: tx.HdrSetCookie})
	}
	if r.cookieFmt != nil {
		v := append(r.cookieFmt.Append(nil, t), "; path=/;"...)
		clean(v)
		fields = append(fields, tx.Field{Name: nameSetCookie, Value: v, ID: tx.HdrSetCookie})
	}
	t.Reply = &tx.Reply{Status: r.code, Fields: append([]tx.Field(nil), fields...), Body: []byte{}}
	on.term(t, 'L')
	return Answer
}

var (
	zero    = []byte("0")
	noCache = []byte("no-cache")
	slashes = []byte("://")
)

// location builds the target (configuration manual 4.2, redirect).
func (r *redirect) location(t *tx.Tx, to []byte) []byte {
	switch r.kind {
	case toScheme:
		host := t.Req.GetID(tx.HdrHost)
		loc := append(append(append([]byte(nil), to...), slashes...), host...)
		return r.appendPath(loc, t, true)
	case toPrefix:
		if len(to) == 1 && to[0] == '/' {
			to = nil // "/" means "here"
		}
		return r.appendPath(append([]byte(nil), to...), t, false)
	}
	if !r.keepQuery {
		return to
	}
	q, ok := t.Req.Query()
	if !ok || len(q) == 0 {
		return to
	}
	sep := byte('?')
	if bytes.IndexByte(to, '?') >= 0 {
		sep = '&'
	}
	return append(append(append([]byte(nil), to...), sep), q...)
}

// appendPath appends the request's path and query as the options say.
func (r *redirect) appendPath(loc []byte, t *tx.Tx, slash bool) []byte {
	path := t.Req.PathQuery()
	if r.dropQuery {
		path = t.Req.Path()
	}
	if len(path) == 0 && (slash || r.kind == toPrefix) {
		path = rootPath
	}
	loc = append(loc, path...)
	if r.dropQuery && r.appendSlash && loc[len(loc)-1] != '/' {
		loc = append(loc, '/')
	}
	return loc
}

var rootPath = []byte("/")
