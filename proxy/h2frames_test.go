package proxy

import (
	"strings"
)

// h2frameCases are about frames and the connection.
var h2frameCases = []h2case{
	{"settings-ack-long", func(w *h2wire) { w.hello().f(fSettings, ack, 0, "xxxxxx").next(1) }},
	{"settings-odd", func(w *h2wire) { w.hello().f(fSettings, 0, 0, "xxxxx").next(1) }},
	{"settings-stream", func(w *h2wire) { w.hello().f(fSettings, 0, 1, "").next(1) }},
	{"settings-push-2", func(w *h2wire) { w.hello(2, 2).next(1) }},
	{"settings-push-1", func(w *h2wire) { w.hello(2, 1).next(1) }},
	{"settings-window-big", func(w *h2wire) { w.hello(4, 1<<31).next(1) }},
	{"settings-frame-small", func(w *h2wire) { w.hello(5, 100).next(1) }},
	{"settings-frame-big", func(w *h2wire) { w.hello(5, 1<<24).next(1) }},
	{"settings-unknown", func(w *h2wire) { w.hello(77, 1).next(1) }},
	{"settings-table-zero", func(w *h2wire) { w.hello(1, 0).next(1) }},
	{"settings-streams-zero", func(w *h2wire) { w.hello(3, 0).next(1) }},
	{"ping", func(w *h2wire) { w.hello().f(fPing, 0, 0, "12345678").next(1) }},
	{"ping-ack", func(w *h2wire) { w.hello().f(fPing, ack, 0, "12345678").next(1) }},
	{"ping-short", func(w *h2wire) { w.hello().f(fPing, 0, 0, "1234567").next(1) }},
	{"ping-stream", func(w *h2wire) { w.hello().f(fPing, 0, 1, "12345678").next(1) }},
	{"goaway", func(w *h2wire) { w.hello().f(fGoAway, 0, 0, u32s(0)+u32s(0)).next(1) }},
	{"goaway-stream", func(w *h2wire) { w.hello().f(fGoAway, 0, 1, u32s(0)+u32s(0)).next(1) }},
	{"goaway-short", func(w *h2wire) { w.hello().f(fGoAway, 0, 0, u32s(0)).next(1) }},
	{"push", func(w *h2wire) { w.hello().f(fPush, eh, 1, u32s(2)).next(1) }},
	{"unknown-type", func(w *h2wire) { w.hello().f(99, 0, 0, "xx").next(1) }},
	{"unknown-in-headers", func(w *h2wire) {
		w.hello().f(fHeaders, es, 1, w.block(h2get("/ret")...)).f(99, 0, 1, "").f(fCont, eh, 1, "")
	}},
	{"priority", func(w *h2wire) { w.hello().f(fPriority, 0, 1, u32s(0)+"\x10").next(1) }},
	{"priority-short", func(w *h2wire) { w.hello().f(fPriority, 0, 1, u32s(0)).next(1) }},
	{"priority-self", func(w *h2wire) { w.hello().f(fPriority, 0, 1, u32s(1)+"\x10").next(1) }},
	{"priority-zero", func(w *h2wire) { w.hello().f(fPriority, 0, 0, u32s(1)+"\x10").next(1) }},
	{"headers-priority", func(w *h2wire) { w.hello().f(fHeaders, es|eh|pri, 1, u32s(0)+"\x10"+w.block(h2get("/ret")...)) }},
	{"headers-priority-short", func(w *h2wire) { w.hello().f(fHeaders, es|eh|pri, 1, "\x00\x00").next(3) }},
	{"headers-priority-self", func(w *h2wire) {
		w.hello().f(fHeaders, es|eh|pri, 1, u32s(1)+"\x10"+w.block(h2get("/ret")...)).next(3)
	}},
	{"headers-padded", func(w *h2wire) { w.hello().f(fHeaders, es|eh|pad, 1, "\x03"+w.block(h2get("/ret")...)+"PPP") }},
	{"headers-pad-long", func(w *h2wire) { w.hello().f(fHeaders, es|eh|pad, 1, "\xf0"+w.block(h2get("/ret")...)).next(3) }},
	{"headers-pad-none", func(w *h2wire) { w.hello().f(fHeaders, es|eh|pad, 1, "").next(3) }},
	{"headers-empty", func(w *h2wire) { w.hello().f(fHeaders, es|eh, 1, "").next(3) }},
	{"continuation", func(w *h2wire) {
		b := w.block(h2get("/ret")...)
		w.hello().f(fHeaders, es, 1, b[:3]).f(fCont, 0, 1, b[3:5]).f(fCont, eh, 1, b[5:])
	}},
	{"continuation-empty", func(w *h2wire) {
		b := w.block(h2get("/ret")...)
		w.hello().f(fHeaders, es, 1, b).f(fCont, eh, 1, "")
	}},
	{"continuation-empty-many", func(w *h2wire) {
		w.hello().f(fHeaders, es, 1, w.block(h2get("/ret")...))
		repeat(50, func(int) { w.f(fCont, 0, 1, "") })
		w.f(fCont, eh, 1, "")
	}},
	{"continuation-flood", func(w *h2wire) {
		w.hello().f(fHeaders, es, 1, w.block(h2get("/ret")...))
		repeat(2000, func(int) { w.f(fCont, 0, 1, w.block("x-a: "+strings.Repeat("x", 100))) })
	}},
	{"continuation-alone", func(w *h2wire) { w.hello().f(fCont, eh, 1, "").next(3) }},
	{"continuation-other", func(w *h2wire) { w.hello().f(fHeaders, es, 1, w.block(h2get("/ret")...)).f(fCont, eh, 3, "") }},
	{"continuation-data-between", func(w *h2wire) { w.hello().f(fHeaders, 0, 1, w.block(h2get("/ret")...)).d(1, es, "x") }},
	{"continuation-ping-between", func(w *h2wire) { w.hello().f(fHeaders, 0, 1, w.block(h2get("/ret")...)).f(fPing, 0, 0, "12345678") }},
	{"data-idle", func(w *h2wire) { w.hello().d(1, es, "x").next(3) }},
	{"data-zero", func(w *h2wire) { w.hello().d(0, es, "x").next(3) }},
	{"data-after-end", func(w *h2wire) { w.hello().hold(1).d(1, es, "x").next(3) }},
	{"data-pad-long", func(w *h2wire) { w.hello().h(1, 0, h2post("/hdrs")...).d(1, es|pad, "\x09abc").next(3) }},
	{"data-pad-none", func(w *h2wire) { w.hello().h(1, 0, h2post("/hdrs")...).d(1, es|pad, "").next(3) }},
	{"data-over-window", func(w *h2wire) { // nobody reads, so no window grows
		w.hello().h(1, 0, h2post("/wait")...)
		repeat(8, func(int) { w.d(1, 0, strings.Repeat("x", 16384)) })
	}},
	{"trailers-no-end", func(w *h2wire) { w.hello().h(1, 0, h2post("/hdrs")...).d(1, 0, "x").h(1, 0, "x-t: 1").next(3) }},
	{"trailers-pseudo", func(w *h2wire) { w.hello().h(1, 0, h2post("/hdrs")...).d(1, 0, "x").h(1, es, ":path: /").next(3) }},
	{"trailers-upper", func(w *h2wire) { w.hello().h(1, 0, h2post("/hdrs")...).d(1, 0, "x").h(1, es, "X-T: /").next(3) }},
	{"trailers-connection", func(w *h2wire) {
		w.hello().h(1, 0, h2post("/hdrs")...).d(1, 0, "x").h(1, es, "connection: close").next(3)
	}},
	{"frame-too-long", func(w *h2wire) { w.hello().raw(16385, fPing, 0, 0, strings.Repeat("x", 16385)).next(1) }},
	{"data-too-long", func(w *h2wire) {
		w.hello().h(1, 0, h2post("/hdrs")...).d(1, es, strings.Repeat("x", 16385)).next(3)
	}},
	{"unknown-too-long", func(w *h2wire) { w.hello().raw(16385, 99, 0, 0, strings.Repeat("x", 16385)).next(1) }},
	{"rst-idle", func(w *h2wire) { w.hello().f(fRst, 0, 1, u32s(8)).next(3) }},
	{"rst-zero", func(w *h2wire) { w.hello().f(fRst, 0, 0, u32s(8)).next(3) }},
	{"rst-short", func(w *h2wire) { w.hello().hold(1).f(fRst, 0, 1, "xxx").next(3) }},
	{"rst-hold", func(w *h2wire) { w.hello().hold(1).f(fRst, 0, 1, u32s(8)).next(3) }},
	{"rst-then-data", func(w *h2wire) {
		w.hello().h(1, 0, h2post("/hold")...).f(fRst, 0, 1, u32s(8)).d(1, es, "x").next(3)
	}},
	{"rst-then-headers", func(w *h2wire) {
		w.hello().h(1, 0, h2post("/hold")...).f(fRst, 0, 1, u32s(8)).h(1, es, "x-t: 1").next(3)
	}},
	{"rst-then-window", func(w *h2wire) {
		w.hello().h(1, 0, h2post("/hold")...).f(fRst, 0, 1, u32s(8)).f(fWindow, 0, 1, u32s(8)).next(3)
	}},
	{"rst-twice", func(w *h2wire) {
		w.hello().h(1, 0, h2post("/hold")...).f(fRst, 0, 1, u32s(8)).f(fRst, 0, 1, u32s(8)).next(3)
	}},
	{"window-idle", func(w *h2wire) { w.hello().f(fWindow, 0, 1, u32s(8)).next(3) }},
	{"window-zero-conn", func(w *h2wire) { w.hello().f(fWindow, 0, 0, u32s(0)).next(3) }},
	{"window-zero-stream", func(w *h2wire) { w.hello().hold(1).f(fWindow, 0, 1, u32s(0)).next(3) }},
	{"window-short", func(w *h2wire) { w.hello().f(fWindow, 0, 0, "xxx").next(3) }},
	{"window-over-conn", func(w *h2wire) { w.hello().f(fWindow, 0, 0, u32s(1<<31-1)).next(3) }},
	{"window-over-stream", func(w *h2wire) {
		w.hello().hold(1).f(fWindow, 0, 1, u32s(1<<31-1)).next(3)
	}},
	{"window-over-settings", func(w *h2wire) {
		w.hello().hold(1).f(fWindow, 0, 1, u32s(1<<31-1-65535)).settings(4, 65536).next(3)
	}},
	{"window-shrink", func(w *h2wire) { w.hello().hold(1).settings(4, 0).next(3) }},
	{"hpack-index-zero", func(w *h2wire) { w.hello().f(fHeaders, es|eh, 1, "\x80").next(3) }},
	{"hpack-index-far", func(w *h2wire) { w.hello().f(fHeaders, es|eh, 1, "\xff\x80\x01").next(3) }},
	{"hpack-int-huge", func(w *h2wire) {
		w.hello().f(fHeaders, es|eh, 1, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x0f").next(3)
	}},
	{"hpack-size-big", func(w *h2wire) { w.hello().f(fHeaders, es|eh, 1, "\x3f\xe2\x1f\x82\x86\x84\x41\x01a").next(3) }},
	{"hpack-size-ok", func(w *h2wire) { w.hello().f(fHeaders, es|eh, 1, "\x20\x82\x86\x84\x41\x01a") }},
	{"hpack-size-late", func(w *h2wire) { w.hello().f(fHeaders, es|eh, 1, "\x82\x20\x86\x84\x41\x01a").next(3) }},
	{"hpack-cut", func(w *h2wire) { w.hello().f(fHeaders, es|eh, 1, "\x82\x86\x84\x41\x09a").next(3) }},
	{"hpack-huffman-eos", func(w *h2wire) { w.hello().f(fHeaders, es|eh, 1, "\x82\x86\x84\x41\x84\xff\xff\xff\xff").next(3) }},
	{"hpack-huffman-pad", func(w *h2wire) { w.hello().f(fHeaders, es|eh, 1, "\x82\x86\x84\x41\x82\x1f\x00").next(3) }},
	{"hpack-never", func(w *h2wire) { w.hello().f(fHeaders, es|eh, 1, "\x82\x86\x84\x11\x01a") }},
	{"hpack-bomb", func(w *h2wire) {
		w.hello()
		b := w.block(h2get("/ret", "x-a: "+strings.Repeat("\x01", 3900))...)
		w.f(fHeaders, es|eh, 1, b+strings.Repeat("\xbe", 5000)).next(3)
	}},
	{"http1-inside", func(w *h2wire) { w.hello().WriteString("GET / HTTP/1.1\r\nhost: a\r\n\r\n") }},
	{"too-many-streams", func(w *h2wire) {
		w.hello()
		repeat(101, func(i int) { w.hold(uint32(2*i + 1)) })
	}},
	{"deny", func(w *h2wire) { w.hello().h(1, es, h2get("/deny")...).next(3) }},
	{"deny-post", func(w *h2wire) { w.hello().h(1, 0, h2post("/deny")...).next(3) }},
	{"head", func(w *h2wire) { w.hello().h(1, es, append(without(h2get("/hdrs"), ":method"), ":method: HEAD")...) }},
	{"head-ret", func(w *h2wire) { w.hello().h(1, es, append(without(h2get("/ret"), ":method"), ":method: HEAD")...) }},
	{"cut", func(w *h2wire) { w.hello().h(1, es, h2get("/cut")...) }},
	{"close", func(w *h2wire) { w.hello().h(1, es, h2get("/close")...) }},
	{"204", func(w *h2wire) { w.hello().h(1, es, h2get("/204")...) }},
	{"chunk", func(w *h2wire) { w.hello().h(1, es, h2get("/chunk")...) }},
	{"trailers", func(w *h2wire) { w.hello().h(1, es, h2get("/trailers")...) }},
	{"early-hints", func(w *h2wire) { w.hello().h(1, es, h2get("/100")...) }},
	{"redirect", func(w *h2wire) { w.hello().h(1, es, h2get("/redir")...) }},
	{"client-window-zero", func(w *h2wire) { w.hello(4, 0).h(1, es, h2get("/hdrs")...).next(3) }},
	{"client-window-one", func(w *h2wire) {
		w.hello(4, 1).h(1, es, h2get("/hdrs")...).f(fWindow, 0, 1, u32s(1))
	}},
	{"websocket-ext", func(w *h2wire) {
		w.hello().h(1, 0, ":method: CONNECT", ":protocol: websocket", ":scheme: http", ":path: /hdrs", ":authority: a", "sec-websocket-version: 13").next(3)
	}},
}
