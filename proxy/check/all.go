package check

import "tandem/parser/keyword"

// Lines is the table of all lines about checks that a proxy may have:
// "option httpchk" and its like, "http-check …" and "tcp-check …"
// (configuration manual 4.2). What a line makes is applied to the proxy's
// Setup, in order.
var Lines = keyword.NewTable("check",
	[]*keyword.Def[Change]{
		httpchk, tcpCheck, smtpchk, mysqlCheck, pgsqlCheck, redisCheck, ldapCheck, spopCheck, sslHelloChk, externalCheck,
	},
	[]*keyword.Def[Change]{
		comment(httpSide), connect(httpSide), disableOn404, expectDef(httpSide), httpSendDef, sendState,
		setVar(httpSide, "set-var", "Set a variable."), setVar(httpSide, "set-var-fmt", "Set a variable to a formatted string."), setVar(httpSide, "unset-var", "Forget a variable."),
	},
	[]*keyword.Def[Change]{
		comment(tcpSide), connect(tcpSide), expectDef(tcpSide),
		tcpSend("send", "Send a string.", false, false), tcpSend("send-lf", "Send a formatted string.", false, true),
		tcpSend("send-binary", "Send bytes written in hexadecimal.", true, false), tcpSend("send-binary-lf", "Send bytes that a format yields in hexadecimal.", true, true),
		setVar(tcpSide, "set-var", "Set a variable."), setVar(tcpSide, "set-var-fmt", "Set a variable to a formatted string."), setVar(tcpSide, "unset-var", "Forget a variable."),
	},
	[]*keyword.Def[Change]{externalCommand, externalPath},
)

var externalCommand = keyword.Define(keyword.Spec{Name: "external-check command", In: proxySides, Doc: "The program that checks servers."},
	func(_ *keyword.Env, a *words) (Change, error) {
		if len(a.list) == 0 {
			return nil, bad(a.first-1, "missing argument after 'command'.")
		}
		if len(a.list) > 1 {
			return nil, bad(a.first+1, "'external-check' cannot handle unexpected argument '%s'.", a.list[1])
		}
		return func(s *Setup) error { s.Command = a.list[0]; return nil }, nil
	})

var externalPath = keyword.Define(keyword.Spec{Name: "external-check path", In: proxySides, Doc: "The PATH of the program that checks servers."},
	func(_ *keyword.Env, a *words) (Change, error) {
		if len(a.list) == 0 {
			return nil, bad(a.first-1, "missing argument after 'path'.")
		}
		if len(a.list) > 1 {
			return nil, bad(a.first+1, "'external-check' cannot handle unexpected argument '%s'.", a.list[1])
		}
		return func(s *Setup) error { s.Path = a.list[0]; return nil }, nil
	})

// Unknown is the original's refusal of a line that begins with "http-check"
// or "tcp-check" and goes on with a word that the table lacks.
func Unknown(first, second string) string {
	list := "'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'."
	if first == "tcp-check" {
		list = "'comment', 'connect', 'send', 'send-binary', 'expect', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'."
	}
	return "'" + first + "' only supports " + list + " but got '" + second + "'"
}
