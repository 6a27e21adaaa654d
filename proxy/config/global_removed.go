package config

import (
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
)

// gone makes the Def of a global word that a release dropped; set is what it
// still does, nil for words whose effect is nothing here.
func gone(name string, until keyword.Version, instead, doc string, set func(*Global)) *keyword.Def[Setting[Global]] {
	s := refusedAs(keyword.Spec{Name: name, In: keyword.Global, Until: until, Instead: instead, Doc: doc})
	if set == nil {
		s.Flags = keyword.NotActed
	}
	return keyword.Define(s, func(*keyword.Env, *restArgs) (Setting[Global], error) {
		return func(g *Global) error {
			if set != nil {
				set(g)
			}
			return nil
		}, nil
	})
}

// globalRemoved are the global words of older releases.
var globalRemoved = append([]*keyword.Def[Setting[Global]]{
	gone("nbproc", keyword.V(2, 5), "nbthread <n>", "Number of processes; one with threads here.", nil),
	gone("debug", keyword.V(2, 3), "-d @on the command line", "Stay in the foreground and print what passes.", func(g *Global) { g.Debug = true }),
	gone("nosepoll", keyword.V(1, 5), "", "Do not use speculative epoll.", nil),
	gone("tune.chksize", keyword.V(2, 5), "tune.bufsize <size>", "Size of check buffers.", nil),
	gone("no-quic", keyword.V(3, 3), "tune.quic.listen off", "No QUIC.", nil),
	gone("wurfl-engine-mode", keyword.V(2, 0), "", "Mode of the WURFL engine.", nil),
	gone("wurfl-useragent-priority", keyword.V(2, 0), "", "User agents of the WURFL engine.", nil),
	gone("stats bind-process", keyword.V(2, 7), "", "Processes of the stats sockets.", nil),
	keyword.Define(keyword.Spec{Name: "node-name", In: keyword.Global, Until: keyword.V(1, 4), Instead: "node <name>", Doc: "Name of this node."}, func(_ *keyword.Env, a *nameArgs) (Setting[Global], error) {
		return func(g *Global) error { g.Node = a.Name.Text; return nil }, nil
	}),
	masterWorker, noExitOnFailure,
}, goneTunes()...)

var masterWorker = keyword.Define(refusedAs(keyword.Spec{
	Name: "master-worker", In: keyword.Global, Until: keyword.V(3, 5), Instead: "-W @on the command line", Doc: "Run a master and a worker.",
}), func(e *keyword.Env, a *optionalArgs) (Setting[Global], error) {
	if a.Word != nil {
		return nil, e.Errorf(a.Word.Index, "'master-worker' only supports 'no-exit-on-failure' option")
	}
	return func(g *Global) error { g.MasterWorker = true; return nil }, nil
})

// noExitOnFailure is the one form of the line that the newest release takes;
// it no longer starts a master with it.
var noExitOnFailure = keyword.Define(keyword.Spec{
	Name: "master-worker no-exit-on-failure", In: keyword.Global, Flags: keyword.NotDumped, Doc: "Run a master and a worker; the master stays when a worker dies.",
}, func(e *keyword.Env, _ *keyword.None) (Setting[Global], error) {
	e.Warnf(diag.RemovedWord, 0, "'master-worker' starts a master only up to HAProxy 3.4; it does here. Please write '-W' on the command line too.").Ours = true
	return func(g *Global) error { g.MasterWorker = true; return nil }, nil
})

// goneTunes are the tune.quic.* words that 3.5 renamed, and what it calls them.
func goneTunes() []*keyword.Def[Setting[Global]] {
	var out []*keyword.Def[Setting[Global]]
	for _, w := range [][2]string{
		{"cc-hystart", "fe.cc.hystart on"}, {"cc.cubic.min-losses", "fe.cc.cubic-min-losses <n>"}, {"disable-tx-pacing", "fe.tx.pacing off"},
		{"disable-udp-gso", "fe.tx.udp-gso off"}, {"max-frame-loss", "fe.cc.max-frame-loss <n>"}, {"reorder-ratio", "fe.cc.reorder-ratio <n>"},
		{"retry-threshold", "fe.sec.retry-threshold <n>"}, {"socket-owner", "fe.sock-per-conn <mode>"},
		{"frontend.conn-tx-buffers.limit", "mem.tx-max <n>"}, {"frontend.default-max-window-size", "fe.cc.max-win-size <n>"},
		{"frontend.glitches-threshold", "fe.sec.glitches-threshold <n>"}, {"frontend.max-data-size", "fe.stream.rxbuf <n>"},
		{"frontend.max-idle-timeout", "fe.max-idle-timeout <time>"}, {"frontend.max-streams-bidi", "fe.stream.max-concurrent <n>"},
		{"frontend.max-tx-mem", "mem.tx-max <n>"}, {"frontend.stream-data-ratio", "fe.stream.data-ratio <n>"}, {"backend.max-idle-timeout", "be.max-idle-timeout <time>"},
	} {
		out = append(out, gone("tune.quic."+w[0], keyword.V(3, 5), "tune.quic."+w[1], "Old spelling of tune.quic."+strings.Fields(w[1])[0]+".", nil))
	}
	return out
}

// globalQUIC are the words about QUIC; binaries without it, such as the one
// that stands for the original here, do not know them.
var globalQUIC = quicWords("be.cc.cubic-min-losses", "be.cc.hystart", "be.cc.max-frame-loss", "be.cc.max-win-size", "be.cc.reorder-ratio",
	"be.max-idle-timeout", "be.sec.glitches-threshold", "be.stream.data-ratio", "be.stream.max-concurrent", "be.stream.rxbuf", "be.tx.pacing",
	"be.tx.udp-gso", "fe.cc.cubic-min-losses", "fe.cc.hystart", "fe.cc.max-frame-loss", "fe.cc.max-win-size", "fe.cc.reorder-ratio",
	"fe.max-idle-timeout", "fe.sec.glitches-threshold", "fe.sec.retry-threshold", "fe.sock-per-conn", "fe.stream.data-ratio",
	"fe.stream.max-concurrent", "fe.stream.max-total", "fe.stream.rxbuf", "fe.tx.pacing", "fe.tx.udp-gso", "listen", "mem.tx-max", "zero-copy-fwd-send")

func quicWords(names ...string) []*keyword.Def[Setting[Global]] {
	var list []knob
	for _, n := range names {
		list = append(list, knob{"tune.quic." + n, needed("'%s' expects an argument."), "Tunes QUIC.", keyword.NotActed | keyword.NotDumped | keyword.Open})
	}
	return knobs(list)
}

// deviceWords are the words of device detection libraries, which this
// program does not have.
var globalDevices = deviceWords("51degrees-allow-unmatched", "51degrees-cache-size", "51degrees-data-file", "51degrees-difference", "51degrees-drift",
	"51degrees-property-name-list", "51degrees-property-separator", "51degrees-use-performance-graph", "51degrees-use-predictive-graph",
	"deviceatlas-json-file", "deviceatlas-log-level", "deviceatlas-properties-cookie", "deviceatlas-separator",
	"wurfl-cache-size", "wurfl-data-file", "wurfl-information-list", "wurfl-information-list-separator", "wurfl-patch-file")

func deviceWords(names ...string) []*keyword.Def[Setting[Global]] {
	var out []*keyword.Def[Setting[Global]]
	for _, n := range names {
		out = append(out, keyword.Define(keyword.Spec{Name: n, In: keyword.Global, Flags: keyword.NotActed | keyword.NotDumped, Doc: "Device detection."},
			func(*keyword.Env, *restArgs) (Setting[Global], error) { return nil, nil }))
	}
	return out
}
