package tx

import (
	"time"

	"tandem/proxy/stick"
)

// Track begins to count a session or a request under a key of a stick table,
// as counter i; what began first stays (configuration manual 4.4, track-sc0).
// The connection counts at once. It returns nil where nothing was begun.
func (s *Session) Track(i int, table *stick.Table, key []byte, byRequest bool, now time.Time) *stick.Entry {
	tr := &s.Tracked[i]
	if tr.Entry != nil {
		return nil
	}
	ms := now.UnixMilli()
	e := table.Track(key, ms)
	if e == nil {
		return nil
	}
	*tr = Track{Table: table, Entry: e, ByRequest: byRequest}
	e.Add(stick.ConnCur, 0, 1, ms)
	e.Count(stick.ConnCnt, stick.ConnRate, 1, ms)
	return e
}

// count adds n to a counter and its rate in all tracked entries.
func (s *Session) count(counter, rate stick.Data, n uint64, now time.Time) {
	for i := range s.Tracked {
		if e := s.Tracked[i].Entry; e != nil {
			e.Count(counter, rate, n, now.UnixMilli())
		}
	}
}

// CountSession tells the tracked entries that the session was accepted: after
// the "tcp-request session" rules.
func (s *Session) CountSession(now time.Time) { s.count(stick.SessCnt, stick.SessRate, 1, now) }

// CountRequest tells the tracked entries of an HTTP request: when its headers
// are there, before any rule on it.
func (s *Session) CountRequest(now time.Time) { s.count(stick.HTTPReqCnt, stick.HTTPReqRate, 1, now) }

// CountError tells the tracked entries of a bad, refused or unauthorized
// request, or of a response with a status of 400 to 499.
func (s *Session) CountError(now time.Time) { s.count(stick.HTTPErrCnt, stick.HTTPErrRate, 1, now) }

// CountFail tells the tracked entries of a failed response: unreadable, or
// with a status of 500 to 599 other than 501 and 505.
func (s *Session) CountFail(now time.Time) { s.count(stick.HTTPFailCnt, stick.HTTPFailRate, 1, now) }

// CountGlitch tells the tracked entries of a protocol oddity.
func (s *Session) CountGlitch(now time.Time) { s.count(stick.GlitchCnt, stick.GlitchRate, 1, now) }

// StatusCodes says which statuses of servers count as errors of the client and
// which as failures of the server ("http-err-codes", "http-fail-codes").
type StatusCodes struct{ Err, Fail *[600]bool }

// IsError says whether a status counts in http_err_cnt.
func (c StatusCodes) IsError(status int) bool {
	if c.Err != nil {
		return status >= 0 && status < len(c.Err) && c.Err[status]
	}
	return status >= 400 && status < 500
}

// IsFail says whether a status counts in http_fail_cnt.
func (c StatusCodes) IsFail(status int) bool {
	if c.Fail != nil {
		return status >= 0 && status < len(c.Fail) && c.Fail[status]
	}
	return status >= 500 && status < 600 && status != 501 && status != 505
}

// CountStatus tells the tracked entries of the status of a server's response.
func (s *Session) CountStatus(status int, now time.Time) {
	if s.Codes.IsError(status) {
		s.CountError(now)
	}
	if s.Codes.IsFail(status) {
		s.CountFail(now)
	}
}

// CountBytes tells the tracked entries of bytes received from and sent to the
// client.
func (s *Session) CountBytes(in, out uint64, now time.Time) {
	s.count(stick.BytesInCnt, stick.BytesInRate, in, now)
	s.count(stick.BytesOutCnt, stick.BytesOutRate, out, now)
}

// EndRequest ends what the request began to track; call it when a
// transaction is over.
func (s *Session) EndRequest(now time.Time) { s.untrack(true, now) }

// EndTracking ends all tracking; call it when the connection is over.
func (s *Session) EndTracking(now time.Time) { s.untrack(false, now) }

func (s *Session) untrack(requestOnly bool, now time.Time) {
	for i := range s.Tracked {
		tr := &s.Tracked[i]
		if tr.Entry == nil || requestOnly && !tr.ByRequest {
			continue
		}
		tr.Entry.Sub(stick.ConnCur)
		tr.Table.Release(tr.Entry, now.UnixMilli())
		*tr = Track{}
	}
}
