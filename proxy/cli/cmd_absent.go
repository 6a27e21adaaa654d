package cli

import "tandem/parser/keyword"

// absent makes the Def of a command of the original that does nothing here;
// it answers so instead of pretending.
func absent(name, usage string, level Level, doc string) *keyword.Def[Command] {
	d := command(name, usage, level, doc, func(c *Call) { c.fail("'%s' is not available in this program.", name) })
	d.Flags |= keyword.NotActed
	return d
}

// absentCommands are known and answered, not acted on.
var absentCommands = []*keyword.Def[Command]{
	absent("acme challenge_ready", " <certfile> domain <domain>", Admin, "tell that an ACME challenge is in place."),
	absent("acme renew", " <certfile>", Admin, "renew a certificate by ACME."),
	absent("acme status", "", Admin, "show the certificates that ACME renews."),
	absent("add backend", " <backend>", Admin, "create a backend."),
	absent("add ssl jwt", " <certfile>", User, "use a certificate to check JWTs."),
	absent("debug counters", " [?|all|bug|cnt|chk|glt]*", Operator, "show counters of rare events."),
	absent("del backend", " <backend>", Admin, "delete a backend."),
	absent("del ssl jwt", " <certfile>", User, "no longer use a certificate to check JWTs."),
	absent("show activity", " [-1|0|thread_num]", Operator, "show what threads did."),
	absent("show dev", "", User, "show what developers want to know."),
	absent("show fd", " [-!plcfbs]* [num]", Operator, "dump the descriptors."),
	absent("show profiling", " [<what>|<#lines>|<opts>]*", Admin, "show the state of profiling."),
	absent("show ssl jwt", "", User, "show the certificates that check JWTs."),
	absent("show ssl ocsp-updates", "", Admin, "show the next updates of OCSP responses."),
	absent("show threads", "", User, "show the threads."),
	absent("show trace", " [<module>]", User, "show what is traced."),
	absent("trace", " [<module>|0] [cmd [args...]]", Operator, "trace at run time."),
	absent("update ssl ocsp-response", " <certfile>", Admin, "fetch an OCSP response."),
}
