package sample

import (
	"strings"

	"tandem/parser/keyword"
)

// Layer is the set of layers whose data a fetch needs; it decides where the
// fetch may be used (configuration manual 7.3).
type Layer uint32

// Layers. A fetch may need several; then any one of them is enough.
const (
	Constant         Layer = 1 << iota // depends on nothing
	Internal                           // process, proxies, servers, tables by name
	Listener                           // the frontend and its listener
	ClientL4                           // client connection
	ClientL5                           // what is negotiated on the client connection: TLS, PROXY TLVs
	RequestRaw                         // request contents, any protocol
	RequestHTTP                        // request headers
	RequestLine                        // method, target and version, which outlive the request headers
	Backend                            // the backend in use
	Server                             // the server in use
	ServerL4                           // server side connection
	ServerL5                           // TLS with the server
	ResponseRaw                        // response contents, any protocol
	ResponseHTTP                       // response headers
	ResponseLine                       // status and version, which outlive the response headers
	RequestStats                       // counters of the request
	ResponseStats                      // counters of the response
	Ends                               // counters that are known wherever a message is
	SessionStats                       // counters of the session
	TransactionStats                   // counters of the transaction
	Cached                             // what a cache answers instead of a server
)

// Place is the set of rule sets, one bit a column of the original's -dKsmp
// dump, from left to right.
type Place uint32

// The columns of the dump.
const (
	TCPConnectionRule Place = 1 << iota
	TCPSessionRule
	FrontTCPContentRule
	FrontHTTPRequestRule
	FrontHTTPRequestBodyRule
	UseBackendRule
	BackTCPContentRule
	BackHTTPRequestRule
	BackHTTPRequestBodyRule
	UseServerRule
	ServerSource
	BackTCPResponseRule
	BackHTTPResponseRule
	BackHTTPResponseBodyRule
	StickStoreRule
	FrontTCPResponseRule
	FrontHTTPResponseRule
	FrontHTTPResponseBodyRule
	LogLine
	TCPCheckRule
	ConfigParser
	CLIParser
)

// places returns the columns from first to last.
func places(first, last Place) Place { return last<<1 - first }

type layerInfo struct {
	text  string
	where Place
}

var layers = [...]layerInfo{
	{"constant", places(TCPConnectionRule, CLIParser)},
	{"internal state", places(TCPConnectionRule, TCPCheckRule) | CLIParser},
	{"frontend", places(TCPConnectionRule, LogLine)},
	{"client address", places(TCPConnectionRule, TCPCheckRule)},
	{"client-side connection", places(TCPSessionRule, LogLine)},
	{"request buffer", places(FrontTCPContentRule, ServerSource)},
	{"HTTP request headers", places(FrontTCPContentRule, ServerSource)},
	{"HTTP request", places(FrontTCPContentRule, LogLine)},
	{"backend", places(BackTCPContentRule, TCPCheckRule)},
	{"server", places(ServerSource, TCPCheckRule)},
	{"server address", places(BackTCPResponseRule, TCPCheckRule)},
	{"server-side connection", places(BackTCPResponseRule, TCPCheckRule)},
	{"response buffer", places(BackTCPResponseRule, FrontHTTPResponseBodyRule) | TCPCheckRule},
	{"HTTP response headers", places(BackTCPResponseRule, FrontHTTPResponseBodyRule) | TCPCheckRule},
	{"HTTP response", places(BackTCPResponseRule, TCPCheckRule)},
	{"request buffer statistics", places(FrontTCPContentRule, LogLine)},
	{"response buffer statistics", places(UseServerRule, LogLine)},
	{"message statistics", places(TCPConnectionRule, TCPCheckRule)},
	{"session statistics", places(TCPConnectionRule, LogLine)},
	{"transaction statistics", places(FrontTCPContentRule, LogLine)},
	{"HTTP response", places(ServerSource, TCPCheckRule)},
}

// Where returns the places in which data of any of the layers exist.
func (l Layer) Where() Place {
	var p Place
	for i := range layers {
		if l&(1<<i) != 0 {
			p |= layers[i].where
		}
	}
	return p
}

// String names the layers as the original's messages do.
func (l Layer) String() string {
	var names []string
	for i := range layers {
		if l&(1<<i) != 0 {
			names = append(names, layers[i].text)
		}
	}
	return strings.Join(names, ",")
}

var placeNames = [...]string{
	"frontend tcp-request connection rule", "frontend tcp-request session rule",
	"frontend tcp-request content rule", "frontend http-request header rule",
	"frontend http-request body rule", "frontend use-backend rule",
	"backend tcp-request content rule", "backend http-request header rule",
	"backend http-request body rule", "backend use-server, balance or stick-match rule",
	"server source selection", "backend tcp-response content rule",
	"backend http-response header rule", "backend http-response body rule",
	"backend stick-store rule", "frontend tcp-response content rule",
	"frontend http-response header rule", "frontend http-response body rule",
	"logs", "backend tcp-check rule", "configuration parser", "CLI parser",
}

// String names the first place of the set as the original's messages do.
func (p Place) String() string {
	for i, n := range placeNames {
		if p&(1<<i) != 0 {
			return n
		}
	}
	return "nowhere"
}

// Mark prints the set as the -dKsmp dump does: a Y or a dot a column.
func (p Place) Mark() string {
	b := make([]byte, 0, 2*len(placeNames))
	for i := range placeNames {
		if i > 0 {
			b = append(b, ' ')
		}
		if p&(1<<i) != 0 {
			b = append(b, 'Y')
		} else {
			b = append(b, '.')
		}
	}
	return string(b)
}

// Within says until restore is called that what is compiled with e will be
// evaluated in p.
func Within(e *keyword.Env, p Place) (restore func()) {
	outer := keyword.Attached[Place](e)
	keyword.Attach(e, p)
	return func() { keyword.Attach(e, outer) }
}

// PlaceOf returns where what is compiled with e will be evaluated: what was
// attached to e as Place, or what the rule set being read implies, or 0 where
// that is unknown and nothing must be checked.
func PlaceOf(e *keyword.Env) Place {
	if p := keyword.Attached[Place](e); p != 0 {
		return p
	}
	front, back := e.Section != "backend", e.Section == "backend" || e.Section == "listen" || e.Section == "defaults"
	pick := func(f, b Place) (p Place) {
		if front {
			p |= f
		}
		if back {
			p |= b
		}
		return p
	}
	switch e.Scope {
	case keyword.TCPConnection:
		return TCPConnectionRule
	case keyword.TCPSession:
		return TCPSessionRule
	case keyword.TCPContent:
		return pick(FrontTCPContentRule, BackTCPContentRule)
	case keyword.HTTPRequest:
		return pick(FrontHTTPRequestRule, BackHTTPRequestRule)
	case keyword.TCPResponse:
		return pick(FrontTCPResponseRule, BackTCPResponseRule)
	case keyword.HTTPResponse, keyword.HTTPAfterResponse:
		return pick(FrontHTTPResponseRule, BackHTTPResponseRule)
	}
	return 0
}

// PlaceNames returns the names of all places in the order of Mark's columns.
func PlaceNames() []string { return placeNames[:] }
