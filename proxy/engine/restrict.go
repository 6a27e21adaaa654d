package engine

import "tandem/proxy/tx"

// restriction is "option http-restrict-req-hdr-names".
type restriction uint8

const (
	preserveNames restriction = iota
	deleteNames
	rejectNames
)

func restrictionOf(word string, app bool) restriction {
	switch {
	case word == "delete", word == "" && app: // names that CGI would make the same
		return deleteNames
	case word == "reject":
		return rejectNames
	}
	return preserveNames
}

// plainName says whether a field name has letters, digits and hyphens only.
func plainName(name []byte) bool {
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// restrictNames applies the option; false: the request was refused.
func (c *conn) restrictNames(s *side) bool {
	m := &c.t.Req
	switch s.restrict {
	case deleteNames:
		m.DelFunc(func(f *tx.Field) bool { return !plainName(f.Name) })
	case rejectNames:
		for i := range m.Fields {
			if !plainName(m.Fields[i].Name) {
				c.denied()
				c.fail(403, 'P', 'R')
				return false
			}
		}
	}
	return true
}
