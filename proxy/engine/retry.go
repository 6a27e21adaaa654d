package engine

import "tandem/proxy/tx"

// retrySet is what "retry-on" names.
type retrySet struct {
	conn, empty, timeout, junk, early bool
	codes                             map[int]bool
}

func newRetrySet(words []string) retrySet {
	r := retrySet{conn: len(words) == 0}
	for _, w := range words {
		switch w {
		case "none":
			r = retrySet{}
		case "conn-failure":
			r.conn = true
		case "empty-response":
			r.empty = true
		case "response-timeout":
			r.timeout = true
		case "junk-response":
			r.junk = true
		case "0rtt-rejected":
			r.early = true
		case "all-retryable-errors":
			r.conn, r.empty, r.timeout, r.junk, r.early = true, true, true, true, true
			r.status(500, 502, 503, 504)
		default:
			n := 0
			for _, c := range w {
				n = n*10 + int(c-'0')
			}
			r.status(n)
		}
	}
	return r
}

func (r *retrySet) status(codes ...int) {
	if r.codes == nil {
		r.codes = map[int]bool{}
	}
	for _, n := range codes {
		r.codes[n] = true
	}
}

// failure is how an attempt to get an answer ended.
type failure uint8

const (
	okay         failure = iota
	noServer             // no server at all
	queueFull            // maxqueue
	queueTimeout         // timeout queue
	connRefused          // error before the connection stood
	connTimeout          // timeout connect
	connInternal         // no source port, no descriptors
	sendFailed           // the server closed under the request
	emptyAnswer          // closed without an answer
	answerTimeout
	junkAnswer
	clientGone    // the client aborted while we waited
	clientTimeout // the client did not send its body in time
	badBody       // the client's body is malformed
	badStatus     // a status that retry-on names
	killed        // the session was shut down on purpose
	redirected    // answered, the server has "redir"
	noLength      // a body whose length the server must know beforehand
	unsendable    // the server's protocol has no form for the request
)

// verdict is what a failed attempt means when it is not retried: the status
// for the client and the first character of the termination state.
type verdict struct {
	status int
	cause  byte
}

// judge maps a failure to its verdict (configuration manual 8.5).
func judge(f failure) verdict {
	switch f {
	case noServer:
		return verdict{503, 'S'}
	case queueFull:
		return verdict{503, 'S'}
	case queueTimeout:
		return verdict{503, 's'}
	case connRefused:
		return verdict{503, 'S'}
	case connTimeout:
		return verdict{503, 's'}
	case connInternal:
		return verdict{503, 'R'}
	case sendFailed, emptyAnswer:
		return verdict{502, 'S'}
	case answerTimeout:
		return verdict{504, 's'}
	case junkAnswer:
		return verdict{502, 'P'}
	case clientGone:
		return verdict{400, 'C'}
	case clientTimeout:
		return verdict{400, 'c'}
	case badBody, noLength:
		return verdict{400, 'P'}
	case killed:
		return verdict{503, 'K'}
	}
	return verdict{500, 'I'}
}

// retryable says whether an attempt that failed with f may be made again.
// replayable says that all bytes of the request are still at hand; reused
// that the connection had carried requests before.
func (r *retrySet) retryable(f failure, replayable, reused, idempotent bool) bool {
	switch f {
	case connRefused, connTimeout:
		return r.conn
	case sendFailed, emptyAnswer:
		// A server may close an idle connection at any moment: that says
		// nothing about this request (RFC 9110 9.2.2).
		return replayable && (r.empty || reused && idempotent)
	case answerTimeout:
		return replayable && r.timeout
	case junkAnswer:
		return replayable && r.junk
	case badStatus:
		return replayable
	}
	return false
}

// idempotent methods may be sent twice (RFC 9110 9.2.2).
func idempotent(m *tx.Message) bool {
	switch string(m.Method) {
	case "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE":
		return true
	}
	return false
}
