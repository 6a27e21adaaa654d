package sample

import (
	"net/netip"
	"strconv"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// forwardedConvs read and write the parts of Forwarded fields (RFC 7239).
var forwardedConvs = []word[Conv]{
	conv("rfc7239_is_valid", "", tx.TypeStr, tx.TypeBool, "Whether the text is a valid Forwarded field.", plain(applyForwardedValid)),
	conv("rfc7239_field", "string", tx.TypeStr, tx.TypeStr, "Parameter for, by, host or proto of a Forwarded field.", newForwardedField),
	conv("rfc7239_n2nn", "", tx.TypeStr, tx.TypeAny, "Name in a node: an address, unknown, or an obfuscated one.", plain(applyNodeName)),
	conv("rfc7239_n2np", "", tx.TypeStr, tx.TypeAny, "Port in a node: a number or an obfuscated one.", plain(applyNodePort)),
	conv("rfc7239_nn", "", tx.TypeAny, tx.TypeStr, "Node name of an address or a text.", plain(applyMakeNode)),
	conv("rfc7239_np", "", tx.TypeAny, tx.TypeStr, "Node port of a number or a text.", plain(applyMakePort)),
}

// forwardedPair takes "name=value" off a Forwarded field; ok is false where
// the text is malformed.
func forwardedPair(s string) (name, val, rest string, ok bool) {
	name, s, found := strings.Cut(s, "=")
	if !found || name == "" {
		return "", "", "", false
	}
	for i := range len(name) {
		if !isToken(name[i]) {
			return "", "", "", false
		}
	}
	if strings.HasPrefix(s, `"`) {
		end := strings.IndexByte(s[1:], '"')
		if end < 0 {
			return "", "", "", false
		}
		val, s = s[1:1+end], s[end+2:]
	} else {
		end := strings.IndexAny(s, "; ,")
		if end < 0 {
			end = len(s)
		}
		val, s = s[:end], s[end:]
		for i := range len(val) {
			if !isToken(val[i]) {
				return "", "", "", false
			}
		}
	}
	s = strings.TrimLeft(s, " ")
	if s == "" {
		return name, val, "", val != ""
	}
	if s[0] != ';' || val == "" {
		return "", "", "", false
	}
	s = strings.TrimLeft(s[1:], " ")
	return name, val, s, s != ""
}

// validForwarded says whether a value fits the parameter.
func validForwarded(name, val string) bool {
	switch strings.ToLower(name) {
	case "for", "by":
		_, _, ok := parseNode(val)
		return ok
	case "host":
		return val != "" && !strings.ContainsAny(val, " \"/\\")
	case "proto":
		return val == "http" || val == "https"
	}
	return false
}

func applyForwardedValid(_ *tx.Tx, v *Value) bool {
	s := string(v.B)
	seen := map[string]bool{}
	good := s != ""
	for s != "" && good {
		name, val, rest, ok := forwardedPair(s)
		key := strings.ToLower(name)
		good = ok && !seen[key] && validForwarded(key, val)
		seen[key] = true
		s = rest
	}
	v.SetBool(good)
	return true
}

func newForwardedField(_ *keyword.Env, a args) (evalFunc, error) {
	want := a.str(0, "")
	return func(t *tx.Tx, v *Value) bool {
		for s := text(v.B); s != ""; {
			name, val, rest, ok := forwardedPair(s)
			if !ok {
				return false
			}
			if strings.EqualFold(name, want) {
				v.SetStr(stringBytes(t, val))
				return validForwarded(want, val)
			}
			s = rest
		}
		return false
	}, nil
}

// parseNode splits a node into name and port (RFC 7239 section 6).
func parseNode(s string) (name, port string, ok bool) {
	switch {
	case strings.HasPrefix(s, "["):
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", "", false
		}
		if ip, err := netip.ParseAddr(s[1:end]); err != nil || !ip.Is6() {
			return "", "", false
		}
		name, s = s[1:end], s[end+1:]
	default:
		end := strings.IndexByte(s, ':')
		if end < 0 {
			end = len(s)
		}
		name, s = s[:end], s[end:]
		ip, err := netip.ParseAddr(name)
		if !(err == nil && ip.Is4()) && name != "unknown" && !isObfuscated(name) {
			return "", "", false
		}
	}
	if s == "" {
		return name, "", true
	}
	if s[0] != ':' {
		return "", "", false
	}
	port = s[1:]
	if n, err := strconv.ParseUint(port, 10, 32); err == nil {
		return name, port, n <= 65535
	}
	return name, port, isObfuscated(port)
}

// isObfuscated says whether s is an obfuscated identifier.
func isObfuscated(s string) bool {
	if len(s) < 2 || s[0] != '_' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

func applyNodeName(t *tx.Tx, v *Value) bool {
	name, _, ok := parseNode(text(v.B))
	if !ok {
		return false
	}
	if ip, err := netip.ParseAddr(name); err == nil {
		setAddr(v, ip)
		return true
	}
	v.SetStr(stringBytes(t, name))
	return true
}

func applyNodePort(t *tx.Tx, v *Value) bool {
	_, port, ok := parseNode(text(v.B))
	if !ok || port == "" {
		return false
	}
	if n, err := strconv.ParseInt(port, 10, 32); err == nil {
		v.SetInt(n)
		return true
	}
	v.SetStr(stringBytes(t, port))
	return true
}

func applyMakeNode(t *tx.Tx, v *Value) bool {
	switch v.Type {
	case tx.TypeIPv4:
		return castStr(t, v)
	case tx.TypeIPv6:
		out := append(t.Scratch.Alloc(48)[:0], '[')
		v.SetStr(append(v.IP.AppendTo(out), ']'))
		return true
	case tx.TypeStr, tx.TypeBin:
		if len(v.B) == 0 {
			v.SetStr([]byte("unknown"))
			return true
		}
		if !obfuscate(t, v) {
			v.SetStr([]byte("unknown"))
		}
		return true
	case tx.TypeInt, tx.TypeBool:
		return castStr(t, v) && obfuscate(t, v)
	}
	return false
}

func applyMakePort(t *tx.Tx, v *Value) bool {
	switch v.Type {
	case tx.TypeInt:
		return v.Int >= 0 && v.Int <= 65535 && castStr(t, v)
	case tx.TypeBool:
		return castStr(t, v) && obfuscate(t, v)
	case tx.TypeStr, tx.TypeBin:
		return len(v.B) > 0 && obfuscate(t, v)
	}
	return false
}

// obfuscate puts an underscore before a text that may follow one.
func obfuscate(t *tx.Tx, v *Value) bool {
	out := append(append(t.Scratch.Alloc(len(v.B) + 1)[:0], '_'), v.B...)
	v.SetStr(out)
	return isObfuscated(text(out))
}
