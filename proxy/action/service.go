package action

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// services are the actions that hand a transaction to another part of the
// program.
var services = []*keyword.Def[Action]{
	keyword.Define(keyword.Spec{
		Name: "use-service", In: tcpCnt | httpReq,
		Doc: "Let a built-in service answer.",
	}, newUseService),
	keyword.Define(keyword.Spec{
		Name: "do-log", In: keyword.AnyRule | keyword.QUICInitial, Doc: "Write a log line now.",
	}, newDoLog),
	keyword.Define(keyword.Spec{
		Name: "do-resolve(", In: tcpCnt | httpReq, Flags: keyword.Prefix,
		Doc: "Put the address of a host name into a variable.",
	}, newDoResolve),
	keyword.Define(keyword.Spec{
		Name: "cache-use", In: httpReq, Doc: "Answer from a cache.",
	}, newCacheUse),
	keyword.Define(keyword.Spec{
		Name: "cache-store", In: httpRes, Doc: "Keep the response in a cache.",
	}, newCacheStore),
	keyword.Define(keyword.Spec{
		Name: "send-spoe-group", In: tcpCnt | tcpRes | httpBoth,
		Misuse: "expects 2 arguments: <engine-id> <group-id>", Doc: "Send a group of messages to an agent.",
	}, newSendGroup),
	keyword.Define(keyword.Spec{
		Name: "set-bandwidth-limit", In: tcpCnt | tcpRes | httpBoth, Flags: keyword.NotActed,
		Doc: "Turn on a bandwidth limit.",
	}, newBandwidth),
	keyword.Define(keyword.Spec{
		Name: "attach-srv", In: tcpSes, Flags: keyword.Experimental | keyword.NotActed,
		Doc: "Give the connection to a server with a reversed transport.",
	}, newAttach),
	keyword.Define(keyword.Spec{
		Name: "dgram-drop", In: keyword.QUICInitial, Flags: keyword.Refused, Doc: "Ignore a QUIC packet.",
	}, func(*keyword.Env, *keyword.None) (Action, error) { return nothing, nil }),
	keyword.Define(keyword.Spec{
		Name: "send-retry", In: keyword.QUICInitial, Flags: keyword.Refused, Doc: "Ask a QUIC client to prove its address.",
	}, func(*keyword.Env, *keyword.None) (Action, error) { return nothing, nil }),
}

// nothing is an action of a word that is not acted on.
var nothing = Action{Run: func(*tx.Tx) Verdict { return Continue }}

type serviceArgs struct{ Name expr.Word }

// Usage is what messages say of the argument.
func (serviceArgs) Usage() string { return "<service-name>" }

// ParseArgs reads the service's name.
func (s *serviceArgs) ParseArgs(a *keyword.Args) error {
	w, at, ok := a.Next()
	if !ok {
		return refuse(-1, "'%s' expects a service name.", firstWord(a, "use-service"))
	}
	s.Name = expr.Word{Text: w, Index: at}
	return nil
}

// ServiceRunner is implemented by a tx.Conn that has built-in services. It
// puts the answer into t.Reply and returns true, or returns false where it
// has no such service.
type ServiceRunner interface {
	RunService(name string, t *tx.Tx) bool
}

// ScriptServices are the services that scripts registered; they are attached
// to the Env.
type ScriptServices interface {
	// Service returns what runs the service of that name for a transaction, and
	// its mode, "tcp" or "http"; nil where there is none.
	Service(name string) (run func(t *tx.Tx) Verdict, mode string)
}

// servesHTTP says whether the proxy being read is in HTTP mode.
func servesHTTP(e *keyword.Env) bool {
	p, ok := keyword.Attached[Slots](e).(interface{ ServesHTTP() bool })
	return ok && p.ServesHTTP()
}

// newUseService makes use-service; "prometheus-exporter" is the only service
// that the original has without Lua.
func newUseService(e *keyword.Env, a *serviceArgs) (Action, error) {
	name := a.Name.Text
	if s := keyword.Attached[ScriptServices](e); s != nil {
		switch run, mode := s.Service(strings.TrimPrefix(name, "lua.")); {
		case run == nil || !strings.HasPrefix(name, "lua."):
		case mode == "http" && e.Scope == tcpCnt:
			return Action{}, refuse(a.Name.Index, "HTTP applets are forbidden from 'tcp-request' rulesets")
		case mode == "tcp" && (e.Scope != tcpCnt || servesHTTP(e)):
			return Action{}, refuse(a.Name.Index, "Lua TCP services cannot be used on HTTP proxies")
		default:
			return Action{Final: true, Run: run}, nil
		}
	}
	switch {
	case name != "prometheus-exporter":
		shown := name
		if e.Scope == tcpCnt {
			shown = "content" // the original names the word of the line at that place
		}
		return Action{}, refuse(a.Name.Index, "'%s' unknown service name.", shown)
	case e.Scope == tcpCnt:
		return Action{}, refuse(a.Name.Index, "Prometheus exporter service only available on 'http-request' rulesets")
	}
	return Action{Final: true, Run: func(t *tx.Tx) Verdict {
		if s, ok := t.Conn.(ServiceRunner); ok && s.RunService(name, t) {
			message(false).term(t, 'L')
			return Answer
		}
		return Fail
	}}, nil
}

// doLogArgs is "[profile <name>]".
type doLogArgs struct{ profile *expr.Word }

// Usage is what messages say of the arguments.
func (doLogArgs) Usage() string { return "[profile <log_profile>]" }

// ParseArgs reads the profile.
func (d *doLogArgs) ParseArgs(a *keyword.Args) error {
	if a.Peek() != "profile" {
		return nil
	}
	a.Next()
	w, at, ok := a.Next()
	if !ok {
		return refuse(-1, "action 'do-log': 'profile' expects argument.")
	}
	d.profile = &expr.Word{Text: w, Index: at}
	return nil
}

// origins are what %OG says of a log line that do-log wrote.
var origins = map[keyword.Scope]string{
	keyword.QUICInitial: "quic-init", tcpCon: "tcp-req-conn", tcpSes: "tcp-req-sess", tcpCnt: "tcp-req-cont",
	tcpRes: "tcp-res-cont", httpReq: "http-req", httpRes: "http-res", httpAft: "http-after-res",
}

func newDoLog(e *keyword.Env, a *doLogArgs) (Action, error) {
	var ref *keyword.Ref
	if a.profile != nil {
		ref = e.NewRef(keyword.ToLogProfile, a.profile.Text, a.profile.Index)
		ref.Missing = fmt.Sprintf("Proxy '%s': do-log action: profile '%s' is invalid.", e.Owner, a.profile.Text)
	}
	origin := origins[e.Scope]
	return Action{Run: func(t *tx.Tx) Verdict {
		if t.Conn != nil {
			var profile any
			if ref != nil {
				profile = keyword.Target[any](ref)
			}
			t.Conn.Log(t, origin, profile)
		}
		return Continue
	}}, nil
}

// Resolver is a resolvers section as do-resolve needs it; the linker gives
// the reference a target of this type.
type Resolver interface {
	// ResolveNow asks for the address of a host name, which may block; family
	// 4 or 6 is preferred, 0 means none is.
	ResolveNow(name string, family int, timeout time.Duration) (netip.Addr, bool)
}

// resolveArgs is "(<var>,<resolvers>[,ipv4|ipv6]) <expr>".
type resolveArgs struct {
	name      tx.VarName
	nameless  bool
	resolvers expr.Word
	family    int
	exprArgs
}

// Usage is what messages say of the arguments.
func (resolveArgs) Usage() string { return "<expr>" }

// ParseArgs reads the word's parentheses and the expression.
func (r *resolveArgs) ParseArgs(a *keyword.Args) error {
	const usage = "Expects 'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'. Available options are 'ipv4' and 'ipv6'"
	word, at, _ := a.Next()
	args, ok := parens(word)
	if !ok || len(args) < 2 || len(args) > 3 {
		return refuse(at, "Can't parse '%s'. %s", word, usage)
	}
	if len(args) == 3 {
		switch args[2] {
		case "ipv4":
			r.family = 4
		case "ipv6":
			r.family = 6
		default:
			return refuse(at, "Can't parse '%s'. %s", word, usage)
		}
	}
	// The original looks at the variable's name when it sets it: one without a
	// scope is nobody's, and the resolution is for nothing.
	var err error
	if r.name, err = sample.ParseVar(args[0]); err != nil {
		r.nameless = true
		a.Env.Warnf(diag.BadValue, at, "the address will be kept nowhere: %s.", err).Ours = true
	}
	r.resolvers = expr.Word{Text: args[1], Index: at}
	if !a.More() {
		return refuse(-1, "Can't parse '': missing fetch method. %s", usage)
	}
	first := a.Peek()
	if err := r.exprArgs.ParseArgs(a); err != nil {
		return refuse(a.Pos, "Can't parse '%s': %s. %s", first, err, usage)
	}
	if _, err := sample.Compile(a.Env, r.Sample); err != nil {
		return refuse(a.Pos-1, "Can't parse '%s': %s. %s", first, err, usage)
	}
	return nil
}

// resolveTimeout bounds one resolution; the resolvers section has its own
// retries and timeouts within it.
const resolveTimeout = 10 * time.Second

func newDoResolve(e *keyword.Env, a *resolveArgs) (Action, error) {
	x, err := sample.Compile(e, a.Sample)
	if err != nil {
		return Action{}, err
	}
	ref := e.NewRef(keyword.ToResolvers, a.resolvers.Text, a.resolvers.Index)
	ref.Missing = fmt.Sprintf("Proxy '%s': Can't find resolvers section '%s' for do-resolve action.", e.Owner, a.resolvers.Text)
	name, family := a.name, a.family
	return Action{Run: func(t *tx.Tx) Verdict {
		var v tx.Value
		r := keyword.Target[Resolver](ref)
		if r == nil || !x.Eval(t, tx.TypeStr, &v) || len(v.B) == 0 {
			return Continue
		}
		if a.nameless {
			return Continue
		}
		if ip, ok := r.ResolveNow(strings.TrimSuffix(string(v.B), "."), family, resolveTimeout); ok {
			var got tx.Value
			got.SetIP(ip)
			sample.SetVar(t, name, got)
		}
		return Continue
	}}, nil
}

// kind is what messages call a section: a listen is a "proxy".
func kind(section string) string {
	if section == "listen" {
		return "proxy"
	}
	return section
}

type spoeArgs struct {
	Engine expr.Word `parser:"@@"`
	Group  expr.Word `parser:"@@"`
}

// bandwidthArgs is "<name> [limit {<expr>|<size>}] [period {<expr>|<time>}]".
type bandwidthArgs struct {
	name          expr.Word
	limit, period numberOrExpr
}

// Usage is what messages say of the arguments.
func (bandwidthArgs) Usage() string {
	return "<name> [limit {<expr> | <size>}] [period {<expr> | <time>}]"
}

// ParseArgs reads the filter's name and the limits.
func (b *bandwidthArgs) ParseArgs(a *keyword.Args) (err error) {
	w, at, ok := a.Next()
	if !ok || w == "if" || w == "unless" {
		return refuse(-1, "missing bwlim filter name")
	}
	b.name = expr.Word{Text: w, Index: at}
	for {
		word := a.Peek()
		var to *numberOrExpr
		number := func(s string) (int64, bool) {
			n, err := expr.ParseSize(s)
			return n, err == nil
		}
		kind := "size"
		switch word {
		case "limit":
			to = &b.limit
		case "period":
			to, kind = &b.period, "time"
			number = func(s string) (int64, bool) {
				d, err := expr.ParseTime(s, time.Millisecond)
				return d.Milliseconds(), err == nil
			}
		default:
			return nil
		}
		a.Next()
		v, at := a.Peek(), a.Pos
		if n, ok := number(v); ok && a.More() {
			a.Next()
			*to = numberOrExpr{Number: n}
			continue
		}
		bad := func(err any) error {
			return refuse(at, "'%s': invalid %s value or %v", word, kind, err)
		}
		if !a.More() {
			return bad("unknown fetch method ''")
		}
		s, err := takeSample(a)
		if err != nil {
			return bad(err)
		}
		if to.Expr, err = sample.CompileAnywhere(a.Env, s); err != nil {
			return bad(err)
		}
	}
}

func newBandwidth(e *keyword.Env, a *bandwidthArgs) (Action, error) {
	slots := keyword.Attached[Slots](e)
	if slots == nil || e.Section == "defaults" {
		return nothing, nil
	}
	ref := e.NewRef(keyword.ToProxy, e.Owner, a.name.Index)
	ref.Check = func(any) string {
		some, shared := slots.BandwidthFilter(a.name.Text)
		const rule = "set-bandwidth-limit rule"
		switch {
		case !some:
			return fmt.Sprintf("Proxy '%s': unable to find bwlim filter '%s' referenced by %s.", ref.Owner, a.name.Text, rule)
		case shared && (a.limit.Number > 0 || a.limit.Expr != nil):
			return fmt.Sprintf("Proxy '%s': %s cannot define a limit for a shared bwlim filter.", ref.Owner, rule)
		case shared && (a.period.Number > 0 || a.period.Expr != nil):
			return fmt.Sprintf("Proxy '%s': %s cannot define a period for a shared bwlim filter.", ref.Owner, rule)
		}
		return ""
	}
	return nothing, nil
}

// attachArgs is "<srv> [name <expr>]".
type attachArgs struct {
	server expr.Word
	name   *expr.Sample
}

// Usage is what messages say of the arguments.
func (attachArgs) Usage() string { return "<srv> [name <expr>]" }

// ParseArgs reads the server and the name.
func (x *attachArgs) ParseArgs(a *keyword.Args) error {
	w, at, ok := a.Next()
	if !ok {
		return refuse(-1, "expects a server name")
	}
	x.server = expr.Word{Text: w, Index: at}
	if a.Peek() != "name" {
		return nil
	}
	a.Next()
	s, err := takeSample(a)
	x.name = &s
	return err
}

func newAttach(e *keyword.Env, a *attachArgs) (Action, error) {
	if !strings.Contains(a.server.Text, "/") {
		return Action{}, refuse(a.server.Index, "Proxy '%s': attach-srv rule: invalid server name '%s'", e.Owner, a.server.Text)
	}
	e.NewRef(keyword.ToServer, a.server.Text, a.server.Index)
	if a.name != nil {
		if _, err := sample.Compile(e, *a.name); err != nil {
			return Action{}, err
		}
	}
	return nothing, nil
}

// GroupUser is told which groups of SPOE messages rules send, so that missing
// ones are found when all lines are read.
type GroupUser interface{ UseGroup(engine, group string) }

func newSendGroup(e *keyword.Env, a *spoeArgs) (Action, error) {
	if u := keyword.Attached[GroupUser](e); u != nil {
		u.UseGroup(a.Engine.Text, a.Group.Text)
	}
	engine, group := a.Engine.Text, a.Group.Text
	return Action{Run: func(t *tx.Tx) Verdict {
		if c, ok := t.Conn.(tx.GroupSender); ok {
			c.SendGroup(engine, group)
		}
		return Continue
	}}, nil
}
