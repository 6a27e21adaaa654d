package sample

import (
	"bytes"
	"encoding/base64"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// Userlist is what http_auth asks of a userlist; the room of userlists has
// the type that satisfies it.
type Userlist interface {
	// Check says whether the list has that user with that password.
	Check(user, password []byte) bool
	// InGroup says whether the user is in the group.
	InGroup(user []byte, group string) bool
	// HasGroup says whether there is a group of that name.
	HasGroup(group string) bool
}

// authFetches look at the credentials of a request.
var authFetches = []word[Fetch]{
	fetch("http_auth", "user list", tx.TypeBool, RequestHTTP, "Whether the request's basic credentials are in a userlist.", newHTTPAuth),
	fetch("http_auth_group", "user list", tx.TypeStr, RequestHTTP, "The user, if the request's basic credentials are in a userlist; matched against groups.", newHTTPAuthGroup),
	fetch("http_auth_user", "", tx.TypeStr, RequestHTTP, "User of the request's basic credentials, unchecked.", plain(authPart(func(_, user, _ []byte) []byte { return user }))),
	fetch("http_auth_pass", "", tx.TypeStr, RequestHTTP, "Password of the request's basic credentials, unchecked.", plain(authPart(func(_, _, pass []byte) []byte { return pass }))),
	fetch("http_auth_type", "", tx.TypeStr, RequestHTTP, "Scheme of the request's credentials if it is Basic.", plain(evalAuthType)),
	fetch("http_auth_bearer", "[string]", tx.TypeStr, RequestHTTP, "Token of the request's Bearer credentials.", newBearer),
}

// basicAuth returns the decoded credentials of a request. Proxy requests
// carry theirs in Proxy-Authorization.
func basicAuth(t *tx.Tx) (user, pass []byte, ok bool) {
	if !t.HasReq {
		return nil, nil, false
	}
	f := t.Req.GetID(tx.HdrAuthorization)
	if len(t.Req.URI) > 0 && t.Req.URI[0] != '/' && !isAsterisk(t.Req.URI) {
		if p := t.Req.Get(proxyAuthorization); p != nil {
			f = p
		}
	}
	scheme, data, ok := bytes.Cut(trimBlanks(f), []byte(" "))
	if !ok || !EqualFold(scheme, basic) {
		return nil, nil, false
	}
	data = trimBlanks(data)
	out := t.Scratch.Alloc(base64.StdEncoding.DecodedLen(len(data)))
	n, err := base64.StdEncoding.Decode(out, data)
	if err != nil {
		return nil, nil, false
	}
	user, pass, ok = bytes.Cut(out[:n], []byte(":"))
	return user, pass, ok
}

var (
	basic              = []byte("basic")
	proxyAuthorization = []byte("proxy-authorization")
)

func newHTTPAuth(_ *keyword.Env, a args) (evalFunc, error) {
	ref := a[0].ref
	return func(t *tx.Tx, v *Value) bool {
		user, pass, ok := basicAuth(t)
		if !ok {
			return false
		}
		list := keyword.Target[Userlist](ref)
		v.SetBool(list != nil && list.Check(user, pass))
		return true
	}, nil
}

// newHTTPAuthGroup leaves the reference where Expr.Userlist finds it.
func newHTTPAuthGroup(_ *keyword.Env, a args) (evalFunc, error) {
	ref := a[0].ref
	return func(t *tx.Tx, v *Value) bool {
		user, pass, ok := basicAuth(t)
		if !ok {
			return false
		}
		list := keyword.Target[Userlist](ref)
		v.SetStr(user)
		return list != nil && list.Check(user, pass)
	}, nil
}

func authPart(part func(scheme, user, pass []byte) []byte) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		user, pass, ok := basicAuth(t)
		v.SetStr(part(basic, user, pass))
		return ok
	}
}

func evalAuthType(t *tx.Tx, v *Value) bool {
	_, _, ok := basicAuth(t)
	v.SetStr(basicName)
	return ok
}

var basicName = []byte("Basic")

func newBearer(_ *keyword.Env, a args) (evalFunc, error) {
	name := bytes.ToLower([]byte(a.str(0, "authorization")))
	return func(t *tx.Tx, v *Value) bool {
		if !t.HasReq {
			return false
		}
		scheme, token, ok := bytes.Cut(trimBlanks(t.Req.Get(name)), []byte(" "))
		if !ok || !EqualFold(scheme, []byte("bearer")) {
			return false
		}
		v.SetStr(trimBlanks(token))
		return true
	}, nil
}
