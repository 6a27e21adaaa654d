package config

import (
	"strings"

	"tandem/parser/keyword"
)

// refusals are the texts with which 3.5 refuses the words of older releases
// that it still has by name; "$1" is the first argument, a leading "~" asks
// for the layout without a blank behind the place. Words that are missing here
// are unknown to it.
var refusals = map[string]string{
	"appsession":         "'appsession' is not supported anymore since HAProxy 1.6.",
	"bind-process":       "~'bind-process' is not supported anymore.",
	"block":              "The 'block' directive is not supported anymore since HAProxy 2.1. Use 'http-request deny' which uses the exact same syntax.",
	"clitimeout":         oldTimeoutText("client"),
	"contimeout":         oldTimeoutText("connect"),
	"srvtimeout":         oldTimeoutText("server"),
	"timeout clitimeout": oldTimeoutText("client"),
	"timeout contimeout": oldTimeoutText("connect"),
	"timeout srvtimeout": oldTimeoutText("server"),
	"dispatch":           "~support for 'dispatch' was removed in version 3.5. The modern way to do the same is to create a server with the same address, and possibly to assign any extra server a weight of zero if any:\n    server dispatch $1",
	"transparent":        "~support for 'transparent' was removed in version 3.5. The modern way to do the same is to create a server with address 0.0.0.0.",
	"option transparent": "~support for option 'transparent' was removed in version 3.5.",
	"option http_proxy":  "~option 'http_proxy' is not supported any more since HAProxy 2.5. This option stopped working in HAProxy 1.9 and usually had nasty side effects. It can be more reliably implemented with combinations of 'http-request set-dst' and 'http-request set-uri', and even 'http-request do-resolve' if DNS resolution is desired.",
	"option forceclose":  "~option 'forceclose' is not supported any more since HAProxy 2.0, please just remove it, or use 'option httpclose' if absolutely needed.",
	"option http-tunnel": "~option 'http-tunnel' is not supported any more since HAProxy 2.1, please just remove it, it shouldn't be needed.",
	"grace":              "~the 'grace' keyword is not supported any more since HAProxy version 2.5.",
	"monitor-net":        "'monitor-net' doesn't exist anymore. Please use 'http-request return status 200 if { src $1 }' instead.",
	"redisp":             "keyword 'redisp' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'.",
	"redispatch":         "keyword 'redispatch' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'.",
	"reqadd":             oldLineText("reqadd", "http-request add-header"),
	"reqrep":             oldLineText("reqrep", replaceLines),
	"cliexp":             oldLineText("cliexp", replaceLines),
	"reqirep":            oldLineText("reqirep", "http-request replace-header"),
	"reqdel":             oldLineText("reqdel", "http-request del-header"),
	"reqidel":            oldLineText("reqidel", "http-request del-header"),
	"reqdeny":            "The 'reqdeny' not supported anymore since HAProxy 2.1. Use 'http-request deny' instead.",
	"reqideny":           oldLineText("reqideny", "http-request deny"),
	"reqallow":           oldLineText("reqallow", "http-request allow"),
	"reqiallow":          oldLineText("reqiallow", "http-request allow"),
	"reqpass":            "The 'reqpass' not supported anymore since HAProxy 2.1.",
	"reqipass":           "The 'reqipass' directive is not supported anymore since HAProxy 2.1.",
	"reqtarpit":          oldLineText("reqtarpit", "http-request tarpit"),
	"reqitarpit":         oldLineText("reqitarpit", "http-request tarpit"),
	"rspadd":             oldLineText("rspadd", "http-response add-header"),
	"rsprep":             oldLineText("rsprep", "http-response replace-header"),
	"rspirep":            oldLineText("rspirep", "http-response replace-header"),
	"srvexp":             oldLineText("srvexp", "http-response replace-header"),
	"rspdel":             "The 'rspdel' directive is not supported anymore since HAProxy 2.1. Use 'http-response del-header' .",
	"rspidel":            oldLineText("rspidel", "http-response del-header"),
	"rspdeny":            oldLineText("rspdeny", "http-response deny"),
	"rspideny":           oldLineText("rspideny", "http-response deny"),
	"nbproc":             "nbproc is not supported any more since HAProxy 2.5. Threads will automatically be used on multi-processor machines if available.",
	"stats bind-process": "'stats bind-process' is not supported anymore.",
	"tune.chksize":       "option 'tune.chksize' is not supported any more (tune.bufsize is used instead).",
	"master-worker":      "support for 'master-worker' was removed in version 3.5. Use -W or -Ws in the startup script instead.\n",
}

const replaceLines = "http-request replace-path', 'http-request replace-uri' or 'http-request replace-header"

func oldLineText(name, instead string) string {
	return "The '" + name + "' directive is not supported anymore since HAProxy 2.1. Use '" + instead + "' instead."
}

func oldTimeoutText(side string) string {
	old := map[string]string{"client": "clitimeout", "connect": "contimeout", "server": "srvtimeout"}[side]
	return "the '" + old + "' directive is not supported anymore since HAProxy 2.1. Use 'timeout " + side + "'."
}

// refusedAs adds to the Spec of a removed word how 3.5 refuses it.
func refusedAs(s keyword.Spec) keyword.Spec {
	var tight bool
	if s.Refusal, tight = strings.CutPrefix(refusals[s.Name], "~"); tight {
		s.Flags |= keyword.TightRefusal
	}
	return s
}
