package engine

import (
	"strconv"

	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/config"
	"tandem/proxy/tx"
)

// builtin is one of the answers of the configuration manual's "errorfile",
// byte for byte as the original sends it.
type builtin struct {
	reason, title, text string
	close               bool
}

var builtins = map[int]builtin{
	200: {"OK", "200 OK", "Service ready.", false},
	400: {"Bad request", "400 Bad request", "Your browser sent an invalid request.", true},
	401: {"Unauthorized", "401 Unauthorized", "You need a valid user and password to access this content.", false},
	403: {"Forbidden", "403 Forbidden", "Request forbidden by administrative rules.", false},
	404: {"Not Found", "404 Not Found", "The resource could not be found.", false},
	405: {"Method Not Allowed", "405 Method Not Allowed", "A request was made of a resource using a request method not supported by that resource.", false},
	407: {"Unauthorized", "407 Unauthorized", "You need a valid user and password to access this content.", false},
	408: {"Request Time-out", "408 Request Time-out", "Your browser didn't send a complete request in time.", true},
	410: {"Gone", "410 Gone", "The resource is no longer available and will not be available again.", false},
	413: {"Payload Too Large", "413 Payload Too Large", "The request entity exceeds the maximum allowed.", false},
	414: {"URI Too Long", "414 URI Too Long", "The URI provided was too long for the server to process.", false},
	421: {"Misdirected Request", "421 Misdirected Request", "Request sent to a non-authoritative server.", false},
	422: {"Unprocessable Content", "422 Unprocessable Content", "The server cannot process the contained instructions.", false},
	425: {"Too Early", "425 Too Early", "Your browser sent early data.", false},
	429: {"Too Many Requests", "429 Too Many Requests", "You have sent too many requests in a given amount of time.", false},
	431: {"Request Header Fields Too Large", "431 Request Header Fields Too Large", "Request Header Fields Too Large.", false},
	500: {"Internal Server Error", "500 Internal Server Error", "An internal server error occurred.", false},
	501: {"Not Implemented", "501 Not Implemented", "The server does not support the functionality required to fulfill the request.", false},
	502: {"Bad Gateway", "502 Bad Gateway", "The server returned an invalid or incomplete response.", false},
	503: {"Service Unavailable", "503 Service Unavailable", "No server is available to handle this request.", false},
	504: {"Gateway Time-out", "504 Gateway Time-out", "The server didn't respond in time.", false},
}

// body returns the page of a built-in answer.
func (b *builtin) body() []byte {
	return []byte("<html><body><h1>" + b.title + "</h1>\n" + b.text + "\n</body></html>\n")
}

// raw returns a built-in answer as it goes to a client whose request could
// not even be read.
func (b *builtin) raw(status int) []byte {
	page := b.body()
	out := "HTTP/1.1 " + strconv.Itoa(status) + " " + b.reason + "\r\ncontent-length: " + strconv.Itoa(len(page)) + "\r\ncache-control: no-cache\r\n"
	if b.close {
		out += "connection: close\r\n"
	}
	return append([]byte(out+"content-type: text/html\r\n\r\n"), page...)
}

var rawBuiltins, builtinReplies = func() (map[int][]byte, map[int]*tx.Reply) {
	raws, replies := map[int][]byte{}, map[int]*tx.Reply{}
	for st, b := range builtins {
		raws[st] = b.raw(st)
		page := b.body()
		replies[st] = &tx.Reply{Status: st, Reason: b.reason, Body: page, Close: b.close, Fields: []tx.Field{
			field("content-length", strconv.Itoa(len(page))), field("cache-control", "no-cache"), field("content-type", "text/html")}}
	}
	return raws, replies
}()

func field(name, value string) tx.Field {
	return tx.Field{Name: []byte(name), Value: []byte(value), ID: tx.IDOf([]byte(name))}
}

// errorReply returns the answer for a status: the backend's errorfile, the
// frontend's, the built-in one.
func (c *conn) errorReply(status int) *tx.Reply {
	if c.be != nil {
		if r := c.fileReply(c.be.p, status); r != nil {
			return r
		}
	}
	if c.fe != nil && (c.be == nil || c.fe.p != c.be.p) {
		if r := c.fileReply(c.fe.p, status); r != nil {
			return r
		}
	}
	if r := builtinReplies[status]; r != nil {
		return r
	}
	return builtinReplies[500]
}

// fileReply returns a proxy's own answer for a status, nil if it has none.
func (c *conn) fileReply(p *config.Proxy, status int) *tx.Reply {
	f := p.ErrorFiles[status]
	if f != nil && f.Section != nil {
		if s := keyword.Target[action.ErrorFiles](f.Section); s != nil {
			return s.ErrorReply(status)
		}
		f = keyword.Target[map[int]*config.ErrorFile](f.Section)[status]
	}
	switch {
	case f == nil:
		return nil
	case f.Spec != nil:
		r := f.Spec.Reply(&c.t)
		if r.Body == nil && r.Raw == nil { // "default-errorfiles": the built-in one
			r = builtinReplies[status]
		}
		return r
	case f.Reply != nil:
		return f.Reply
	case f.Location != "":
		code := f.Code
		if code == 0 {
			code = 302
		}
		return &tx.Reply{Status: code, Reason: tx.Reason(code), Body: []byte{}, Fields: []tx.Field{
			field("content-length", "0"), field("cache-control", "no-cache"), field("location", f.Location)}}
	case f.Raw != nil:
		return &tx.Reply{Status: status, Raw: f.Raw}
	}
	return nil
}
