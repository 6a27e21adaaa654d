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
	dst = append(dst, m.URI...)
	switch m.Version {
	case 10:
		dst = append(dst, " HTTP/1.0\r\n"...)
	case 9:
		dst = append(dst, " HTTP/0.9\r\n"...)
	default:
		dst = append(dst, " HTTP/1.1\r\n"...)
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

// Reason returns the reason phrase that HAProxy gives a status, "" for unknown ones.
func Reason(status int) string { return reasons[status] }

var reasons = map[int]string{
	100: "Continue", 101: "Switching Protocols", 102: "Processing", 103: "Early Hints",
	200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information",
	204: "No Content", 205: "Reset Content", 206: "Partial Content", 207: "Multi-Status",
	208: "Already Reported", 226: "IM Used",
	300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other",
	304: "Not Modified", 305: "Use Proxy", 306: "Switch Proxy", 307: "Temporary Redirect",
	308: "Permanent Redirect",
	400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden",
	404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
	407: "Proxy Authentication Required", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
	411: "Length Required", 412: "Precondition Failed", 413: "Payload Too Large",
	414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable",
	417: "Expectation Failed", 418: "I'm a teapot", 421: "Misdirected Request",
	422: "Unprocessable Content", 423: "Locked", 424: "Failed Dependency", 425: "Too Early",
	426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests",
	431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
	500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
	503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
	506: "Variant Also Negotiates", 507: "Insufficient Storage", 508: "Loop Detected",
	510: "Not Extended", 511: "Network Authentication Required",
}
