package balance

import (
	"bytes"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

var rdpCookie = keyword.Define(keyword.Spec{
	Name: "rdp-cookie", In: keyword.Backend | keyword.Defaults, Doc: "By the RDP cookie mstshash.",
}, func(*keyword.Env, *rest) (*Algorithm, error) { return byRDPCookie("mstshash"), nil })

var rdpCookieOf = keyword.Define(keyword.Spec{
	Name: "rdp-cookie(", In: keyword.Backend | keyword.Defaults, Flags: keyword.Prefix | keyword.NotDumped, Doc: "By an RDP cookie.",
}, func(_ *keyword.Env, a *parenArg) (*Algorithm, error) {
	if !a.closed || a.text == "" {
		return nil, bad(a.index, "balance rdp-cookie : missing cookie name.")
	}
	return byRDPCookie(a.text), nil
})

func byRDPCookie(name string) *Algorithm {
	return keyed("rdp-cookie", func(t *tx.Tx) ([]byte, uint32, bool, bool) {
		if t.Conn == nil {
			return nil, 0, false, false
		}
		data, _ := t.Conn.Content(false)
		v := rdpValue(data, name)
		return v, 0, false, v != nil
	})
}

// rdpValue finds "Cookie: <name>=<value>\r\n" in an RDP connection request
// (MS-RDPBCGR 2.2.1.1: TPKT and X.224 headers of 11 bytes, then the cookie).
func rdpValue(data []byte, name string) []byte {
	if len(data) < 11 || data[0] != 3 || data[5] != 0xe0 {
		return nil
	}
	rest := data[11:]
	const prefix = "Cookie:"
	if len(rest) < len(prefix) || !strings.EqualFold(string(rest[:len(prefix)]), prefix) {
		return nil
	}
	rest = bytes.TrimLeft(rest[len(prefix):], " ")
	if len(rest) <= len(name) || rest[len(name)] != '=' || !bytes.EqualFold(rest[:len(name)], []byte(name)) {
		return nil
	}
	v := rest[len(name)+1:]
	if i := bytes.IndexAny(v, "\r\n;"); i >= 0 {
		return v[:i]
	}
	return nil
}
