package server

import (
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

var check = flag("check", "Check the server's health.", func(p *Params) { p.Check.Enabled = true })
var noCheck = flag("no-check", "Undo an inherited \"check\".", func(p *Params) { p.Check.Enabled = false })

var inter = interval("inter", "Interval between two health checks.", func(p *Params) *time.Duration { return &p.Check.Inter })
var fastInter = interval("fastinter", "Interval while the state is changing.", func(p *Params) *time.Duration { return &p.Check.FastInter })
var downInter = interval("downinter", "Interval while the server is down.", func(p *Params) *time.Duration { return &p.Check.DownInter })
var agentInter = interval("agent-inter", "Interval between two agent checks.", func(p *Params) *time.Duration { return &p.Agent.Inter })

func interval(name, doc string, dst func(*Params) *time.Duration) def {
	return envValue(keyword.Spec{Name: name, Doc: doc, Misuse: "'" + name + "' expects a delay as argument.."}, delay(name, dst))
}

var rise = count("rise", "Successful checks after which a server is up.", func(p *Params) *int { return &p.Rise })
var fall = count("fall", "Failed checks after which a server is down.", func(p *Params) *int { return &p.Fall })

func count(name, doc string, dst func(*Params) *int) def {
	return value(name, doc, "'"+name+"' expects an integer argument..", func(p *Params, v string) error {
		n := atoi(v)
		if n <= 0 {
			return fail(-1, "'%s' has to be > 0..", name)
		}
		*dst(p) = n
		return nil
	})
}

var port = value("port", "Port of health checks.", "'port' expects a port number as argument..", number(func(p *Params) *int { return &p.Check.Port }))
var addr = envValue(keyword.Spec{Name: "addr", Doc: "Address of health checks.", Misuse: "'addr' expects <ipv4|ipv6> as argument.."}, func(e *keyword.Env, p *Params, v string, _ int) error {
	a, err := expr.ParseHostAddr(v, expr.NonZeroPort, e.LookUp)
	if err != nil {
		return fail(-1, "'addr' : %s.", err)
	}
	p.Check.Addr, p.Agent.Addr = checkHost(&a, v), checkHost(&a, v)
	p.Check.AddrPort = a.Port
	return nil
})

// checkHost returns the address without its port; unix addresses whole.
func checkHost(a *expr.Addr, text string) string {
	if a.Kind == expr.Inet && a.IP.IsValid() {
		return a.IP.String()
	}
	return text
}

var agentCheck = flag("agent-check", "Ask an agent for weight and state.", func(p *Params) { p.Agent.Enabled = true })
var noAgentCheck = flag("no-agent-check", "Undo an inherited \"agent-check\".", func(p *Params) { p.Agent.Enabled = false })
var agentPort = value("agent-port", "Port of the agent.", "'agent-port' expects a port number as argument..", number(func(p *Params) *int { return &p.Agent.Port }))
var agentSend = value("agent-send", "String sent to the agent on connection.", "'agent-send' expects a string as argument..", text(func(p *Params) *string { return &p.Agent.Send }))
var agentAddr = value("agent-addr", "Address of the agent.", "'agent-addr' expects an address as argument..", func(p *Params, v string) error {
	a, err := expr.ParseAddr(v, expr.AllowNames)
	if err != nil || a.HasPort || a.IsName() && LookupHost(v) == nil {
		return fail(-1, "parsing agent-addr failed. Check if '%s' is correct address..", v)
	}
	p.Agent.Addr = v
	return nil
})

var checkSendProxy = flag("check-send-proxy", "Begin health checks with a PROXY protocol header.", func(p *Params) { p.Check.SendProxy = true })
var noCheckSendProxy = flag("no-check-send-proxy", "Undo an inherited \"check-send-proxy\".", func(p *Params) { p.Check.SendProxy = false })
var checkSSL = flag("check-ssl", "Speak TLS in health checks.", func(p *Params) { p.Check.SSL, p.Check.NoSSL = true, false })
var noCheckSSL = flag("no-check-ssl", "Undo an inherited \"check-ssl\".", func(p *Params) { p.Check.SSL, p.Check.NoSSL = false, true })
var checkSNI = value("check-sni", "Server name sent in health checks over TLS.", "'check-sni' : missing SNI.", text(func(p *Params) *string { return &p.Check.SNI }))
var checkSNIAuto = flag("check-sni-auto", "Take the server name of health checks from the Host sent; the default.", func(p *Params) { p.Check.NoSNIAuto = false })
var noCheckSNIAuto = flag("no-check-sni-auto", "Send no server name in health checks unless \"check-sni\" says one.", func(p *Params) { p.Check.NoSNIAuto = true })
var checkALPN = value("check-alpn", "Protocols offered in health checks over TLS.",
	"'check-alpn' : missing the comma-delimited ALPN protocol suite.", text(func(p *Params) *string { return &p.Check.ALPN }))
var checkProto = valueWith(keyword.Spec{Name: "check-proto", Flags: keyword.NotActed, Doc: "Protocol spoken in health checks, whatever TLS negotiates.", Misuse: "'check-proto' : missing value."},
	protoName("check-proto", func(p *Params) *string { return &p.Check.Proto }))
var checkViaSocks4 = flag("check-via-socks4", "Send health checks through the SOCKS4 proxy too.", func(p *Params) { p.Check.ViaSocks4 = true })
var checkReusePool = flagWith(keyword.Spec{Name: "check-reuse-pool", Flags: keyword.NotActed, Doc: "Let HTTP checks use idle connections."}, func(p *Params) { p.Check.ReusePool = true })
var noCheckReusePool = flag("no-check-reuse-pool", "Undo an inherited \"check-reuse-pool\".", func(p *Params) { p.Check.ReusePool = false })
var checkPoolConnName = valueWith(keyword.Spec{Name: "check-pool-conn-name", Flags: keyword.NotActed, Doc: "Name of the idle connections that checks may use.", Misuse: "'check-pool-conn-name' : missing value."},
	text(func(p *Params) *string { return &p.CheckPoolConnName }))

var healthcheck = envValue(keyword.Spec{Name: "healthcheck", Doc: "The healthcheck section that says how the server is checked.",
	Misuse: "'healthcheck' expects a healthcheck name as argument.."}, func(e *keyword.Env, p *Params, v string, i int) error {
	p.Check.Healthcheck = e.NewRef(keyword.ToHealthcheck, v, i)
	return nil
})

var observe = value("observe", "Let live traffic count as checks: layer4 or layer7.", "'observe' expects <mode> as argument..", func(p *Params, v string) error {
	switch v {
	case "none":
		p.Observe = ""
	case "layer4", "layer7":
		p.Observe = v
	default:
		return fail(-1, "'observe' expects one of 'none', 'layer4', 'layer7' but got '%s'", v)
	}
	return nil
})
var onError = value("on-error", "What too many observed errors do.", "",
	oneOf(func(p *Params) *string { return &p.OnError }, "'on-error' expects one of 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' but got '%s'", "fastinter", "fail-check", "sudden-death", "mark-down"))
var errorLimit = value("error-limit", "Consecutive observed errors that trigger \"on-error\".", "'error-limit' expects an integer argument..", func(p *Params, v string) error {
	if p.ErrorLimit = atoi(v); p.ErrorLimit <= 0 {
		return fail(-1, "error-limit has to be > 0..")
	}
	return nil
})
var onMarkedDown = valueWith(keyword.Spec{Name: "on-marked-down", Doc: "What happens to sessions when the server goes down."},
	oneOf(func(p *Params) *string { return &p.OnMarkedDown }, "'on-marked-down' expects 'shutdown-sessions' but got '%s'", "shutdown-sessions"))
var onMarkedUp = valueWith(keyword.Spec{Name: "on-marked-up", Doc: "What happens to sessions of backup servers when the server comes up."},
	oneOf(func(p *Params) *string { return &p.OnMarkedUp }, "'on-marked-up' expects 'shutdown-backup-sessions' but got '%s'", "shutdown-backup-sessions"))
var initState = value("init-state", "State in which the server starts and leaves maintenance.", "",
	oneOf(func(p *Params) *string { return &p.InitState }, "'init-state' expects one of 'none', 'fully-up', 'up', 'down', or 'fully-down' but got '%s'.", "none", "fully-up", "up", "down", "fully-down"))
