package config

import (
	"strings"
	"testing"
)

// ruleProxy is a proxy of each kind around the line of a case.
var ruleProxy = map[string]string{
	"frontend": "frontend p\n\tbind 127.0.0.1:1\n\tdefault_backend q\n\t{}\nbackend q\n\tserver s 127.0.0.1:1\n",
	"backend":  "backend p\n\tserver s 127.0.0.1:1\n\t{}\n",
	"listen":   "listen p\n\tbind 127.0.0.1:1\n\tserver s 127.0.0.1:1\n\t{}\n",
	"defaults": "defaults\n\t{}\n",
}

// ruleTimes keep proxies from being told of missing timeouts.
const ruleTimes = "defaults\n\tmode http\n\ttimeout connect 1s\n\ttimeout client 1s\n\ttimeout server 1s\n"

// TestRuleWords holds what is said of single lines with rules: the end of the
// one message, or "" where there is none. Each was asked of HAProxy 3.5.
func TestRuleWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, line, want string }{
		// The numbers of the sc-… actions.
		{"listen", "http-request sc-inc-gpc(0,)", ""},
		{"listen", "http-request sc-inc-gpc(-1,0)", ""},
		{"listen", "http-request sc-inc-gpc(0,-5)", ""},
		{"listen", "http-request sc-inc-gpc(0,0)x", ""},
		{"listen", "http-request sc-inc-gpc0", ""},
		{"listen", "http-request sc-set-gpt0(0) -1", ""},
		{"listen", "http-request sc-set-gpt0(0) 99999999999", ""},
		{"listen", "http-request sc-inc-gpc", "invalid gpc ID 'sc-inc-gpc'. Expects sc-inc-gpc(<GPC ID>,<Track ID>)."},
		{"listen", "http-request sc-inc-gpc(0,3)", "invalid stick table track ID 'sc-inc-gpc(0,3)'. The max allowed ID is 2 (tune.stick-counters)."},
		{"listen", "http-request sc-inc-gpc0(3)", "invalid stick table track ID. The max allowed ID is 2 (tune.stick-counters)."},
		{"listen", "http-request sc-inc-gpc0x", "invalid stick table track ID. Expects sc-inc-gpc0x(<Track ID>)."},
		{"listen", "http-request sc-set-gpt(0,3) 1", "invalid stick table track ID 'sc-set-gpt(0,3)'. The max allowed ID is 2."},
		{"listen", "http-request sc-set-gpt0(x) 1", "invalid stick table track ID 'sc-set-gpt0(x)'. Expects sc-set-gpt0(<Track ID>)."},
		{"listen", "http-request sc-add-gpc 1", "Missing or invalid arguments for 'sc-add-gpc'. Expects sc-add-gpc(<GPC ID>,<Track ID>)."},
		{"listen", "http-request sc-add-gpc(0) 1", "Missing gpc ID. Expects sc-add-gpc(0)(<GPC ID>,<Track ID>)."},
		{"listen", "http-request sc-add-gpc(0,x) 1", "invalid stick table track ID 'x)'. Expects sc-add-gpc(0,x)(<GPC ID>,<Track ID>)."},
		// Marks, times, lists.
		{"listen", "http-request set-fc-mark -1", ""},
		{"listen", "http-request set-fc-mark 4294967296", ""},
		{"listen", "http-request set-fc-mark 09", "unknown fetch method '09'."},
		{"listen", "http-request set-fc-mark res.hdr(a)", "fetch method 'set-fc-mark' extracts information from 'HTTP response headers', none of which is available here."},
		{"listen", "http-request set-var(txn.a) res.hdr(a)", "fetch method 'set-var(txn.a)' extracts information from 'HTTP response headers', none of which is available here."},
		{"listen", "http-request set-var", "invalid or incomplete action 'set-var'. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'."},
		{"listen", "http-request set-map() a b", ""},
		{"listen", "http-request set-map a b", ""},
		{"listen", "http-request del-map", "expects exactly 1 arguments."},
		{"listen", "http-request strict-mode ON", ""},
		{"listen", "http-response pause path,length", ""},
		{"listen", "tcp-request connection set-src req.hdr(a)", ""},
		{"listen", "tcp-request inspect-delay 5s if TRUE", ""},
		{"frontend", "http-request set-timeout server 1s", "'p' has no backend capability."},
		{"backend", "http-request set-timeout client 1s", "'p' has no frontend capability."},
		{"frontend", "http-request set-retries 3", "'set-retries' only available in backend or listen section."},
		// What there is, in the original's order.
		{"listen", "tcp-response content acept", "'tcp-response content' expects 'accept', 'close', 'reject', 'send-spoe-group', 'set-log-level', 'set-nice', 'sc-add-gpc(*)', 'sc-inc-gpc(*)', 'sc-inc-gpc0(*)', 'sc-inc-gpc1(*)', 'sc-set-gpt(*)', 'sc-set-gpt0(*)', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)', 'do-log', 'set-fc-mark', 'set-fc-tos', 'set-mark', 'set-tos', 'silent-drop', 'set-bandwidth-limit' in proxy 'p' (got 'acept'). Did you mean 'accept' maybe ?"},
		{"listen", "http-after-response foo", "'http-after-response' expects 'set-log-level', 'sc-add-gpc(*)', 'sc-inc-gpc(*)', 'sc-inc-gpc0(*)', 'sc-inc-gpc1(*)', 'sc-set-gpt(*)', 'sc-set-gpt0(*)', 'add-header', 'add-headers-bin', 'allow', 'capture', 'del-acl(*)', 'del-header', 'del-headers-bin', 'del-map(*)', 'do-log', 'replace-header', 'replace-value', 'set-header', 'set-headers-bin', 'set-map(*)', 'set-status', 'strict-mode', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)', but got 'foo'."},
		{"listen", "http-request normalize-uri fragment-strip", "'normalize-uri' action is experimental, must be allowed via a global 'expose-experimental-directives'"},
		// Where words may stand.
		{"backend", "force-be-switch if TRUE", "'force-be-switch' only available in frontend or listen section."},
		{"defaults", "filter compression", "filter is not allowed in a 'default' section."},
		{"defaults", "declare capture request len 5", "'declare' not available in default section"},
		{"defaults", "monitor fail if TRUE", "'monitor' not allowed in 'defaults' section."},
		{"defaults", "capture request header a len 5", "'capture request' not allowed in 'defaults' section."},
		{"defaults", "tcp-response content accept", "tcp-response content is only allowed in 'backend' sections or 'defaults' section with a name"},
		// Captures.
		{"frontend", "capture cookie a len 0", ""},
		{"frontend", "capture cookie a len 5 x", ""},
		{"frontend", "declare capture request len 5 x", ""},
		{"frontend", "declare capture request len 5x", "'declare capture': cannot parse the length '5x'."},
		{"frontend", "declare capture request len 0", "length must be > 0"},
		{"frontend", "declare foo", "unknown declaration type 'foo' (supports 'capture')"},
		// Checks.
		{"backend", "option httpchk\n\thttp-check set-var(check.a,foo) int(1)", `'set-var' : unknown condition "foo".`},
		{"backend", "option httpchk\n\thttp-check set-var(check.a) path", "'set-var' : fetch method 'set-var(check.a)' extracts information from 'HTTP request headers', none of which is available here."},
		{"backend", "option httpchk\n\thttp-check connect proto none", "'proto' : invalid MUX protocol 'none' for http-check."},
		{"backend", "option httpchk\n\thttp-check send hdr host b hdr host c", "'host' header already defined (previous value is 'b')."},
		{"backend", "option httpchk\n\thttp-check connect\n\thttp-check connect", "unable to add http-check connect rule at step 2 (missing expect rule).."},
		{"backend", "option httpchk\n\thttp-check connect\n\thttp-check comment x\n\thttp-check expect status 200", "unable to add http-check expect rule at step 3 (missing send rule).."},
		{"backend", "option httpchk\n\thttp-check connect\n\thttp-check send\n\thttp-check expect status 200\n\thttp-check send", "unable to add http-check send rule at step 3 (missing connect rule).."},
	} {
		proxy := strings.Replace(ruleProxy[c.kind], "{}", c.line, 1)
		got := warnings(t, ruleTimes+proxy)
		switch {
		case c.want == "" && len(got) > 0, c.want != "" && (len(got) == 0 || !strings.HasSuffix(got[0], c.want)):
			t.Errorf("%s: %s\n got %s\nwant %s", c.kind, c.line, strings.Join(got, "\n     "), c.want)
		}
	}
}
