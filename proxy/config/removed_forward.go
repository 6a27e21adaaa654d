package config

import (
	"bytes"
	"net/netip"

	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/action"
	"tandem/proxy/tx"
)

// forwardRule is what "option http_proxy" does to a request: it goes to the
// address in its URL, and the server gets the URL without scheme and host.
// Names are not resolved there, and other URLs are refused with 400
// (configuration manual of 1.5).
func forwardRule(e *keyword.Env, at tx.Rule) (action.Rule, error) {
	saved := e.Scope
	e.Scope = keyword.HTTPRequest
	bad, _, err := action.Actions.Lookup("deny").Read(e, []source.Word{{Text: "deny"}, {Text: "deny_status"}, {Text: "400"}}, 1)
	e.Scope = saved
	r := action.Rule{Name: "http_proxy", At: at}
	r.Run = func(t *tx.Tx) action.Verdict {
		to, path, ok := splitForward(t.Req.URI)
		if !ok {
			return bad.Run(t)
		}
		t.Sess.Dst, t.Settings.Dst = to, to
		t.Req.SetURI(t.Req.Store(path))
		return action.Continue
	}
	return r, err
}

// splitForward takes "http://192.0.2.1:8080/path" apart; the port is 80 where
// there is none.
func splitForward(uri []byte) (to netip.AddrPort, path []byte, ok bool) {
	rest, ok := bytes.CutPrefix(uri, []byte("http://"))
	if !ok {
		return to, nil, false
	}
	host := rest
	if path = []byte("/"); bytes.IndexByte(rest, '/') >= 0 {
		i := bytes.IndexByte(rest, '/')
		host, path = rest[:i], rest[i:]
	}
	if ip, err := netip.ParseAddr(string(host)); err == nil {
		return netip.AddrPortFrom(ip, 80), path, true
	}
	to, err := netip.ParseAddrPort(string(host))
	return to, path, err == nil
}
