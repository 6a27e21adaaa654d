package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLuaLines compares the verdicts on lines that use what a script
// registered, or that load one, with those of 3.5.
func TestLuaLines(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "t.lua")
	if err := os.WriteFile(script, []byte(`
core.register_action("two", {"http-req"}, function() end, 2)
core.register_action("tcp", {"tcp-req", "tcp-res", "http-res", "http-after-res"}, function() end)
core.register_action("two", {"http-res"}, function() end)
core.register_service("h", "http", function() end)
core.register_service("t", "tcp", function() end)
core.register_fetches("f", function() end)
core.register_converters("c", function() end)
if (...) == "again" then core.register_fetches("f", function() end) end
if (...) == "fail" then error("boom") end
if (...) == "none" then assert(string == nil and utf8 == nil and io == nil) end
`), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.lua")
	if err := os.WriteFile(bad, []byte("x = = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const proxy = "\nlisten f\n mode http\n bind 127.0.0.1:1\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n"
	const rule = "error detected in proxy 'f' while parsing "
	load := "lua-load " + script
	for _, c := range []struct{ global, lines, want string }{
		{load, proxy + " http-request lua.two a b if TRUE", ""},
		{load, proxy + " http-response lua.two if TRUE", ""}, // the same name, another action
		{load, proxy + " http-request lua.two a", rule + "'http-request lua.two' rule : expect 2 arguments."},
		{load, proxy + " http-request lua.two a b c", "'http-request lua.two' expects either 'if' or 'unless' followed by a condition but found 'c'."},
		{load, proxy + " tcp-request content lua.tcp\n tcp-response content lua.tcp\n http-response lua.tcp\n http-after-response lua.tcp", ""},
		{load, proxy + " http-request use-service lua.h", ""},
		{load, proxy + " http-request use-service lua.t", rule + "'http-request use-service' rule : Lua TCP services cannot be used on HTTP proxies."},
		{load, proxy + " tcp-request content use-service lua.h", "HTTP applets are forbidden from 'tcp-request' rulesets"},
		{load, proxy + " tcp-request content use-service lua.t", "Lua TCP services cannot be used on HTTP proxies"},
		{load, strings.Replace(proxy, "http", "tcp", 1) + " tcp-request content use-service lua.t", ""},
		{load, proxy + " http-request set-header a %[lua.f(1,2,3,4,5),lua.c(x),lua.c]", ""},
		{load, proxy + " http-request set-header a %[src,lua.d]", rule + "'http-request set-header' rule : failed to parse sample expression <src,lua.d]> : unknown converter 'lua.d'."},
		{load, proxy + " acl a lua.f -m str x", ""},
		{"lua-load-per-thread " + script + "\n nbthread 2", "", ""},
		{load + " again", "", "config : Trying to register sample-fetch 'lua.f' more than once. This will become a hard error in version 2.5."},
		{load + " fail", "", "Lua runtime error: " + script + ":10: boom"},
		{"lua-load " + bad, "", "error in Lua file '" + bad + "': " + bad + ":1: unexpected symbol near '='"},
		{"lua-load /nonexistent", "", "error in Lua file '/nonexistent': cannot open /nonexistent: No such file or directory"},
		{"tune.lua.openlibs none\n " + load + " none", "", ""},
	} {
		_, said := checkText(t, "global\n tune.lua.bool-sample-conversion normal\n "+c.global+c.lines+"\n")
		first := ""
		if len(said) > 0 {
			first = said[0]
			if i := strings.Index(first, "]"); i >= 0 { // the place is not what is compared
				first = strings.TrimLeft(first[strings.Index(first[i+1:], "]")+i+2:], " :")
			}
		}
		if diff := cmp.Diff(c.want, first); diff != "" {
			t.Errorf("%s%s (-want +got):\n%s", c.global, c.lines, diff)
		}
	}
}
