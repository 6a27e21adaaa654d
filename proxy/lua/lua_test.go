package lua

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	glua "github.com/yuin/gopher-lua"
)

// machine returns one that loaded a script.
func machine(t *testing.T, src string, set func(*Machine)) (*Machine, error) {
	t.Helper()
	m := New()
	m.Opt.Stderr = "off"
	if set != nil {
		set(m)
	}
	path := filepath.Join(t.TempDir(), "t.lua")
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	err := m.Load(path, []string{"one", "two"}, false)
	if err != nil {
		err = &LoadError{Text: strings.ReplaceAll(err.Error(), path, "t.lua")}
	}
	return m, err
}

// fresh returns the state of a machine without scripts.
func fresh(t *testing.T) *state {
	t.Helper()
	m, err := machine(t, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.states[0]
}

// values runs a chunk and returns what it returns.
func values(st *state, src string) string {
	fn, err := st.compile("local function out(...) local t = table.pack(...) for i = 1, t.n do t[i] = tostring(t[i]) end return table.concat(t, ' ') end "+src, "t.lua")
	if err != nil {
		return err.Error()
	}
	res, err := st.call(&run{st: st, entry: &entry{kind: kindLoad}, kind: kindLoad, mayYield: true}, fn, 1)
	if err != nil {
		return err.Error()
	}
	return res[0].String()
}

// TestLanguage runs what Lua 5.3 has; the results are those of 5.3.6, but for
// numbers, which have no kinds.
func TestLanguage(t *testing.T) {
	t.Parallel()
	st := fresh(t)
	for _, c := range []struct{ src, want string }{
		{"return out(7//2, -7//2, 7.5//2, 1<<4, 256>>4, 5&3, 5|3, 5~3, ~5, -1>>60 == 15)", "3 -4 3 16 16 1 7 6 -6 true"},
		{"return out(2^3^2, -2^2, 1 .. 2 == '12', not nil == true, 1+2 < 4 and 'y' or 'n')", "512 -4 true true y"},
		{"return out(6 & 3 == 2)", "true"},
		{"return out({} & 3)", "t.lua:1: attempt to perform bitwise operation on a table value"},
		{"return out('3' // 1, 1.5 // 0 > 1e300)", "3 true"},
		{"return out(1 // 0)", "t.lua:1: attempt to perform 'n//0'"},
		{"return out(1.5 & 1)", "t.lua:1: number has no integer representation"},
		{"return out(1 << 62 | 1)", "t.lua:1: integer 4611686018427387905 has more than 53 bits, which numbers do not hold here"},
		{"local t = setmetatable({}, {__idiv = function() return 'i' end, __band = function() return 'b' end}) return out(t // 1, 1 & t)", "i b"},
		{"for i = 1, 3 do if i == 2 then goto next end X = (X or '') .. i ::next:: end return X", "13"},
		{"local print = function(...) return print == nil end return out(print())", "false"},
		{"local f = function() return f == nil end return out(f())", "true"},
		{"local function f(n) if n == 0 then return 'z' end return f(n - 1) end return f(3)", "z"},
		{"local o = {n = 4} function o:get(x) return self.n + x end return out(o:get(1), o.get(o, 2))", "5 6"},
		{"return out((function(...) return select('#', ...) end)(nil, nil))", "2"},
		{"return out(('x'):rep(3, '-'), #'abc', 'a\\x41\\065\\u{e4}\\z  b')", "x-x-x 3 aAAäb"},
		{"return out([==[\na]]b]==], 0xA, 0x.8p1, 1e2, 3.0 == 3)", "a]]b 10 1 100 true"},
		{"local s = '' for k, v in pairs({a = 1}) do s = s .. k .. v end for _, v in ipairs({5, 6}) do s = s .. v end return s", "a156"},
		{"return out(pcall(error, 'x', 0))", "false x"},
		{"return out(select(2, pcall(function() local x x.y = 1 end)))", "t.lua:1: attempt to index a non-table object(nil) with key 'y'"},
		{"local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) return out(co(1), co(10))", "2 20"},
		{"return out(load('return 1 // 1, ...')(7))", "1 7"},
		{"return out(load('x ='))", "nil [string \"x =\"]:1: unexpected symbol near <eof>"},
		{"return out(load('return a // 2', 'c', 't', {a = 9})())", "4"},
		{"return out(loadstring, unpack, setfenv, _VERSION)", "nil nil nil Lua 5.3"},
	} {
		if got := values(st, c.src); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.src, got, c.want)
		}
	}
}

// TestLibraries runs what the libraries of 5.3 have and those of 5.1 have not.
func TestLibraries(t *testing.T) {
	t.Parallel()
	st := fresh(t)
	for _, c := range []struct{ src, want string }{
		{"return out(table.unpack({1, 2, 3}, 2))", "2 3"},
		{"local t = table.move({1, 2, 3}, 1, 3, 2) return table.concat(t, ',')", "1,1,2,3"},
		{"return out(math.type(3), math.type(3.5), math.type('x'), math.tointeger(3.0), math.tointeger(3.5), math.ult(1, -1))", "integer float nil 3 nil true"},
		{"return out(string.pack('<I4', 258):byte(1, -1))", "2 1 0 0"},
		{"return out(string.unpack('>i2z', '\\255\\254ab\\0c'))", "-2 ab 6"},
		{"return out(string.pack('>s1', 'hey'):byte(1, -1))", "3 104 101 121"},
		{"return out(string.packsize('!8 b i8'), string.unpack('<d', string.pack('<d', 1.5)))", "16 1.5 9"},
		{"return out(pcall(string.pack, 'b', 200))", "false t.lua:1: bad argument #2 to (anonymous) (integer overflow)"},
		{"return out(utf8.char(228, 8364), utf8.len('äö'), utf8.codepoint('ä'), utf8.offset('äö', 2), utf8.len('\\xff'))", "ä€ 2 228 3 nil 1"},
		{"local s = '' for p, c in utf8.codes('aä') do s = s .. p .. ':' .. c .. ' ' end return s", "1:97 2:228 "},
		{"return string.format('%5.2f|%d|%s|%q|%x|%c|%i|%-4s|%g|%%', 3.14159, 42, 'hi', 'q\\n', 255, 65, 7, 'a', 1 / 3)", " 3.14|42|hi|\"q\\\n\"|ff|A|7|a   |0.333333|%"},
		{"return out(pcall(string.format, '%d', 3.5))", "false t.lua:1: bad argument #2 to (anonymous) (number has no integer representation)"},
		{"local s = '' for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do s = s .. k .. v end return s .. ('x,y'):gmatch('[^,]+')()", "a1b2x"},
		{"return out(tonumber('1e2'), tonumber('0x1F'), tonumber('zz', 36), tonumber(''), tonumber('9', 8), rawlen({1, 2}))", "100 31 1295 nil nil 2"},
		{"return out(pcall(require, 'no.such'))", "false t.lua:1: module 'no.such' not found:\n\tno field package.preload['no.such']"},
		{"package.preload.m = function(n) return {name = n} end return out(require('m').name, require('m') == require('m'))", "m true"},
		{"return out(os.execute('true'))", "nil os.execute: starting a process needs insecure-fork-wanted"},
	} {
		got := values(st, c.src)
		if strings.Contains(c.want, ": module ") {
			got, _, _ = strings.Cut(got, "\n\tno file")
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.src, got, c.want)
		}
	}
}

// TestCore runs functions of the class core that need no process.
func TestCore(t *testing.T) {
	t.Parallel()
	st := fresh(t)
	for _, c := range []struct{ src, want string }{
		{"return table.concat(core.tokenize('a,b;;c', ',;'), '|') .. ' ' .. table.concat(core.tokenize('a,b;;c', ',;', true), '|')", "a|b||c a|b|c"},
		{"return out(core.match_addr('10.0.0.0/8', '10.1.1.1'), core.match_addr('10.0.0.0/8', '11.1.1.1'), core.match_addr(core.parse_addr('::1'), '::1'), core.parse_addr('zz'))", "true false true"},
		{"return out(core.http_date('Sun, 06 Nov 1994 08:49:37 GMT'), core.rfc850_date('Sunday, 06-Nov-94 08:49:37 GMT'), core.asctime_date('Sun Nov  6 08:49:37 1994'), core.imf_date('x'))", "784111777 784111777 784111777"},
		{"local c = core.concat() c:add('x') c:add('y') return c:dump()", "xy"},
		{"local q = core.queue() q:push(1) q:push('b') return out(q:size(), q:pop(), q:pop_wait(), q:pop())", "2 1 b nil"},
		{"return out(core.emerg, core.debug, core.silent, core.thread, act.CONTINUE, act.INVALID)", "0 7 -1 0 0 7"},
		{"return out(pcall(core.register_filter))", "false t.lua:1: 'core.register_filter' is not implemented in this program"},
		{"local ok, r = Regex.new('^a(b*)', false) local m, c = r:match('xabb') local m2, c2 = r:match('abb') return out(ok, r:exec('ABB'), m, m2, c2[1], c2[2])", "true true false true abb bb"},
		{"local t = core.now() return out(t.sec > 0, t.usec < 1000000)", "true true"},
	} {
		if got := values(st, c.src); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.src, got, c.want)
		}
	}
}

// TestLoadErrors are the texts that the configuration check repeats.
func TestLoadErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ src, want string }{
		{"local args = table.pack(...) assert(args[2] == 'two')", ""},
		{"error('boom')", "t.lua:1: boom"},
		{"error({})", "(null)"},
		{"core.nosuch()", "t.lua:1: attempt to call a nil value"},
		{"goto x\n", "t.lua:2: no visible label 'x' for <goto> at line 1"},
		{"core.register_action('a')", "t.lua:1: 'register_action' needs between 3 and 4 arguments"},
		{"core.register_action('a', {'http-foo'}, function() end)", "t.lua:1: Lua action environment 'http-foo' is unknown. 'tcp-req', 'tcp-res', 'http-req', 'http-res' or 'http-after-res' are expected."},
		{"core.register_service('a', 'foo', function() end)", "t.lua:1: Lua service environment 'foo' is unknown. 'tcp' or 'http' are expected."},
		{"core.register_task()", "t.lua:1: register_task: <func> argument is required"},
		{"core.msleep(1)", ""},
	} {
		_, err := machine(t, c.src, nil)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.src, got, c.want)
		}
	}
	m := New()
	if err := m.Load(filepath.Join(t.TempDir(), "none"), nil, false); err == nil || !strings.HasSuffix(err.Error(), ": No such file or directory") {
		t.Errorf("missing file: %v", err)
	}
}

// call runs a registered converter for its error.
func call(m *Machine, e *entry, k kind, limit time.Duration) error {
	st, fn := e.pick(0)
	_, err := st.call(&run{st: st, entry: e, kind: k, mayYield: k == kindTask, limit: limit}, fn, 1, glua.LString("x"))
	return err
}

// TestLimits ends scripts that take too much, and lets the next ones run.
func TestLimits(t *testing.T) {
	t.Parallel()
	const src = `
core.register_converters("loop", function() while true do end end)
core.register_converters("stubborn", function() while true do pcall(function() while true do end end) end end)
core.register_converters("inner", function() coroutine.wrap(function() while true do end end)() end)
core.register_converters("eats", function() local t = {} for i = 1, 1e9 do t[i] = "x" .. i end end)
core.register_converters("deep", function() local function f() return 1 + f() end return f() end)
core.register_converters("rep", function() return ("x"):rep(1e12) end)
core.register_converters("sleeps", function() core.msleep(1) end)
core.register_converters("fine", function(s) return s .. "!" end)
`
	m, err := machine(t, src, func(m *Machine) {
		m.Opt.BurstTimeout, m.Opt.ForcedYield, m.Opt.MaxMem = 20*time.Millisecond, 1000, 64
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, want string }{
		{"loop", "burst timeout"}, {"stubborn", "burst timeout"}, {"inner", "burst timeout"},
		{"deep", "stack overflow"}, {"rep", "resulting string too large"}, {"sleeps", "yield not allowed"},
	} {
		if err := call(m, m.converters[c.name], kindConv, 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
		if err := call(m, m.converters["fine"], kindConv, 0); err != nil {
			t.Errorf("after %s: %v", c.name, err)
		}
	}
	m.Opt.BurstTimeout = 0
	if err := call(m, m.converters["loop"], kindTask, 10*time.Millisecond); err == nil || err.Error() != "execution timeout" {
		t.Errorf("cumulative: %v", err)
	}
	if err := call(m, m.converters["eats"], kindConv, time.Minute); err == nil || err.Error() != "out of memory error" {
		t.Errorf("memory: %v", err)
	}
}

// TestTasks lets two tasks pass values through a queue: while one waits, the
// other must be able to run. They end with the process.
func TestTasks(t *testing.T) {
	t.Parallel()
	m, err := machine(t, `
local q, done = core.queue(), core.queue()
core.register_init(function() INIT = "ran" end)
core.register_task(function(a) for i = 1, 3 do q:push(a .. i) core.yield() end end, INIT or "v")
core.register_task(function() local s = INIT for i = 1, 3 do s = s .. q:pop_wait() end RESULT = s done:push(1) core.sleep(3600) end)
core.register_task(function() done:pop_wait() core.register_task(function() SECOND = true core.done_hook() end) end)
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	st := m.states[0]
	st.lib("core").RawSetString("done_hook", st.l.NewFunction(func(*glua.LState) int { close(ended); return 0 }))
	stop, cancel := context.WithCancel(context.Background())
	if err := m.Init(nil, nil); err != nil {
		t.Fatal(err)
	}
	m.Start(stop)
	<-ended
	cancel()
	m.Stop()
	if got := st.l.GetGlobal("RESULT").String(); got != "ranv1v2v3" {
		t.Errorf("got %s", got)
	}
}

// TestThreads loads a copy for each thread, which keeps globals of its own.
func TestThreads(t *testing.T) {
	t.Parallel()
	m := New()
	m.Opt.Threads = 2
	path := filepath.Join(t.TempDir(), "t.lua")
	if err := os.WriteFile(path, []byte(`core.register_converters("who", function() N = (N or 0) + 1 return core.thread .. ":" .. N end)`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.Load(path, nil, true); err != nil {
		t.Fatal(err)
	}
	e := m.converters["who"]
	var got []string
	for n := range uint64(4) {
		st, fn := e.pick(n)
		out, err := st.call(&run{st: st, entry: e, kind: kindConv}, fn, 1)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, out[0].String())
	}
	if s := strings.Join(got, " "); s != "1:1 2:1 1:2 2:2" {
		t.Errorf("got %s", s)
	}
}

// TestCommand runs a command that a script registered.
func TestCommand(t *testing.T) {
	t.Parallel()
	m, err := machine(t, `core.register_cli({"foo", "bar"}, "foo bar : test", function(a, x, y, z) a:send(x .. y .. (z or "-") .. "\n") end)`, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := m.Commands()[0]
	var out bytes.Buffer
	c.Run(&out, []string{"foo", "bar"})
	c.Run(&out, []string{"foo", "bar", "z"})
	if got := out.String(); got != "foobar-\nfoobarz\n" || c.Usage != "foo bar : test" {
		t.Errorf("got %q, %q", got, c.Usage)
	}
}

// TestInitError is why a process does not start.
func TestInitError(t *testing.T) {
	t.Parallel()
	m, err := machine(t, "core.register_init(function() core.done() end)\ncore.register_init(function()\nerror('in init', 0) end)", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Init(nil, nil); err == nil || !strings.HasPrefix(err.Error(), "Lua init: runtime error: 'in init' from [C]: in global 'error', ") || !strings.HasSuffix(err.Error(), "t.lua:3: in function line 2") {
		t.Errorf("got %v", err)
	}
}
