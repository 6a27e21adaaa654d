package h1

import (
	"strconv"

	"tandem/proxy/tx"
)

// Adjust gives a lower-case field name the case that bogus peers want
// (h1-case-adjust); nil leaves names as they are.
type Adjust map[string]string

// AppendRequest appends the head of a request.
func AppendRequest(dst []byte, m *tx.Message, adj Adjust) []byte {
	dst = append(append(dst, m.Method...), ' ')
	uri := m.URI
	if m.Version >= 20 && len(uri) > 0 && uri[0] != '/' { // made of pseudo-header fields
		if p := m.PathQuery(); p != nil {
			uri = p
		}
	}
	dst = append(dst, uri...)
	switch m.Version {
	case 11, 20, 30:
		dst = append(dst, " HTTP/1.1\r\n"...)
	case 10:
		dst = append(dst, " HTTP/1.0\r\n"...)
	default:
		dst = append(append(dst, " HTTP/0."...), '0'+byte(m.Version%10), '\r', '\n')
	}
	return appendFields(dst, m, adj)
}

// AppendResponse appends the head of a response.
func AppendResponse(dst []byte, m *tx.Message, adj Adjust) []byte {
	if m.Version == 10 {
		dst = append(dst, "HTTP/1.0 "...)
	} else {
		dst = append(dst, "HTTP/1.1 "...)
	}
	dst = strconv.AppendInt(dst, int64(m.Status), 10)
	dst = append(append(dst, ' '), m.Reason...)
	if len(m.Reason) == 0 {
		dst = append(dst, tx.Reason(m.Status)...)
	}
	dst = append(dst, "\r\n"...)
	return appendFields(dst, m, adj)
}

func appendFields(dst []byte, m *tx.Message, adj Adjust) []byte {
	for i := range m.Fields {
		f := &m.Fields[i]
		if adj != nil {
			if n, ok := adj[string(f.Name)]; ok {
				dst = append(append(dst, n...), ": "...)
				dst = append(append(dst, f.Value...), "\r\n"...)
				continue
			}
		}
		dst = appendField(dst, f.Name, f.Value)
	}
	return append(dst, "\r\n"...)
}

func appendField(dst, name, value []byte) []byte {
	dst = append(append(dst, name...), ": "...)
	return append(append(dst, value...), "\r\n"...)
}
