package action

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// settings are the actions that change how one transaction is treated.
var settings = []*keyword.Def[Action]{
	setLogLevel, setNice, setTimeout, strictMode, setRetries, disableL7Retry, switchMode,
	setPriority("set-priority-class", 2047, "Set the class by which the queue orders this request.", func(t *tx.Tx, n int) { t.Settings.PriorityClass = n }),
	setPriority("set-priority-offset", 524287, "Set the milliseconds that this request counts as younger in the queue.", func(t *tx.Tx, n int) { t.Settings.PriorityOffset = n }),
}

// logLevels are the syslog levels (RFC 5424 6.2.1); 8 is "silent".
var logLevels = []string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "silent"}

type levelArgs struct {
	Level expr.Word `parser:"@@"`
}

var setLogLevel = keyword.Define(keyword.Spec{
	Name: "set-log-level", In: tcpCnt | tcpRes | httpAll, Misuse: "expects exactly 1 argument (log level name or 'silent')",
	Doc: "Set the level of the transaction's log line.",
}, func(e *keyword.Env, a *levelArgs) (Action, error) {
	n := slices.Index(logLevels, a.Level.Text)
	if n < 0 {
		return Action{}, refuse(a.Level.Index, "expects exactly 1 argument (log level name or 'silent')")
	}
	return Action{Run: func(t *tx.Tx) Verdict {
		t.LogLevel = n
		return Continue
	}}, nil
})

type niceArgs struct {
	Nice expr.Word `parser:"@@"`
}

// setNice is noted for the log and fetches only: goroutines have no priority.
var setNice = keyword.Define(keyword.Spec{
	Name: "set-nice", In: tcpCnt | tcpRes | httpBoth, Misuse: "expects exactly 1 argument (integer value)",
	Flags: keyword.Tuning, Doc: "Set the transaction's scheduling priority.",
}, func(e *keyword.Env, a *niceArgs) (Action, error) {
	n, _ := strconv.Atoi(a.Nice.Text)
	n = min(max(n, -1024), 1024)
	return Action{Run: func(t *tx.Tx) Verdict {
		t.Nice = n
		return Continue
	}}, nil
})

// timeoutArgs is "<which> {<time>|<expr>}".
type timeoutArgs struct {
	which string
	fixed time.Duration
	expr  *sample.Expr
}

// Usage is what messages say of the arguments.
func (timeoutArgs) Usage() string {
	return "{ client | connect | queue | server | tarpit | tunnel } { <timeout> | <expr> }"
}

// ParseArgs reads which timeout and its value.
func (s *timeoutArgs) ParseArgs(a *keyword.Args) error {
	w, at, _ := a.Next()
	if w == "" || !a.More() {
		return refuse(-1, "expects exactly 2 arguments")
	}
	if setters[w] == nil {
		return refuse(at, "'set-timeout' rule supports 'client'/'connect'/'queue'/'server'/'tarpit'/'tunnel' (got '%s')", w)
	}
	side := "frontend"
	if w != "client" {
		side = "backend"
	}
	if section := a.Env.Section; w != "tarpit" && (section == "frontend" || section == "backend") && section != side {
		return refuse(at, "'%s' has no %s capability", a.Env.Owner, side)
	}
	s.which = w
	var err error
	s.fixed, s.expr, err = timeOrExpr(a, "rule 'set-timeout "+w+"'", "'set-timeout "+w+"' rule")
	return err
}

// timeOrExpr reads a time in milliseconds that is not zero, or an expression.
// in and rule name the place in messages.
func timeOrExpr(a *keyword.Args, in, rule string) (time.Duration, *sample.Expr, error) {
	w, at := a.Peek(), a.Pos
	d, err := expr.ParseTime(w, time.Millisecond)
	var bad expr.TimeError
	switch {
	case err == nil && d == 0:
		return 0, nil, refuse(at, "null value is not valid for a %s", rule)
	case err == nil:
		a.Next()
		return d, nil, nil
	case errors.As(err, &bad) && bad == expr.TimeOverflow:
		return 0, nil, refuse(at, "timer overflow in argument '%s' to %s (maximum value is 2147483647 ms or ~24.8 days)", w, in)
	case errors.As(err, &bad) && bad == expr.TimeUnderflow:
		return 0, nil, refuse(at, "timer underflow in argument '%s' to %s (minimum value is 1 ms)", w, in)
	}
	s, err := expr.ParseSample(w)
	if err != nil || sample.Fetches.Lookup(s.Fetch.Name) == nil {
		c := w
		if len(c) > 1 {
			c = c[:1]
		}
		return 0, nil, refuse(at, "unexpected character '%s' in %s", c, in)
	}
	if s, err = takeSample(a); err != nil {
		return 0, nil, err
	}
	x, err := sample.CompileAnywhere(a.Env, s) // the original does not look at the rule set here
	return 0, x, err
}

// setters put a timeout where the engine looks for it.
var setters = map[string]func(*tx.Settings, *time.Duration){
	"client":  func(s *tx.Settings, d *time.Duration) { s.TimeoutClient = d },
	"connect": func(s *tx.Settings, d *time.Duration) { s.TimeoutConnect = d },
	"queue":   func(s *tx.Settings, d *time.Duration) { s.TimeoutQueue = d },
	"server":  func(s *tx.Settings, d *time.Duration) { s.TimeoutServer = d },
	"tarpit":  func(s *tx.Settings, d *time.Duration) { s.TimeoutTarpit = d },
	"tunnel":  func(s *tx.Settings, d *time.Duration) { s.TimeoutTunnel = d },
}

var setTimeout = keyword.Define(keyword.Spec{
	Name: "set-timeout", In: httpBoth, Doc: "Set one of the transaction's timeouts.",
}, func(e *keyword.Env, a *timeoutArgs) (Action, error) {
	set, fixed, x := setters[a.which], a.fixed, a.expr
	return Action{Run: func(t *tx.Tx) Verdict {
		if x == nil {
			set(&t.Settings, &fixed)
			return Continue
		}
		var v tx.Value
		if x.Eval(t, tx.TypeInt, &v) && v.Int > 0 {
			d := time.Duration(v.Int) * time.Millisecond
			set(&t.Settings, &d)
		}
		return Continue
	}}, nil
})

type switchArgs struct {
	Value expr.Word `parser:"@@"`
}

// strictMode holds until the rule set ends; Rules.Run resets it.
var strictMode = keyword.Define(keyword.Spec{
	Name: "strict-mode", In: httpAll, Misuse: "expects exactly 1 arguments",
	Doc: "Say whether a rewrite that does not fit fails the transaction.",
}, func(e *keyword.Env, a *switchArgs) (Action, error) {
	w := strings.ToLower(a.Value.Text)
	if w != "on" && w != "off" {
		return Action{}, refuse(a.Value.Index, "Unexpected value '%s'. Only 'on' and 'off' are supported", a.Value.Text)
	}
	return Action{Run: func(t *tx.Tx) Verdict {
		t.Settings.LaxRewrite = w == "off"
		return Continue
	}}, nil
})

// retriesArgs is a number from 0 to 100 or an expression.
type retriesArgs struct{ numberOrExpr }

// Usage is what messages say of the argument.
func (retriesArgs) Usage() string { return "{ <int> | <expr> }" }

// ParseArgs reads the number or the expression.
func (r *retriesArgs) ParseArgs(a *keyword.Args) (err error) {
	if !a.More() {
		return refuse(-1, "expects exactly 1 argument (an expression or an integer between 1 and 100)")
	}
	switch at := a.Words[max(a.Pos-1, 0)]; a.Env.Section {
	case "frontend":
		return refuse(-1, "'%s' only available in backend or listen section", firstWord(a, at.Text))
	case "defaults":
		return refuse(-1, "'%s' is not allowed in 'defaults' sections", firstWord(a, at.Text))
	}
	at := a.Pos
	r.numberOrExpr, err = compileNumber(a, func(s string) (int64, bool) {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil
	})
	if err == nil && (r.Number < 0 || r.Number > 100) {
		return refuse(at, "expects an expression or an integer between 1 and 100")
	}
	return err
}

// firstWord is what some of the original's messages take for an action's name:
// the first word of the line where TCP rules are read.
func firstWord(a *keyword.Args, action string) string {
	if a.Env.Scope&httpAll == 0 && len(a.Words) > 0 {
		return a.Words[0].Text
	}
	return action
}

var setRetries = keyword.Define(keyword.Spec{
	Name: "set-retries", In: tcpCnt | httpReq, Doc: "Set how often this transaction tries servers again.",
}, func(e *keyword.Env, a *retriesArgs) (Action, error) {
	n, x := int(a.Number), a.Expr
	return Action{Run: func(t *tx.Tx) Verdict {
		if x == nil {
			t.Settings.Retries = &n
			return Continue
		}
		var v tx.Value
		if x.Eval(t, tx.TypeInt, &v) && v.Int >= 0 && v.Int <= 100 {
			n := int(v.Int)
			t.Settings.Retries = &n
		}
		return Continue
	}}, nil
})

var disableL7Retry = keyword.Define(keyword.Spec{
	Name: "disable-l7-retry", In: httpReq, Doc: "Retry this request only where no connection could be made.",
}, func(*keyword.Env, *keyword.None) (Action, error) {
	return Action{Run: func(t *tx.Tx) Verdict {
		t.Settings.DisableL7Retry = true
		return Continue
	}}, nil
})

func setPriority(name string, limit int64, doc string, set func(*tx.Tx, int)) *keyword.Def[Action] {
	return keyword.Define(keyword.Spec{Name: name, In: tcpCnt | httpReq, Doc: doc}, func(e *keyword.Env, a *exprArgs) (Action, error) {
		x, err := sample.Compile(e, a.Sample)
		if err != nil {
			return Action{}, err
		}
		return Action{Run: func(t *tx.Tx) Verdict {
			var v tx.Value
			if x.Eval(t, tx.TypeInt, &v) {
				set(t, int(min(max(v.Int, -limit), limit)))
			}
			return Continue
		}}, nil
	})
}

// switchModeArgs is "http [proto <name>]".
type switchModeArgs struct{ proto string }

// Usage is what messages say of the arguments.
func (switchModeArgs) Usage() string { return "http [proto <name>]" }

// ParseArgs reads the mode and the protocol.
func (s *switchModeArgs) ParseArgs(a *keyword.Args) error {
	w, at, ok := a.Next()
	switch {
	case !ok:
		return refuse(-1, "'tcp-request switch-mode' expects a mode as argument.")
	case w != "http":
		return refuse(at, "'tcp-request switch-mode' expects a valid mode (got '%s').", w)
	}
	if a.Peek() != "proto" {
		return nil
	}
	a.Next()
	if s.proto, at, ok = a.Next(); !ok {
		return refuse(-1, "'tcp-request switch-mode': 'proto' expects a protocol as argument.")
	}
	if s.proto != "h1" && s.proto != "h2" {
		return refuse(at, "'tcp-request switch-mode': 'proto' expects a valid MUX protocol, if specified (got '%s')", s.proto)
	}
	return nil
}

var switchMode = keyword.Define(keyword.Spec{
	Name: "switch-mode", In: tcpCnt, Doc: "Go on with the connection as HTTP.",
}, func(e *keyword.Env, a *switchModeArgs) (Action, error) {
	return Action{Final: true, Run: func(t *tx.Tx) Verdict {
		t.Settings.SwitchHTTP = true
		return Stop
	}}, nil
})
