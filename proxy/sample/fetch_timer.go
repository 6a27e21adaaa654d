package sample

import (
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// timerFetches are the moments and times of a transaction, in milliseconds
// unless a unit is given (configuration manual 8.4).
var timerFetches = []word[Fetch]{
	fetch("accept_date", "[string]", tx.TypeInt, ClientL4, "Moment at which the connection was accepted.", newDateOf(func(t *tx.Tx) time.Time { return t.Sess.Accepted })),
	fetch("request_date", "[string]", tx.TypeInt, RequestLine, "Moment at which the request began to arrive.", newDateOf(requestDate)),
	fetch("fc.timer.handshake", "", tx.TypeInt, ClientL4, "Time of the handshakes with the client (%Th).", plain(timer(TimerHandshake))),
	fetch("fc.timer.total", "", tx.TypeInt, SessionStats, "Time since the connection was accepted (%Tt).", plain(timer(TimerTotal))),
	fetch("req.timer.idle", "", tx.TypeInt, RequestHTTP, "Time before the request began to arrive (%Ti).", plain(timer(TimerIdle))),
	fetch("req.timer.hdr", "", tx.TypeInt, RequestHTTP, "Time for the request's headers to arrive (%TR).", plain(timer(TimerRequest))),
	fetch("req.timer.tq", "", tx.TypeInt, RequestHTTP, "Th + Ti + TR (%Tq).", plain(timer(TimerTq))),
	fetch("req.timer.queue", "", tx.TypeInt, ServerL4, "Time in queues (%Tw).", plain(timer(TimerQueue))),
	fetch("bc.timer.connect", "", tx.TypeInt, ServerL4, "Time to connect to the server (%Tc).", plain(timer(TimerConnect))),
	fetch("res.timer.hdr", "", tx.TypeInt, ResponseHTTP, "Time until the response's headers were there (%Tr).", plain(timer(TimerResponse))),
	fetch("res.timer.data", "", tx.TypeInt, ResponseStats, "Time of the response's data (%Td).", plain(timer(TimerData))),
	fetch("txn.timer.total", "", tx.TypeInt, TransactionStats, "Active time of the transaction (%Ta).", plain(timer(TimerActive))),
	fetch("txn.timer.user", "", tx.TypeInt, TransactionStats, "Time as the user saw it (%Tu).", plain(timer(TimerUser))),
}

// Timer names one of the times of configuration manual 8.4.
type Timer uint8

// The timers, with the log alias that shows each.
const (
	TimerHandshake Timer = iota // %Th
	TimerIdle                   // %Ti
	TimerRequest                // %TR
	TimerTq                     // %Tq
	TimerQueue                  // %Tw
	TimerConnect                // %Tc
	TimerResponse               // %Tr
	TimerData                   // %Td
	TimerActive                 // %Ta
	TimerTotal                  // %Tt
	TimerUser                   // %Tu
)

// TimerMS returns a timer in milliseconds, -1 where the event that ends it
// did not happen. Until the transaction ends, now stands for its end.
func TimerMS(t *tx.Tx, which Timer) int64 {
	m := &t.Time
	end := m.End
	if end.IsZero() {
		if end = t.Now; end.IsZero() {
			end = time.Now()
		}
	}
	switch which {
	case TimerHandshake:
		return between(t.Sess.Accepted, t.Sess.HandshakeDone, 0)
	case TimerIdle:
		if m.Start.IsZero() {
			return -1
		}
		return millis(m.Idle)
	case TimerRequest:
		return between(m.Start, m.Request, -1)
	case TimerTq:
		if m.Start.IsZero() || m.Request.IsZero() {
			return -1
		}
		return millis(m.Idle) + between(m.Start, m.Request, 0) + between(t.Sess.Accepted, t.Sess.HandshakeDone, 0)*first(t)
	case TimerQueue:
		return between(orTime(m.Request, m.Start, t.Sess.Accepted), m.Queue, -1)
	case TimerConnect:
		return between(m.Queue, m.Connect, -1)
	case TimerResponse:
		return between(m.Connect, m.Response, -1)
	case TimerData:
		if m.Connect.IsZero() {
			return -1
		}
		return between(orTime(m.Response, m.Connect), end, -1)
	case TimerActive:
		return between(orTime(m.Start, t.Sess.HandshakeDone, t.Sess.Accepted), end, 0)
	case TimerUser:
		return between(orTime(m.Start, t.Sess.Accepted), end, 0) + max(0, millis(m.Idle))*boolInt(!m.Start.IsZero())
	}
	return between(t.Sess.Accepted, end, 0)
}

// first is 1 for the first request of a connection: only it waited for the
// handshakes.
func first(t *tx.Tx) int64 { return boolInt(t.Sess.Requests <= 1) }

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// between returns the time from a to b in milliseconds, none where either is
// missing.
func between(a, b time.Time, none int64) int64 {
	if a.IsZero() || b.IsZero() {
		return none
	}
	return max(0, millis(b.Sub(a)))
}

// orTime returns the first of the moments that happened.
func orTime(ts ...time.Time) time.Time {
	for _, t := range ts {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

func timer(which Timer) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		v.SetInt(TimerMS(t, which))
		return true
	}
}

func requestDate(t *tx.Tx) time.Time { return orTime(t.Time.Date, t.Time.Start, t.Sess.Accepted) }

// dateUnit reads argument i as the unit of a date, seconds if it is not written, and how many of it a second has.
func dateUnit(a args, i int) (func(time.Time) int64, error) {
	s := "s"
	if a.has(i) {
		s = a[i].text
	}
	switch s {
	case "s":
		return time.Time.Unix, nil
	case "ms":
		return time.Time.UnixMilli, nil
	case "us":
		return time.Time.UnixMicro, nil
	}
	return nil, errText("expects 's', 'ms' or 'us', got '" + s + "'")
}

func newDateOf(get func(*tx.Tx) time.Time) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		unit, err := dateUnit(a, 0)
		if err != nil {
			return nil, err
		}
		return func(t *tx.Tx, v *Value) bool {
			when := get(t)
			if when.IsZero() {
				return false
			}
			v.SetInt(unit(when))
			return true
		}, nil
	}
}
