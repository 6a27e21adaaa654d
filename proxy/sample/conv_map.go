package sample

import (
	"net/netip"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// MapOutput says in what form a map's values are wanted.
type MapOutput uint8

// Forms of a map's values.
const (
	MapStr MapOutput = iota
	MapInt
	MapIP
	MapKey // the pattern that matched, not its value
)

// MapEntry is what a look-up found, in all forms.
type MapEntry struct {
	Key   string
	Bytes []byte
	Int   int64
	IP    netip.Addr
}

// Map is a file of patterns and values, indexed for one match method.
type Map interface {
	// Lookup finds the entry that a sample matches.
	Lookup(t *tx.Tx, v *Value) (MapEntry, bool)
	// LookupRegexp finds it with the regular expression that matched.
	LookupRegexp(b []byte) (MapEntry, *Regexp, bool)
}

// Maps opens maps; the room of patterns implements it and it reaches the
// converters through the Env.
type Maps interface {
	OpenMap(e *keyword.Env, file, method string, out MapOutput) (Map, error)
}

// mapConvs look a sample up in a file of patterns and values.
var mapConvs = mapWords()

func mapWords() []word[Conv] {
	const sig, intSig = "string[,string]", "string[,integer]"
	ws := []word[Conv]{
		conv("map", sig, tx.TypeStr, tx.TypeStr, "Value of the first key in a map file that equals the sample.", newMap("str", MapStr)),
		conv("map_regm", sig, tx.TypeStr, tx.TypeStr, "Value of the first regular expression in a map file that matches, its groups filled in.", newMapRegm),
	}
	for _, m := range [...]struct {
		method string
		in     Type
		doc    string
	}{
		{"str", tx.TypeStr, "equals the sample"},
		{"beg", tx.TypeStr, "begins the sample"},
		{"end", tx.TypeStr, "ends the sample"},
		{"sub", tx.TypeStr, "is in the sample"},
		{"dir", tx.TypeStr, "is a part of the sample between slashes"},
		{"dom", tx.TypeStr, "is a part of the sample between dots"},
		{"reg", tx.TypeStr, "as regular expression matches the sample"},
		{"int", tx.TypeInt, "as number or range has the sample"},
		{"ip", tx.TypeAddr, "as network has the sample"},
	} {
		name := "map_" + m.method
		doc := " of the key in a map file that " + m.doc + "."
		ws = append(ws,
			conv(name, sig, m.in, tx.TypeStr, "Value"+doc, newMap(m.method, MapStr)),
			conv(name+"_int", intSig, m.in, tx.TypeInt, "Value, an integer,"+doc, newMap(m.method, MapInt)),
			conv(name+"_ip", sig, m.in, tx.TypeAddr, "Value, an address,"+doc, newMap(m.method, MapIP)),
			conv(name+"_key", "string", m.in, tx.TypeStr, "Text"+doc, newMap(m.method, MapKey)))
	}
	return ws
}

// openMap opens the map of the first argument.
func openMap(e *keyword.Env, a args, method string, out MapOutput) (Map, error) {
	maps := keyword.Attached[Maps](e)
	if maps == nil {
		return nil, errText("maps cannot be used here")
	}
	return maps.OpenMap(e, a.str(0, ""), method, out)
}

func newMap(method string, out MapOutput) buildFunc {
	return func(e *keyword.Env, a args) (evalFunc, error) {
		m, err := openMap(e, a, method, out)
		if err != nil {
			return nil, err
		}
		def := MapEntry{}
		hasDef := a.has(1)
		if hasDef {
			def.Bytes, def.Int = []byte(a.str(1, "")), a.int(1, 0)
			if out == MapIP {
				if def.IP, err = netip.ParseAddr(a.str(1, "")); err != nil {
					return nil, errText("map: cannot parse default ip <" + a.str(1, "") + ">..")
				}
			}
		}
		return func(t *tx.Tx, v *Value) bool {
			x, ok := m.Lookup(t, v)
			if !ok {
				if !hasDef {
					return false
				}
				x = def
			}
			switch out {
			case MapInt:
				v.SetInt(x.Int)
			case MapIP:
				setAddr(v, x.IP)
			case MapKey:
				v.SetStr(stringBytes(t, x.Key))
			default:
				v.SetStr(x.Bytes)
			}
			return true
		}, nil
	}
}

func newMapRegm(e *keyword.Env, a args) (evalFunc, error) {
	m, err := openMap(e, a, "reg", MapStr)
	if err != nil {
		return nil, err
	}
	def, hasDef := []byte(a.str(1, "")), a.has(1)
	return func(t *tx.Tx, v *Value) bool {
		x, re, ok := m.LookupRegexp(v.B)
		if !ok {
			v.SetStr(def)
			return hasDef
		}
		loc := re.FindIndex(v.B, 0, nil)
		v.SetStr(ExpandRegexp(t.Scratch.Alloc(len(x.Bytes) + len(v.B))[:0], x.Bytes, v.B, loc))
		return true
	}, nil
}
