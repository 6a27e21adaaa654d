package action

import (
	"strconv"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// verdicts are the actions that end a rule set.
var verdicts = []*keyword.Def[Action]{
	final("allow", httpAll, "Stop evaluating the rules and let the message pass.", Stop),
	final("accept", tcpCon|tcpSes|tcpCnt|tcpRes|keyword.QUICInitial, "Stop evaluating the rules and let the connection pass.", Stop),
	keyword.Define(keyword.Spec{
		Name: "deny", In: httpBoth, Doc: "Refuse the message with an answer.",
	}, newDeny),
	keyword.Define(keyword.Spec{
		Name: "tarpit", In: httpReq, Doc: "Hold the request for the tarpit timeout, then refuse it.",
	}, newTarpit),
	keyword.Define(keyword.Spec{
		Name: "return", In: httpBoth, Doc: "Answer the request or replace the response.",
	}, newReturn),
	keyword.Define(keyword.Spec{
		Name: "auth", In: httpReq, Doc: "Ask the client for a user name and password.",
	}, newAuth),
	keyword.Define(keyword.Spec{
		Name: "reject", In: httpReq | tcpCon | tcpSes | tcpCnt | tcpRes | keyword.QUICInitial,
		Doc: "Close the connection without any answer.",
	}, newReject),
	keyword.Define(keyword.Spec{
		Name: "silent-drop", In: httpBoth | tcpCon | tcpSes | tcpCnt | tcpRes,
		Doc: "Forget the client's connection without telling the client.",
	}, newSilentDrop),
	keyword.Define(keyword.Spec{
		Name: "close", In: tcpRes, Doc: "Close the connection with the server.",
	}, func(*keyword.Env, *keyword.None) (Action, error) {
		return Action{Final: true, Run: func(*tx.Tx) Verdict { return Close }}, nil
	}),
}

// final makes an action that only gives a verdict.
func final(name string, in keyword.Scope, doc string, v Verdict) *keyword.Def[Action] {
	return keyword.Define(keyword.Spec{Name: name, In: in, Doc: doc}, func(*keyword.Env, *keyword.None) (Action, error) {
		return Action{Final: true, Run: func(*tx.Tx) Verdict { return v }}, nil
	})
}

// replyArgs is what the actions that answer have in common: ReadReply reads
// their words, with a default status that depends on the action.
type replyArgs struct{}

// Usage is what messages say of the arguments.
func (replyArgs) Usage() string {
	return "[ { status | deny_status } <code> ] [ content-type <type> ] [ { default-errorfiles | errorfile <file> | errorfiles <name> | file <file> | lf-file <file> | string <str> | lf-string <fmt> } ] [ hdr <name> <fmt> ]*"
}

// denyArgs reads an answer whose default is 403 for requests, 502 for responses.
type denyArgs struct {
	replyArgs
	reply *ReplySpec
}

// ParseArgs reads the answer.
func (d *denyArgs) ParseArgs(a *keyword.Args) (err error) {
	status := 403
	if messageOf(a.Env) {
		status = 502
	}
	d.reply, err = ReadReply(a, status)
	return err
}

func newDeny(e *keyword.Env, a *denyArgs) (Action, error) {
	on, reply := messageOf(e), a.reply
	return Action{Final: true, Run: func(t *tx.Tx) Verdict {
		t.Reply = reply.Reply(t)
		on.term(t, 'P')
		return Answer
	}}, nil
}

// tarpitArgs reads an answer whose default is 500.
type tarpitArgs struct {
	replyArgs
	reply *ReplySpec
}

// ParseArgs reads the answer.
func (d *tarpitArgs) ParseArgs(a *keyword.Args) (err error) {
	d.reply, err = ReadReply(a, 500)
	return err
}

// newTarpit makes tarpit: the engine waits before it sends the reply.
func newTarpit(e *keyword.Env, a *tarpitArgs) (Action, error) {
	reply := a.reply
	reply.delay()
	return Action{Final: true, Run: func(t *tx.Tx) Verdict {
		t.Reply = reply.Reply(t)
		t.Term = [2]byte{'P', 'T'}
		return Answer
	}}, nil
}

// returnArgs reads an answer whose default is an empty 200.
type returnArgs struct {
	replyArgs
	reply *ReplySpec
}

// ParseArgs reads the answer. Other than for deny, no word at all means an
// empty answer.
func (d *returnArgs) ParseArgs(a *keyword.Args) (err error) {
	empty := a.Peek() == "" || a.Peek() == "if" || a.Peek() == "unless"
	if d.reply, err = ReadReply(a, 200); err == nil && empty {
		d.reply = &ReplySpec{Status: 200}
		d.reply.settle()
	}
	return err
}

func newReturn(e *keyword.Env, a *returnArgs) (Action, error) {
	on, reply := messageOf(e), a.reply
	return Action{Final: true, Run: func(t *tx.Tx) Verdict {
		t.Reply = reply.Reply(t)
		on.term(t, 'L')
		return Answer
	}}, nil
}

// authArgs is "[realm <realm>]".
type authArgs struct{ realm string }

// Usage is what messages say of the arguments.
func (authArgs) Usage() string { return "[realm <realm>]" }

// ParseArgs reads the realm.
func (r *authArgs) ParseArgs(a *keyword.Args) error {
	if a.Peek() != "realm" {
		return nil
	}
	a.Next()
	w, _, ok := a.Next()
	if !ok {
		return refuse(-1, "missing realm value.\n")
	}
	r.realm = w
	return nil
}

// newAuth makes auth: 401 with a challenge (RFC 9110 11.6). The realm is the
// proxy's name where none is given.
func newAuth(e *keyword.Env, a *authArgs) (Action, error) {
	var fixed *tx.Reply
	if a.realm != "" {
		fixed = challenge(a.realm)
	}
	return Action{Final: true, Run: func(t *tx.Tx) Verdict {
		switch {
		case fixed != nil:
			t.Reply = fixed
		case t.Back != nil:
			t.Reply = challenge(t.Back.Name)
		default:
			t.Reply = challenge(t.Sess.Front.Name)
		}
		message(false).term(t, 'P')
		return Answer
	}}, nil
}

// challenge makes the answer that asks for credentials; its body is the
// proxy's error file.
func challenge(realm string) *tx.Reply {
	v := strconv.AppendQuote([]byte("Basic realm="), realm)
	return &tx.Reply{Status: 401, Fields: []tx.Field{{Name: nameWWWAuth, Value: v, ID: tx.IDOf(nameWWWAuth)}}}
}

// newReject makes reject. The engine counts it as what it is in its rule set:
// a connection, a session, a request or a response.
func newReject(e *keyword.Env, _ *keyword.None) (Action, error) {
	on := messageOf(e)
	return Action{Final: true, Run: func(t *tx.Tx) Verdict {
		on.term(t, 'P')
		return Close
	}}, nil
}

// silentDropArgs is "[rst-ttl <ttl>]".
type silentDropArgs struct{ ttl int }

// Usage is what messages say of the arguments.
func (silentDropArgs) Usage() string { return "[rst-ttl <ttl>]" }

// ParseArgs reads the time to live.
func (s *silentDropArgs) ParseArgs(a *keyword.Args) error {
	if a.Peek() != "rst-ttl" {
		return nil
	}
	a.Next()
	w, at, ok := a.Next()
	if !ok {
		return refuse(-1, "missing rst-ttl value\n")
	}
	n, err := strconv.Atoi(w)
	if err != nil {
		return refuse(at, "invalid character starting at '%s' (value 1-255 expected)\n", w)
	}
	if n < 1 || n > 255 {
		return refuse(at, "valid rst-ttl values are [1-255]\n")
	}
	s.ttl = n
	return nil
}

func newSilentDrop(e *keyword.Env, a *silentDropArgs) (Action, error) {
	on, reply := messageOf(e), &tx.Reply{Silent: true, Rst: a.ttl > 0, RstTTL: a.ttl}
	return Action{Final: true, Run: func(t *tx.Tx) Verdict {
		t.Reply = reply
		on.term(t, 'P')
		return Answer
	}}, nil
}
