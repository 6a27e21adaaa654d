package action

import (
	"errors"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// waits are the actions that hold a transaction back.
var waits = []*keyword.Def[Action]{waitForBody, waitForHandshake, pause}

// bodyArgs is "time <time> [at-least <bytes>] [use-large-buffer]".
type bodyArgs struct {
	time    time.Duration
	timed   bool
	atLeast int64
}

// Usage is what messages say of the arguments.
func (bodyArgs) Usage() string { return "time <time> [ at-least <bytes> ] [use-large-buffer]" }

// ParseArgs reads the words in any order.
func (b *bodyArgs) ParseArgs(a *keyword.Args) error {
	for a.More() {
		w, at, _ := a.Next()
		switch w {
		case "time", "at-least":
			v, vat, ok := a.Next()
			if !ok {
				return refuse(at, "missing argument for '%s'", w)
			}
			if err := b.set(w, v, vat); err != nil {
				return err
			}
		case "use-large-buffer":
		default:
			a.Pos--
			return b.done()
		}
	}
	return b.done()
}

func (b *bodyArgs) done() error {
	if !b.timed {
		return refuse(-1, "expects time <time> [ at-least <bytes> ]")
	}
	return nil
}

func (b *bodyArgs) set(w, v string, at int) error {
	var err error
	if w == "at-least" {
		if b.atLeast, err = expr.ParseSize(v); err != nil {
			return refuse(at, "unexpected character '%s'", v[:min(1, len(v))])
		}
		return nil
	}
	b.timed = true
	b.time, err = expr.ParseTime(v, time.Millisecond)
	var bad expr.TimeError
	if errors.As(err, &bad) {
		switch bad {
		case expr.TimeOverflow:
			return refuse(at, "time overflow (maximum value is 2147483647 ms or ~24.8 days)")
		case expr.TimeUnderflow:
			return refuse(at, "time underflow (minimum value is 1 ms)")
		}
		return refuse(at, "unexpected character '%s'", v[:min(1, len(v))])
	}
	return nil
}

var waitForBody = keyword.Define(keyword.Spec{
	Name: "wait-for-body", In: httpBoth, Doc: "Wait until a part of the body was received.",
}, func(e *keyword.Env, a *bodyArgs) (Action, error) {
	on, d, n := messageOf(e), a.time, int(a.atLeast)
	return Action{Run: func(t *tx.Tx) Verdict {
		if t.Conn == nil {
			return Continue
		}
		switch t.Conn.WaitBody(bool(on), n, d) {
		case tx.BodyTimeout:
			t.Reply = bodyLate[on.index()]
			t.Term = [2]byte{'c', 'R'}
			if on {
				t.Term = [2]byte{'s', 'D'}
			} else {
				t.Time.Request = time.Time{} // it never was complete, as the log shows
			}
			return Answer
		case tx.BodyError:
			return Close
		}
		return Continue
	}}, nil
})

func (r message) index() int {
	if r {
		return 1
	}
	return 0
}

// bodyLate are the answers for a body that did not come in time.
var bodyLate = [2]*tx.Reply{{Status: 408, Close: true}, {Status: 504}}

// waitForHandshake has nothing to wait for: rules run after the handshake,
// since early data are not accepted.
var waitForHandshake = keyword.Define(keyword.Spec{
	Name: "wait-for-handshake", In: httpReq, Doc: "Wait until the TLS handshake is done.",
}, func(*keyword.Env, *keyword.None) (Action, error) {
	return Action{Run: func(*tx.Tx) Verdict { return Continue }}, nil
})

// pauseArgs is a time or an expression.
type pauseArgs struct {
	fixed time.Duration
	expr  *sample.Expr
}

// Usage is what messages say of the argument.
func (pauseArgs) Usage() string { return "{ <timeout> | <expr> }" }

// ParseArgs reads the time or the expression.
func (p *pauseArgs) ParseArgs(a *keyword.Args) (err error) {
	p.fixed, p.expr, err = timeOrExpr(a, "rule 'pause'", "'pause' rule")
	return err
}

// Pauser is implemented by a tx.Conn that can wait for a time or for the
// client to go away, whichever is first; it returns false for the latter.
type Pauser interface{ Pause(time.Duration) bool }

var pause = keyword.Define(keyword.Spec{
	Name: "pause", In: httpBoth, Doc: "Wait for some time.",
}, func(e *keyword.Env, a *pauseArgs) (Action, error) {
	fixed, x := a.fixed, a.expr
	return Action{Run: func(t *tx.Tx) Verdict {
		d := fixed
		if x != nil {
			var v tx.Value
			if !x.Eval(t, tx.TypeInt, &v) || v.Int <= 0 {
				return Continue
			}
			d = time.Duration(min(v.Int, 1<<31)) * time.Millisecond
		}
		if p, ok := t.Conn.(Pauser); ok {
			if !p.Pause(d) {
				return Close
			}
			return Continue
		}
		time.Sleep(d)
		return Continue
	}}, nil
})
