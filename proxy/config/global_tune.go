package config

import "tandem/parser/keyword"

const (
	onOffText     = "'%s' expects 'on' or 'off'."
	eitherText    = "'%s' expects either 'on' or 'off' but got '{}'."
	positiveText  = "'%s' expects a positive numeric value."
	sizeTextTight = "unexpected '' after size passed to '%s'"
)

// tuning is short for the flag of words that size the original's internals.
const tuning = keyword.Tuning

// globalTunes are the tune.* words (configuration manual 3.3).
var globalTunes = knobs([]knob{
	{"tune.bufsize", sizeKnob("'%s' expects an integer argument", 1), "Size of buffers in bytes.", 0},
	{"tune.maxrewrite", between(0, maxInt, wantsInt, "'%s' expects a positive integer argument."), "Room kept for header rewriting in bytes.", 0},
	{"tune.http.maxhdr", between(1, 32767, wantsInt, "'%s' expects a numeric value between 1 and 32767"), "Most headers in a message.", 0},
	{"tune.http.logurilen", whole(wantsInt), "Longest logged URI in bytes.", 0},
	{"tune.http.cookielen", whole(wantsInt), "Longest captured cookie in bytes.", 0},
	{"tune.maxaccept", whole("'%s' expects an integer argument"), "Connections accepted in a row.", tuning},
	{"tune.idletimer", timeKnob("'%s' expects a timer value between 0 and 65535 ms.", 0, 65535, "'%s' expects a timer value between 0 and 65535 ms."), "Silence after which a stream counts as idle, in ms.", tuning},
	{"tune.stick-counters", stickCounters, "How many counters a session can track.", keyword.Open},
	{"tune.pattern.cache-size", between(0, maxInt, "'%s' expects a positive numeric value", "'%s' expects a positive numeric value"), "Entries of the pattern cache.", tuning},
	{"tune.max-rules-at-once", between(0, maxInt, "'%s' expects a positive numeric value", "'%s' expects a positive numeric value"), "Rules evaluated before others get their turn.", tuning},
	{"tune.max-checks-per-thread", whole(""), "Checks that run at the same time per thread.", tuning},
	{"tune.maxpollevents", whole(wantsInt), "Events per call of the poller.", tuning},
	{"tune.applet.zero-copy-forwarding", onOff(onOffText), "Forward applets' data without copies.", tuning},
	{"tune.buffers.limit", between(0, maxInt, "", "'%s' expects a non-negative number but got '-1'."), "Most buffers.", tuning},
	{"tune.buffers.reserve", between(0, maxInt, "", "'%s' expects a non-negative number but got '-1'."), "Buffers kept in reserve.", tuning},
	{"tune.bufsize.large", sizeKnob(wantsInt, 1), "Size of large buffers in bytes.", tuning},
	{"tune.bufsize.small", sizeKnob(wantsInt, 1), "Size of small buffers in bytes.", tuning},
	{"tune.cli.max-payload-size", sizeKnob("'%s' expects a size argument.", 0), "Longest payload of a command.", tuning},
	{"tune.comp.maxlevel", onlyBetween(1, 9, "'%s' expects a numeric value between 1 and 9"), "Compression level.", 0},
	{"tune.defaults.purge", eachOf("'%s' unknown directive '{}'.", "all", "proxies", "servers"), "Free unused defaults.", tuning},
	{"tune.epoll.mask-events", maybe(listOf("'%s' expects a comma-delimited list of 'err', 'hup' and 'rdhup' but got '{}'.", "err", "hup", "rdhup")), "Events to ignore.", tuning},
	{"tune.events.max-events-at-once", onlyBetween(1, 10000, "'%s' expects an integer argument between 1 and 10000."), "Events handled in a row.", tuning},
	{"tune.fail-alloc", between(0, 100, "", "'%s' expects a numeric value between 0 and 100."), "Let so many percent of allocations fail.", keyword.NotActed},
	{"tune.fd.edge-triggered", onOff(eitherText), "Edge-triggered polling.", tuning | keyword.Experimental},
	{"tune.fd.tables", oneOf("'%s' expects 'shared' or 'per-thread-group', got '{}'", "shared", "per-thread-group"), "Descriptor tables.", tuning},
	{"tune.glitches.kill.cpu-usage", onlyBetween(0, 100, "'%s' expects a numeric value between 0 and 100"), "CPU usage from which glitches close connections.", keyword.NotActed},
	{"tune.h1.be.glitches-threshold", between(0, maxInt, "", positiveText), "Glitches after which a server connection is closed.", keyword.NotActed},
	{"tune.h1.fe.glitches-threshold", between(0, maxInt, "", positiveText), "Glitches after which a client connection is closed.", keyword.NotActed},
	{"tune.h1.zero-copy-fwd-recv", onOff(onOffText), "Receive without copies.", tuning},
	{"tune.h1.zero-copy-fwd-send", onOff(onOffText), "Send without copies.", tuning},
	{"tune.h2.be.glitches-threshold", between(0, maxInt, "", positiveText), "Glitches after which a server connection is closed.", 0},
	{"tune.h2.be.initial-window-size", between(0, maxInt, "", positiveText), "Initial window towards servers.", 0},
	{"tune.h2.be.max-concurrent-streams", between(0, maxInt, "", positiveText), "Streams per server connection.", 0},
	{"tune.h2.be.max-frames-at-once", whole(""), "Frames handled in a row.", tuning},
	{"tune.h2.be.rxbuf", rxbuf, "Receive buffer per server connection.", 0},
	{"tune.h2.fe.glitches-threshold", between(0, maxInt, "", positiveText), "Glitches after which a client connection is closed.", 0},
	{"tune.h2.fe.initial-window-size", between(0, maxInt, "", positiveText), "Initial window towards clients.", 0},
	{"tune.h2.fe.max-frames-at-once", whole(""), "Frames handled in a row.", tuning},
	{"tune.h2.fe.max-rst-at-once", whole(""), "Resets handled in a row.", tuning},
	{"tune.h2.fe.max-total-streams", between(0, maxInt, "", positiveText), "Streams after which a client connection is closed.", 0},
	{"tune.h2.fe.rxbuf", rxbuf, "Receive buffer per client connection.", 0},
	{"tune.h2.header-table-size", onlyBetween(4096, 65536, "'%s' expects a numeric value between 4096 and 65536."), "Size of the header table.", 0},
	{"tune.h2.initial-window-size", between(0, maxInt, "", positiveText), "Initial window.", 0},
	{"tune.h2.log-errors", oneOf("'%s' expects 'none', 'connection', or 'stream'", "none", "connection", "stream"), "What is logged of HTTP/2 errors.", 0},
	{"tune.h2.max-concurrent-streams", between(0, maxInt, "", positiveText), "Streams per connection.", 0},
	{"tune.h2.max-frame-size", onlyBetween(16384, 16777215, "'%s' expects a numeric value between 16384 and 16777215."), "Longest frame in bytes.", 0},
	{"tune.h2.zero-copy-fwd-send", onOff(onOffText), "Send without copies.", tuning},
	{"tune.idle-pool.shared", oneOf("'%s' expects 'full', 'on' or 'off' but got '{}'.", "off", "on", "full"), "Share idle connections between threads.", tuning},
	{"tune.listener.default-shards", oneOf("'%s' expects either 'by-process', 'by-group', or 'by-thread' but got '{}'.", "by-process", "by-group", "by-thread"), "Sockets per address.", tuning},
	{"tune.listener.multi-queue", oneOf("'%s' expects either 'on', 'fair', or 'off' but got '{}'.", "off", "on", "fair"), "Spread accepted connections over threads.", tuning},
	{"tune.memory.hot-size", onlyBetween(1, 1<<40, "'%s' expects a strictly positive value."), "Size of caches per thread.", tuning},
	{"tune.notsent-lowat.client", sizeKnob(wantsInt, 0), "Unsent bytes towards clients above which writing waits.", tuning},
	{"tune.notsent-lowat.server", sizeKnob(wantsInt, 0), "Unsent bytes towards servers above which writing waits.", tuning},
	{"tune.peers.max-updates-at-once", onlyBetween(1, maxInt, "'%s' expects an integer argument greater than 0."), "Updates sent in a row.", tuning},
	{"tune.pipesize", sizeKnob(wantsInt, 0), "Size of pipes in bytes.", tuning},
	{"tune.pool-high-fd-ratio", onlyBetween(0, 100, "'%s' expects an integer argument between 0 and 100."), "Descriptors in percent above which idle connections are closed.", tuning},
	{"tune.pool-low-fd-ratio", onlyBetween(0, 100, "'%s' expects an integer argument between 0 and 100."), "Descriptors in percent above which connections are not kept.", tuning},
	{"tune.pt.zero-copy-forwarding", onOff(onOffText), "Forward TCP without copies.", tuning},
	{"tune.rcvbuf.backend", sizeKnob(sizeTextTight, 1), "Socket buffer of log backends.", tuning},
	{"tune.rcvbuf.client", sizeKnob(wantsInt, 0), "Socket receive buffer towards clients.", tuning},
	{"tune.rcvbuf.frontend", sizeKnob(sizeTextTight, 1), "Socket buffer of datagram listeners.", tuning},
	{"tune.rcvbuf.server", sizeKnob(wantsInt, 0), "Socket receive buffer towards servers.", tuning},
	{"tune.recv_enough", sizeKnob(wantsInt, 0), "Bytes after which reading stops trying.", tuning},
	{"tune.renice.runtime", nice, "Priority while running.", keyword.NotActed},
	{"tune.renice.startup", nice, "Priority while starting.", keyword.NotActed},
	{"tune.ring.queues", between(0, 16, "", "'%s' expects a number between 0 and 16 but got '-1'."), "Queues of rings.", tuning},
	{"tune.runqueue-depth", whole(wantsInt), "Tasks run in a row.", tuning},
	{"tune.sched.low-latency", onOff(eitherText), "Scheduler for low latency.", tuning},
	{"tune.sndbuf.backend", sizeKnob(sizeTextTight, 1), "Socket buffer of log backends.", tuning},
	{"tune.sndbuf.client", sizeKnob(wantsInt, 0), "Socket send buffer towards clients.", tuning},
	{"tune.sndbuf.frontend", sizeKnob(sizeTextTight, 1), "Socket buffer of datagram listeners.", tuning},
	{"tune.sndbuf.server", sizeKnob(wantsInt, 0), "Socket send buffer towards servers.", tuning},
	{"tune.streams-elasticity", elasticity, "How far streams may exceed connections, in percent.", tuning},
	{"tune.takeover-other-tg-connections", takeover, "Old spelling of tune.idle-pool.shared.", tuning | keyword.Deprecated},
	{"tune.vars.check-max-size", varSize, "Memory of check variables in bytes.", tuning | keyword.Open},
	{"tune.vars.global-max-size", varSize, "Memory of all variables in bytes.", tuning | keyword.Open},
	{"tune.vars.proc-max-size", varSize, "Memory of process variables in bytes.", tuning | keyword.Open},
	{"tune.vars.reqres-max-size", varSize, "Memory of request and response variables in bytes.", tuning | keyword.Open},
	{"tune.vars.sess-max-size", varSize, "Memory of session variables in bytes.", tuning | keyword.Open},
	{"tune.vars.txn-max-size", varSize, "Memory of transaction variables in bytes.", tuning | keyword.Open},
	{"tune.zlib.memlevel", onlyBetween(1, 9, "'%s' expects a numeric value between 1 and 9"), "Memory level of zlib.", tuning},
	{"tune.zlib.windowsize", onlyBetween(8, 15, "'%s' expects a numeric value between 8 and 15"), "Window of zlib.", tuning},
	{"tune.ssl.cachesize", between(0, maxInt, wantsInt, positiveText), "Entries of the session cache.", tuning},
	{"tune.ssl.capture-buffer-size", between(0, maxInt, wantsInt, positiveText), "Bytes kept of a ClientHello.", 0},
	{"tune.ssl.default-dh-param", dhParam, "Size of ephemeral DH parameters.", tuning},
	{"tune.ssl.hard-maxrecord", between(0, maxInt, wantsInt, positiveText), "Longest record in bytes.", tuning},
	{"tune.ssl.keylog", onOff(eitherText), "Keep the secrets of sessions for key logs.", keyword.NotActed},
	{"tune.ssl.keyupdate-rate-limit", between(0, maxInt, "'%s' expects a number (KeyUpdates/s, 0 to disable).", "'%s' expects a positive number."), "Key updates per second.", keyword.NotActed},
	{"tune.ssl.lifetime", secondsKnob("'%s' expects ssl sessions <lifetime> in seconds as argument."), "Life of a session in seconds.", 0},
	{"tune.ssl.maxrecord", between(0, maxInt, wantsInt, positiveText), "Longest record at a connection's start in bytes.", tuning},
	{"tune.ssl.ssl-ctx-cache-size", between(0, maxInt, wantsInt, positiveText), "Generated certificates kept.", tuning},
	{"tune.lua.bool-sample-conversion", oneOf("'%s' expects either 'normal' or 'pre-3.1-bug' but got '{}'.", "normal", "pre-3.1-bug"), "How Lua sees booleans.", 0},
	{"tune.lua.log.loggers", onOff(eitherText), "Lua logs to the loggers.", 0},
	{"tune.lua.log.stderr", oneOf("'%s' expects either 'on', 'auto', or 'off' but got '{}'.", "off", "on", "auto"), "Lua logs to stderr.", 0},
	{"tune.lua.maxmem", luaMem, "Memory of Lua in MB.", keyword.Open},
	{"tune.lua.openlibs", luaLibs, "Libraries that Lua opens.", 0},
	{"tune.lua.burst-timeout", luaTime, "Longest run of Lua without a pause.", keyword.Open},
	{"tune.lua.service-timeout", luaTime, "Longest run of a Lua service.", keyword.Open},
	{"tune.lua.session-timeout", luaTime, "Longest run of a Lua action.", keyword.Open},
	{"tune.lua.task-timeout", luaTime, "Longest run of a Lua task.", keyword.Open},
	{"tune.lua.forced-yield", luaNumber, "Instructions after which Lua pauses.", keyword.Open},
})

// maybe lets the word be missing.
func maybe(check knobCheck) knobCheck {
	return func(v string) (int64, string) {
		if v == "" {
			return 0, ""
		}
		return check(v)
	}
}
